"""ADDV: deviations from the protocol, found by its own rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from onearm.derivations.schemas import ADDV
from onearm.frames import conform, empty
from onearm.protocol import Protocol, Treatment
from onearm.protocol.model import Eligibility
from onearm.rules.dosing import DosingPlan, check_dosing

__all__ = ["derive_addv", "dosing_plan"]


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
        drug.treatment_beyond_progression,
    )


def derive_addv(datasets: Mapping[str, pl.DataFrame], protocol: Protocol) -> pl.DataFrame:
    """
    Derive the deviations from the protocol.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adrs adex``.
    protocol : Protocol
        ``[[treatment]]`` and ``[[eligibility]]``.

    Returns
    -------
    polars.DataFrame
        One row per deviation with the columns of `ADDV`: ``DVCAT`` is ``DOSING`` or ``ELIGIBILITY``, ``RULE`` names the
        rule, ``WHY`` is the evidence, ``SRCDOM`` and ``SRCSEQ`` the record.
    """
    adsl, adrs, adex = datasets["adsl"], datasets["adrs"], datasets["adex"]
    progressed = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).select("USUBJID", PDDT="ADT")
    doses = adex.join(progressed.unique("USUBJID"), on="USUBJID", how="left", maintain_order="left")
    parts = [_doses(doses, drug, protocol) for drug in protocol.treatment]
    enrolled = adsl.filter(pl.col("SCRFFL").is_null())
    parts += [_outside(enrolled, limit) for limit in protocol.eligibility if limit.variable in adsl.columns]
    if not parts:
        return empty(ADDV)
    table = pl.concat(parts).join(adsl.select("USUBJID", "STUDYID"), on="USUBJID", how="left")
    return conform(table, ADDV).sort("USUBJID", "ADT", "RULE", "SRCSEQ", nulls_last=True)


def _doses(doses: pl.DataFrame, drug: Treatment, protocol: Protocol) -> pl.DataFrame:
    unit = pl.col("EXDOSU").fill_null(drug.unit).str.to_lowercase() == drug.unit.lower()
    mine = doses.filter((pl.col("EXTRT").str.to_lowercase() == drug.name.lower()) & unit).select(
        subject="USUBJID", start="ASTDT", end="AENDT", dose="EXDOSE", seq="SRCSEQ", progression="PDDT"
    )
    return check_dosing(mine, dosing_plan(drug, protocol)).select(
        USUBJID="subject",
        DVCAT=pl.lit("DOSING"),
        ADT="day",
        SRCDOM=pl.lit("EX"),
        SRCSEQ="seq",
        RULE="rule",
        WHY="evidence",
    )


def _outside(enrolled: pl.DataFrame, limit: Eligibility) -> pl.DataFrame:
    """Find who lies outside a limit, or whose value is not known."""
    value = pl.col(limit.variable)
    number = value.cast(pl.Float64, strict=False)
    met = pl.lit(True)
    if limit.at_least is not None:
        met = met & (number >= limit.at_least)
    if limit.at_most is not None:
        met = met & (number <= limit.at_most)
    if limit.values:
        # A code such as ECOG 1 may have been read as the number 1.0.
        text = value.cast(pl.String)
        if enrolled.schema[limit.variable].is_float():
            text = text.str.strip_suffix(".0")
        met = met & text.is_in(list(limit.values))
    bounds = [f"at least {limit.at_least:g}"] if limit.at_least is not None else []
    bounds += [f"at most {limit.at_most:g}"] if limit.at_most is not None else []
    bounds += [f"one of {', '.join(limit.values)}"] if limit.values else []
    name = limit.label or limit.variable
    asked = ", ".join(bounds)
    return enrolled.filter(~met.fill_null(False)).select(
        "USUBJID",
        DVCAT=pl.lit("ELIGIBILITY"),
        ADT=pl.col("ENRLDT").cast(pl.Date),
        SRCDOM=pl.lit("DM"),
        SRCSEQ=pl.lit(None, dtype=pl.Int64),
        RULE=pl.lit(f"ELIGIBILITY-{limit.variable.upper()}"),
        WHY=pl.when(value.is_null())
        .then(pl.lit(f"{name} is not known; {asked} is asked for."))
        .otherwise(pl.format(f"{name} is {{}}; {asked} is asked for.", value.cast(pl.String))),
    )
