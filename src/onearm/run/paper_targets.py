"""From what a paper printed, and what its numbers mean, to what a cohort has to give."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

from onearm.protocol import Protocol
from onearm.protocol.endpoints import TimeEndpoint
from onearm.published import Published
from onearm.published.model import Printed as Shown
from onearm.published.model import Statement
from onearm.published.numbers import Meaning, Meanings
from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.count_targets import AdverseEventTargets, Cross, Margin, Measure, Quantity
from onearm.reconstruction.judgement import ImmuneTargets
from onearm.reconstruction.printed import NOT_REACHED, Printed
from onearm.reconstruction.setting import Setting
from onearm.reconstruction.targets import (
    Among,
    Comparison,
    Conventions,
    CurveTargets,
    FollowUpTargets,
    Landmark,
    ResponseTimes,
    Schedule,
)
from onearm.rules.progression import planned_days
from onearm.run.paper_counts import lasting_targets, reached_targets, stable_targets
from onearm.run.paper_events import event_targets
from onearm.run.paper_judgement import immune_targets
from onearm.run.paper_setting import Builder, paper_setting, stated_count
from onearm.terms import EventRule

__all__ = ["PaperTargets", "paper_targets"]

_RESPONSES: Final = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
_CLASS: Final = re.compile(r"(<|≥|≤|>)?\s*(\d+(?:\.\d+)?)(?:\s*to\s*<\s*(\d+(?:\.\d+)?))?$")


@dataclass(frozen=True)
class PaperTargets:
    """
    Everything that the cohort of a paper has to give.

    Parameters
    ----------
    cohort : Cohort
        Times, responses, characteristics.
    events : dict of str to AdverseEventTargets
        ``TRAE`` and ``TEAE``, as far as they were printed.
    setting : Setting
        Dates, disposition, therapies.
    immune : ImmuneTargets or None
        Events judged to be immune-related, where counts of them were printed.
    """

    cohort: Cohort
    events: dict[str, AdverseEventTargets]
    setting: Setting
    immune: ImmuneTargets | None = None


def paper_targets(published: Published, meanings: Meanings, protocol: Protocol) -> PaperTargets:
    """
    Collect what the cohort of a paper has to give.

    Parameters
    ----------
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of, and what else the cohort needs.
    protocol : Protocol
        Endpoints, conventions, schedule.

    Returns
    -------
    PaperTargets
        Statements that `meanings` calls unmet are left out.
    """
    builder = Builder(published, meanings, protocol, meanings.cohort)
    setting = paper_setting(builder)
    margins, measures = _characteristics(builder)
    responses = _responses(builder)
    cohort = Cohort(
        n=sum(responses.values()),
        responses=responses,
        conventions=_conventions(protocol),
        schedule=_schedule(builder, setting),
        curves=_curves(builder),
        comparisons=_comparisons(builder),
        follow_up=_follow_up(builder),
        response_times=_response_times(builder),
        margins=margins,
        crosses=_crosses(builder),
        measures=measures,
        death_ends_pfs=bool(builder.extra.get("death_ends_pfs", True)),
        progressions=builder.extra.get("progressions"),
        lasting=lasting_targets(builder),
        reached=tuple(reached_targets(builder)),
        stable=tuple(stable_targets(builder, responses)),
        ongoing=setting.ongoing if builder.extra.get("seek_ongoing") else None,
    )
    return PaperTargets(cohort, event_targets(builder), setting, immune_targets(builder))


def _printed(shown: Shown | None) -> Printed | None:
    return None if shown is None else Printed(shown.value, shown.digits)


def _limits(statement: Statement) -> tuple[Printed | None, Printed | None]:
    low = NOT_REACHED if "low" in statement.open_limits else _printed(statement.low)
    high = NOT_REACHED if "high" in statement.open_limits else _printed(statement.high)
    return low, high


def _p(statement: Statement) -> Printed | None:
    if statement.p is None:
        return None
    number = statement.p.number
    return Printed(number.value, number.digits, statement.p.sign)  # type: ignore[arg-type]  # one of = < >


def _conventions(protocol: Protocol) -> Conventions:
    conventions = protocol.conventions
    scales = [endpoint.interval for endpoint in protocol.times.values() if endpoint.interval]
    return Conventions(
        interval=scales[0] if scales else conventions.survival_interval,
        median=conventions.median,
        quartiles=conventions.quantile,
        ties=conventions.ties,
        days_per_month=conventions.days_per_month,
        first_day=1 if conventions.count_start_day else 0,
        level=conventions.level,
    )


def _schedule(builder: Builder, setting: Setting) -> Schedule:
    tumour = builder.protocol.tumour
    steps = tuple((step.every_days, step.until_day) for step in tumour.schedule)
    longest = (setting.cutoff - setting.first_start).days
    return Schedule(
        scan_days=tuple(int(day) for day in planned_days(steps, until=longest)) if steps else (),
        window_days=tumour.scan_window_days,
        shortest_follow_up=int(builder.extra.get("shortest_follow_up", 0)),
        longest_follow_up=longest,
        lost=builder.extra.get("lost"),
    )


def _characteristics(builder: Builder) -> tuple[tuple[Margin, ...], tuple[Measure, ...]]:
    joined: dict[str, dict[str, str]] = builder.extra.get("joined", {})
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    spreads: dict[str, list[Quantity]] = defaultdict(list)
    cuts = {line.variable for line in builder.protocol.baseline if line.cuts} | set(builder.extra.get("measures", ()))
    for statement, meaning in builder.meanings.statements(builder.published, "baseline"):
        count = stated_count(statement)
        if builder.meanings.why_unmet(statement):
            # a median may be impossible where the range is not
            if not meaning.level:
                spreads[meaning.name].append(replace(_quantity(statement, meaning), median=None))
            continue
        if not meaning.level:
            spreads[meaning.name].append(_quantity(statement, meaning))
        elif count is not None and " + " not in meaning.level:
            variable, level = meaning.name, meaning.level
            if variable in joined:
                variable, level = joined[variable][level], "Y"
            counts[variable].setdefault(level, count)
    for variable, levels in builder.extra.get("margins", {}).items():
        counts[variable] = {**counts[variable], **levels}
    for parts in joined.values():
        for name in parts.values():
            counts.setdefault(name, {"Y": 0})
    numbers = sorted(set(spreads) | (cuts & set(counts)) | set(builder.extra.get("measures", ())))
    margins = [
        Margin(f"{name}_GROUP" if name in numbers else name, {**levels}, _rest(levels))
        for name, levels in counts.items()
    ]
    measures = tuple(_measure(name, counts.get(name, {}), tuple(spreads[name]), builder) for name in numbers)
    return tuple(margins), measures


def _rest(levels: dict[str, int]) -> str:
    return "N" if set(levels) == {"Y"} else "unknown"


def _quantity(statement: Statement, meaning: Meaning) -> Quantity:
    low, high = _limits(statement)
    return Quantity(
        name=meaning.name,
        median=_printed(statement.value),
        low=low,
        high=high,
        spread="iqr" if statement.interval == "iqr" else "range",
    )


def _measure(name: str, levels: dict[str, int], quantities: tuple[Quantity, ...], builder: Builder) -> Measure:
    given = builder.extra.get("measures", {}).get(name, {})
    ranges = [q for q in quantities if q.spread == "range"]
    lowest = given.get("lowest", ranges[0].low.value if ranges and ranges[0].low else 18.0)
    highest = given.get("highest", ranges[0].high.value if ranges and ranges[0].high else 90.0)
    decimals = int(given.get("decimals", 0))
    groups = {level: _bounds(level, lowest, highest, 10.0**-decimals) for level in levels}
    return Measure(name, decimals, quantities, groups, float(lowest), float(highest))


def _bounds(level: str, lowest: float, highest: float, step: float) -> tuple[float, float]:
    match = _CLASS.match(level)
    if match is None:
        return lowest, highest
    sign, first, last = match.group(1), float(match.group(2)), match.group(3)
    if last:
        return first, float(last) - step
    return {"<": (lowest, first - step), "≤": (lowest, first), ">": (first + step, highest)}.get(sign, (first, highest))


def _responses(builder: Builder) -> dict[str, int]:
    found: dict[str, int] = {}
    for statement, meaning in builder.about("best_response"):
        count = stated_count(statement)
        if count is not None and not meaning.within:
            found.setdefault(meaning.name, count)
    found |= builder.extra.get("responses", {})
    rest = int(builder.extra["n"]) - sum(found.values())
    if rest:
        found["NE"] = found.get("NE", 0) + rest
    return {name: found[name] for name in _RESPONSES if found.get(name)}


def _among(meaning: Meaning) -> tuple[Among, ...]:
    return (Among(meaning.within[0], meaning.within[1]),) if len(meaning.within) > 1 else ()


def _is_response_time(endpoint: TimeEndpoint) -> bool:
    return bool({EventRule.RESPONSE, EventRule.CONFIRMED_RESPONSE} & set(endpoint.event))


def _curves(builder: Builder) -> tuple[CurveTargets, ...]:
    curves: dict[tuple[str, tuple[Among, ...]], CurveTargets] = {}
    for statement, meaning in builder.about("time"):
        if _is_response_time(builder.protocol.times[meaning.name]):
            continue
        if meaning.of or (meaning.name == "OS" and builder.extra.get("ends_at_last_visit")):
            continue
        key = (meaning.name, _among(meaning))
        label = " ".join([meaning.name, *(f"{one.variable}={one.level}" for one in key[1])])
        curve = curves.get(key, CurveTargets(label, meaning.name, key[1]))
        curves[key] = _with(curve, statement)
    for mark in builder.extra.get("landmark", ()):
        key = (mark["endpoint"], ())
        curve = curves.get(key, CurveTargets(mark["endpoint"], mark["endpoint"]))
        digits = len(str(mark["percent"]).partition(".")[2])
        extra = Landmark(float(mark["months"]), Printed(float(mark["percent"]), digits))
        curves[key] = replace(curve, landmarks=(*curve.landmarks, extra))
    return tuple(curves.values())


def _with(curve: CurveTargets, statement: Statement) -> CurveTargets:
    low, high = _limits(statement)
    if statement.statistic == "landmark" and statement.time is not None:
        known = {one.months: one for one in curve.landmarks}
        before = known.get(statement.time, Landmark(statement.time, None))
        # What the abstract repeats without limits does not take back those of the results.
        known[statement.time] = Landmark(
            statement.time, before.rate or _printed(statement.percent), before.low or low, before.high or high
        )
        return replace(curve, landmarks=tuple(known.values()))
    if statement.statistic == "count":
        return replace(curve, events=statement.count)
    if statement.interval == "range":
        return replace(curve, shortest=low, longest=high)
    value = NOT_REACHED if "value" in statement.open_limits else _printed(statement.value)
    events = curve.events if curve.events is not None else statement.events
    return replace(
        curve,
        events=events,
        median=curve.median or value,
        low=curve.low or low,
        high=curve.high or high,
    )


def _response_times(builder: Builder) -> ResponseTimes | None:
    for statement, meaning in builder.about("time"):
        if _is_response_time(builder.protocol.times[meaning.name]):
            low, high = _limits(statement)
            is_range = statement.interval == "range"
            return ResponseTimes(meaning.name, _printed(statement.value), low, high, "range" if is_range else "iqr")
    return None


def _follow_up(builder: Builder) -> tuple[FollowUpTargets, ...]:
    found = []
    for statement, meaning in builder.about("follow_up"):
        low, high = _limits(statement)
        found.append(
            FollowUpTargets(
                meaning.name,
                "all" if meaning.observed else "reverse",
                _printed(statement.value),
                low,
                high,
                spread=statement.interval if statement.interval in {"ci", "iqr", "range"} else "ci",  # type: ignore[arg-type]
                endpoint=meaning.name,
            )
        )
    return tuple(found)


def _comparisons(builder: Builder) -> tuple[Comparison, ...]:
    found: dict[tuple[str, str, str, str], Comparison] = {}
    for statement, meaning in builder.about("hazard_ratio", "test"):
        if meaning.name not in builder.protocol.times:
            continue
        variable, level, reference = (*meaning.within, "", "")[:3]
        key = (meaning.name, variable, level, reference)
        one = found.get(key, Comparison(" ".join(key), *key))
        low, high = _limits(statement)
        if meaning.kind == "hazard_ratio":
            one = replace(one, hazard_ratio=_printed(statement.value), low=low, high=high)
        if statement.p is not None:
            one = replace(one, p_log_rank=_p(statement))
        found[key] = one
    for statement, meaning in builder.about("model"):
        plan = builder.protocol.model[meaning.name]
        low, high = _limits(statement)
        adjusted = tuple(Among(*pair) for pair in builder.extra.get("adjusted", {}).get(meaning.name, ()))
        key = (plan.endpoint, meaning.variable, meaning.level, plan.references.get(meaning.variable, ""))
        found[(meaning.name, *key[1:])] = Comparison(
            meaning.name, *key, hazard_ratio=_printed(statement.value), low=low, high=high,
            p_wald=_p(statement), adjusted_for=adjusted,
        )  # fmt: skip
    return tuple(found.values())


def _crosses(builder: Builder) -> tuple[Cross, ...]:
    found = []
    for statement, meaning in builder.about("rate"):
        count = stated_count(statement)
        endpoint = builder.protocol.rates[meaning.name]
        if meaning.within and count is not None and set(endpoint.success) == {"CR", "PR"} and not meaning.of:
            found.append(Cross(meaning.name, (*_among(meaning), Among("RESPONDER", "Y")), count))
    for statement, meaning in builder.about("test"):
        if meaning.name in builder.protocol.rates:
            for level, (count, _) in zip(meaning.within[1:], statement.groups, strict=False):
                found.append(
                    Cross(f"{meaning.name} {level}", (Among(meaning.within[0], level), Among("RESPONDER", "Y")), count)
                )
    for number, cross in enumerate(builder.extra.get("cross", ()), start=1):
        among = tuple(Among(variable, level) for variable, level in cross["among"].items())
        found.append(Cross(cross.get("name", f"cross {number}"), among, int(cross["count"])))
    return tuple(found)
