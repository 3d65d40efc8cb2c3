"""How long each drug was given, at which dose levels, how often it was interrupted and why it was stopped."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol, Treatment
from onearm.results import Rows, concat_results
from onearm.rules.dosing import DosingPlan, count_administrations, count_cycles, longest_pause
from onearm.rules.dosing_checks import measure_breaks
from onearm.stats.descriptive import quantile

__all__ = ["add_ends", "add_exposure", "add_quantiles", "exposure"]


def exposure(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe the exposure to every drug of the protocol.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adex``.
    protocol : Protocol
        Drugs and cycles.

    Returns
    -------
    polars.DataFrame
        Results by drug: patients treated; time from first to last dose, cycles begun, cumulative dose, dose per week and
        relative to the plan, interruptions of each patient (``…_min`` to ``…_max``, ``…_mean``, ``…_sd``). By level: shares
        reduced to each dose (or lower) and to a dose that is no level, interrupted, with omitted doses, on treatment at the
        cut-off, and discontinued for each reason.

    Notes
    -----
    The dose of a record is given on each planned dosing day from its start to its end. Relative dose intensity is the dose
    per week, from the first dose to the last and the planned pause after it, as a share of the planned dose per week at the
    starting dose [1]_; or, by the convention ``planned_doses``, the dose as a share of what the calendar of the plan has from
    the first dose to the last. Doses per kg or m² are amounts divided by the weight or area on the day.

    References
    ----------
    .. [1] Hryniuk W, Bush H (1984), The importance of dose intensity in chemotherapy of metastatic breast cancer,
       J Clin Oncol 2:1281-1288.
    """
    return concat_results(
        _drug(population, datasets["adex"], drug, protocol)
        for population in populations(datasets, protocol, protocol.main_set)
        for drug in protocol.treatment
        if datasets["adex"].height
    )


def _drug(population: Population, adex: pl.DataFrame, drug: Treatment, protocol: Protocol) -> pl.DataFrame:
    rows = population.rows("exposure", "ADEX")
    span = add_exposure(rows, population, adex, drug, protocol)
    if not span.is_empty():
        add_ends(rows, drug, span)
    return rows.frame()


def add_exposure(
    rows: Rows, population: Population, adex: pl.DataFrame, drug: Treatment, protocol: Protocol
) -> pl.DataFrame:
    """
    Add how long, how much and how regularly a drug was given.

    Parameters
    ----------
    rows : Rows
        Added to.
    population : Population
        Whose doses.
    adex : polars.DataFrame
        Doses, of all treatment or of one phase.
    drug : Treatment
        The drug.
    protocol : Protocol
        Conventions.

    Returns
    -------
    polars.DataFrame
        One row per patient who had the drug: ``days cycles level cumulative_dose … status reason``.
    """
    every = population.of(adex).filter(pl.col("EXTRT").str.to_lowercase() == drug.name.lower())
    mine = every.filter(pl.col("EXDOSE") > 0)
    rows.add("n", mine["USUBJID"].n_unique(), variable=drug.name, unit="count")
    rows.add("N", population.n, variable=drug.name, unit="count")
    if mine.is_empty():
        return mine
    plan = DosingPlan(
        drug.name,
        drug.unit,
        drug.dose_levels,
        drug.cycle_days,
        drug.days,
        interruption_after_days=drug.interruption_after_days,
    )
    span = _spans(mine, plan, protocol).join(
        _interruptions(every, plan), on="USUBJID", how="left", maintain_order="left"
    )
    span = span.with_columns(duration=pl.col("days") / protocol.conventions.days_per_month)
    for stem, unit in (
        ("duration", "months"),
        ("cycles", "cycles"),
        ("cumulative_dose", drug.unit),
        ("dose_intensity", f"{drug.unit} per week"),
        ("relative_dose_intensity", "%"),
        ("interruptions", "per patient"),
    ):
        add_quantiles(rows, drug.name, stem, span[stem].drop_nulls().to_numpy().astype(float), unit, protocol)
    _shares(rows, drug, span)
    return span


def _shares(rows: Rows, drug: Treatment, span: pl.DataFrame) -> None:
    for level, dose in enumerate(drug.dose_levels[1:], start=1):
        _share(rows, drug.name, f"reduced to {dose:g} {drug.unit}", int((span["level"] >= level).sum()), span.height)
    _share(rows, drug.name, "a dose that is no level", int(span["is_other"].sum()), span.height)
    _share(rows, drug.name, "interrupted", int((span["interruptions"] > 0).sum()), span.height)
    _share(rows, drug.name, "doses omitted", int((span["omitted"] > 0).sum()), span.height)


def add_ends(rows: Rows, drug: Treatment, span: pl.DataFrame) -> None:
    """
    Add how many were on the drug at the cut-off, completed it, or stopped it for each reason.

    Parameters
    ----------
    rows : Rows
        Added to.
    drug : Treatment
        The drug.
    span : polars.DataFrame
        From `add_exposure`, not empty.
    """
    _share(rows, drug.name, "on treatment at cut-off", int((span["status"] == "ONGOING").sum()), span.height)
    _share(rows, drug.name, "completed", int((span["status"] == "COMPLETED").sum()), span.height)
    stopped = span.filter(pl.col("status") == "DISCONTINUED")
    reasons = stopped.group_by(pl.col("reason").fill_null("NOT RECORDED")).len()
    for reason, n in reasons.sort("len", "reason", descending=[True, False]).iter_rows():
        _share(rows, drug.name, f"discontinued: {reason}", n, span.height)


def _spans(mine: pl.DataFrame, plan: DosingPlan, protocol: Protocol) -> pl.DataFrame:
    """One row per patient: days, cycles begun, doses and their intensity against the plan."""
    days = (pl.col("AENDT") - pl.col("ASTDT")).dt.total_days() + 1
    # A dose that cannot be expressed in the unit of the plan makes the patient's total unknown, rather than smaller.
    total = pl.col("AVAL") * count_administrations(days, plan)
    is_other = pl.col("AVAL").is_not_null() & pl.col("DOSELVL").is_null()
    span = mine.with_columns(_total=total, _other=is_other).group_by("USUBJID", maintain_order=True).agg(
        days=(pl.col("AENDT").max() - pl.col("ASTDT").min()).dt.total_days() + 1,
        level=pl.col("DOSELVL").max(),
        cumulative_dose=pl.when(pl.col("_total").null_count() == 0).then(pl.col("_total").sum()),
        is_other=pl.col("_other").any(),
        status=pl.col("EOTSTT").last(),
        reason=pl.col("DCTREAS").last(),
    )  # fmt: skip
    # The planned pause after the last dose belongs to the time that the dose is meant for.
    weeks = (pl.col("days") + longest_pause(plan)) / 7
    cycles = count_cycles(mine.select(subject="USUBJID", start="ASTDT"), plan).rename({"subject": "USUBJID"})
    span = span.join(cycles, on="USUBJID", how="left", maintain_order="left")
    span = span.with_columns(dose_intensity=pl.col("cumulative_dose") / weeks)
    return span.with_columns(relative_dose_intensity=_of_the_plan(plan, protocol))


def _of_the_plan(plan: DosingPlan, protocol: Protocol) -> pl.Expr:
    if protocol.conventions.relative_dose_intensity == "planned_doses":
        return pl.col("cumulative_dose") / (plan.levels[0] * count_administrations(pl.col("days"), plan)) * 100
    return pl.col("dose_intensity") / (plan.levels[0] * len(plan.dosing_days) / (plan.cycle_days / 7)) * 100


def _interruptions(every: pl.DataFrame, plan: DosingPlan) -> pl.DataFrame:
    """Breaks of each patient that go beyond the planned pause, and doses omitted."""
    dose = pl.when(pl.col("EXDOSE") == 0).then(0.0).otherwise("AVAL")
    doses = every.select(subject="USUBJID", start="ASTDT", end="AENDT", dose=dose, seq="SRCSEQ")
    return (
        measure_breaks(doses, plan)
        .group_by(USUBJID="subject")
        .agg(interruptions=pl.col("is_interruption").sum().cast(pl.Int64), omitted=pl.col("omitted").sum())
    )


def add_quantiles(
    rows: Rows, variable: str | None, stem: str, values: NDArray[np.float64], unit: str, protocol: Protocol
) -> None:
    """
    Add quantiles, mean and standard deviation of a measure of exposure.

    Parameters
    ----------
    rows : Rows
        Added to.
    variable : str or None
        The drug; None for all drugs together.
    stem : str
        What is measured.
    values : ndarray
        One for each patient.
    unit : str
        Their unit.
    protocol : Protocol
        Definition of quartiles.
    """
    convention = protocol.conventions.quantile
    if not values.size:
        rows.add(f"{stem}_median", variable=variable, unit=unit, note="no dose is in the unit of the protocol")
        return
    for stat, share in (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0)):
        value = float(quantile(values, share, convention=convention))
        rows.add(f"{stem}_{stat}", value, variable=variable, unit=unit, method=f"quantile, {convention}")
    rows.add(f"{stem}_mean", float(values.mean()), variable=variable, unit=unit)
    if values.size > 1:
        rows.add(f"{stem}_sd", float(values.std(ddof=1)), variable=variable, unit=unit)


def _share(rows: Rows, drug: str, level: str, n: int, total: int) -> None:
    rows.add("n", n, variable=drug, level=level, unit="count")
    rows.add("p", n / total, variable=drug, level=level, unit="proportion")
