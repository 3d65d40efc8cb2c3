# Makes categorical.json: reference numbers for binomial intervals, tables, ranks, trends, correlation, agreement and max-T.
# Rscript tests/reference/categorical.R, from the root of the project. R 4.2 with jsonlite and exactRankTests.
suppressMessages({library(jsonlite); library(exactRankTests)})
num <- function(x) unname(as.numeric(x))
tight <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-15, maxiter = 10000)$root

# Blaker's acceptability straight from its definition (Blaker 2000): the smaller tail plus the largest tail on the other
# side that is no larger. The bound is the first p at which it reaches alpha: a scan of 20,000 points between two exact bounds, then bisection.
acceptability <- function(p, x, n) {
  d <- dbinom(0:n, n, p); up <- rev(cumsum(rev(d))); down <- cumsum(d)
  if (up[x + 1] <= down[x + 1]) { own <- up[x + 1]; rest <- down[down <= own] } else { own <- down[x + 1]; rest <- up[up <= own] }
  min(1, own + if (length(rest)) max(rest) else 0)
}
blaker_low <- function(x, n, level) {
  if (x == 0) return(0)
  a <- 1 - level; lo <- qbeta(a / 2, x, n - x + 1); hi <- qbeta(a, x, n - x + 1)
  grid <- seq(lo, hi, length.out = 20001)
  ok <- vapply(grid, acceptability, 0, x = x, n = n) >= a
  i <- which(ok)[1]; if (is.na(i)) return(hi); if (i == 1) return(grid[1])
  l <- grid[i - 1]; h <- grid[i]
  for (k in 1:60) { m <- (l + h) / 2; if (acceptability(m, x, n) >= a) h <- m else l <- m }
  h
}
blaker <- do.call(rbind, lapply(list(c(0, 10), c(1, 10), c(3, 10), c(5, 10), c(10, 10), c(1, 1), c(5, 17), c(8, 29), c(11, 37), c(26, 46), c(2, 94), c(33, 94), c(70, 150)), function(r)
  do.call(rbind, lapply(c(.8, .9, .95, .99), function(l) data.frame(x = r[1], n = r[2], level = l, low = blaker_low(r[1], r[2], l), high = 1 - blaker_low(r[2] - r[1], r[2], l))))))

approximate <- do.call(rbind, lapply(list(c(0, 12), c(1, 12), c(6, 12), c(11, 37), c(26, 46), c(45, 46), c(46, 46)), function(r) { x <- r[1]; n <- r[2]
  do.call(rbind, lapply(c(.8, .9, .95), function(l) { z <- qnorm(1 - (1 - l) / 2); p <- x / n; se <- sqrt(p * (1 - p) / n)
    ac_n <- n + z^2; ac_p <- (x + z^2 / 2) / ac_n; ac <- ac_p + c(-1, 1) * z * sqrt(ac_p * (1 - ac_p) / ac_n)
    tt <- if (x %in% c(0, n)) c(p, p) else num(t.test(rep(1:0, c(x, n - x)), conf.level = l)$conf.int)
    lg <- if (x %in% c(0, n)) num(binom.test(x, n, conf.level = l)$conf.int) else plogis(num(suppressMessages(confint.default(glm(cbind(x, n - x) ~ 1, binomial, control = list(epsilon = 1e-13)), level = l))))
    as <- sin(pmin(pi / 2, pmax(0, asin(sqrt(p)) + c(-1, 1) * z / 2 / sqrt(n))))^2
    cut <- function(v) pmin(1, pmax(0, v))
    # Newcombe (1998), method 4: roots of (|p - x/n| - 1/(2n))^2 = z^2 p (1 - p) / n
    wc <- c(if (x == 0) 0 else (2 * n * p + z^2 - 1 - z * sqrt(z^2 - 2 - 1 / n + 4 * p * (n * (1 - p) + 1))) / 2 / (n + z^2), if (x == n) 1 else (2 * n * p + z^2 + 1 + z * sqrt(z^2 + 2 - 1 / n + 4 * p * (n * (1 - p) - 1))) / 2 / (n + z^2))
    data.frame(x = x, n = n, level = l, method = rep(c("agresti-coull", "wald", "wald-cc", "student-t", "logit", "arcsine", "wilson-cc"), each = 1),
      low = c(cut(ac)[1], cut(p - z * se), cut(p - z * se - .5 / n), tt[1], lg[1], as[1], wc[1]), high = c(cut(ac)[2], cut(p + z * se), cut(p + z * se + .5 / n), tt[2], lg[2], as[2], wc[2])) })) }))

# The conditional odds ratio by its definition, searched on the log scale to the last bit (fisher.test stops at 1e-4).
conditional <- function(m, level = .95) { n1 <- sum(m[, 1]); n2 <- sum(m[, 2]); k <- sum(m[1, ]); x <- m[1, 1]; s <- max(0, k - n2):min(k, n1); w <- dhyper(s, n1, n2, k, log = TRUE)
  d <- function(t) { e <- w + s * t; e <- exp(e - max(e)); e / sum(e) }; a <- (1 - level) / 2
  list(table = m, estimate = if (x == min(s)) 0 else if (x == max(s)) "Inf" else exp(tight(function(t) sum(s * d(t)) - x, -30, 30)),
    low = if (x == min(s)) 0 else exp(tight(function(t) sum(d(t)[s >= x]) - a, -30, 30)), high = if (x == max(s)) "Inf" else exp(tight(function(t) sum(d(t)[s <= x]) - a, -30, 30)),
    r_estimate = as.character(format(num(fisher.test(m)$estimate), digits = 15)), r_low = format(num(fisher.test(m, conf.level = level)$conf.int[1]), digits = 15), r_high = format(num(fisher.test(m, conf.level = level)$conf.int[2]), digits = 15)) }
tables <- list(rbind(c(3, 1), c(1, 3)), rbind(c(10, 3), c(2, 15)), rbind(c(12, 7), c(5, 9)), rbind(c(1, 5), c(24, 6)), rbind(c(14, 2), c(19, 38)), rbind(c(0, 5), c(5, 0)), rbind(c(5, 0), c(0, 5)), rbind(c(40, 60), c(55, 45)))
odds <- lapply(tables, conditional)

larger <- lapply(list(rbind(c(5, 3, 2, 1), c(1, 4, 6, 3), c(7, 2, 1, 9)), rbind(c(10, 5, 8), c(3, 12, 4), c(6, 6, 9), c(2, 9, 11)), rbind(c(10, 4, 6, 5, 9, 3), c(2, 8, 7, 9, 4, 12)), rbind(c(4, 0, 1), c(0, 0, 0), c(2, 5, 0)), rbind(c(1, 0, 0), c(0, 1, 0), c(0, 0, 1))),
  function(m) { e <- outer(rowSums(m), colSums(m)) / sum(m); list(table = m, p = fisher.test(m[rowSums(m) > 0, ], workspace = 2e7)$p.value, g = 2 * sum(ifelse(m > 0, m * log(m / e), 0))) })

mcnemar <- lapply(list(rbind(c(20, 9), c(2, 15)), rbind(c(5, 4), c(4, 7)), rbind(c(30, 12), c(3, 8))), function(m) { a <- mcnemar.test(m, correct = FALSE); b <- mcnemar.test(m); list(table = m, statistic = num(a$statistic), p = a$p.value, corrected_statistic = num(b$statistic), corrected_p = b$p.value, p_exact = binom.test(m[1, 2], m[1, 2] + m[2, 1])$p.value) })

# Unconditional tests by enumeration; the supremum by optimize() in every cell of a fine grid of the common proportion.
supremum <- function(region, n1, n2) { f <- function(p) sum(outer(dbinom(0:n1, n1, p), dbinom(0:n2, n2, p))[region]); g <- seq(0, 1, length.out = 201); max(vapply(1:200, function(i) optimize(f, g[i + 0:1], maximum = TRUE, tol = 1e-12)$objective, 0)) }
unconditional <- lapply(list(rbind(c(7, 8), c(12, 3)), rbind(c(1, 9), c(6, 4)), rbind(c(14, 2), c(19, 38)), rbind(c(0, 8), c(3, 9)), rbind(c(5, 5), c(5, 5)), rbind(c(1, 2), c(2, 2))), function(m) { n1 <- sum(m[1, ]); n2 <- sum(m[2, ]); z <- outer(0:n1, 0:n2, function(x, y) { q <- (x + y) / (n1 + n2); v <- q * (1 - q) * (1 / n1 + 1 / n2); ifelse(v > 0, (x / n1 - y / n2) / sqrt(v), 0) }); o <- z[m[1, 1] + 1, m[2, 1] + 1]
  fp <- function(alt) outer(0:n1, 0:n2, Vectorize(function(x, y) fisher.test(rbind(c(x, n1 - x), c(y, n2 - y)), alternative = alt)$p.value)); two <- fp("two.sided"); gr <- fp("greater"); le <- fp("less"); e <- 1e-9; at <- function(f) f <= f[m[1, 1] + 1, m[2, 1] + 1] * (1 + 1e-7)
  list(table = m, barnard = c(supremum(abs(z) >= abs(o) - e, n1, n2), supremum(z >= o - e, n1, n2), supremum(z <= o + e, n1, n2)), boschloo = c(supremum(at(two), n1, n2), supremum(at(gr), n1, n2), supremum(at(le), n1, n2))) })

# Trend of proportions: prop.trend.test, and exact by all tables with these margins.
armitage <- lapply(list(list(x = c(1, 3, 7), n = c(12, 11, 13), s = 1:3), list(x = c(2, 5, 4, 9), n = c(10, 12, 9, 14), s = c(0, 1, 2, 4)), list(x = c(5, 4, 2), n = c(8, 8, 8), s = c(0, .5, 2))), function(k) { g <- expand.grid(lapply(k$n, function(v) 0:v)); g <- as.matrix(g[rowSums(g) == sum(k$x), ]); w <- exp(rowSums(sapply(seq_along(k$n), function(j) lchoose(k$n[j], g[, j])))); w <- w / sum(w); t <- g %*% k$s; o <- sum(k$x * k$s); e <- sum(w * t); q <- prop.trend.test(k$x, k$n, k$s)
  list(x = k$x, n = k$n, scores = k$s, chisq = num(q$statistic), p = q$p.value, p_exact = sum(w[abs(t - e) >= abs(o - e) - 1e-9]), rising = sum(w[t >= o - 1e-9]), falling = sum(w[t <= o + 1e-9])) })

# Rank tests with ties: every division into groups, and every pattern of signs.
all_divisions <- function(x, y) { r <- rank(c(x, y)); m <- length(x); s <- combn(r, m, sum); o <- sum(r[seq_len(m)]); e <- mean(s); c(mean(abs(s - e) >= abs(o - e) - 1e-9), mean(s >= o - 1e-9), mean(s <= o + 1e-9)) }
all_signs <- function(d) { d <- d[d != 0]; r <- rank(abs(d)); g <- as.matrix(expand.grid(rep(list(0:1), length(r)))); s <- g %*% r; o <- sum(r[d > 0]); e <- sum(r) / 2; c(mean(abs(s - e) >= abs(o - e) - 1e-9), mean(s >= o - 1e-9), mean(s <= o + 1e-9)) }
two <- list(list(x = c(1, 2, 2, 3, 4, 4, 5), y = c(2, 3, 3, 5, 6, 6, 7, 8)), list(x = c(0, 0, 0, 1, 5), y = c(0, 0, 1, 1, 2, 2, 9, 9, 9)), list(x = c(3, 3, 3), y = c(3, 3, 1, 8)), list(x = c(1.5, 2.25), y = c(0.5, 0.75, 2.25, 3, 3, 3, 10)))
one <- list(c(1, 2, -1, 2, 1), c(-3, 0, 0, 3, 5, 5, -1, 7), c(2, 2, 2, -2), c(1, -2, 3, -4, 5, -6, 7, 8, 9, 10))
ranks <- list(two = lapply(two, function(k) c(k, list(p = all_divisions(k$x, k$y), p_exactRankTests = wilcox.exact(k$x, k$y)$p.value))), one = lapply(one, function(d) list(d = d, p = all_signs(d), p_exactRankTests = wilcox.exact(d)$p.value)))

# Jonckheere-Terpstra: every division of the values over the groups.
jt <- function(g) { s <- 0; for (i in seq_along(g)) for (j in seq_along(g)) if (i < j) s <- s + sum(outer(g[[i]], g[[j]], "<")) + sum(outer(g[[i]], g[[j]], "==")) / 2; s }
divide <- function(v, n) if (length(n) == 1) list(list(v)) else do.call(c, combn(length(v), n[1], function(i) lapply(divide(v[-i], n[-1]), function(r) c(list(v[i]), r)), simplify = FALSE))
jonckheere <- lapply(list(list(c(1, 4, 2), c(3, 6), c(5, 8, 7)), list(c(1, 1, 2), c(2, 3, 3), c(3, 4)), list(c(5, 5), c(5, 4, 3), c(1, 2), c(3))), function(g) { s <- vapply(divide(unlist(g), lengths(g)), jt, 0); o <- jt(g); e <- mean(s); list(groups = g, statistic = o, mean = e, variance = mean((s - e)^2), p = c(mean(abs(s - e) >= abs(o - e) - 1e-9), mean(s >= o - 1e-9), mean(s <= o + 1e-9))) })

set.seed(1); pairs <- list(list(x = c(1.2, 3.4, 0.7, 5.5, 2.2, 9.1, 4.4), y = c(2, 1, 3, 5, 4, 9, 6)), list(x = round(rnorm(12), 4), y = round(rnorm(12), 4)), list(x = round(rnorm(30), 4), y = round(rnorm(30), 4)), list(x = 1:15, y = c(15:4, 1, 3, 2)), list(x = c(1, 1, 2, 2, 3, 3, 4, 9), y = c(3, 1, 1, 2, 5, 5, 4, 9)), list(x = 1:6, y = 6:1))
correlation <- lapply(pairs, function(k) suppressWarnings({ s <- cor.test(k$x, k$y, method = "spearman"); t <- cor.test(k$x, k$y, method = "kendall"); c(k, list(rho = num(s$estimate), p_spearman = s$p.value, tau = num(t$estimate), p_kendall = t$p.value, p_kendall_normal = cor.test(k$x, k$y, method = "kendall", exact = FALSE)$p.value)) }))
# Spearman with ties: every permutation.
permutations <- function(v) if (length(v) <= 1) list(v) else do.call(c, lapply(seq_along(v), function(i) lapply(permutations(v[-i]), function(r) c(v[i], r))))
tied <- list(x = c(1, 1, 2, 2, 3, 3, 9), y = c(3, 1, 1, 2, 5, 5, 9)); a <- rank(tied$x); b <- rank(tied$y); s <- vapply(permutations(b), function(q) sum(a * q), 0); o <- sum(a * b); tied$p_exact <- mean(abs(s - mean(s)) >= abs(o - mean(s)) - 1e-9)

# Kappa: the delta method on the cell proportions, differentiated numerically, instead of the closed formula.
kappa_of <- function(p, w) { po <- sum(w * p); pe <- sum(w * outer(rowSums(p), colSums(p))); (po - pe) / (1 - pe) }
kappas <- do.call(c, lapply(list(rbind(c(20, 5), c(10, 15)), rbind(c(10, 4, 1, 0), c(5, 10, 12, 2), c(2, 4, 12, 5), c(0, 2, 6, 13)), rbind(c(12, 1, 0), c(3, 20, 2), c(0, 4, 9))), function(m) lapply(c("identity", "linear", "quadratic"), function(name) { k <- nrow(m); n <- sum(m); p <- m / n; dd <- abs(outer(1:k, 1:k, "-")) / (k - 1); w <- switch(name, identity = 1 * (dd == 0), linear = 1 - dd, quadratic = 1 - dd^2)
  g <- vapply(seq_along(p), function(i) { h <- 1e-5; up <- dn <- p; up[i] <- p[i] + h; dn[i] <- p[i] - h; (kappa_of(up, w) - kappa_of(dn, w)) / 2 / h }, 0); list(table = m, weights = name, kappa = kappa_of(p, w), se = sqrt((sum(p * g^2) - sum(p * g)^2) / n)) })))

# max-T over every division: Welch's t from t.test.
v <- rbind(c(1, 5, 2.2), c(2, 3, 2.9), c(3, 4, 7.1), c(7, 4.5, 6.2), c(8, 3.5, 8.8), c(9, 6, 9.3), c(5, 5.2, 9.9)); n1 <- 3; cmb <- combn(7, n1); t_of <- function(i) apply(v, 2, function(f) abs(unname(t.test(f[i], f[-i])$statistic))); all_t <- apply(cmb, 2, t_of); seen <- t_of(1:3); ord <- order(-seen)
down <- single <- numeric(3); for (j in 1:3) { rest <- ord[j:3]; down[ord[j]] <- mean(apply(all_t[rest, , drop = FALSE], 2, max) >= seen[ord[j]] - 1e-9); single[ord[j]] <- mean(apply(all_t, 2, max) >= seen[ord[j]] - 1e-9) }
for (j in 2:3) down[ord[j]] <- max(down[ord[j]], down[ord[j - 1]])
maxt <- list(values = v, n_first = n1, statistic = apply(v, 2, function(f) unname(t.test(f[1:3], f[4:7])$statistic)), p = rowMeans(all_t >= seen - 1e-9), single = single, down = down)

writeLines(toJSON(list(blaker = blaker, approximate = approximate, odds = odds, larger = larger, mcnemar = mcnemar, unconditional = unconditional, armitage = armitage, ranks = ranks, jonckheere = jonckheere, correlation = correlation, spearman_tied = tied, kappa = kappas, max_t = maxt, r = R.version.string), digits = NA, auto_unbox = TRUE), "tests/reference/categorical.json")
