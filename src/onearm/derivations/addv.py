"""ADDV: deviations from the protocol, found by its own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from onearm.derivations.eligibility import find_ineligible, name_of_limit
from onearm.derivations.records import Records
from onearm.derivations.schedule import find_schedule_deviations
from onearm.derivations.schemas import ADDV
from onearm.frames import conform, empty
from onearm.protocol import Protocol, Treatment
from onearm.rules.dosing import DosingPlan
from onearm.rules.dosing_checks import check_dosing

__all__ = ["derive_addv", "dosing_plan", "drug_doses"]


def dosing_plan(drug: Treatment, protocol: Protocol) -> DosingPlan:
    """
    Give the rules of a drug in the words of `onearm.rules.dosing`.

    Parameters
    ----------
    drug : Treatment
        A drug of the protocol.
    protocol : Protocol
        Its length of a month.

    Returns
    -------
    DosingPlan
        With the days of the cycle counted out.
    """
    months = drug.max_duration_months
    return DosingPlan(
        drug.name,
        drug.unit,
        drug.dose_levels,
        drug.cycle_days,
        drug.days,
        drug.max_interruption_days,
        drug.max_delay_days,
        drug.omissions_stop,
        None if months is None else months * protocol.conventions.days_per_month,
        drug.treatment_beyond_progression is True,
        lowest_dose=drug.lowest_dose,
        tolerance=drug.tolerance,
        max_cycles=drug.max_cycles,
        max_delays_per_cycle=drug.max_delays_per_cycle,
        interruption_after_days=drug.interruption_after_days,
        interruptions_stop=drug.interruptions_stop,
    )


def derive_addv(datasets: Mapping[str, pl.DataFrame], records: Records, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the deviations from the protocol.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adrs adex``.
    records : Records
        Earlier therapy, and the domains that the visits name.
    protocol : Protocol
        ``[[treatment]]``, ``[[eligibility]]``, ``[[visit]]`` and the planned scans.

    Returns
    -------
    polars.DataFrame
        One row per deviation with the columns of `ADDV`: ``DVCAT`` is ``DOSING``, ``ELIGIBILITY`` or ``SCHEDULE``, ``RULE``
        names the rule, ``WHY`` is the evidence, ``SRCDOM`` and ``SRCSEQ`` the record.
    """
    parts = list(_parts(datasets, records, protocol))
    if not parts:
        return empty(ADDV)
    ids = datasets["adsl"].select("USUBJID", "STUDYID")
    table = pl.concat(parts, how="diagonal_relaxed").join(ids, on="USUBJID", how="left")
    return conform(table, ADDV).sort("USUBJID", "ADT", "RULE", "SRCSEQ", nulls_last=True)


def _parts(datasets: Mapping[str, pl.DataFrame], records: Records, protocol: Protocol) -> Iterator[pl.DataFrame]:
    adsl, adrs, adex = datasets["adsl"], datasets["adrs"], datasets["adex"]
    for drug in protocol.treatment:
        yield _doses(adex, adsl, adrs, drug, protocol)
    for limit in protocol.eligibility:
        found = find_ineligible(limit, adsl, adrs, records)
        if found is not None:
            yield found.with_columns(DVCAT=pl.lit("ELIGIBILITY"), RULE=pl.lit(name_of_limit(limit)))
    for part in find_schedule_deviations(adsl, adrs, records, protocol):
        yield part.with_columns(DVCAT=pl.lit("SCHEDULE"))


def drug_doses(adex: pl.DataFrame, drug: Treatment) -> pl.DataFrame:
    """
    Take the records of one drug in the words of `onearm.rules.dosing`.

    Parameters
    ----------
    adex : polars.DataFrame
        Exposure.
    drug : Treatment
        The drug.

    Returns
    -------
    polars.DataFrame
        ``subject start end dose seq``; the dose is in the unit of the protocol, and missing where it is not known in it.
    """
    mine = adex.filter(pl.col("EXTRT").str.to_lowercase() == drug.name.lower())
    dose = pl.when(pl.col("EXDOSE") == 0).then(0.0).otherwise("AVAL")
    return mine.select(subject="USUBJID", start="ASTDT", end="AENDT", dose=dose, seq="SRCSEQ")


def _doses(
    adex: pl.DataFrame, adsl: pl.DataFrame, adrs: pl.DataFrame, drug: Treatment, protocol: Protocol
) -> pl.DataFrame:
    last = _allowed_until(adrs, drug)
    doses = drug_doses(adex, drug).join(last, on="subject", how="left", maintain_order="left")
    found = [check_dosing(doses, dosing_plan(drug, protocol))]
    if drug.first_day > 1:
        found.append(_too_early(doses, adsl, drug))
    return pl.concat(found).select(
        USUBJID="subject",
        DVCAT=pl.lit("DOSING"),
        ADT="day",
        SRCDOM=pl.lit("EX"),
        SRCSEQ="seq",
        RULE="rule",
        WHY="evidence",
    )


def _allowed_until(adrs: pl.DataFrame, drug: Treatment) -> pl.DataFrame:
    """First progression; where the protocol waits for its confirmation, the assessment that confirms it."""
    first = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
    first = first.select(subject="USUBJID", progression="ADT").unique("subject", keep="first", maintain_order=True)
    if drug.treatment_beyond_progression != "until_confirmed":
        return first
    said = adrs.filter(pl.col("ADT").is_not_null())
    immune = said.filter((pl.col("PARAMCD") == "IOVR") & (pl.col("AVALC") == "iCPD"))
    immune = immune.group_by(subject="USUBJID").agg(progression=pl.col("ADT").min())
    if (adrs["PARAMCD"] == "IOVR").any():
        return immune
    again = said.filter((pl.col("PARAMCD") == "OVR") & (pl.col("AVALC") == "PD")).select(subject="USUBJID", ADT="ADT")
    again = again.join(first, on="subject").filter(pl.col("ADT") > pl.col("progression"))
    return again.group_by("subject").agg(progression=pl.col("ADT").min())


def _too_early(doses: pl.DataFrame, adsl: pl.DataFrame, drug: Treatment) -> pl.DataFrame:
    starts = adsl.select(subject="USUBJID", begun="TRTSDT")
    first = doses.filter(pl.col("dose") > 0).sort("subject", "start", "seq", nulls_last=True)
    first = first.unique("subject", keep="first", maintain_order=True).join(starts, on="subject", how="inner")
    day = (pl.col("start") - pl.col("begun")).dt.total_days() + 1
    text = f"{drug.name}: first given on day {{}}; day {drug.first_day} is planned."
    return first.filter(day < drug.first_day).select(
        "subject",
        day="start",
        seq=pl.col("seq").cast(pl.Int64),
        rule=pl.lit("DOSE-BEFORE-PLANNED-START"),
        evidence=pl.format(text, day),
    )
