"""Contradictions between records, found while the datasets are derived; each is a row of the findings table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.data import FindingRule, Findings, Source
from onearm.derivations.lesion_findings import LESION_RULES, add_lesion_findings
from onearm.derivations.lesions import Lesions
from onearm.derivations.phases import PHASE_RULES, add_phase_findings
from onearm.derivations.readers import Reader, reader_of
from onearm.derivations.records import Records
from onearm.protocol import Protocol
from onearm.terms import Severity

__all__ = ["RULES", "check_consistency"]

_RECIST: Final = "Eisenhauer et al. (2009), Eur J Cancer 45:228-247"

RULES: Final[Mapping[str, FindingRule]] = MappingProxyType(
    {
        "DERIVE-RESPONSE-DIFFERS": FindingRule(
            Severity.WARNING,
            "the response assessed at {visit} is not the one that follows from the lesions; the derived one was used.",
            "Compare OVRA with OVR in ADRS: WHY tells how the derived one came about.",
            f"{_RECIST}, Tables 1 and 2",
        ),
        "DERIVE-RESPONSE-AFTER-PD": FindingRule(
            Severity.WARNING,
            "a response better than PD is recorded at {visit}, after the first progression; it does not count.",
            "Check whether the progression was one, or whether treatment went on beyond it.",
            f"{_RECIST}, 4.4",
        ),
        "DERIVE-RESPONSES-ON-ONE-DAY": FindingRule(
            Severity.ERROR,
            "two different overall responses are recorded on one day; the later record was used.",
            "Keep the response that counts.",
            f"{_RECIST}, 4.4",
        ),
        "DERIVE-NO-BASELINE": FindingRule(
            Severity.ERROR,
            "target lesions are measured after the first dose and not before it; their response is not evaluable.",
            "Add the baseline assessment, or correct its date.",
            f"{_RECIST}, 4.2",
        ),
        "DERIVE-SEVERAL-READERS": FindingRule(
            Severity.ERROR,
            "records of several readers of the assessor are used together.",
            "Name one in the protocol: [tumour] reader.",
            "a response is that of one reader",
        ),
        "DERIVE-NO-ASSESSOR": FindingRule(
            Severity.ERROR,
            "no record is by the assessor '{assessor}' that the protocol names; responses could not be derived.",
            "Set assessor, in [tumour] or of the endpoint, to a value of the column.",
            "the protocol says whose assessments count",
        ),
        "DERIVE-NO-READER": FindingRule(
            Severity.ERROR,
            "no record is by the reader '{reader}' that the protocol names; responses could not be derived.",
            "Set reader, in [tumour] or of the endpoint, to a value of the column.",
            "the protocol says whose assessments count",
        ),
        "DERIVE-NO-START": FindingRule(
            Severity.WARNING,
            "the enrolled patient has no first dose; times from it are missing.",
            "Add the dosing record, if the patient was treated.",
            "a time is counted from a date",
        ),
        "DERIVE-DRUG-UNKNOWN": FindingRule(
            Severity.WARNING,
            "the drug is none of those of the protocol.",
            "Correct EXTRT, or add the drug as a [[treatment]].",
            "exposure is judged against the protocol",
        ),
        **LESION_RULES,
        **PHASE_RULES,
    }
)


def check_consistency(
    source: Source,
    records: Records,
    datasets: Mapping[str, pl.DataFrame],
    protocol: Protocol,
    *,
    lesions: Lesions | None = None,
) -> pl.DataFrame:
    """
    Find contradictions that only show once dates and responses are derived.

    Parameters
    ----------
    source : Source
        For the names of files.
    records : Records
        Dated records.
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs``, and ``adds`` where treatment has phases.
    protocol : Protocol
        Assessor, reader and drugs.
    lesions : Lesions, optional
        Lesions of the assessor.

    Returns
    -------
    polars.DataFrame
        Findings.
    """
    findings = Findings(rules=RULES)
    files = {record.domain: record.path.name for record in source.files}
    _responses(findings, datasets["adrs"], files)
    add_lesion_findings(findings, lesions, records, protocol, files)
    _assessors(findings, records, protocol, files)
    _baselines(findings, datasets, files)
    _starts(findings, datasets["adsl"], records, files)
    _drugs(findings, records, protocol, files)
    if "adds" in datasets:
        add_phase_findings(findings, records, datasets["adds"], protocol, files)
    return findings.frame()


def _by_visit(findings: Findings, rule: str, rows: pl.DataFrame, domain: str, file: str | None) -> None:
    """Add findings that name the visit."""
    if rows.is_empty():
        return
    visit = pl.coalesce("AVISIT", pl.col("ADT").cast(pl.String), pl.lit("an assessment"))
    rows = rows.with_columns(_VISIT=visit, SRCROW=pl.lit(None, dtype=pl.Int64))
    for name in rows["_VISIT"].unique(maintain_order=True):
        part = rows.filter(pl.col("_VISIT") == name)
        findings.add_rows(rule, part, domain=domain, file=file, visit=name)


def _responses(findings: Findings, adrs: pl.DataFrame, files: Mapping[str, str]) -> None:
    overall = adrs.filter(pl.col("PARAMCD") == "OVR")
    assessed = adrs.filter(pl.col("PARAMCD") == "OVRA")
    derived = overall.filter(pl.col("RULE") != "RESPONSE-AS-ASSESSED").select("USUBJID", "AVISITN", DERIVED="AVALC")
    pairs = assessed.join(derived, on=["USUBJID", "AVISITN"], how="inner", maintain_order="left")
    _by_visit(
        findings, "DERIVE-RESPONSE-DIFFERS", pairs.filter(pl.col("AVALC") != pl.col("DERIVED")), "rs", files.get("rs")
    )
    progressed = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).select("USUBJID", PDDT="ADT")
    later = overall.join(progressed, on="USUBJID", how="inner", maintain_order="left").filter(
        (pl.col("ADT") > pl.col("PDDT")) & pl.col("AVALC").is_in(["CR", "PR", "SD", "NON-CR/NON-PD"])
    )
    _by_visit(findings, "DERIVE-RESPONSE-AFTER-PD", later, "rs", files.get("rs"))
    days = (
        overall.filter(pl.col("ADT").is_not_null())
        .group_by("USUBJID", "ADT", maintain_order=True)
        .agg(pl.col("AVALC").n_unique())
    )
    twice = days.filter(pl.col("AVALC") > 1).with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    findings.add_rows("DERIVE-RESPONSES-ON-ONE-DAY", twice, domain="rs", file=files.get("rs"))


def _assessors(findings: Findings, records: Records, protocol: Protocol, files: Mapping[str, str]) -> None:
    named = [Reader(protocol.tumour.assessor, protocol.tumour.reader)]
    named += [reader_of(endpoint, protocol) for endpoint in protocol.endpoint.values()]
    for domain in ("tr", "rs"):
        table, prefix = records.get(domain), domain.upper()
        if table is None or f"{prefix}EVAL" not in table.columns or table[f"{prefix}EVAL"].null_count() == table.height:
            continue
        for who in dict.fromkeys(named):
            _assessor(findings, table, domain, who, files.get(domain))


def _assessor(findings: Findings, table: pl.DataFrame, domain: str, who: Reader, file: str | None) -> None:
    prefix = domain.upper()
    mine = table.filter(pl.col(f"{prefix}EVAL").str.to_uppercase() == who.assessor.upper())
    if mine.is_empty():
        findings.add("DERIVE-NO-ASSESSOR", domain=domain, file=file, column=f"{prefix}EVAL", assessor=who.assessor)
    which, accepted = f"{prefix}EVALID", f"{prefix}ACPTFL"
    readers = mine[which].drop_nulls().str.to_uppercase() if which in mine.columns else pl.Series([], dtype=pl.String)
    if readers.n_unique() > 1 and who.reader is None and accepted not in mine.columns:
        findings.add("DERIVE-SEVERAL-READERS", domain=domain, file=file, column=which)
    if mine.height and who.reader is not None and not (readers == who.reader.upper()).any():
        findings.add("DERIVE-NO-READER", domain=domain, file=file, column=which, reader=who.reader)


def _baselines(findings: Findings, datasets: Mapping[str, pl.DataFrame], files: Mapping[str, str]) -> None:
    sums = datasets["adtr"].filter((pl.col("PARAMCD") == "SUMDIAM") & (pl.col("SRCDOM") == "TR"))
    first = sums.group_by("USUBJID", maintain_order=True).agg(pl.col("ADY").min())
    late = first.filter(pl.col("ADY") > 1).with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    findings.add_rows("DERIVE-NO-BASELINE", late, domain="tr", file=files.get("tr"), column="TRDTC")


def _starts(findings: Findings, adsl: pl.DataFrame, records: Records, files: Mapping[str, str]) -> None:
    if records.get("ex") is None:
        return
    untreated = adsl.filter(pl.col("SCRFFL").is_null() & pl.col("TRTSDT").is_null())
    findings.add_rows(
        "DERIVE-NO-START",
        untreated.with_columns(SRCROW=pl.lit(None, dtype=pl.Int64)),
        domain="ex",
        file=files.get("ex"),
        column="EXSTDTC",
    )


def _drugs(findings: Findings, records: Records, protocol: Protocol, files: Mapping[str, str]) -> None:
    ex = records.get("ex")
    if ex is None or not protocol.treatment or "EXTRT" not in ex.columns:
        return
    known = [drug.name.lower() for drug in protocol.treatment]
    other = ex.filter(~pl.col("EXTRT").str.to_lowercase().is_in(known))
    first = other.unique(["USUBJID", "EXTRT"], keep="first", maintain_order=True)
    findings.add_rows("DERIVE-DRUG-UNKNOWN", first, domain="ex", file=files.get("ex"), column="EXTRT")
