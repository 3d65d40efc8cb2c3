"""What a paper printed beside what the pipeline computed, number by number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

import polars as pl

from onearm.published import Published, audit_published
from onearm.published.model import Finding, Printed, Statement, Verdict
from onearm.published.numbers import Meaning, Meanings, statement_key
from onearm.published.rounding import fits
from onearm.reconstruction.solutions import Conflict
from onearm.run.proved import proved_impossible

__all__ = ["Agreement", "Number", "compare_numbers"]


class Agreement(StrEnum):
    """How a printed number stands to the computed one."""

    MET = "met"
    DIFFERS = "differs"
    CANNOT = "cannot_be_met"
    NOT_COMPUTABLE = "not_computable"


@dataclass(frozen=True)
class Number:
    """
    One printed number and what became of it.

    Parameters
    ----------
    trial : str
        Name of the trial.
    place : str
        Where the number stands in the paper.
    statistic : str
        What it is: the label of its statement and its part.
    printed : str
        As printed.
    computed : str
        What the pipeline computed from the reconstructed records, with one more decimal than was printed.
    verdict : Agreement
        How the two stand.
    note : str
        Why, where it is not met.
    is_clinical : bool
        Whether a patient's record can show it.
    """

    trial: str
    place: str
    statistic: str
    printed: str
    computed: str
    verdict: Agreement
    note: str = ""
    is_clinical: bool = True

    def as_row(self) -> dict[str, str]:
        """
        Give the number as JSON wants it.

        Returns
        -------
        dict of str to str
            ``trial, place, statistic, printed, computed, verdict, note``.
        """
        return {name: str(value) for name, value in asdict(self).items() if name != "is_clinical"}


class _Found(NamedTuple):
    value: float | None
    text: str | None
    note: str | None


Key = tuple[str, str, str, str, str, str, str, str, str]
_KEY: Final = (
    "analysis", "paramcd", "group1", "group1_level", "group2", "group2_level", "variable", "variable_level", "stat",
)  # fmt: skip
_SHARE: Final = {"count": "n", "total": "N", "percent": "p", "low": "conf_low", "high": "conf_high"}
_EVENTS: Final = {"count": "events", "value": "median", "low": "median_low", "high": "median_high"}
_LANDMARK: Final = {"percent": "rate", "low": "rate_low", "high": "rate_high"}
_RATIO: Final = {"value": "hazard_ratio", "low": "conf_low", "high": "conf_high", "p": "p_value"}
_SPREADS: Final = {"range": ("min", "max"), "iqr": ("q1", "q3")}


def compare_numbers(
    trial: str,
    published: Published,
    meanings: Meanings,
    results: pl.DataFrame,
    *,
    conflicts: Sequence[Conflict] = (),
) -> tuple[Number, ...]:
    """
    Compare every printed number with the results of a run.

    Parameters
    ----------
    trial : str
        Name of the trial.
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of.
    results : polars.DataFrame
        Results of the run.
    conflicts : sequence of Conflict
        What the solvers found about numbers that cannot hold together; only what is proved excuses a number.

    Returns
    -------
    tuple of Number
        In the order of the file. A number that contradicts others in the paper cannot be met; the audit says why.
    """
    index = _index(results)
    wrong = _contradictions(published)
    proved = proved_impossible(published, meanings, conflicts)
    return tuple(
        number
        for statement in published.statements
        for number in _statement(
            trial, statement, meanings, index, wrong.get(_identity(statement)) or proved.get(statement, "")
        )
    )


def _index(results: pl.DataFrame) -> Mapping[Key, _Found]:
    filled = results.with_columns(pl.col(name).fill_null("") for name in _KEY)
    index: dict[Key, _Found] = {}
    for row in filled.select(*_KEY, "value", "text", "note").iter_rows():
        index.setdefault(row[:9], _Found(*row[9:]))
    return index


def _identity(statement: Statement) -> tuple[str, str]:
    return statement.place, statement_key(statement)


def _contradictions(published: Published) -> dict[tuple[str, str], str]:
    """Say by statement what the audit found wrong, in itself or with others."""
    findings = audit_published(published)
    wrong: dict[tuple[str, str], str] = {}
    own = len(published.statements)
    for statement, finding in zip(published.statements, findings[:own], strict=True):
        if finding.verdict in {Verdict.IMPOSSIBLE, Verdict.ROUNDING, Verdict.OTHER_METHOD}:
            wrong[_identity(statement)] = _why(finding)
    by_id = {statement.id: statement for statement in published.statements if statement.id}
    for relation, finding in zip(published.relations, findings[own:], strict=False):
        if finding.verdict in {Verdict.IMPOSSIBLE, Verdict.ROUNDING}:
            for key in (relation.whole, *relation.parts):
                if key in by_id:
                    wrong.setdefault(_identity(by_id[key]), _why(finding))
    return wrong


def _why(finding: Finding) -> str:
    closest = f"; right would be {finding.closest}" if finding.closest else ""
    return f"{finding.working}{closest}"


def _statement(
    trial: str, statement: Statement, meanings: Meanings, index: Mapping[Key, _Found], wrong: str
) -> Iterator[Number]:
    meaning = meanings.of(statement)
    outside, unmet = meanings.why_outside(statement), meanings.why_unmet(statement)
    for part, shown in _parts(statement):
        label = " ".join(dict.fromkeys(word for word in (statement.label, statement.group) if word))
        name = f"{label}, {_PART_NAMES.get(part, part)}"
        if outside:
            verdict = Agreement.CANNOT if wrong else Agreement.NOT_COMPUTABLE
            yield Number(trial, statement.place, name, shown, "", verdict, wrong or outside, is_clinical=False)
            continue
        if meaning is None:
            silent = "reconstruction.toml does not say what it is a number of"
            note = meanings.why_uncomputed(statement) or silent
            yield Number(trial, statement.place, name, shown, "", Agreement.NOT_COMPUTABLE, wrong or note)
            continue
        yield _judge(
            Number(trial, statement.place, name, shown, "", Agreement.DIFFERS),
            statement,
            part,
            meaning,
            index,
            wrong or unmet,
        )


_PART_NAMES: Final = {"low": "lower limit", "high": "upper limit", "p": "p"}


def _parts(statement: Statement) -> Iterator[tuple[str, str]]:
    """The printed numbers of a statement; a denominator that a table prints once, in its head, is not one of each row."""
    if statement.count is not None:
        yield "count", str(statement.count)
        if statement.total is not None and not statement.total_is_inferred and not statement.place.startswith("Table"):
            yield "total", str(statement.total)
    for part in ("value", "percent", "low", "high"):
        number = getattr(statement, part)
        if number is not None:
            yield part, f"{number}{'%' if part == 'percent' else ''}"
        elif part in statement.open_limits:
            yield part, "NE"
    if statement.p is not None:
        yield "p", str(statement.p)
    if statement.date is not None:
        yield "date", statement.date.strftime("%Y-%m") if statement.date_is_month else statement.date.isoformat()


def _judge(
    number: Number, statement: Statement, part: str, meaning: Meaning, index: Mapping[Key, _Found], excuse: str
) -> Number:
    found = _lookup(index, meaning, statement, part)
    changed = asdict(number)
    if found is None:
        verdict = Agreement.CANNOT if excuse else Agreement.NOT_COMPUTABLE
        return Number(**{**changed, "verdict": verdict, "note": excuse or "no result of the run says it"})
    changed["computed"] = _shown(found, statement, part)
    if _agrees(found, statement, part):
        return Number(**{**changed, "verdict": Agreement.MET, "note": meaning.note})
    verdict = Agreement.CANNOT if excuse else Agreement.DIFFERS
    return Number(**{**changed, "verdict": verdict, "note": excuse or found.note or ""})


def _number_of(statement: Statement, part: str) -> Printed | None:
    if part == "p":
        return statement.p.number if statement.p else None
    if part in {"count", "total"}:
        whole = getattr(statement, part)
        return None if whole is None else Printed(float(whole), 0)
    return getattr(statement, part, None)


def _agrees(found: _Found, statement: Statement, part: str) -> bool:
    if part == "date":
        assert statement.date is not None
        said = statement.date.isoformat()
        return found.text is not None and (
            found.text[:7] == said[:7] if statement.date_is_month else found.text == said
        )
    shown = _number_of(statement, part)
    if shown is None:
        return found.value is None or not math.isfinite(found.value)
    if found.value is None:
        return False
    if part == "p" and statement.p is not None and statement.p.sign != "=":
        return found.value < shown.value if statement.p.sign == "<" else found.value > shown.value
    return fits(found.value, shown)


def _shown(found: _Found, statement: Statement, part: str) -> str:
    if found.value is None:
        return found.text or ("NE" if part != "date" else "")
    shown = _number_of(statement, part)
    if part in {"count", "total"}:
        return f"{found.value:g}"
    digits = (shown.digits if shown else 1) + 1
    return f"{found.value:.{digits}f}{'%' if part == 'percent' else ''}"


def _lookup(index: Mapping[Key, _Found], meaning: Meaning, statement: Statement, part: str) -> _Found | None:
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
        return _scaled(_Found(total, None, None), statement, part)
    return None if found[0] is None else _scaled(found[0], statement, part)


def _one(index: Mapping[Key, _Found], meaning: Meaning, statement: Statement, stat: str) -> _Found | None:
    return next((index[key] for key in _keys(meaning, statement, stat) if key in index), None)


def _scaled(found: _Found, statement: Statement, part: str) -> _Found:
    is_share = part == "percent" or (part in {"low", "high"} and statement.statistic in {"rate", "landmark"})
    if not is_share or found.value is None:
        return found
    return found._replace(value=100 * found.value)


def _flow(index: Mapping[Key, _Found], meaning: Meaning, _statement: Statement, part: str) -> _Found | None:
    if meaning.kind == "reason":
        counted = index.get(_step(meaning.cohort, meaning.level, "n", variable=f"reason:{meaning.name}"))
    else:
        counted = index.get(_step(meaning.cohort, meaning.name, "n"))
    total = index.get(_step(meaning.cohort, meaning.of or "enrolled", "n"))
    if counted is None or total is None or not total.value or counted.value is None:
        return None
    return total if part == "total" else _Found(100 * counted.value / total.value, None, None)


def _grade_share(index: Mapping[Key, _Found], meaning: Meaning, statement: Statement, _part: str) -> _Found | None:
    counted = _one(index, meaning, statement, f"n_grade_{meaning.grade[1:]}")
    total = _one(index, meaning, statement, "N")
    if counted is None or total is None or counted.value is None or not total.value:
        return None
    return _Found(100 * counted.value / total.value, None, None)


def _death_share(index: Mapping[Key, _Found], meaning: Meaning, _statement: Statement, part: str) -> _Found | None:
    groups = [("COHORT", meaning.cohort)] if meaning.cohort else []
    cause = index.get(_key("adverse_events", "DEATH", groups, "death_cause", meaning.level, "n"))
    every = index.get(_key("adverse_events", "DEATH", groups, "deaths", "all", "N"))
    if cause is None or every is None or cause.value is None or not every.value:
        return None
    return every if part == "total" else _Found(100 * cause.value / every.value, None, None)


def _at_risk(index: Mapping[Key, _Found], meaning: Meaning, _statement: Statement, part: str) -> _Found | None:
    groups = [("COHORT", meaning.cohort)] if meaning.cohort else []
    still = index.get(_key("survival_rate", meaning.name, groups, "time", meaning.level, "at_risk"))
    every = index.get(_key("survival", meaning.name, groups, "", "", "n"))
    if still is None or every is None or still.value is None or not every.value:
        return None
    return {"count": still, "total": every}.get(part, _Found(100 * still.value / every.value, None, None))


def _step(cohort: str, level: str, stat: str, *, variable: str = "step") -> Key:
    return ("disposition", "", "COHORT" if cohort else "", cohort, "", "", variable, level, stat)


_Finder = Callable[[Mapping[Key, _Found], Meaning, Statement, str], _Found | None]
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
        stem = _quantile(statement, part, {"value": "median"})
        return f"{meaning.variable}_{stem}" if stem else None
    if meaning.kind in {"time", "follow_up"} or (meaning.kind in _MEASURED and not meaning.level):
        return _quantile(statement, part, _EVENTS)
    if meaning.kind == "adverse_event" and meaning.grade and part in {"count", "percent"}:
        grade = "grade_3_or_more" if meaning.grade == "3" else f"grade_{meaning.grade[1:]}"
        return f"{'n' if part == 'count' else 'p'}_{grade}"
    return _SHARE.get(part)


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
    places: dict[str, tuple[str, str, str, str]] = {
        "baseline": ("baseline", "", meaning.name, level),
        "best_response": ("best_response", "CBOR", "response", meaning.name),
        "rate": ("response_rate", meaning.name, "", ""),
        "time": ("observed_time" if meaning.observed else "survival", meaning.name, "", ""),
        "follow_up": ("observed_time" if meaning.observed else "follow_up", meaning.name, "", ""),
        "flow": ("disposition", "", "step", meaning.name),
        "reason": ("disposition", "", f"reason:{meaning.name}", level),
        "adverse_event": ("adverse_events", meaning.name, variable or "term", level),
        "exposure": ("exposure", "", meaning.name, level),
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
    return ("any", "none") if meaning.name == "none" else ("agent", meaning.name)


def _key(analysis: str, paramcd: str, groups: list[tuple[str, str]], variable: str, level: str, stat: str) -> Key:
    first, second = ([*groups, ("", ""), ("", "")])[:2]
    return (analysis, paramcd, first[0], first[1], second[0], second[1], variable, level, stat)
