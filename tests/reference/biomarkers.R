# Biomarkers of INSPIRE set against response and times: Rscript biomarkers.R DATA_FOLDER > biomarkers.json
# Needs the packages survival and jsonlite. DATA_FOLDER holds pembrolizumab.csv (see its SOURCE.md).
library(survival)
d <- read.csv(file.path(commandArgs(TRUE)[1], "pembrolizumab.csv"))
responder <- d$orr == "CR/PR"
against_response <- function(x) {
  t <- suppressWarnings(wilcox.test(x[responder], x[!responder]))
  list(n_yes = sum(!is.na(x[responder])), n_no = sum(!is.na(x[!responder])), statistic = unname(t$statistic), p = t$p.value,
       median_yes = median(x[responder], na.rm = TRUE), median_no = median(x[!responder], na.rm = TRUE))
}
against_time <- function(x, time, status) {
  s <- summary(coxph(Surv(time, status) ~ x))
  list(n = s$n, events = s$nevent, hr = s$conf.int[1, 1], low = s$conf.int[1, 3], high = s$conf.int[1, 4], p = s$coefficients[1, 5])
}
groups <- function(g, time, status) {
  f <- summary(survfit(Surv(time, status) ~ g))$table
  s <- summary(coxph(Surv(time, status) ~ g))
  test <- survdiff(Surv(time, status) ~ g)
  list(n = unname(f[, "records"]), events = unname(f[, "events"]), median = unname(f[, "median"]), hr = s$conf.int[1, 1],
       p = s$coefficients[1, 5], p_log_rank = pchisq(test$chisq, length(test$n) - 1, lower.tail = FALSE))
}
tmb_high <- factor(ifelse(d$tmb > median(d$tmb, na.rm = TRUE), "high", "low"), levels = c("low", "high"))
pdl1_class <- factor(ifelse(d$pdl1 >= 1, "1", "0"), levels = c("0", "1"))
p <- c(against_response(d$pdl1)$p, against_response(d$tmb)$p)
out <- list(
  response = list(PDL1 = against_response(d$pdl1), TMB = against_response(d$tmb)),
  q = p.adjust(p, "BH"),
  OS = list(PDL1 = against_time(d$pdl1, d$os_time, d$os_status), TMB = against_time(d$tmb, d$os_time, d$os_status)),
  OS_groups = list(PDL1 = groups(pdl1_class, d$os_time, d$os_status), TMB = groups(tmb_high, d$os_time, d$os_status)),
  fisher_pdl1 = fisher.test(table(pdl1_class, responder))$p.value
)
cat(jsonlite::toJSON(out, digits = 15, auto_unbox = TRUE, pretty = TRUE, na = "null"), "\n")
