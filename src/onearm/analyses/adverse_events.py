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
_REDUCED: Final = ("DOSE REDUCED",)
_INTERRUPTED: Final = ("DRUG INTERRUPTED", "DOSE INTERRUPTED", "DOSE DELAYED", "DOSE HELD")
_STOPPED: Final = ("DRUG WITHDRAWN", "PERMANENTLY DISCONTINUED", "DRUG DISCONTINUED")
_ACTIONS: Final = {
    "leading to dose reduction": _REDUCED,
    "leading to interruption": _INTERRUPTED,
    "leading to reduction or interruption": (*_REDUCED, *_INTERRUPTED),
    "leading to discontinuation": _STOPPED,
    "leading to any of these": (*_REDUCED, *_INTERRUPTED, *_STOPPED),
}
NOT_CODED: Final = "Not coded"
_COUNTED: Final = ("events", "n_grade_3_or_more", *(f"n_grade_{grade}" for grade in _GRADES))


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
        ``group``, and of the immune-related ones ``immune_overview`` and ``immune_term``; each patient counts once with the
        worst grade. A term without a row in a group was not seen there; a
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
    emergent = adae.filter(pl.col("TRTEMFL") == "Y").with_columns(pl.col("AEDECOD", "AEBODSYS").fill_null(NOT_CODED))
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
    mine = population.of(adae).join(time, on="USUBJID", how="left", maintain_order="left")
    # As categories, a million names are compared as numbers.
    mine = mine.with_columns(
        pl.col("USUBJID", "AEDECOD", "AEBODSYS").cast(pl.Categorical),
        events=pl.lit(1, dtype=pl.Int64),
        saved=(pl.col("end") - pl.max_horizontal("ASTDT", "start")).dt.total_days().clip(lower_bound=0),
    )
    for name, events in event_sets(mine, protocol).items():
        immune = events.filter(pl.col("IRAEFL") == "Y") if _asks_for_immune(protocol) else None
        marked = {**_overview(events), **_groups(events, immune, protocol)}
        counts = pl.concat([_count_marked(marked), *_count_coded(events), *_count_immune(immune)])
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


def _asks_for_immune(protocol: Protocol) -> bool:
    return bool(protocol.safety.immune_terms) or protocol.safety.immune_related_column is not None


def _groups(events: pl.DataFrame, immune: pl.DataFrame | None, protocol: Protocol) -> Marked:
    marked: Marked = {}
    if immune is not None:
        marked["group", "Immune-related"] = immune
        marked |= {("immune_overview", level): part for (_, level), part in _overview(immune).items()}
    term = pl.col("AEDECOD").cast(pl.String).str.to_lowercase()
    for name, group in protocol.safety.group.items():
        marked["group", name] = events.filter(term.is_in([one.lower() for one in group.terms]))
    return marked


def _count_marked(marked: Marked) -> pl.DataFrame:
    """Counts of each kind of event, also of those that nobody had."""
    parts = []
    for (variable, level), events in marked.items():
        counts = _patients(_worst(events)) if events.height else pl.DataFrame({"n": [0]}, schema={"n": pl.Int64})
        parts.append(counts.with_columns(variable=pl.lit(variable), variable_level=pl.lit(level)))
    return _ordered(pl.concat(parts, how="diagonal_relaxed"))


def _count_coded(events: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Counts by term, by class, and by term within its class."""
    if events.is_empty():
        return
    each = _worst(events, "AEBODSYS", "AEDECOD")
    for variable, keys in (
        (pl.lit("term"), ("AEDECOD",)),
        (pl.lit("class"), ("AEBODSYS",)),
        (pl.format("class:{}", pl.col("AEBODSYS").cast(pl.String)), ("AEBODSYS", "AEDECOD")),
    ):
        worst = each if len(keys) == 2 else _worst(each, *keys)
        yield _ordered(
            _patients(worst, *keys).with_columns(variable=variable, variable_level=pl.col(keys[-1]).cast(pl.String))
        )


def _count_immune(immune: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    """Counts by term among the immune-related events: a term may be immune-related in some patients only."""
    if immune is None or immune.is_empty():
        return
    counts = _patients(_worst(immune, "AEDECOD"), "AEDECOD")
    yield _ordered(
        counts.with_columns(variable=pl.lit("immune_term"), variable_level=pl.col("AEDECOD").cast(pl.String))
    )


def _worst(events: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """One row per patient and key: worst grade, number of events, days at risk that the first of them ended."""
    return events.group_by(*keys, "USUBJID").agg(pl.col("ATOXGRN", "saved").max(), pl.col("events").sum())


def _patients(worst: pl.DataFrame, *keys: str) -> pl.DataFrame:
    grade = pl.col("ATOXGRN")
    counts = {
        "n": pl.len(),
        "events": pl.col("events").sum(),
        "n_grade_3_or_more": (grade >= 3).sum(),
        **{f"n_grade_{one}": (grade == one).sum() for one in _GRADES},
        "saved": pl.when(pl.col("saved").null_count() == 0).then(pl.col("saved").sum()),
    }
    return worst.group_by(*keys).agg(**counts) if keys else worst.select(**counts)


def _ordered(counts: pl.DataFrame) -> pl.DataFrame:
    kinds = {"saved": pl.Int64, **dict.fromkeys((*_COUNTED, "n"), pl.Int64)}
    made = [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in counts.columns]
    table = counts.with_columns(made).select(
        "variable",
        "variable_level",
        pl.col("n", *_COUNTED).cast(pl.Int64).fill_null(0),
        pl.col("saved").cast(pl.Int64),
    )
    if (table["variable"] == "overview").any():
        return table
    return table.sort("variable", "n", "variable_level", descending=[False, True, False])


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
