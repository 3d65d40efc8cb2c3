"""Where in the results of a run a printed number stands: what it is a number of, in the words of the results table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import polars as pl

from onearm.published.model import Statement
from onearm.published.numbers import Meaning

__all__ = ["Found", "Index", "find_number", "index_results"]


class Found(NamedTuple):
    """A row of the results: its value or its text, and what it notes."""

    value: float | None
    text: str | None
    note: str | None


Key = tuple[str, str, str, str, str, str, str, str, str]
_KEY: Final = (
    "analysis", "paramcd", "group1", "group1_level", "group2", "group2_level", "variable", "variable_level", "stat",
)  # fmt: skip
Index = Mapping[Key, Found]
"""Rows of the results by their key."""
_SHARE: Final = {"count": "n", "total": "N", "percent": "p", "low": "conf_low", "high": "conf_high"}
_POSTERIOR: Final = {"percent": "posterior_mean", "low": "posterior_low", "high": "posterior_high"}
_EVENTS: Final = {"count": "events", "value": "median", "low": "median_low", "high": "median_high"}
_LANDMARK: Final = {"percent": "rate", "low": "rate_low", "high": "rate_high"}
_RATIO: Final = {"value": "hazard_ratio", "low": "conf_low", "high": "conf_high", "p": "p_value"}
_SPREADS: Final = {"range": ("min", "max"), "iqr": ("q1", "q3")}


def index_results(results: pl.DataFrame) -> Index:
    """
    Make the rows of the results findable by their key.

    Parameters
    ----------
    results : polars.DataFrame
        Results of a run.

    Returns
    -------
    mapping of tuple to Found
        A missing part of a key is an empty text.

    Examples
    --------
    >>> from onearm.results import Rows
    >>> rows = Rows("disposition")
    >>> rows.add("n", 50, variable="step", level="enrolled")
    >>> [found.value for found in index_results(rows.frame()).values()]
    [50.0]
    """
    filled = results.with_columns(pl.col(name).fill_null("") for name in _KEY)
    index: dict[Key, Found] = {}
    for row in filled.select(*_KEY, "value", "text", "note").iter_rows():
        index.setdefault(row[:9], Found(*row[9:]))
    return index


def find_number(index: Index, meaning: Meaning, statement: Statement, part: str) -> Found | None:
    """
    Find what the run computed for one part of a statement.

    Parameters
    ----------
    index : mapping of tuple to Found
        From `index_results`.
    meaning : Meaning
        What the statement is about.
    statement : Statement
        Of the paper.
    part : str
        ``count total value percent low high p date``.

    Returns
    -------
    Found or None
        In the unit of the paper, so that a proportion is in percent; None where no result says it.

    Examples
    --------
    >>> from onearm.results import Rows
    >>> rows = Rows("disposition")
    >>> rows.add("n", 50, variable="step", level="enrolled")
    >>> rows.add("n", 17, variable="step", level="ongoing")
    >>> statement = Statement("Results", "rate", count=17, total=50)
    >>> find_number(index_results(rows.frame()), Meaning("flow", "ongoing"), statement, "percent").value
    34.0
    """
    for applies, find in _SPECIAL:
        if applies(meaning, part):
            return find(index, meaning, statement, part)
    stat = _stat(meaning, statement, part)
    if stat is None:
        return None
    if meaning.kind == "exposure" and part == "total":
        meaning = replace(meaning, level="")
    if meaning.kind in {"tumour_change", "rate", "time"} and meaning.of and part == "count":
        stat = meaning.of
    levels = meaning.level.split(" + ")
    if part not in {"count", "percent"}:
        levels = levels[:1]
    found = [_one(index, replace(meaning, level=level), statement, stat) for level in levels]
    if len(found) > 1 and all(one is not None and one.value is not None for one in found):
        total = sum(one.value for one in found if one is not None and one.value is not None)
        return _scaled(Found(total, None, None), statement, part)
    return None if found[0] is None else _scaled(found[0], statement, part)


def _one(index: Index, meaning: Meaning, statement: Statement, stat: str) -> Found | None:
    return next((index[key] for key in _keys(meaning, statement, stat) if key in index), None)


def _scaled(found: Found, statement: Statement, part: str) -> Found:
    is_share = part == "percent" or (part in {"low", "high"} and statement.statistic in {"rate", "landmark"})
    if not is_share or found.value is None:
        return found
    return found._replace(value=100 * found.value)


def _flow(index: Index, meaning: Meaning, _statement: Statement, part: str) -> Found | None:
    counted = _counted(index, meaning)
    total = index.get(_step(meaning.cohort, meaning.of or "enrolled", "n"))
    total = index.get(_step(meaning.cohort, meaning.of, "n", phase=meaning.phase), total)
    if counted is None or total is None or not total.value or counted.value is None:
        return None
    return total if part == "total" else Found(100 * counted.value / total.value, None, None)


def _counted(index: Index, meaning: Meaning) -> Found | None:
    """The patients of a step, or of the reasons that are named together."""
    if meaning.kind == "flow":
        return index.get(_step(meaning.cohort, meaning.name, "n", phase=meaning.phase))
    reasons = [
        index.get(_step(meaning.cohort, level, "n", variable=f"reason:{meaning.name}", phase=meaning.phase))
        for level in meaning.level.split(" + ")
    ]
    values = [found.value for found in reasons if found is not None and found.value is not None]
    return Found(sum(values), None, None) if len(values) == len(reasons) else None


def _grade_share(index: Index, meaning: Meaning, statement: Statement, _part: str) -> Found | None:
    counted = _one(index, meaning, statement, f"n_grade_{meaning.grade[1:]}")
    total = _one(index, meaning, statement, "N")
    if counted is None or total is None or counted.value is None or not total.value:
        return None
    return Found(100 * counted.value / total.value, None, None)


def _death_share(index: Index, meaning: Meaning, _statement: Statement, part: str) -> Found | None:
    groups = [("COHORT", meaning.cohort)] if meaning.cohort else []
    cause = index.get(_key("adverse_events", "DEATH", groups, "death_cause", meaning.level, "n"))
    every = index.get(_key("adverse_events", "DEATH", groups, "deaths", "all", "N"))
    if cause is None or every is None or cause.value is None or not every.value:
        return None
    return every if part == "total" else Found(100 * cause.value / every.value, None, None)


def _at_risk(index: Index, meaning: Meaning, _statement: Statement, part: str) -> Found | None:
    groups = [("COHORT", meaning.cohort)] if meaning.cohort else []
    still = index.get(_key("survival_rate", meaning.name, groups, "time", meaning.level, "at_risk"))
    every = index.get(_key("survival", meaning.name, groups, "", "", "n"))
    if still is None or every is None or still.value is None or not every.value:
        return None
    return {"count": still, "total": every}.get(part, Found(100 * still.value / every.value, None, None))


def _step(cohort: str, level: str, stat: str, *, variable: str = "step", phase: str = "") -> Key:
    groups = [("COHORT", cohort)] if cohort else []
    return _key("phase_disposition" if phase else "disposition", phase, groups, variable, level, stat)


_Finder = Callable[[Index, Meaning, Statement, str], Found | None]
_SPECIAL: Final[tuple[tuple[Callable[[Meaning, str], bool], _Finder], ...]] = (
    (lambda meaning, part: meaning.kind in {"flow", "reason"} and part in {"percent", "total"}, _flow),
    (lambda meaning, part: meaning.grade.startswith("=") and part == "percent", _grade_share),
    (lambda meaning, part: meaning.variable == "death_cause" and part in {"percent", "total"}, _death_share),
    (lambda meaning, _: meaning.kind == "still_at_risk", _at_risk),
)
"""Numbers that are a quotient of two results."""


def _stat(meaning: Meaning, statement: Statement, part: str) -> str | None:
    """Name of the statistic in the results table."""
    if meaning.kind in _STATS:
        return _STATS[meaning.kind].get(part)
    if statement.statistic == "landmark":
        return _LANDMARK.get(part)
    if meaning.kind == "exposure" and meaning.variable:
        stem = _quantile(statement, part, {"value": meaning.of or "median"})
        return f"{meaning.variable}_{stem}" if stem else None
    if meaning.kind in {"time", "follow_up"} or (meaning.kind in _MEASURED and not meaning.level):
        return _quantile(statement, part, _EVENTS)
    if meaning.kind == "adverse_event" and meaning.grade and part in {"count", "percent"}:
        grade = "grade_3_or_more" if meaning.grade == "3" else f"grade_{meaning.grade[1:]}"
        return f"{'n' if part == 'count' else 'p'}_{grade}"
    is_credible = meaning.kind == "rate" and statement.interval == "credible"
    return (_SHARE | _POSTERIOR if is_credible else _SHARE).get(part)


_STATS: Final = {"hazard_ratio": _RATIO, "model": _RATIO, "test": _RATIO, "trial": {"date": "text"}}
_MEASURED: Final = frozenset({"baseline", "tumour_change", "growth_modulation"})


def _quantile(statement: Statement, part: str, names: Mapping[str, str]) -> str | None:
    if part in {"low", "high"} and statement.interval in _SPREADS:
        return _SPREADS[statement.interval][part == "high"]
    return names.get(part)


def _keys(meaning: Meaning, statement: Statement, stat: str) -> Iterator[Key]:
    """Where the statistic may stand, the likeliest place first."""
    groups = [("COHORT", meaning.cohort)] if meaning.cohort else []
    if meaning.within and meaning.kind in {"rate", "time", "hazard_ratio", "test"}:
        inside = (meaning.within[0], "" if meaning.kind == "test" or stat == "p_value" else meaning.within[1])
        analysis = "subgroup_test" if meaning.kind == "test" or stat == "p_value" else "subgroup"
        yield _key(analysis, meaning.name, [*groups, inside], "", "", stat)
        return
    variable, level = meaning.variable, meaning.level
    drug = "" if meaning.name == "any" else meaning.name
    by, phase = "phase_" if meaning.phase else "", meaning.phase
    places: dict[str, tuple[str, str, str, str]] = {
        "baseline": ("baseline", "", meaning.name, level),
        "best_response": ("best_response", "CBOR", "response", meaning.name),
        "rate": ("response_rate", meaning.name, "", ""),
        "time": ("observed_time" if meaning.observed else "survival", meaning.name, "", ""),
        "follow_up": ("observed_time" if meaning.observed else "follow_up", meaning.name, "", ""),
        "flow": (f"{by}disposition", phase, "step", meaning.name),
        "reason": (f"{by}disposition", phase, f"reason:{meaning.name}", level),
        "adverse_event": ("adverse_events", meaning.name, variable or "term", level),
        "exposure": (f"{by}exposure", phase, drug, level),
        "later_therapy": ("therapy", "SUBSEQUENT", *_therapy(meaning)),
        "progression_extent": ("progression_extent", "PDEXT", "extent", level),
        "tumour_change": ("tumour_change", "SUMDIAM", meaning.name, level),
        "growth_modulation": ("growth_modulation", meaning.name, variable, level),
        "model": ("model", meaning.of, variable, level),
        "trial": ("trial", "", meaning.name, ""),
    }
    analysis, paramcd, variable, level = places[meaning.kind]
    groups = [] if meaning.kind == "trial" else groups
    if meaning.kind == "model":
        groups = [*groups, ("MODEL", meaning.name)]
    if statement.statistic == "landmark" and statement.time is not None:
        analysis, variable, level = "survival_rate", "time", f"{statement.time:g}"
    yield _key(analysis, paramcd, groups, variable, level, stat)


def _therapy(meaning: Meaning) -> tuple[str, str]:
    if meaning.name == "any":
        return "any", meaning.of or "of those off treatment"
    if meaning.name == "none":
        return "any", "none"
    variable, level = ("lines", meaning.level) if meaning.name == "lines" else ("agent", meaning.name)
    return f"{variable} {'' if meaning.of == 'any' else meaning.of}".strip(), level


def _key(analysis: str, paramcd: str, groups: list[tuple[str, str]], variable: str, level: str, stat: str) -> Key:
    first, second = ([*groups, ("", ""), ("", "")])[:2]
    return (analysis, paramcd, first[0], first[1], second[0], second[1], variable, level, stat)
