# Numbers of R's survival and cmprsk for Cox models that the shared references do not cover. Run in this folder:
#   Rscript cox.R
# The data are simulated here and stored with the numbers. R 4.2.2, survival 3.5-3, cmprsk 2.2-11.
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
set.seed(20250117)
n <- 90
d <- data.frame(x = round(rnorm(n), 3), z = rbinom(n, 1, 0.4), g = sample(c("a", "b", "c"), n, TRUE), site = sample(1:3, n, TRUE))
t_event <- rexp(n, 0.08 * exp(0.5 * d$x - 0.6 * d$z)); t_other <- rexp(n, 0.05 * exp(-0.3 * d$x)); t_cens <- runif(n, 2, 30)
first <- pmin(t_event, t_other, t_cens)
d$time <- ceiling(first * 2) / 2                       # half months: ties
d$cause <- ifelse(first == t_cens, 0, ifelse(first == t_event, 1, 2))
d$event <- as.integer(d$cause > 0)
d$entry <- ifelse(runif(n) < 0.5, 0, floor(runif(n) * d$time))
d$weight <- as.numeric(sample(1:4, n, TRUE))
d$g <- as.character(d$g)

fit <- function(f) { s <- summary(f)
  list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), loglik = f$loglik, lr = unname(s$logtest), score = unname(s$sctest), wald = f$wald.test) }
zph <- function(f, ...) { z <- cox.zph(f, ...)$table; list(term = rownames(z), chisq = unname(z[, 1]), df = unname(z[, 2]), p = unname(z[, 3])) }
full <- function(f) c(fit(f), list(zph = lapply(setNames(nm = c("km", "rank", "identity", "log")), function(tr) zph(f, transform = tr)),
  concordance = unname(concordance(f)$concordance), concordance_se = unname(sqrt(concordance(f)$var)),
  martingale = unname(residuals(f)), basehaz = { b <- basehaz(f, centered = FALSE); list(time = b$time, hazard = b$hazard) }))
models <- list()
for (ties in c("efron", "breslow")) {
  models[[paste0("truncated_", ties)]] <- full(coxph(Surv(entry, time, event) ~ x + z + g, d, ties = ties))
  models[[paste0("truncated_strata_", ties)]] <- c(fit(f <- coxph(Surv(entry, time, event) ~ x + z + strata(site), d, ties = ties)),
    list(zph = list(km = zph(f)), concordance = unname(concordance(f)$concordance), concordance_se = unname(sqrt(concordance(f)$var)), martingale = unname(residuals(f))))
  models[[paste0("weighted_", ties)]] <- c(fit(f <- coxph(Surv(time, event) ~ x + z, d, weights = weight, robust = FALSE, ties = ties)),
    list(zph = list(km = zph(f)), concordance = unname(concordance(f)$concordance), concordance_se = unname(sqrt(concordance(f)$var)), martingale = unname(residuals(f))))
}
s <- residuals(coxph(Surv(time, event) ~ x + z, d), "schoenfeld")
schoenfeld <- list(time = as.numeric(rownames(s)), x = unname(s[, 1]), z = unname(s[, 2]))
models$exact <- fit(coxph(Surv(time, event) ~ x + z, d, ties = "exact"))
models$exact_strata <- fit(coxph(Surv(time, event) ~ x + z + strata(site), d, ties = "exact"))
models$cause_specific <- fit(coxph(Surv(time, cause == 1) ~ x + z, d))

# profile limits by root finding over fits with an offset: independent of any derivative used in onearm
tight <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-15)
profile_limits <- function(keep, other, ties) {
  d$keep <- d[[keep]]; d$other <- d[[other]]
  f <- coxph(Surv(time, event) ~ keep + other, d, ties = ties, control = tight); b <- coef(f)[1]; se <- sqrt(vcov(f)[1, 1])
  drop <- function(v) 2 * (f$loglik[2] - coxph(Surv(time, event) ~ offset(v * keep) + other, d, ties = ties, control = tight)$loglik[2]) - qchisq(0.95, 1)
  c(uniroot(drop, c(b - 4 * se, b), tol = 1e-13)$root, uniroot(drop, c(b, b + 4 * se), tol = 1e-13)$root)
}
profile <- list(efron = list(x = profile_limits("x", "z", "efron"), z = profile_limits("z", "x", "efron")),
                breslow = list(x = profile_limits("x", "z", "breslow"), z = profile_limits("z", "x", "breslow")))
one_sided <- { d2 <- data.frame(time = c(2, 3, 5, 8, 9, 4, 6, 10, 11, 12), event = rep(1:0, each = 5), g = rep(0:1, each = 5))
  l0 <- -log(120); drop <- function(v) 2 * (l0 - coxph(Surv(time, event) ~ offset(v * g), d2)$loglik[1]) - qchisq(0.95, 1); uniroot(drop, c(-10, 5), tol = 1e-14)$root }

# Fine and Gray; crr stops at a gradient of 1e-6 unless told otherwise
gray <- function(cov, code = 1, dd = d, ...) { f <- crr(dd$time, dd$cause, cov, failcode = code, gtol = 1e-13, maxiter = 50, ...)
  list(coef = unname(f$coef), var = unname(f$var), loglik = f$loglik, loglik_null = f$loglik.null, time = f$uftime, hazard = f$bfitj, converged = f$converged) }
d3 <- d; d3$time <- first                              # no ties
fine_gray <- list(one = gray(cbind(d$x)), three = gray(cbind(d$x, d$z, d$g == "b")), other_cause = gray(cbind(d$x, d$z), 2),
                  untied = gray(cbind(d$x, d$z), dd = d3), by_site = gray(cbind(d$x, d$z), cengroup = d$site))
write(toJSON(list(R = R.version.string, survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk")),
  data = as.list(d), untied_time = first, models = models, schoenfeld = schoenfeld, profile = profile, profile_one_sided = one_sided, fine_gray = fine_gray),
  auto_unbox = TRUE, digits = NA, na = "string", pretty = FALSE), "cox.json")
