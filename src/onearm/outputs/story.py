"""The course of one patient as a readable story: each scan, what was concluded, by which rule, and how it all ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from onearm.errors import DataError, suggest
from onearm.outputs.format import format_date, format_number

if TYPE_CHECKING:
    import polars as pl

    from onearm.protocol import Protocol

__all__ = ["find_patient", "tell_patient"]

_RESPONSES = {
    "TRGRESP": "target lesions",
    "NTRGRESP": "non-target lesions",
    "NEWLES": "new lesions",
    "OVR": "overall",
    "OVRA": "overall as assessed",
}


def tell_patient(datasets: Mapping[str, pl.DataFrame], findings: pl.DataFrame, protocol: Protocol, subject: str) -> str:
    """
    Tell the course of one patient.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs adtte adex``.
    findings : polars.DataFrame
        Findings in the data; those of the patient close the story.
    protocol : Protocol
        Names of the endpoints.
    subject : str
        USUBJID, or its end where only one patient ends so.

    Returns
    -------
    str
        Paragraphs of plain text.

    Raises
    ------
    DataError
        If nobody, or more than one patient, is meant.
    """
    subject = find_patient(datasets["adsl"], subject)
    mine = {name: _rows(table, subject) for name, table in datasets.items()}
    parts = [
        _who(mine["adsl"][0], protocol),
        _treatment(mine["adsl"][0], mine["adex"]),
        *_scans(mine["adtr"], mine["adrs"]),
        _best(mine["adrs"]),
        *_times(mine["adtte"], protocol),
        _deviations(mine.get("addv", [])),
        _found(findings, subject),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def find_patient(adsl: pl.DataFrame, subject: str) -> str:
    """
    Find a patient by the identifier or its end.

    Parameters
    ----------
    adsl : polars.DataFrame
        Subject-level dataset.
    subject : str
        USUBJID, or its end where only one patient ends so.

    Returns
    -------
    str
        USUBJID.

    Raises
    ------
    DataError
        If nobody, or more than one patient, is meant.
    """
    known = adsl["USUBJID"].to_list()
    if subject in known:
        return subject
    ending = [name for name in known if name.endswith(subject)]
    if len(ending) == 1:
        return str(ending[0])
    if ending:
        raise DataError(
            f"{len(ending)} patients have an identifier that ends with '{subject}': {', '.join(ending[:5])} …"
        )
    raise DataError(f"no patient '{subject}' in this trial.{suggest(subject, known)}")


def _rows(table: pl.DataFrame, subject: str) -> list[dict[str, Any]]:
    return table.filter(USUBJID=subject).to_dicts()


def _who(row: dict[str, Any], protocol: Protocol) -> str:
    text = f"{row['USUBJID']}, {protocol.trial.id}."
    if row.get("AGE") is not None:
        text += f" {format_number(row['AGE'], 0)} years old"
        text += f", {row['SEX']}." if row.get("SEX") else "."
    if row["SCRFFL"] == "Y":
        return f"{text} Screened and not enrolled{': ' + row['SCRFREAS'].lower() if row['SCRFREAS'] else ''}."
    sets = [name for name in protocol.sets if row.get(f"{name}FL") == "Y"]
    text += f" In the analysis sets {', '.join(sets)}." if sets else " In no analysis set."
    if row["ENRLDT"]:
        text += f" Enrolled on {format_date(row['ENRLDT'])}."
    return text


def _treatment(row: dict[str, Any], doses: list[dict[str, Any]]) -> str:
    if row["TRTSDT"] is None:
        return "" if row["EOTSTT"] is None else "Never treated."
    text = f"First dose on {format_date(row['TRTSDT'])} (day 1)"
    text += f", last on {format_date(row['TRTEDT'])}." if row["TRTEDT"] else "; treatment was going on at the cut-off."
    if row["DCTREAS"]:
        text += f" Reason for ending treatment: {row['DCTREAS'].lower()}."
    reduced = [dose for dose in doses if (dose["DOSELVL"] or 0) > 0]
    for drug in dict.fromkeys(dose["EXTRT"] for dose in reduced):
        first = min((d for d in reduced if d["EXTRT"] == drug), key=lambda dose: dose["ASTDT"])
        dose = f"{first['EXDOSE']:g} {first['EXDOSU'] or ''}".strip()
        text += f" {drug.capitalize()} was reduced to {dose} on {format_date(first['ASTDT'])}."
    if row["NTRTDT"]:
        text += f" A new anticancer therapy began on {format_date(row['NTRTDT'])}."
    return text


def _scans(sizes: list[dict[str, Any]], responses: list[dict[str, Any]]) -> Iterator[str]:
    """One paragraph for each assessment: lesions, their sum, and what was concluded."""
    rows = [r for r in sizes if r["ADT"]] + [r for r in responses if r["PARAMCD"] in _RESPONSES and r["ADT"]]
    visits = sorted({(row["AVISITN"] or 0.0, row["AVISIT"] or "") for row in rows})
    for number, name in visits:
        here = [row for row in rows if (row["AVISITN"] or 0.0, row["AVISIT"] or "") == (number, name)]
        dates = sorted({row["ADT"] for row in here})
        day = min(row["ADY"] for row in here if row["ADY"] is not None) if any(row["ADY"] for row in here) else None
        title = f"{name.capitalize() or 'Assessment'}, {format_date(dates[0])}" + (
            f" (day {day})" if day is not None else ""
        )
        yield "\n".join([title, *_lines(here)])


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["PARAMCD"] == "LDIAM":
            size = f"{row['AVAL']:g} mm" if row["AVALC"] is None else row["AVALC"].lower().replace("_", " ")
            yield f"  {row['TRLNKID']} {(row['TULOC'] or '').lower()}: {size}"
    for row in rows:
        if row["PARAMCD"] == "SUMDIAM" and row["AVAL"] is not None:
            change = "" if row["PCHG"] is None else f", {row['PCHG']:+.1f} % from baseline"
            nadir = "" if row["PCHGNAD"] is None else f", {row['PCHGNAD']:+.1f} % from the smallest sum before"
            yield f"  sum {row['AVAL']:g} mm{change}{nadir}"
    for row in rows:
        if row["PARAMCD"] in _RESPONSES and not (row["PARAMCD"] == "NEWLES" and row["AVALC"] == "N"):
            why = f": {row['WHY']}" if row["PARAMCD"] == "OVR" else ""
            yield f"  {_RESPONSES[row['PARAMCD']]} {row['AVALC']} [{row['RULE']}]{why}"


def _best(responses: list[dict[str, Any]]) -> str:
    said = []
    for paramcd, name in (("BOR", "Best overall response"), ("CBOR", "Best overall response, confirmed")):
        for row in responses:
            if row["PARAMCD"] == paramcd:
                said.append(f"{name}: {row['AVALC']} [{row['RULE']}]. {row['WHY']}")
    return "\n".join(said)


def _times(times: list[dict[str, Any]], protocol: Protocol) -> Iterator[str]:
    for row in times:
        end = row["EVNTDESC"] or f"censored, {(row['CNSDTDSC'] or '').lower()}"
        months = row["AVAL"] / protocol.conventions.days_per_month if row["AVALU"] == "DAYS" else row["AVAL"]
        printed = format_number(months, protocol.conventions.month_digits)
        days = f"{row['AVAL']:g} days, " if row["AVALU"] == "DAYS" else ""
        yield f"{row['PARAM']} ({row['PARAMCD']}): {days}{printed} months, {end} [{row['RULE']}]. {row['WHY']}"


def _deviations(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    lines = [f"  {format_date(row['ADT']) if row['ADT'] else 'no date'} [{row['RULE']}] {row['WHY']}" for row in rows]
    return "\n".join(["Deviations from the protocol:", *lines])


def _found(findings: pl.DataFrame, subject: str) -> str:
    mine = findings.filter(subject=subject)
    if mine.is_empty():
        return ""
    lines = [
        f"  {row['severity']} {row['rule']}: {row['message']}" for row in mine.unique(["rule", "message"]).to_dicts()
    ]
    return "\n".join(["Findings in the data of this patient:", *sorted(lines)])
