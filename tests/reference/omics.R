# Numbers of edgeR for filters and scales of counts, and of DESeq2 within patients; writes omics.json. R 4.2.2, Debian 12.
suppressMessages({ library(edgeR); library(DESeq2) })
set.seed(11)
p <- 120; n <- 5
mu <- exp(runif(p, 0, 7)); depth <- runif(2 * n, 0.6, 1.6); fold <- c(rep(4, 8), rep(1, p - 8))
k <- sapply(1:(2 * n), function(j) rnbinom(p, size = 8, mu = mu * depth[j] * ifelse(j > n, fold, 1)))
group <- rep(c("a", "b"), each = n); patient <- factor(rep(1:n, 2))
d <- suppressMessages(DESeq(DESeqDataSetFromMatrix(k, data.frame(group = factor(group), patient), ~ patient + group), quiet = TRUE))
r <- results(d, alpha = 0.05)
num <- function(x) ifelse(is.na(x), "null", formatC(as.numeric(x), digits = 15, format = "g"))
vec <- function(x) paste0("[", paste(num(as.vector(x)), collapse = ","), "]")
rows <- function(m) paste0("[", paste(apply(m, 2, vec), collapse = ","), "]")
writeLines(paste0('{"edgeR":"', packageVersion("edgeR"), '","DESeq2":"', packageVersion("DESeq2"), '","counts":', rows(k), ',"log_cpm":', rows(cpm(k, log = TRUE)),
  ',"keep":', vec(filterByExpr(k, group = group)), ',"keep_one_group":', vec(filterByExpr(k, group = rep(1, 2 * n))), ',"size_factors":', vec(sizeFactors(d)),
  ',"paired":{"effect":', vec(r$log2FoldChange), ',"se":', vec(r$lfcSE), ',"p":', vec(r$pvalue), ',"q":', vec(r$padj), '}}'), "omics.json")
