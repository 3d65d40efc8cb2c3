# Writes dm.sas7bdat, which pyreadstat cannot write: Rscript make_sas7bdat.R (R 4.2, haven 2.5.1).
library(haven)
dm <- data.frame(
  USUBJID = c("001", "002", "003"), AGE = c(61, NA, 47.5), SITE = c("Köln", "", "Lyon"), stringsAsFactors = FALSE
)
dm$RFSTDT <- as.Date(c("2023-01-15", "2024-02-29", NA))
dm$RFSTDTM <- as.POSIXct(c("2023-01-15 08:30:00", "2024-02-29 23:59:59", NA), tz = "UTC")
write_sas(dm, "dm.sas7bdat")
