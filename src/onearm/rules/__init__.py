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
`assessment_checks`    findings about assessed responses, and where they differ from the lesions
`recist_target`        sum of diameters and target response
`recist_non_target`    non-target response and new lesions
`recist_timepoint`     the timepoint response
`response_sequence`    the switches of the best response, `BestResponseRules`, and what they make of a course
`best_response`        best overall response, confirmed and unconfirmed; first response; clinical benefit
`irecist`              iRECIST from the same components, both tracks side by side
`irecist_best`         iBOR, and the day of progression by iRECIST
`new_lesions`          new lesions at visits that do not mention them
`progression`          first progression, last adequate assessment, missed assessments
`censoring`            PFS, OS, duration of response and their censorings
`kinetics`             growth modulation index, tumour growth rate, depth of response
=====================  =================================================================================
"""
