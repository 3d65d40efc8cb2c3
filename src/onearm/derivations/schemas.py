"""Columns of the derived datasets, in order; see docs/datasets.md for what each means."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

__all__ = ["ADAE", "ADDV", "ADEX", "ADLB", "ADRS", "ADSL", "ADTR", "ADTTE", "TRACE"]

_IDS: Final[dict[str, Any]] = {"STUDYID": pl.String, "USUBJID": pl.String}
TRACE: Final[dict[str, Any]] = {"SRCDOM": pl.String, "SRCSEQ": pl.Int64, "RULE": pl.String, "WHY": pl.String}

ADSL: Final[dict[str, Any]] = {
    **_IDS,
    "SUBJID": pl.String,
    "SITEID": pl.String,
    "COHORT": pl.String,
    "AGE": pl.Float64,
    "SEX": pl.String,
    "TUMSIZE": pl.Float64,
    "RFICDT": pl.Date,
    "ENRLDT": pl.Date,
    "TRTSDT": pl.Date,
    "TRTEDT": pl.Date,
    "DTHDT": pl.Date,
    "DTHFL": pl.String,
    "LSTALVDT": pl.Date,
    "EOTSTT": pl.String,
    "DCTREAS": pl.String,
    "NTRTDT": pl.Date,
    "NTRT": pl.String,
    "SCRFFL": pl.String,
    "SCRFREAS": pl.String,
    "CUTOFFDT": pl.Date,
}
"""The fixed columns; baseline characteristics follow, then one flag for each analysis set."""

ADTR: Final[dict[str, Any]] = {
    **_IDS,
    "PARAMCD": pl.String,
    "TRLNKID": pl.String,
    "TULOC": pl.String,
    "AVISIT": pl.String,
    "AVISITN": pl.Float64,
    "ADT": pl.Date,
    "ADY": pl.Int64,
    "AVAL": pl.Float64,
    "AVALC": pl.String,
    "BASE": pl.Float64,
    "CHG": pl.Float64,
    "PCHG": pl.Float64,
    "NADIR": pl.Float64,
    "PCHGNAD": pl.Float64,
    "ABLFL": pl.String,
    "ANL01FL": pl.String,
    "NLES": pl.Int64,
    "NMISS": pl.Int64,
    "EVAL": pl.String,
    "EVALID": pl.String,
    **TRACE,
}
ADRS: Final[dict[str, Any]] = {
    **_IDS,
    "PARAMCD": pl.String,
    "PARAM": pl.String,
    "AVISIT": pl.String,
    "AVISITN": pl.Float64,
    "ADT": pl.Date,
    "ADY": pl.Int64,
    "AVALC": pl.String,
    "AVAL": pl.Float64,
    "EVAL": pl.String,
    "EVALID": pl.String,
    "ANL01FL": pl.String,
    **TRACE,
}
ADTTE: Final[dict[str, Any]] = {
    **_IDS,
    "PARAMCD": pl.String,
    "PARAM": pl.String,
    "STARTDT": pl.Date,
    "ADT": pl.Date,
    "AVAL": pl.Float64,
    "AVALU": pl.String,
    "CNSR": pl.Int64,
    "EVNTDESC": pl.String,
    "CNSDTDSC": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Int64,
    "RULE": pl.String,
    "WHY": pl.String,
}
ADEX: Final[dict[str, Any]] = {
    **_IDS,
    "EXTRT": pl.String,
    "ASTDT": pl.Date,
    "AENDT": pl.Date,
    "ASTDY": pl.Int64,
    "AENDY": pl.Int64,
    "EXDOSE": pl.Float64,
    "EXDOSU": pl.String,
    "DOSELVL": pl.Int64,
    **TRACE,
}
ADAE: Final[dict[str, Any]] = {
    **_IDS,
    "AETERM": pl.String,
    "AEDECOD": pl.String,
    "AEBODSYS": pl.String,
    "ASTDT": pl.Date,
    "AENDT": pl.Date,
    "ASTDY": pl.Int64,
    "AENDY": pl.Int64,
    "ATOXGRN": pl.Int64,
    "AESER": pl.String,
    "AEREL": pl.String,
    "AERELTRT": pl.String,
    "AEACN": pl.String,
    "AEOUT": pl.String,
    "TRTEMFL": pl.String,
    "RELFL": pl.String,
    "FATALFL": pl.String,
    "IRAEFL": pl.String,
    **TRACE,
}
ADLB: Final[dict[str, Any]] = {
    **_IDS,
    "PARAMCD": pl.String,
    "PARAM": pl.String,
    "AVISIT": pl.String,
    "AVISITN": pl.Float64,
    "ADT": pl.Date,
    "ADY": pl.Int64,
    "AVAL": pl.Float64,
    "AVALU": pl.String,
    "ANRLO": pl.Float64,
    "ANRHI": pl.Float64,
    "BASE": pl.Float64,
    "ABLFL": pl.String,
    "ONTRTFL": pl.String,
    "ATOXDSCL": pl.String,
    "ATOXGRL": pl.Int64,
    "BTOXGRL": pl.Int64,
    "ATOXDSCH": pl.String,
    "ATOXGRH": pl.Int64,
    "BTOXGRH": pl.Int64,
    **TRACE,
}
ADDV: Final[dict[str, Any]] = {**_IDS, "DVCAT": pl.String, "ADT": pl.Date, **TRACE}
