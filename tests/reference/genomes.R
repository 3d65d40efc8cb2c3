# Reference numbers for sequencing: genes against survival in TCGA AML (maftools), burden and genes against response in
# IMvigor210, permutation statistics, and non-negative least squares.
# Run with: Rscript genomes.R ../../../shared/data genomes.json      (R 4.2; survival, coin, nnls from Debian)
suppressMessages({library(survival); library(coin); library(nnls)})
a <- commandArgs(TRUE); data <- a[1]
num <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "\"Inf\"", "\"-Inf\""), formatC(x, digits = 15, format = "g")))
pair <- function(name, value) paste0("\"", name, "\": ", value)
obj <- function(...) paste0("{", paste(c(...), collapse = ", "), "}")

# --- genes against overall survival: 193 of 200 patients have variants, the 7 others are wild type
maf <- read.delim(gzfile(file.path(data, "maftools_laml/tcga_laml.maf.gz")), quote = "", stringsAsFactors = FALSE)
annot <- read.delim(file.path(data, "maftools_laml/tcga_laml_annot.tsv"), stringsAsFactors = FALSE)
nonsyn <- c("Frame_Shift_Del", "Frame_Shift_Ins", "Splice_Site", "Translation_Start_Site", "Nonsense_Mutation",
            "Nonstop_Mutation", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation")
calls <- unique(maf[maf$Variant_Classification %in% nonsyn, c("Tumor_Sample_Barcode", "Hugo_Symbol")])
annot$time <- suppressWarnings(as.numeric(annot$days_to_last_followup))
annot <- annot[is.finite(annot$time) & !is.na(annot$Overall_Survival_Status), ]
counts <- sort(table(calls$Hugo_Symbol[calls$Tumor_Sample_Barcode %in% annot$Tumor_Sample_Barcode]), decreasing = TRUE)
genes <- names(counts)[counts >= 8]
surv <- Surv(annot$time, annot$Overall_Survival_Status)
rows <- sapply(genes, function(g) {
  x <- as.numeric(annot$Tumor_Sample_Barcode %in% calls$Tumor_Sample_Barcode[calls$Hugo_Symbol == g])
  test <- survdiff(surv ~ x); fit <- coxph(surv ~ x); s <- summary(fit)
  # the statistic that is permuted: log-rank scores (event less cumulative hazard), variance under permutation
  haz <- basehaz(coxph(surv ~ 1, ties = "breslow"), centered = FALSE)
  score <- annot$Overall_Survival_Status - approx(c(-1, haz$time), c(0, haz$hazard), annot$time, method = "constant")$y
  r <- score - mean(score); z <- sum(r[x == 1]) / sqrt(sum((x - mean(x))^2) * sum(r^2) / (length(x) - 1))
  obj(pair("gene", paste0("\"", g, "\"")), pair("n", sum(x)), pair("observed", num(test$obs[2])),
      pair("expected", num(test$exp[2])), pair("chisq", num(test$chisq)), pair("p", num(pchisq(test$chisq, 1, lower.tail = FALSE))),
      pair("coef", num(coef(fit))), pair("hr", num(s$conf.int[1])), pair("low", num(s$conf.int[3])),
      pair("high", num(s$conf.int[4])), pair("z", num(z)))
})
laml <- obj(pair("n", nrow(annot)), pair("events", sum(annot$Overall_Survival_Status)),
            pair("genes", paste0("[", paste(rows, collapse = ",\n "), "]")))

# --- IMvigor210: burden against response; censOS 1 means death
p <- read.csv(file.path(data, "imvigor210/pData_IMvigor210.csv"), stringsAsFactors = FALSE)
p$tmb <- p$FMOne.mutation.burden.per.MB
known <- p[!is.na(p$tmb) & p$Best.Confirmed.Overall.Response %in% c("CR", "PR", "SD", "PD"), ]
known$responder <- known$Best.Confirmed.Overall.Response %in% c("CR", "PR")
w <- suppressWarnings(wilcox.test(known$tmb[known$responder], known$tmb[!known$responder], conf.int = TRUE))
all <- p[!is.na(p$tmb), ]
os <- summary(coxph(Surv(all$os, all$censOS) ~ all$tmb))
tmb <- obj(pair("n", nrow(known)), pair("responders", sum(known$responder)), pair("w", num(w$statistic)),
           pair("p", num(w$p.value)), pair("shift", num(w$estimate)),
           pair("median_responders", num(median(known$tmb[known$responder]))),
           pair("median_others", num(median(known$tmb[!known$responder]))), pair("zeros", sum(all$tmb == 0)),
           pair("n_os", nrow(all)), pair("deaths", sum(all$censOS)), pair("hr", num(os$conf.int[1])), pair("hr_p", num(os$coefficients[5])))

# --- IMvigor210: genes against response, by Fisher's test, in patients sequenced once and judged
files <- file.path(data, "imvigor210", c("fmone_known_short_long.csv", "fmone_likely_short_long.csv"))
long <- do.call(rbind, lapply(files, read.csv, stringsAsFactors = FALSE))
fm <- read.csv(file.path(data, "imvigor210/fmone_pData.csv"), stringsAsFactors = FALSE)
fish <- obj(pair("samples", length(unique(long$sample))), pair("rows", nrow(long)), pair("patients", nrow(fm)))

# --- permutation: log-rank and response of one feature by coin, asymptotic under the permutation distribution
set.seed(1); t0 <- c(5, 8, 2, 9, 4, 7, 3, 6, 1, 10, 5.5, 2.5); e0 <- c(1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0)
x0 <- c(1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0); y0 <- c(1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0)
lr <- logrank_test(Surv(t0, e0) ~ factor(x0), ties.method = "Hothorn-Lausen")
ct <- chisq_test(factor(y0) ~ factor(x0))
permutation <- obj(pair("logrank_z", num(abs(statistic(lr)))), pair("response_chisq", num(statistic(ct))))

# --- non-negative least squares
A <- matrix(c(5, 1, 0, 2, 0, 3, 4, 1, 1, 1, 1, 6, 2, 2, 2, 2), 4); A <- sweep(A, 2, colSums(A), "/")
fit <- nnls(A, c(10, 3, 8, 20))
solved <- obj(pair("x", paste0("[", paste(num(fit$x), collapse = ", "), "]")), pair("deviance", num(fit$deviance)))

# --- Fisher's tests as the enrichment of APOBEC makes them, one-sided
apobec <- obj(pair("p", num(fisher.test(matrix(c(30, 30, 100, 700), 2, byrow = TRUE), alternative = "greater")$p.value)))
alter <- fisher.test(matrix(c(21, 11, 1, 8), 2, byrow = TRUE))
printed <- obj(pair("p", num(alter$p.value)))

writeLines(obj(pair("laml", laml), pair("imvigor210_tmb", tmb), pair("imvigor210_calls", fish), pair("permutation", permutation),
               pair("nnls", solved), pair("apobec", apobec), pair("alter_signature_response", printed),
               pair("made_with", paste0("\"", R.version.string, ", survival ", packageVersion("survival"), "\""))), a[2])
