"""
The source domains: which columns each needs, which are numbers and dates, and what identifies a record.

Names follow CDISC SDTM; on reading they may be in any case. Only what an analysis needs is required, so that real files
pass; every other column is kept as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["DOMAINS", "IDENTIFIERS", "Domain", "Kind", "column_kind", "domain_of", "known_domain"]

Kind = Literal["text", "number", "integer", "date", "as read"]

IDENTIFIERS: Final[frozenset[str]] = frozenset(
    {"STUDYID", "DOMAIN", "RDOMAIN", "USUBJID", "SUBJID", "SITEID", "INVID", "IDVAR", "IDVARVAL", "VISIT", "COUNTRY"}
)
"""Columns that are text whatever they look like, so that leading zeros stay."""


@dataclass(frozen=True)
class Domain:
    """
    One source domain.

    Parameters
    ----------
    name : str
        Lower case, as in file names, such as ``tr``.
    label : str
        What it holds.
    required : tuple of tuple of str
        Columns that must be there; of each inner tuple, one is enough.
    texts : tuple of str
        Further columns that are used, and are text whatever they look like.
    numbers : tuple of str
        Columns that are numbers.
    key : tuple of str
        Columns that together identify a record; without the sequence number, if it is absent.
    """

    name: str
    label: str
    required: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    @property
    def sequence(self) -> str | None:
        """Column of the sequence number, such as ``TRSEQ``; None where the domain has none."""
        return next((name for name in self.key if name.endswith("SEQ")), None)


def _domain(
    name: str, label: str, required: str, *, texts: str = "", numbers: str = "", key: str | None = None
) -> Domain:
    """Write a domain in one line: alternatives of a required column are joined by ``|``."""
    identity = key if key is not None else f"USUBJID {name.upper()}SEQ"
    return Domain(
        name,
        label,
        tuple(tuple(one.split("|")) for one in required.split()),
        tuple(texts.split()),
        tuple(numbers.split()),
        tuple(identity.split()),
    )


DOMAINS: Final[dict[str, Domain]] = {
    domain.name: domain
    for domain in (
        _domain(
            "dm",
            "demographics, one row per subject",
            "USUBJID",
            texts="SEX RACE ETHNIC ARM ARMCD ACTARM ACTARMCD DTHFL AGEU",
            numbers="AGE",
            key="USUBJID",
        ),
        _domain(
            "ex",
            "doses given",
            "USUBJID EXTRT EXSTDTC",
            texts="EXDOSU EXDOSFRQ EXROUTE EXADJ EXDOSFRM EPOCH",
            numbers="EXDOSE",
        ),
        _domain(
            "tu",
            "lesions identified",
            "USUBJID TULNKID TUSTRESC|TUORRES",
            texts="TUTESTCD TULOC TUMETHOD TUEVAL TUEVALID TUACPTFL TULNKGRP",
        ),
        _domain(
            "tr",
            "lesions measured",
            "USUBJID TRLNKID TRTESTCD TRDTC TRSTRESN|TRSTRESC|TRORRES",
            texts="TRGRPID TRLNKGRP TRORRESU TRSTRESU TRSTAT TRREASND TRMETHOD TREVAL TREVALID TRACPTFL TRLOC",
            numbers="TRSTRESN",
        ),
        _domain(
            "rs",
            "responses assessed",
            "USUBJID RSTESTCD RSDTC RSSTRESC|RSORRES",
            texts="RSCAT RSLNKGRP RSSTAT RSREASND RSEVAL RSEVALID RSACPTFL",
        ),
        _domain(
            "ae",
            "adverse events",
            "USUBJID AEDECOD|AETERM",
            texts="AEBODSYS AESOC AESEV AETOXGR AESER AEREL AEACN AEOUT AESDTH AELLT AEHLT AEHLGT AEIRAE AEIMMUN IRAEFL",
        ),
        _domain("ds", "disposition", "USUBJID DSDECOD|DSTERM", texts="DSCAT DSSCAT EPOCH"),
        _domain(
            "cm",
            "concomitant and later therapy",
            "USUBJID CMTRT",
            texts="CMDECOD CMCAT CMSCAT CMINDC",
            numbers="CMDOSE",
        ),
        _domain(
            "lb",
            "laboratory",
            "USUBJID LBTESTCD LBSTRESN|LBSTRESC|LBORRES",
            texts="LBTEST LBCAT LBORRESU LBSTRESU LBNRIND LBSTAT LBTOXGR LBBLFL LBSPEC LBFAST",
            numbers="LBSTRESN LBSTNRLO LBSTNRHI",
        ),
        _domain("vs", "vital signs", "USUBJID VSTESTCD VSSTRESN|VSSTRESC|VSORRES", texts="VSSTRESU VSSTAT VSBLFL"),
        _domain("eg", "electrocardiograms", "USUBJID EGTESTCD", texts="EGSTRESC EGSTRESU EGSTAT"),
        _domain("pe", "physical examinations", "USUBJID PETESTCD", texts="PESTRESC PESTAT"),
        _domain("mh", "medical history", "USUBJID MHTERM|MHDECOD", texts="MHCAT MHBODSYS"),
        _domain("dv", "protocol deviations", "USUBJID DVTERM|DVDECOD", texts="DVCAT DVSCAT"),
        _domain("ss", "survival status", "USUBJID SSTESTCD SSSTRESC|SSORRES", texts="SSSTAT"),
        _domain("dd", "details of deaths", "USUBJID DDTESTCD DDSTRESC|DDORRES"),
    )
}

SUPPLEMENT: Final = _domain(
    "supp--",
    "supplemental qualifiers of another domain",
    "RDOMAIN USUBJID IDVAR IDVARVAL QNAM QVAL",
    texts="QLABEL QORIG",
    key="RDOMAIN USUBJID IDVAR IDVARVAL QNAM",
)

_NUMBER_SUFFIX: Final = re.compile(r"(STRESN|VISITNUM|VISITDY|STNRLO|STNRHI)$")
_INTEGER_SUFFIX: Final = re.compile(r"^[A-Z]{2}(SEQ|DY|STDY|ENDY)$")


def known_domain(name: str) -> Domain | None:
    """
    Find a domain by its name.

    Parameters
    ----------
    name : str
        Such as ``tr`` or ``supptr``, in any case.

    Returns
    -------
    Domain or None
        None where there is no such domain.

    Examples
    --------
    >>> known_domain("TR").label
    'lesions measured'
    >>> known_domain("supptr").required[-1]
    ('QVAL',)
    """
    lower = name.lower()
    if lower.startswith("supp") and lower[4:] in DOMAINS:
        return SUPPLEMENT
    return DOMAINS.get(lower)


def domain_of(file_name: str) -> str | None:
    """
    Tell the domain of a file from its name.

    Parameters
    ----------
    file_name : str
        Without folder; what stands before the first ``_``, ``-``, ``.`` or blank decides.

    Returns
    -------
    str or None
        Lower case; None where the name begins with no domain.

    Examples
    --------
    >>> domain_of("tr_onco.csv.gz"), domain_of("SUPPRS.xpt"), domain_of("notes.csv")
    ('tr', 'supprs', None)
    """
    stem = re.split(r"[_\-. ]", file_name, maxsplit=1)[0].lower()
    return stem if known_domain(stem) else None


def column_kind(domain: Domain, column: str) -> Kind:
    """
    Tell how a column is typed.

    Parameters
    ----------
    domain : Domain
        The domain of the table.
    column : str
        Upper-case name.

    Returns
    -------
    {'text', 'number', 'integer', 'date', 'as read'}
        ``as read``: the domain does not know the column; text stays text, native numbers stay numbers.

    Examples
    --------
    >>> tr = DOMAINS["tr"]
    >>> [column_kind(tr, name) for name in ("USUBJID", "TRSTRESN", "TRSEQ", "TRDTC", "TRNOTE")]
    ['text', 'number', 'integer', 'date', 'as read']
    """
    required = {name for group in domain.required for name in group}
    if column in domain.numbers or _NUMBER_SUFFIX.search(column):
        return "number"
    if _INTEGER_SUFFIX.match(column):
        return "integer"
    if column.endswith("DTC"):
        return "date"
    if column in IDENTIFIERS or column in domain.texts or column in required:
        return "text"
    return "as read"
