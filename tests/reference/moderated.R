# Moderated t tests of limma on synthetic log2 values of 240 features, 8 patients, two samples each; writes moderated.json.
# Rscript moderated.R [library folder of limma >= 3.61]; made with R 4.2.2 and limma 3.63.2 (its argument `legacy` gives both versions).
a <- commandArgs(TRUE)
suppressMessages({ library(limma, lib.loc = if (length(a)) a[1] else NULL); library(statmod); library(splines) })
set.seed(20)
p <- 240; n <- 8
mean <- runif(p, 0, 10); sd <- sqrt(0.3 / rchisq(p, 6) * 6) * (0.6 + 0.08 * (10 - mean))
sd[7] <- 6 * sd[7]; sd[19] <- 9 * sd[19]
patient <- matrix(rnorm(p * n, 0, 0.8), p)
y <- round(mean + cbind(patient, patient) + matrix(rnorm(p * 2 * n), p) * sd, 4)
y[1:12, 9:16] <- round(y[1:12, 9:16] + 1.5, 4)
holes <- y; holes[sample(length(y), 0.08 * length(y))] <- NA
holes[31, ] <- NA; holes[31, c(2, 10)] <- c(1.5, 2.25)                 # one pair only: no residual degrees of freedom
who <- factor(rep(1:n, 2)); time <- rep(0:1, each = n); group <- rep(c(0, 1), length.out = 2 * n)
num <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), "1e999", formatC(x, digits = 13, format = "g")))
vec <- function(x) paste0("[", paste(num(as.vector(x)), collapse = ","), "]")
out <- c()
shown <- sort(unique(c(1:32, seq(35, p, 5))))            # of these features every number is kept
run <- function(name, m, design, coef, block = NULL, correlation = NULL) {
  fit <- lmFit(m, design, block = block, correlation = correlation)
  for (legacy in c(TRUE, FALSE)) for (trend in c(FALSE, TRUE)) for (robust in c(FALSE, TRUE)) {
    e <- suppressWarnings(eBayes(fit, trend = trend, robust = robust, legacy = if (legacy) TRUE else NULL))
    key <- paste(name, if (legacy) "legacy" else "current", if (trend) "trend" else "flat", if (robust) "robust" else "plain", sep = "/")
    s2 <- rep_len(e$s2.prior, nrow(m)); d0 <- rep_len(e$df.prior, nrow(m))
    out <<- c(out, paste0('"', key, '":{"effect":', vec(e$coefficients[shown, coef]), ',"t":', vec(e$t[shown, coef]), ',"p":', vec(e$p.value[shown, coef]),
      ',"log_odds":', vec(e$lods[shown, coef]), ',"df":', vec(e$df.total[shown]), ',"variance_prior":', vec(s2[shown]), ',"df_prior":', vec(d0[shown]), '}'))
  }
}
one <- matrix(1, n, 1)
run("differences", y[, 9:16] - y[, 1:8], one, 1)
run("differences with holes", holes[, 9:16] - holes[, 1:8], one, 1)
run("blocked", y, model.matrix(~ 0 + who + time), n + 1)
run("blocked with holes", holes, model.matrix(~ 0 + who + time), n + 1)
run("groups", y, model.matrix(~group), 2)
run("groups with holes", holes, model.matrix(~group), 2)
run("correlated", y, model.matrix(~time), 2, block = who, correlation = 0.4)
run("correlated with holes", holes, model.matrix(~time), 2, block = who, correlation = 0.4)
x <- round(mean, 1); w <- round(runif(p, 0.2, 3), 3)      # rounded, so that there are ties
lo <- lowess(x, sd, f = 0.4); plain <- rep(NA, p); plain[order(x)] <- lo$y
weighted <- weightedLowess(x, sd, weights = w, span = 0.4, iterations = 1)$fitted
few <- weightedLowess(x[1:60], sd[1:60], weights = w[1:60], span = 0.5, iterations = 1)$fitted
input <- paste0('"values":[', paste(apply(y, 1, vec), collapse = ","), '],"holes":[', paste(apply(holes, 1, vec), collapse = ","),
  '],"shown":', vec(shown), ',"lowess":{"x":', vec(x), ',"y":', vec(sd), ',"weight":', vec(w), ',"plain":', vec(plain),
  ',"weighted":', vec(weighted), ',"few":', vec(few), '}')
writeLines(paste0('{"limma":"', packageVersion("limma"), '","R":"', getRversion(), '",', input, ',"tests":{', paste(out, collapse = ","), "}}"), "moderated.json")
