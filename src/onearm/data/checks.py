"""Checks of the data that need no clinical rule: within one table, and between tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl

from onearm.data.coerce import Place
from onearm.data.findings import Findings
from onearm.data.schema import Domain
from onearm.data.tumours import DIAMETER_TESTS, RESPONSE_TESTS
from onearm.terms import RESPONSES

__all__ = ["check_required_dates", "check_source", "check_table"]

_WHOLE_DAY: Final = r"^\d{4}-\d{2}-\d{2}"

AFTER_START: Final[tuple[str, ...]] = (
    "LAST_DOSE_DTC",
    "RESPONSE_DTC",
    "PROGRESSION_DTC",
    "DEATH_DTC",
    "LAST_ASSESSMENT_DTC",
    "LAST_CONTACT_DTC",
    "NEW_ANTICANCER_THERAPY_DTC",
)
"""Dates of a patient that cannot lie before the first dose or after death."""


def check_required_dates(frame: pl.DataFrame, domain: Domain, place: Place, findings: Findings) -> None:
    """
    Find records without the date that their domain requires.

    Parameters
    ----------
    frame : polars.DataFrame
        Before dates are typed, so that a date that cannot be read is not missing as well.
    domain : Domain
        What it holds.
    place : Place
        Domain and file.
    findings : Findings
        Receives the records; those that were NOT DONE need no date.
    """
    status = f"{place.domain.upper()}STAT"
    done = pl.col(status).fill_null("").str.to_uppercase() != "NOT DONE" if status in frame.columns else pl.lit(True)
    for name in (group[0] for group in domain.required if group[0].endswith("DTC")):
        missing = frame.filter(done & pl.col(name).is_null())
        findings.add_rows("DATA-DATE-MISSING", missing, domain=place.domain, file=place.file, column=name)


def check_table(frame: pl.DataFrame, domain: Domain, place: Place, findings: Findings) -> None:
    """
    Check one table by itself.

    Parameters
    ----------
    frame : polars.DataFrame
        Typed, with SRCROW.
    domain : Domain
        What it holds.
    place : Place
        Domain and file.
    findings : Findings
        Receives repeated keys, ends before starts, lesions measured twice and unknown responses.
    """
    key = [name for name in domain.key if name in frame.columns]
    repeated = frame.filter(pl.struct(key).is_duplicated()) if frame.height else frame
    findings.add_rows(
        "DATA-KEY-DUPLICATED", repeated, domain=place.domain, file=place.file, column=key[-1], key=" ".join(key)
    )
    _check_domain(frame, place, findings)
    _check_periods(frame, place, findings)
    if place.domain == "tr":
        _check_repeats(frame, place, findings)
    if place.domain == "rs":
        _check_responses(frame, place, findings)


def _check_domain(frame: pl.DataFrame, place: Place, findings: Findings) -> None:
    """Compare the domain that the records name with the one that the file was taken for."""
    column, expected = ("RDOMAIN", place.domain[4:]) if place.domain.startswith("supp") else ("DOMAIN", place.domain)
    if column in frame.columns:
        other = frame.filter(pl.col(column).str.to_uppercase() != expected.upper())
        facts = {"n": other.height, "expected": expected.upper()}
        findings.add_rows(
            "DATA-DOMAIN-OTHER",
            other.select("SRCROW").head(1),
            domain=place.domain,
            file=place.file,
            column=column,
            **facts,
        )


def _check_periods(frame: pl.DataFrame, place: Place, findings: Findings) -> None:
    """Compare the end of each period with its start, as far as both are known."""
    prefix = place.domain.upper()
    pairs = [(f"{prefix}STDTC", f"{prefix}ENDTC"), ("RFSTDTC", "RFENDTC"), ("RFXSTDTC", "RFXENDTC")]
    for start, end in pairs:
        if start in frame.columns and end in frame.columns:
            # ISO 8601 text sorts like time; what is compared is what both dates state
            a, b = pl.col(start), pl.col(end)
            stated = pl.min_horizontal(a.str.len_chars(), b.str.len_chars())
            plain = a.str.contains(r"^\d{4}") & b.str.contains(r"^\d{4}") & ~(a + b).str.contains("--")
            wrong = frame.filter(plain & (b.str.slice(0, stated) < a.str.slice(0, stated)))
            findings.add_rows(
                "DATA-END-BEFORE-START", wrong, domain=place.domain, file=place.file, column=end, start=start
            )


def _check_repeats(frame: pl.DataFrame, place: Place, findings: Findings) -> None:
    """Find lesions measured more than once by one test, assessor, visit and date."""
    identity = ("USUBJID", "TRGRPID", "TRLNKID", "TRTESTCD", "VISIT", "VISITNUM", "TRDTC", "TRMETHOD", "TREVAL")
    key = [name for name in (*identity, "TREVALID") if name in frame.columns]
    lengths = frame.filter(
        pl.col("TRTESTCD").is_in(DIAMETER_TESTS) & pl.col("TRLNKID").is_not_null() & pl.col("TRSTRESN").is_not_null()
    )
    repeated = lengths.filter(pl.struct(key).is_duplicated()) if lengths.height else lengths
    findings.add_rows("DATA-MEASUREMENT-REPEATED", repeated, domain=place.domain, file=place.file, column="TRLNKID")


def _check_responses(frame: pl.DataFrame, place: Place, findings: Findings) -> None:
    """Find responses that are no terms; other criteria than RECIST have terms of their own."""
    recist = pl.col("RSCAT").fill_null("RECIST").str.contains("RECIST") if "RSCAT" in frame.columns else pl.lit(True)
    term = pl.col("RSSTRESC")
    unknown = frame.filter(
        recist & pl.col("RSTESTCD").is_in(RESPONSE_TESTS) & term.is_not_null() & ~term.is_in(RESPONSES)
    )
    findings.add_rows(
        "DATA-RESPONSE-UNKNOWN",
        unknown,
        domain=place.domain,
        file=place.file,
        column="RSSTRESC",
        terms=", ".join(RESPONSES),
    )


def check_source(
    tables: Mapping[str, pl.DataFrame], files: Mapping[str, str], findings: Findings, *, cutoff: date | None = None
) -> None:
    """
    Check tables against one another.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Typed tables by domain.
    files : mapping of str to str
        File of each.
    findings : Findings
        Receives unknown subjects and lesions, records after death or cut-off, and a cut-off before the first dose.
    cutoff : datetime.date, optional
        Data cut-off.
    """
    for name, frame in tables.items():
        place = Place(name, files[name])
        _check_subjects(frame, place, tables, findings)
        if cutoff is not None:
            _check_cutoff(frame, place, cutoff.isoformat(), findings)
    _check_lesions(tables, files, findings)
    _check_deaths(tables, files, findings)
    _check_patient_dates(tables, files, findings)
    if cutoff is not None:
        _check_starts(tables, files, cutoff.isoformat(), findings)


def _check_subjects(frame: pl.DataFrame, place: Place, tables: Mapping[str, pl.DataFrame], findings: Findings) -> None:
    """Find subjects that the table of subjects does not know, once each."""
    reference = "patients" if place.domain == "sizes" else "dm"
    if reference not in tables or place.domain in ("dm", "patients"):
        return
    unknown = frame.join(tables[reference], on="USUBJID", how="anti").unique(
        "USUBJID", keep="first", maintain_order=True
    )
    findings.add_rows(
        "DATA-SUBJECT-UNKNOWN",
        unknown,
        domain=place.domain,
        file=place.file,
        column="USUBJID",
        reference=reference.upper(),
    )


def _check_cutoff(frame: pl.DataFrame, place: Place, cutoff: str, findings: Findings) -> None:
    """Note the complete dates after the cut-off."""
    for name in frame.columns:
        if name.endswith("DTC"):
            late = frame.filter(pl.col(name).str.contains(_WHOLE_DAY) & (pl.col(name).str.slice(0, 10) > cutoff))
            findings.add_rows(
                "DATA-AFTER-CUTOFF", late, domain=place.domain, file=place.file, column=name, cutoff=cutoff
            )


def _check_lesions(tables: Mapping[str, pl.DataFrame], files: Mapping[str, str], findings: Findings) -> None:
    """Find lesions that are measured and not identified, once each."""
    if "tr" not in tables or "tu" not in tables:
        return
    lesions = tables["tr"].filter(pl.col("TRLNKID").is_not_null())
    identified = tables["tu"].select("USUBJID", pl.col("TULNKID").alias("TRLNKID"))
    unknown = lesions.join(identified, on=["USUBJID", "TRLNKID"], how="anti")
    first = unknown.unique(["USUBJID", "TRLNKID"], keep="first", maintain_order=True)
    findings.add_rows("DATA-LESION-UNKNOWN", first, domain="tr", file=files["tr"], column="TRLNKID")


def _check_deaths(tables: Mapping[str, pl.DataFrame], files: Mapping[str, str], findings: Findings) -> None:
    """Find assessments, doses and onsets after a death whose day is known."""
    if "dm" not in tables or "DTHDTC" not in tables["dm"].columns:
        return
    deaths = (
        tables["dm"]
        .filter(pl.col("DTHDTC").str.contains(_WHOLE_DAY))
        .group_by("USUBJID")
        .agg(pl.col("DTHDTC").str.slice(0, 10).min().alias("__death"))
    )
    for name, column in (("tu", "TUDTC"), ("tr", "TRDTC"), ("rs", "RSDTC"), ("ex", "EXSTDTC"), ("ae", "AESTDTC")):
        if name in tables and column in tables[name].columns:
            late = (
                tables[name]
                .filter(pl.col(column).str.contains(_WHOLE_DAY))
                .join(deaths, on="USUBJID", how="inner", maintain_order="left")
                .filter(pl.col(column).str.slice(0, 10) > pl.col("__death"))
            )
            findings.add_rows("DATA-AFTER-DEATH", late, domain=name, file=files[name], column=column)


def _check_patient_dates(tables: Mapping[str, pl.DataFrame], files: Mapping[str, str], findings: Findings) -> None:
    """Order the dates of patients: nothing that follows treatment before the start, nothing after death."""
    if "patients" not in tables:
        return
    frame = tables["patients"]
    start = next((name for name in ("FIRST_DOSE_DTC", "ENROLLED_DTC") if name in frame.columns), None)
    for name in (name for name in AFTER_START if name in frame.columns):
        known = frame.filter(pl.col(name).str.contains(_WHOLE_DAY))
        where = {"domain": "patients", "file": files["patients"], "column": name}
        if start is not None:
            early = known.filter(pl.col(start).str.contains(_WHOLE_DAY) & (pl.col(name) < pl.col(start)))
            findings.add_rows("DATA-BEFORE-START", early, **where, start=start)
        if "DEATH_DTC" in frame.columns:
            late = known.filter(pl.col("DEATH_DTC").str.contains(_WHOLE_DAY) & (pl.col(name) > pl.col("DEATH_DTC")))
            findings.add_rows("DATA-AFTER-DEATH", late, **where)


def _check_starts(
    tables: Mapping[str, pl.DataFrame], files: Mapping[str, str], cutoff: str, findings: Findings
) -> None:
    """Find subjects whose first dose lies after the cut-off."""
    for name, column in (("ex", "EXSTDTC"), ("patients", "FIRST_DOSE_DTC")):
        if name in tables and column in tables[name].columns:
            given = tables[name].filter(pl.col(column).str.contains(_WHOLE_DAY))
            first = given.sort(column, maintain_order=True).unique("USUBJID", keep="first", maintain_order=True)
            late = first.filter(pl.col(column).str.slice(0, 10) > cutoff).sort("SRCROW")
            findings.add_rows(
                "DATA-CUTOFF-BEFORE-START", late, domain=name, file=files[name], column=column, cutoff=cutoff
            )
