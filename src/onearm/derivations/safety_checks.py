"""Contradictions in adverse events, doses and laboratory values; each is a row of the findings table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.data import FindingRule, Findings, Source
from onearm.derivations.adae import grade_column
from onearm.derivations.body_size import body_sizes, planned_dose, with_body_size
from onearm.derivations.eligibility import find_ineligible
from onearm.derivations.immune_events import immune_judgement
from onearm.derivations.records import Records
from onearm.protocol import Protocol, Treatment
from onearm.rules.ctcae import read_criteria
from onearm.terms import Severity

__all__ = ["RULES", "check_safety"]

_CTCAE: Final = "NCI CTCAE, versions 5.0 (27 November 2017) and 6.0 (July 2025)"

RULES: Final[Mapping[str, FindingRule]] = MappingProxyType(
    {
        "SAFETY-GRADE-INVALID": FindingRule(
            Severity.ERROR,
            "the grade is none of 1 to 5; the event counts without a grade.",
            "Correct the grade; a finding of grade 0 is no adverse event.",
            _CTCAE,
        ),
        "SAFETY-GRADE-MISSING": FindingRule(
            Severity.WARNING,
            "the event has no grade; it counts under any grade only.",
            "Fill in the grade if it is known.",
            _CTCAE,
        ),
        "SAFETY-NO-START": FindingRule(
            Severity.WARNING,
            "the event has no start; it counts as treatment-emergent unless it ended before the first dose.",
            "Fill in the start, or its year or month.",
            "ICH E9 (1998), glossary: an event that emerges during treatment",
        ),
        "SAFETY-IMMUNE-VALUE": FindingRule(
            Severity.ERROR,
            "the column says neither Y nor N; the event counts as immune-related only if its term is one of immune_terms.",
            "Write Y or N, or leave it empty for an event that is not immune-related.",
            "CDISC controlled terminology, codelist NY",
        ),
        "SAFETY-IMMUNE-UNKNOWN": FindingRule(
            Severity.ERROR,
            "the data have no such column, so no event is immune-related by the investigator.",
            "Export the column with ae or suppae, or correct safety.immune_related_column.",
            "a judgement that the data do not hold cannot be counted",
        ),
        "SAFETY-IMMUNE-NO-EVENT": FindingRule(
            Severity.ERROR,
            "the qualifier that says whether an event is immune-related belongs to no record of ae; it counts for none.",
            "Correct IDVAR and IDVARVAL, or add the event.",
            "CDISC SDTMIG v3.4, section 8.4: supplemental qualifiers",
        ),
        "SAFETY-DOSE-UNIT": FindingRule(
            Severity.ERROR,
            "the dose is not in the unit of the protocol ({unit}); it is no level of the protocol.",
            "Give the dose in {unit}, or correct the unit of the [[treatment]].",
            "a dose in another unit cannot be set against the plan",
        ),
        "SAFETY-NO-BODY-SIZE": FindingRule(
            Severity.ERROR,
            "the {size} of the subject is not known, so the dose cannot be expressed in {unit}; it is no level of the protocol.",
            "Export vs with WEIGHT and HEIGHT (or BSA), or the dose in {unit}.",
            "a dose relative to the body needs its size",
        ),
        "SAFETY-DOSES-OVERLAP": FindingRule(
            Severity.ERROR,
            "the record begins before the one before it, of the same drug, has ended.",
            "Correct the dates of one of the records.",
            "a drug is given by one record at a time",
        ),
        "SAFETY-LAB-NO-LIMIT": FindingRule(
            Severity.WARNING,
            "{n} values of {test} cannot be graded: the limit of normal that decides is missing.",
            "Add LBSTNRLO and LBSTNRHI of the laboratory that measured them.",
            _CTCAE,
        ),
        "SAFETY-LAB-UNIT": FindingRule(
            Severity.WARNING,
            "{n} values of {test} cannot be graded: the criteria state no numbers in their unit.",
            "Export the value in a conventional or SI unit.",
            _CTCAE,
        ),
        "SAFETY-GRADE-DISAGREES": FindingRule(
            Severity.WARNING,
            "the grade of '{term}' is lower than the one that the laboratory values during the event have.",
            "Compare the event with ADLB; a grade may also rest on symptoms or treatment.",
            _CTCAE,
        ),
        "SAFETY-HYS-LAW": FindingRule(
            Severity.WARNING,
            "under treatment ALT or AST reached 3 times the upper limit of normal and bilirubin more than 2 times it.",
            "Look for another cause; without one the case meets Hy's law and is reported at once.",
            "FDA (2009), Guidance for industry: drug-induced liver injury",
        ),
        "PROTOCOL-DOSING": FindingRule(
            Severity.WARNING,
            "the dose was given against the protocol ({deviation}); it counts as given.",
            "Look the deviation up in ADDV, which tells the evidence; correct the record if it is wrong.",
            "ICH E3 (1995), section 10.2: protocol deviations",
        ),
        "PROTOCOL-ELIGIBILITY": FindingRule(
            Severity.WARNING,
            "the enrolled patient does not meet the limit of {deviation}, or it is not known; the patient stays in the analysis.",
            "Look the deviation up in ADDV; correct the record if it is wrong.",
            "ICH E3 (1995), section 10.2: protocol deviations",
        ),
        "PROTOCOL-SCHEDULE": FindingRule(
            Severity.NOTE,
            "a planned scan or visit was missed, or outside its window ({deviation}); what was recorded is used.",
            "Look the deviation up in ADDV; correct the date if it is wrong, or the schedule of the protocol.",
            "ICH E3 (1995), section 10.2: protocol deviations",
        ),
        "PROTOCOL-VISIT-UNKNOWN": FindingRule(
            Severity.WARNING,
            "the data have no such table, so the visits '{visit}' of the protocol could not be checked in anybody.",
            "Export the domain, or correct the domain of the [[visit]].",
            "a schedule that nobody checked is not a schedule that was kept",
        ),
        "PROTOCOL-ELIGIBILITY-UNKNOWN": FindingRule(
            Severity.WARNING,
            "the data have nothing that shows it, so the limit of the protocol ({limit}) could not be checked in anybody.",
            "Export the characteristic with dm or suppdm (earlier therapy with cm and its CMCAT), or correct [[eligibility]].",
            "a limit that nobody checked is not a limit that was kept",
        ),
        "PROTOCOL-ELIGIBILITY-NOT-RECORDED": FindingRule(
            Severity.NOTE,
            "the data have no such column; the limit ({limit}) holds where the value is known, so nobody breaks it.",
            "Export the characteristic with dm or suppdm, if it was recorded.",
            "a limit that nobody checked is not a limit that was kept",
        ),
        "SAFETY-LAB-NOT-REPORTED": FindingRule(
            Severity.NOTE,
            "laboratory values under treatment reach grade 3 or more of '{term}', and no such event is reported.",
            "Check whether the value was judged not to be an adverse event.",
            _CTCAE,
        ),
    }
)


_DEVIATIONS: Final = {
    "DOSING": ("PROTOCOL-DOSING", "ex"),
    "ELIGIBILITY": ("PROTOCOL-ELIGIBILITY", "dm"),
    "SCHEDULE": ("PROTOCOL-SCHEDULE", None),
}


def check_safety(
    source: Source, records: Records, datasets: Mapping[str, pl.DataFrame], protocol: Protocol
) -> pl.DataFrame:
    """
    Find contradictions in adverse events, doses and laboratory values.

    Parameters
    ----------
    source : Source
        For the names of files.
    records : Records
        Dated records.
    datasets : mapping of str to polars.DataFrame
        ``adsl adrs adae adlb adhy addv``.
    protocol : Protocol
        Drugs and where grades come from.

    Returns
    -------
    polars.DataFrame
        Findings.
    """
    findings = Findings(rules=RULES)
    files = {record.domain: record.path.name for record in source.files}
    _events(findings, records, protocol, files.get("ae"))
    _doses(findings, records, protocol, files.get("ex"))
    _ungraded(findings, datasets["adlb"], files.get("lb"))
    if datasets["adae"].height and datasets["adlb"].height:
        _against_values(findings, datasets["adae"], datasets["adlb"], files, _names(protocol))
    _liver(findings, datasets["adhy"], files.get("lb"))
    _deviations(findings, datasets["addv"], files)
    _unchecked(findings, records, datasets, protocol, files)
    return findings.frame()


def _unchecked(
    findings: Findings,
    records: Records,
    datasets: Mapping[str, pl.DataFrame],
    protocol: Protocol,
    files: Mapping[str, str],
) -> None:
    """Rules of the protocol that the data cannot answer."""
    for limit in protocol.eligibility:
        if find_ineligible(limit, datasets["adsl"], datasets["adrs"], records) is None:
            domain = "cm" if limit.no_prior else "dm"
            findings.add(
                "PROTOCOL-ELIGIBILITY-NOT-RECORDED" if limit.if_known else "PROTOCOL-ELIGIBILITY-UNKNOWN",
                domain=domain,
                file=files.get(domain),
                column=limit.variable,
                limit=limit.label or limit.variable or ", ".join(limit.no_prior),
            )
    for visit in protocol.visit:
        if records.get(visit.domain) is None:
            findings.add("PROTOCOL-VISIT-UNKNOWN", domain=visit.domain, visit=visit.name)


def _deviations(findings: Findings, addv: pl.DataFrame, files: Mapping[str, str]) -> None:
    rows = addv.with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    for (category, rule), part in rows.group_by("DVCAT", "RULE", maintain_order=True):
        name, domain = _DEVIATIONS[str(category)]
        domain = domain or part["SRCDOM"].to_list()[0].lower()
        findings.add_rows(name, part, domain=domain, file=files.get(domain), deviation=rule)


def _events(findings: Findings, records: Records, protocol: Protocol, file: str | None) -> None:
    ae = records.get("ae")
    if ae is None:
        return
    column = grade_column(ae, protocol)
    if column is not None:
        text = pl.col(column).str.strip_chars().str.to_uppercase()
        known = text.str.contains(r"^(GRADE\s*)?[1-5](\.0)?$|^(MILD|MODERATE|SEVERE|LIFE.THREATENING|FATAL|DEATH)$")
        findings.add_rows("SAFETY-GRADE-INVALID", ae.filter(~known), domain="ae", file=file, column=column)
        findings.add_rows("SAFETY-GRADE-MISSING", ae.filter(text.is_null()), domain="ae", file=file, column=column)
    if "AESTDT" in ae.columns:
        missing = ae.filter(pl.col("AESTDT").is_null())
        findings.add_rows("SAFETY-NO-START", missing, domain="ae", file=file, column="AESTDTC")
    _immune(findings, records, ae, protocol, file)


def _immune(findings: Findings, records: Records, ae: pl.DataFrame, protocol: Protocol, file: str | None) -> None:
    column = protocol.safety.immune_related_column
    if column is None:
        return
    judged = immune_judgement(records, column)
    if judged is None:
        findings.add("SAFETY-IMMUNE-UNKNOWN", domain="ae", file=file, column=column)
        return
    other = ae.filter(~judged.said.is_in(["Y", "N"]).fill_null(True))
    findings.add_rows("SAFETY-IMMUNE-VALUE", other, domain="ae", file=file, column=column.upper())
    findings.add_rows("SAFETY-IMMUNE-NO-EVENT", judged.unmatched, domain="suppae", column="IDVARVAL")


def _doses(findings: Findings, records: Records, protocol: Protocol, file: str | None) -> None:
    ex = records.get("ex")
    if ex is None or "EXTRT" not in ex.columns:
        return
    drug = pl.col("EXTRT").str.to_lowercase()
    for treatment in protocol.treatment if "EXDOSU" in ex.columns else ():
        mine = ex.filter(drug == treatment.name.lower())
        sized = mine.with_columns(
            EXDOSE=pl.lit(1.0), WEIGHT=pl.lit(1.0), BSA=pl.lit(1.0)
        )  # what remains missing is a matter of the unit
        other = mine.filter(sized.select(planned_dose(treatment).is_null()).to_series())
        findings.add_rows("SAFETY-DOSE-UNIT", other, domain="ex", file=file, column="EXDOSU", unit=treatment.unit)
        _unsized(findings, records, mine, treatment, file)
    if "EXENDT" in ex.columns:
        before = pl.coalesce("EXENDT", "EXSTDT").shift(1).cum_max().over("USUBJID", drug)
        ordered = ex.filter(pl.col("EXSTDT").is_not_null()).sort("USUBJID", drug, "EXSTDT", "EXENDT")
        twice = ordered.filter(pl.col("EXSTDT") <= before)
        findings.add_rows("SAFETY-DOSES-OVERLAP", twice, domain="ex", file=file, column="EXSTDTC")


def _unsized(findings: Findings, records: Records, mine: pl.DataFrame, drug: Treatment, file: str | None) -> None:
    """Doses per kg or m² that were recorded as an amount, of subjects without a weight or an area."""
    if drug.per is None or "EXDOSE" not in mine.columns:
        return
    placed = with_body_size(mine.with_columns(ASTDT="EXSTDT"), body_sizes(records))
    dose = pl.col("EXDOSE").cast(pl.Float64)
    placed = placed.with_columns(EXDOSE=dose)
    known = placed.with_columns(WEIGHT=pl.lit(1.0), BSA=pl.lit(1.0)).select(planned_dose(drug).is_not_null())
    lost = placed.filter(known.to_series() & placed.select(planned_dose(drug).is_null()).to_series())
    size = "weight" if drug.per == "kg" else "body surface area"
    findings.add_rows("SAFETY-NO-BODY-SIZE", lost, domain="ex", file=file, column="EXDOSE", size=size, unit=drug.unit)


def _ungraded(findings: Findings, adlb: pl.DataFrame, file: str | None) -> None:
    for rule, sign, column in (
        ("SAFETY-LAB-NO-LIMIT", "limit of normal is missing", "LBSTNRHI"),
        ("SAFETY-LAB-UNIT", "no numbers in this unit", "LBSTRESU"),
    ):
        rows = adlb.filter(pl.col("WHY").str.contains(sign, literal=True) & pl.col("AVAL").is_not_null())
        for test, n in rows.group_by("PARAMCD").len().sort("PARAMCD").iter_rows():
            findings.add(rule, domain="lb", file=file, column=column, test=test, n=n)


def _liver(findings: Findings, adhy: pl.DataFrame, file: str | None) -> None:
    cases = adhy.filter(pl.col("RULE") == "HYS-LAW-RANGE").with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    findings.add_rows("SAFETY-HYS-LAW", cases, domain="lb", file=file, column="LBSTRESN")


def _names(protocol: Protocol) -> pl.DataFrame:
    """Preferred terms in lower case beside the terms of the criteria."""
    pairs = {
        (name.lower(), term.name)
        for term in read_criteria(protocol.safety.ctcae).terms
        for name in (term.name, *term.also)
    }
    return pl.DataFrame(sorted(pairs), schema=["_name", "_term"], orient="row")


def _against_values(
    findings: Findings, adae: pl.DataFrame, adlb: pl.DataFrame, files: Mapping[str, str], names: pl.DataFrame
) -> None:
    graded = pl.concat(
        adlb.select("USUBJID", "ADT", "ONTRTFL", _term=f"ATOXDSC{side}", _value=f"ATOXGR{side}") for side in "LH"
    ).filter(pl.col("_value").is_not_null())
    events = adae.with_columns(_name=pl.col("AEDECOD").str.to_lowercase()).join(names, on="_name", how="inner")
    during = (
        events.filter(pl.col("ATOXGRN").is_not_null())
        .join(graded, on=["USUBJID", "_term"], how="inner")
        .filter((pl.col("ADT") >= pl.col("ASTDT")) & (pl.col("ADT") <= pl.col("AENDT").fill_null(pl.col("ADT"))))
        .group_by("USUBJID", "SRCSEQ", "_term", "ATOXGRN", maintain_order=True)
        .agg(pl.col("_value").max())
        .sort("USUBJID", "SRCSEQ")
        .with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    )
    severe = graded.filter((pl.col("ONTRTFL") == "Y") & (pl.col("_value") >= 3)).unique(["USUBJID", "_term"])
    silent = severe.join(events, on=["USUBJID", "_term"], how="anti").sort("USUBJID", "_term")
    silent = silent.with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    for term in sorted({*during["_term"], *silent["_term"]}):
        mine = during.filter(pl.col("_term") == term)
        # A grade above what the values show is no contradiction: the worst value may lie between two samples.
        lower = mine.filter(pl.col("ATOXGRN") < pl.col("_value"))
        findings.add_rows(
            "SAFETY-GRADE-DISAGREES", lower, domain="ae", file=files.get("ae"), column="AETOXGR", term=term
        )
        findings.add_rows(
            "SAFETY-LAB-NOT-REPORTED",
            silent.filter(pl.col("_term") == term),
            domain="lb",
            file=files.get("lb"),
            column="LBSTRESN",
            term=term,
        )
