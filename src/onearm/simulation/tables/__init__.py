"""From arrays to the source tables: one file per group of domains, names as in CDISC SDTMIG 3.4."""
