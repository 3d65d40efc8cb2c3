"""
Clinical logic as pure functions: polars frames in, polars frames out.

The functions know no files, no statistics and no CDISC names. Frames have the neutral columns ``subject``, ``visit``,
``day``, ``lesion``, ``diameter_mm``, ``response`` … A ``day`` is either a ``polars.Date`` or an integer count of days;
whichever comes in goes out, and all days of one call must be of one kind. ``subject`` and ``visit`` may be text or
integers. Every concluded row says by which ``rule`` (an identifier) and ``why`` (one sentence with the numbers).

=====================  =================================================================================
module                 holds
=====================  =================================================================================
`dates`                partial ISO 8601 dates
`recist`               the switches of RECIST 1.1, `RecistRules`
`recist_lesions`       findings about lesions: measurability, number of targets
`recist_target`        sum of diameters and target response
`recist_non_target`    non-target response and new lesions
`recist_timepoint`     the timepoint response
`best_response`        best overall response, confirmed and unconfirmed
`irecist`              iRECIST from the same components, and iBOR
`progression`          first progression, last adequate assessment, first response
`censoring`            PFS, OS, duration of response and their censorings
`kinetics`             growth modulation index, tumour growth rate, depth of response
=====================  =================================================================================
"""
