# Reference numbers for what the shared folder does not cover. Run in this folder: Rscript survival_extra.R
suppressMessages({library(survival); library(cmprsk); library(maxstat); library(jsonlite)})
plain <- function(x) unname(as.vector(x))
curve <- function(f) list(time = f$time, n_risk = f$n.risk, n_event = f$n.event, n_censor = f$n.censor, surv = f$surv,
                          std_error = if (f$logse) f$surv * f$std.err else f$std.err, lower = f$lower, upper = f$upper)
quart <- function(f) { q <- quantile(f, c(.25, .5, .75)); list(estimate = plain(q$quantile), lower = plain(q$lower), upper = plain(q$upper)) }
out <- list()

# left truncation, unweighted and with weights (robust variance)
set.seed(11)
d <- data.frame(start = round(runif(60, 0, 20), 1)); d$stop <- round(d$start + rexp(60, .05) + .1, 1); d$status <- rbinom(60, 1, .7)
d$w <- round(runif(60, .2, 3), 2)
lt <- list(start = d$start, stop = d$stop, status = d$status, weight = d$w)
for (ct in c("plain", "log", "log-log")) {
  f <- survfit(Surv(start, stop, status) ~ 1, d, conf.type = ct); lt[[ct]] <- list(curve = curve(f), quantile = quart(f))
  g <- survfit(Surv(start, stop, status) ~ 1, d, weights = w, conf.type = ct, robust = TRUE, id = 1:60); lt$weighted[[ct]] <- curve(g)
}
tb <- summary(survfit(Surv(start, stop, status) ~ 1, d), rmean = 30)$table
lt$rmst30 <- plain(tb[c("rmean", "se(rmean)")]); out$left_truncation <- lt

# weighted, robust, with ties
set.seed(12); n <- 80; t <- ceiling(rexp(n, .1)); s <- rbinom(n, 1, .6); w <- round(runif(n, .2, 3), 2)
out$weighted <- list(time = t, status = s, weight = w, log = curve(survfit(Surv(t, s) ~ 1, weights = w)))

# kidney: the interval of the median by SAS LIFETEST is printed in a public question about the two programs (see the test)
out$kidney <- list(time = kidney$time, status = kidney$status, sex = kidney$sex)

# pbc as in the sample data of the package survRM2 (years, death, D-penicillamine against placebo)
p <- pbc[1:312, ]
out$pbc <- list(time = p$time / 365.25, status = as.integer(p$status == 2), arm = as.integer(p$trt == 1))
f1 <- survfit(Surv(time, status) ~ 1, as.data.frame(out$pbc), subset = arm == 1); f0 <- survfit(Surv(time, status) ~ 1, as.data.frame(out$pbc), subset = arm == 0)
a <- summary(f1, times = 5); b <- summary(f0, times = 5)
g <- list(plain = function(s) s, log = log, "log-log" = function(s) log(-log(s)), logit = qlogis, arcsine = function(s) asin(sqrt(s)))
dg <- list(plain = function(s) 1, log = function(s) 1 / s, "log-log" = function(s) 1 / (s * log(s)), logit = function(s) 1 / (s * (1 - s)), arcsine = function(s) 1 / (2 * sqrt(s * (1 - s))))
out$milestone <- list(time = 5, surv1 = a$surv, surv0 = b$surv, se1 = a$std.err, se0 = b$std.err,
  chisq = sapply(names(g), function(k) (g[[k]](a$surv) - g[[k]](b$surv))^2 / ((dg[[k]](a$surv) * a$std.err)^2 + (dg[[k]](b$surv) * b$std.err)^2)))
out$milestone$chisq <- as.list(out$milestone$chisq)

# one-sample log-rank: survdiff with an offset, poisson.test for the exact tails and limits
one <- function(time, status, surv) { s <- survdiff(Surv(time, status) ~ offset(surv)); o <- sum(status); e <- sum(-log(surv))
  list(observed = o, expected = e, chisq = unname(s$chisq), p = pchisq(s$chisq, 1, lower.tail = FALSE), p_less = poisson.test(o, r = e, alternative = "less")$p.value,
       p_greater = poisson.test(o, r = e, alternative = "greater")$p.value, limits = plain(poisson.test(o)$conf.int) / e, limits90 = plain(poisson.test(o, conf.level = .9)$conf.int) / e) }
out$one_sample <- list(
  aml_median_30 = one(aml$time, aml$status, exp(-log(2) / 30 * aml$time)),
  ovarian_hazard_1_per_1000 = one(ovarian$futime, ovarian$fustat, exp(-ovarian$futime / 1000)),
  no_event = list(observed = 0, expected = 1.2, p_less = poisson.test(0, r = 1.2, alternative = "less")$p.value, limits = plain(poisson.test(0)$conf.int) / 1.2))

# competing risks
cr <- function(t, cc, g, s, at) {
  ci <- timepoints(cuminc(t, cc), at); f <- survfit(Surv(t, factor(cc, 0:2)) ~ 1, conf.type = "log-log"); x <- summary(f, times = at, extend = TRUE)
  f2 <- summary(survfit(Surv(t, factor(cc, 0:2)) ~ 1, conf.type = "log"), times = at, extend = TRUE)
  tests <- list(plain = cuminc(t, cc, g)$Tests, strata = cuminc(t, cc, g, s)$Tests, strata_rho1 = cuminc(t, cc, g, s, rho = 1)$Tests)
  list(time = t, cause = cc, group = g, stratum = s, at = at, est1 = plain(ci$est[1, ]), est2 = plain(ci$est[2, ]), aalen1 = plain(ci$var[1, ]), aalen2 = plain(ci$var[2, ]),
       se1 = x$std.err[, 2], se2 = x$std.err[, 3], lower1 = x$lower[, 2], upper1 = x$upper[, 2], log_lower1 = f2$lower[, 2], log_upper1 = f2$upper[, 2],
       tests = lapply(tests, function(m) list(chisq = plain(m[, "stat"]), p = plain(m[, "pv"]), df = plain(m[, "df"])))) }
set.seed(5); n <- 60
tied <- cr(round(rexp(n, .1)) + 1, sample(0:2, n, TRUE, c(.3, .4, .3)), sample(c("a", "b", "c"), n, TRUE), sample(1:2, n, TRUE), c(2, 5, 10, 20))
m <- mgus2[1:250, ]; et <- with(m, ifelse(pstat == 0, futime, ptime)); ev <- with(m, ifelse(pstat == 0, 2 * death, 1))
out$competing <- list(tied = tied, mgus2 = cr(et, ev, as.character(m$sex), as.integer(m$age > 70), c(12, 60, 120, 240)))

# maximally selected rank statistics
cp <- function(t, s, x, lo, hi) { y <- Surv(t, s); r <- lapply(c("Lau92", "Lau94"), function(p) maxstat.test(y ~ x, data.frame(x = x), smethod = "LogRank", pmethod = p, minprop = lo, maxprop = hi))
  list(time = t, status = s, marker = x, min = lo, max = hi, statistic = unname(r[[1]]$statistic), cutpoint = unname(r[[1]]$estimate), lau92 = r[[1]]$p.value, lau94 = r[[2]]$p.value, cuts = plain(r[[1]]$cuts), stats = plain(r[[1]]$stats),
       scores = plain(exactRankTests::cscores(y, type = "LogRank", int = FALSE))) }
set.seed(21)
out$cutpoint <- list(veteran_karno = cp(veteran$time, veteran$status, veteran$karno, .1, .9), ovarian_age = cp(ovarian$futime, ovarian$fustat, ovarian$age, .2, .8),
  noise = cp(rexp(40), rbinom(40, 1, .6), round(rnorm(40), 2), .1, .9))
# conditional Monte Carlo with many replications, as a check of the drawing
mc <- maxstat.test(Surv(futime, fustat) ~ age, ovarian, smethod = "LogRank", pmethod = "condMC", minprop = .2, maxprop = .8, B = 200000)
out$cutpoint$ovarian_age$cond_mc <- mc$p.value
# all orders of six subjects, counted by hand
perms <- function(v) if (length(v) == 1) list(v) else do.call(c, lapply(seq_along(v), function(i) lapply(perms(v[-i]), function(p) c(v[i], p))))
six <- list(time = c(2, 3, 5, 8, 13, 21), status = c(1, 1, 0, 1, 1, 0), marker = c(9, 7, 8, 3, 4, 1))
stat <- function(x) unname(maxstat.test(Surv(six$time, six$status) ~ x, data.frame(x = x), smethod = "LogRank", minprop = .1, maxprop = .9)$statistic)
all <- sapply(perms(six$marker), stat); six$statistic <- stat(six$marker); six$p <- mean(all >= six$statistic - 1e-9); out$cutpoint_six <- six

# rho family and pairwise tests
vt <- survdiff(Surv(time, status) ~ celltype, veteran, rho = .5)
pw <- combn(levels(veteran$celltype), 2); pr <- apply(pw, 2, function(k) survdiff(Surv(time, status) ~ celltype, droplevels(veteran[veteran$celltype %in% k, ]))$chisq)
out$log_rank <- list(time = veteran$time, status = veteran$status, celltype = as.character(veteran$celltype), rho_half = list(chisq = vt$chisq, observed = vt$obs, expected = vt$exp, group = sub("celltype=", "", names(vt$n))),
  pairs = list(first = pw[1, ], second = pw[2, ], chisq = pr))

# sample quartiles by the types that R, SAS and SPSS use
q <- c(3, 7, 8, 12, 13, 20, 21, 30); out$quartiles <- list(values = q, r = plain(quantile(q, c(.25, .5, .75), type = 7)), sas = plain(quantile(q, c(.25, .5, .75), type = 2)), spss = plain(quantile(q, c(.25, .5, .75), type = 6)))

out$meta <- list(R = R.version.string, survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk")), maxstat = as.character(packageVersion("maxstat")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, na = "string", pretty = FALSE), "survival_extra.json")
