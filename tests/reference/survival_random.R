# Small random samples with many ties: where a convention is misread, one of them shows it. Run here: Rscript survival_random.R
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
set.seed(99); out <- list()
for (i in 1:200) {
  n <- sample(2:25, 1); t <- sample(1:12, n, TRUE); s <- rbinom(n, 1, runif(1, .3, 1)); g <- sample(0:1, n, TRUE); st <- sample(0:1, n, TRUE)
  r <- list(time = I(t), event = I(s), group = I(g), stratum = I(st))
  for (ct in c("plain", "log", "log-log", "logit", "arcsin")) {
    f <- survfit(Surv(t, s) ~ 1, conf.type = ct); tb <- summary(f)$table
    one <- function(p) { q <- quantile(f, p); unname(c(q$quantile, q$lower, q$upper)) }
    r$limits[[ct]] <- list(q25 = one(.25), q50 = one(.5), q75 = one(.75), print = unname(tb[c("median", "0.95LCL", "0.95UCL")]))
  }
  cc <- s * sample(1:2, n, TRUE); r$cause <- I(cc)
  # a singular covariance is an error or a number without meaning: left out here, a note in onearm
  ok <- function(x) tryCatch(if (is.finite(x) && x >= 0) x else NA, error = function(e) NA)
  r$log_rank <- ok(survdiff(Surv(t, s) ~ g + strata(st))$chisq)
  r$gray <- ok(cuminc(t, cc, g)$Tests["1", "stat"])
  out[[i]] <- r
}
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, na = "string"), "survival_random.json")
