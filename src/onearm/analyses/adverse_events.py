"""Adverse events: how many patients had which, of what grade, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from onearm.analyses.event_times import describe_times, patient_time
from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import KEY, SCHEMA, concat_results

__all__ = ["EMERGENT", "RELATED", "adverse_events", "event_sets"]

EMERGENT: Final = "TEAE"
RELATED: Final = "TRAE"
_GRADES: Final = (1, 2, 3, 4, 5)
_ACTIONS: Final = {
    "leading to dose reduction": ("DOSE REDUCED",),
    "leading to interruption": ("DRUG INTERRUPTED", "DOSE INTERRUPTED", "DOSE DELAYED", "DOSE HELD"),
    "leading to reduction or interruption": (
        "DOSE REDUCED",
        "DRUG INTERRUPTED",
        "DOSE INTERRUPTED",
        "DOSE DELAYED",
        "DOSE HELD",
    ),
    "leading to discontinuation": ("DRUG WITHDRAWN", "PERMANENTLY DISCONTINUED", "DRUG DISCONTINUED"),
}
NOT_CODED: Final = "Not coded"


def adverse_events(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the patients with adverse events.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adae``.
    protocol : Protocol
        ``[safety]``: the analysis set, groups of terms, drugs.

    Returns
    -------
    polars.DataFrame
        Results by ``paramcd``: ``TEAE``, treatment-emergent; ``TRAE``, of these the related; ``TRAE <drug>``, related to one
        drug where the data name it. ``variable`` is ``overview``, ``term``, ``class``, ``class:<class>`` (its terms) or
        ``group``; each patient counts once with the worst grade. A term without a row in a group was not seen there; a
        grade without a row is 0. ``rate``: patients with a first event per 100 patient-years at risk.

    References
    ----------
    .. [1] Ioannidis JPA et al. (2004), CONSORT extension on harms, Ann Intern Med 141:781-788.
    """
    adae = datasets.get("adae")
    if adae is None or adae.is_empty():
        return concat_results(())
    return concat_results(
        part
        for population in populations(datasets, protocol, protocol.safety_set)
        for part in _population(population, adae, protocol)
    )


def event_sets(adae: pl.DataFrame, protocol: Protocol) -> dict[str, pl.DataFrame]:
    """
    Split adverse events into the sets that are reported.

    Parameters
    ----------
    adae : polars.DataFrame
        Adverse events.
    protocol : Protocol
        Its drugs.

    Returns
    -------
    dict of str to polars.DataFrame
        ``TEAE``, ``TRAE`` and, with several drugs that the data tell apart, ``TRAE <drug>``.
    """
    emergent = adae.filter(pl.col("TRTEMFL") == "Y").with_columns(
        pl.coalesce("AEDECOD", pl.lit(NOT_CODED)), pl.coalesce("AEBODSYS", pl.lit(NOT_CODED))
    )
    related = emergent.filter(pl.col("RELFL") == "Y")
    sets = {EMERGENT: emergent, RELATED: related}
    if len(protocol.treatment) > 1 and related["AERELTRT"].null_count() < related.height:
        named = pl.col("AERELTRT").str.to_lowercase()
        for drug in protocol.treatment:
            sets[f"{RELATED} {drug.name}"] = related.filter(named.str.contains(drug.name.lower(), literal=True))
    return sets


def _population(population: Population, adae: pl.DataFrame, protocol: Protocol) -> Iterator[pl.DataFrame]:
    time = patient_time(population.subjects, protocol)
    yield _deaths(population, adae, protocol)
    for name, events in event_sets(population.of(adae), protocol).items():
        marked = {**_overview(events), **_groups(events, protocol)}
        special = [
            part.select(
                "USUBJID",
                "ATOXGRN",
                "ASTDT",
                variable=pl.lit(variable, dtype=pl.String),
                variable_level=pl.lit(level, dtype=pl.String),
            )
            for (variable, level), part in marked.items()
        ]
        coded = events.select("USUBJID", "ATOXGRN", "ASTDT", "AEDECOD", "AEBODSYS")
        terms = [
            coded.select("USUBJID", "ATOXGRN", "ASTDT", variable=variable, variable_level=level)
            for variable, level in (
                (pl.lit("term"), "AEDECOD"),
                (pl.lit("class"), "AEBODSYS"),
                (pl.format("class:{}", "AEBODSYS"), "AEDECOD"),
            )
        ]
        counts = _counts(pl.concat([*special, *terms]), time)
        empty_levels = pl.DataFrame(
            list(marked), schema={"variable": pl.String, "variable_level": pl.String}, orient="row"
        )
        counts = pl.concat(
            [
                empty_levels.join(counts, on=["variable", "variable_level"], how="left", maintain_order="left"),
                counts.join(empty_levels, on=["variable", "variable_level"], how="anti"),
            ]
        ).with_columns(pl.all().exclude("variable", "variable_level", "saved").fill_null(0))
        yield _as_results(counts, population, name, time)
        yield describe_times(population.rows("adverse_events", "ADAE", name), marked, population.subjects, protocol)


Marked = dict[tuple[str, str], pl.DataFrame]


def _overview(events: pl.DataFrame) -> Marked:
    action = pl.col("AEACN").str.to_uppercase()
    levels = {
        "any": pl.lit(True),
        "grade 3 or more": pl.col("ATOXGRN") >= 3,
        "serious": pl.col("AESER").str.to_uppercase() == "Y",
        "fatal": pl.col("FATALFL") == "Y",
        **{level: action.is_in(values) for level, values in _ACTIONS.items()},
    }
    return {("overview", level): events.filter(condition) for level, condition in levels.items()}


def _groups(events: pl.DataFrame, protocol: Protocol) -> Marked:
    marked: Marked = {}
    if protocol.safety.immune_terms:
        marked["group", "Immune-related"] = events.filter(pl.col("IRAEFL") == "Y")
    term = pl.col("AEDECOD").str.to_lowercase()
    for name, group in protocol.safety.group.items():
        marked["group", name] = events.filter(term.is_in([one.lower() for one in group.terms]))
    return marked


def _counts(events: pl.DataFrame, time: pl.DataFrame) -> pl.DataFrame:
    """One row per variable and level: patients by worst grade, events, and the time at risk that they give up."""
    level = ["variable", "variable_level"]
    worst = events.group_by(*level, "USUBJID").agg(
        worst=pl.col("ATOXGRN").max(), first=pl.col("ASTDT").min(), events=pl.len()
    )
    worst = worst.join(time, on="USUBJID", how="left").with_columns(
        saved=(pl.col("end") - pl.max_horizontal("first", "start")).dt.total_days().clip(lower_bound=0)
    )
    return (
        worst.group_by(level)
        .agg(
            n=pl.len(),
            events=pl.col("events").sum(),
            n_grade_3_or_more=(pl.col("worst") >= 3).sum(),
            **{f"n_grade_{grade}": (pl.col("worst") == grade).sum() for grade in _GRADES},
            saved=pl.when(pl.col("saved").null_count() == 0).then(pl.col("saved").sum()),
        )
        .sort("variable", "n", "variable_level", descending=[False, True, False])
    )


def _as_results(counts: pl.DataFrame, population: Population, paramcd: str, time: pl.DataFrame) -> pl.DataFrame:
    total, days = population.n, time["days"]
    known = days.null_count() == 0 and days.sum() > 0
    at_risk = (pl.lit(float(days.sum()), dtype=pl.Float64) - pl.col("saved").fill_null(0)) / 365.25
    share = {"p": "n", "p_grade_3_or_more": "n_grade_3_or_more"}
    wide = counts.with_columns(
        N=pl.lit(total),
        **{name: (pl.col(of) / total if total else pl.lit(None, dtype=pl.Float64)) for name, of in share.items()},
        rate=pl.when(pl.lit(known) & (pl.col("saved").is_not_null() | (pl.col("n") == 0)) & (at_risk > 0)).then(
            pl.col("n") / at_risk * 100
        ),
    )
    units = {"p": "proportion", "p_grade_3_or_more": "proportion", "rate": "per 100 patient-years"}
    stats = ["n", "N", "p", "n_grade_3_or_more", "p_grade_3_or_more", "events", "rate"]
    grades = [f"n_grade_{grade}" for grade in _GRADES]
    parts = [
        wide.select(
            "variable",
            "variable_level",
            stat=pl.lit(stat),
            value=pl.col(stat).cast(pl.Float64),
            unit=pl.lit(units.get(stat, "count")),
            note=pl.when(pl.col(stat).is_null()).then(
                pl.lit("the dates do not say how long patients were at risk" if stat == "rate" else "no patient")
            ),
            _order=pl.int_range(pl.len()),
        ).filter(pl.lit(stat not in grades) | (pl.col("value") > 0))
        for stat in [*stats, *grades]
    ]
    long = pl.concat(parts).sort("_order", maintain_order=True).drop("_order")
    shared = population.rows("adverse_events", "ADAE", paramcd)
    lead = [pl.lit(getattr(shared, name), dtype=pl.String).alias(name) for name in KEY[:8]]
    missing = [pl.lit(None, dtype=SCHEMA[name]).alias(name) for name in ("text", "method", "conf_level")]
    return long.select(*lead, *long.columns, *missing).select(list(SCHEMA))


def _deaths(population: Population, adae: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    rows = population.rows("adverse_events", "ADAE", "DEATH")
    dead = population.subjects.filter(pl.col("DTHFL") == "Y")
    last = pl.col("TRTEDT") + pl.duration(days=protocol.safety.emergent_days)
    near = dead.filter((pl.col("DTHDT") <= last).fill_null(True))
    for level, table in (("all", dead), (f"within {protocol.safety.emergent_days} days of the last dose", near)):
        rows.add("n", table.height, variable="deaths", level=level, unit="count")
        rows.add("N", population.n, variable="deaths", level=level, unit="count")
        share = table.height / population.n if population.n else None
        note = None if population.n else "no patient"
        rows.add("p", share, variable="deaths", level=level, unit="proportion", note=note)
    fatal = adae.filter((pl.col("FATALFL") == "Y") & (pl.col("TRTEMFL") == "Y"))
    related = pl.when((pl.col("RELFL") == "Y").any()).then(pl.lit(", related to treatment")).otherwise(pl.lit(""))
    cause = fatal.group_by("USUBJID").agg(
        cause=pl.format("Adverse event: {}{}", pl.col("AEDECOD").drop_nulls().unique().sort().str.join(", "), related)
    )
    recorded = pl.col("DTHCAUS").cast(pl.String) if "DTHCAUS" in dead.columns else pl.lit(None, dtype=pl.String)
    causes = dead.join(cause, on="USUBJID", how="left").select(
        cause=pl.coalesce("cause", recorded, pl.lit("Cause not recorded"))
    )
    for level, n in causes.group_by("cause").len().sort("len", "cause", descending=[True, False]).iter_rows():
        rows.add("n", n, variable="death_cause", level=level, unit="count")
    return rows.frame()
