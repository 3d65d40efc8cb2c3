"""What must hold between printed numbers: sums, flow charts, one number printed twice, curves, dates, ages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from onearm.published.model import Finding, Printed, Relation, Statement, Verdict
from onearm.published.outcome import Outcome, holds, merge, unchecked
from onearm.published.rounding import slips
from onearm.terms import DAYS_PER_MONTH

__all__ = ["check_relation"]

_RANGE: Final = re.compile(r"(<=|>=|≤|≥|<|>)?\s*(\d+(?:\.\d+)?)(?:\s*[-–]\s*(\d+(?:\.\d+)?))?")


def check_relation(relation: Relation, by_id: Mapping[str, Statement]) -> Finding:
    """
    Check one relation.

    Parameters
    ----------
    relation : Relation
        Its identifiers are all known.
    by_id : mapping of str to Statement
        Statements that have an identifier.

    Returns
    -------
    Finding
        Its statement lists what was compared.
    """
    whole = by_id.get(relation.whole)
    parts = [by_id[key] for key in relation.parts]
    outcome = _CHECKS[relation.kind](whole, parts)
    shown = "; ".join(item.shown for item in ([whole] if whole else []) + parts)
    place = relation.place or (whole or parts[0]).place
    note = f" ({relation.note})" if relation.note else ""
    return merge(Statement(place, "value", text=f"{relation.kind.replace('_', ' ')}{note}: {shown}"), [outcome])


def _amount(statement: Statement | None) -> float | None:
    if statement is None:
        return None
    if statement.count is not None:
        return float(statement.count)
    shown = statement.value or statement.percent
    return shown.value if shown else None


def _amounts(whole: Statement | None, parts: list[Statement]) -> tuple[float, list[float]] | None:
    amount, found = _amount(whole), [_amount(part) for part in parts]
    known = [part for part in found if part is not None]
    return (amount, known) if amount is not None and len(known) == len(found) else None


def _sum(whole: Statement | None, parts: list[Statement]) -> Outcome:
    if (found := _amounts(whole, parts)) is None:
        return unchecked("not every part was printed")
    amount, known = found
    total = sum(known)
    working = f"{' + '.join(f'{part:g}' for part in known)} = {total:g}"
    if abs(total - amount) < 1e-9:
        return holds(working)
    shares = [part.percent for part in parts if part.count is None and part.percent]
    if shares and abs(total - amount) <= sum(share.unit / 2 for share in shares) + 0.05 + 1e-9:
        return holds(f"{working}, {amount:g} within rounding")
    return Outcome(Verdict.IMPOSSIBLE, f"{working}, printed {amount:g}", "", f"{total:g}", "error")


def _at_most_sum(whole: Statement | None, parts: list[Statement]) -> Outcome:
    if (found := _amounts(whole, parts)) is None:
        return unchecked("not every part was printed")
    amount, known = found
    working = f"{' + '.join(f'{part:g}' for part in known)} = {sum(known):g}, of {amount:g} who have at least one"
    if max(known) <= amount <= sum(known):
        return holds(working)
    return Outcome(Verdict.IMPOSSIBLE, working, "", f"{max(known):g} to {sum(known):g}", "error")


def _remainder(whole: Statement | None, parts: list[Statement]) -> Outcome:
    if (found := _amounts(whole, parts)) is None:
        return unchecked("not every part was printed")
    amount, known = found
    rest = amount - sum(known[:-1])
    working = f"{amount:g} − {' − '.join(f'{part:g}' for part in known[:-1])} = {rest:g}"
    if abs(rest - known[-1]) < 1e-9:
        return holds(working)
    return Outcome(Verdict.IMPOSSIBLE, f"{working}, printed {known[-1]:g}", "", f"{rest:g}", "error")


def _at_most(whole: Statement | None, parts: list[Statement]) -> Outcome:
    if (found := _amounts(whole, parts)) is None:
        return unchecked("not every number was printed")
    amount, known = found
    working = f"{', '.join(f'{part:g}' for part in known)} may not exceed {amount:g}"
    if max(known) <= amount + 1e-9:
        return holds(working)
    return Outcome(Verdict.IMPOSSIBLE, working, "", f"at most {amount:g}", "error")


def _shown_numbers(statement: Statement) -> dict[str, Printed]:
    found = {"percent": statement.percent, "value": statement.value, "low": statement.low, "high": statement.high}
    found["count"] = Printed(float(statement.count), 0) if statement.count is not None else None
    return {name: number for name, number in found.items() if number is not None}


def _same(whole: Statement | None, parts: list[Statement]) -> Outcome:
    every = ([whole] if whole else []) + parts
    gravest = holds("printed alike")
    for number, first in enumerate(every):
        for second in every[number + 1 :]:
            outcome = _compare(first, second)
            if outcome.verdict == Verdict.IMPOSSIBLE:
                return outcome
            gravest = outcome if outcome.verdict == Verdict.ROUNDING else gravest
    return gravest


def _compare(first: Statement, second: Statement) -> Outcome:
    ones, others = _shown_numbers(first), _shown_numbers(second)
    verdict = holds("printed alike")
    for name in sorted(ones.keys() & others.keys()):
        one, other = sorted((ones[name], others[name]), key=lambda number: -number.digits)
        if abs(one.value - other.value) <= (other.unit / 2 if other.digits < one.digits else 0) + 1e-9:
            continue
        working = f"one {name} printed as {ones[name]} ({first.place}) and as {others[name]} ({second.place})"
        if name != "count" and slips(one.value, other):
            verdict = Outcome(Verdict.ROUNDING, working, "", _right(first, second, other.digits), "note")
        else:
            return Outcome(Verdict.IMPOSSIBLE, working, "", _right(first, second, one.digits), "warning")
    return verdict


def _right(first: Statement, second: Statement, digits: int) -> str:
    """Say which of two percentages its count gives."""
    for statement in (first, second):
        if statement.count is not None and statement.total:
            return f"{100 * statement.count / statement.total:.{digits}f}%"
    return ""


def _curve(whole: Statement | None, parts: list[Statement]) -> Outcome:
    marks = sorted((part.time, part.percent) for part in parts if part.time is not None and part.percent is not None)
    for (early, first), (late, second) in pairwise(marks):
        if second.value > first.value + 1e-9:
            working = f"{first}% at {early:g} months and {second}% at {late:g}: a curve never rises"
            return Outcome(Verdict.IMPOSSIBLE, working, severity="error")
    if whole is None or whole.value is None:
        return holds("the rates fall") if len(marks) > 1 else unchecked("no median was printed")
    median = whole.value
    for time, rate in marks:
        if time < median.value - median.unit / 2 and rate.value + rate.unit / 2 < 50:
            return _crosses(f"{rate}% at {time:g} months is below 50%, the median is {median}")
        if time > median.value + median.unit / 2 and rate.value - rate.unit / 2 > 50:
            return _crosses(f"{rate}% at {time:g} months is above 50%, the median is {median}")
    return holds(f"median {median}: " + ", ".join(f"{rate}% at {time:g} months" for time, rate in marks))


def _crosses(working: str) -> Outcome:
    return Outcome(Verdict.IMPOSSIBLE, working, severity="error")


def _interval_of(label: str) -> tuple[float, float, bool, bool] | None:
    """Read a category such as ``≥2`` or ``65–74`` as an interval and whether each end belongs to it."""
    match = _RANGE.search(label)
    if match is None:
        return None
    sign, first, last = match.group(1) or "", float(match.group(2)), match.group(3)
    if sign in {"<", "<=", "≤"}:
        return (float("-inf"), first, True, sign != "<")
    if sign in {">", ">=", "≥"}:
        return (first, float("inf"), sign != ">", True)
    return (first, float(last) if last else first, True, True)


def _disjoint(_whole: Statement | None, parts: list[Statement]) -> Outcome:
    read = [(part.label, _interval_of(part.label)) for part in parts]
    for number, (label, one) in enumerate(read):
        for other_label, other in read[number + 1 :]:
            if one is None or other is None:
                return unchecked("not every label is a number or a range")
            if _overlap(one, other):
                working = f"the categories '{label}' and '{other_label}' overlap"
                return Outcome(Verdict.IMPOSSIBLE, working, severity="warning")
    return holds("the categories do not overlap")


def _overlap(one: tuple[float, float, bool, bool], other: tuple[float, float, bool, bool]) -> bool:
    first, second = sorted((one, other), key=lambda item: (item[0], not item[2]))
    if second[0] == first[1]:
        return first[3] and second[2]
    return second[0] < first[1]


def _order(_whole: Statement | None, parts: list[Statement]) -> Outcome:
    dated = [part for part in parts if part.date is not None]
    if len(dated) < 2:
        return unchecked("fewer than two dates were printed")
    for first, second in pairwise(dated):
        if first.date is None or second.date is None:
            continue
        is_coarse = first.date_is_month or second.date_is_month
        pair = [date.replace(day=1) if is_coarse else date for date in (first.date, second.date)]
        if pair[0] > pair[1]:
            working = f"{first.label or first.place}, {_day(first)}, lies after {second.label or second.place}, {_day(second)}"
            return Outcome(Verdict.IMPOSSIBLE, working, severity="warning")
    return holds(" ≤ ".join(_day(part) for part in dated))


def _day(part: Statement) -> str:
    assert part.date is not None
    return part.date.strftime("%Y-%m") if part.date_is_month else part.date.isoformat()


def _one_date(whole: Statement | None, parts: list[Statement]) -> Outcome:
    dated = [part for part in ([whole] if whole else []) + parts if part.date is not None]
    months = {part.date.replace(day=1) for part in dated if part.date is not None}
    days = {part.date for part in dated if not part.date_is_month}
    if len(months) > 1 or len(days) > 1:
        listed = " and as ".join(f"{_day(part)} ({part.place})" for part in dated)
        return Outcome(Verdict.IMPOSSIBLE, f"one date printed as {listed}", severity="warning")
    return holds("printed alike")


def _within(whole: Statement | None, parts: list[Statement]) -> Outcome:
    dates = sorted(part.date for part in parts if part.date is not None)
    if whole is None or len(dates) < 2:
        return unchecked("no two dates were printed")
    # A month without day may begin on its first and end on its last day.
    slack = 31 if any(part.date_is_month for part in parts) else 0
    most = ((dates[-1] - dates[0]).days + slack) / DAYS_PER_MONTH
    longest = max((shown for shown in (whole.value, whole.high) if shown), key=lambda shown: shown.value, default=None)
    if longest is None:
        return unchecked("no time was printed")
    working = f"{longest} months; {dates[0]} to {dates[-1]} is {most:.1f} months at most"
    if longest.value - longest.unit / 2 <= most:
        return holds(working)
    return Outcome(Verdict.IMPOSSIBLE, working, "", f"at most {most:.1f}", "error")


def _eligible(whole: Statement | None, parts: list[Statement]) -> Outcome:
    if whole is None:
        return unchecked("no eligible range was printed")
    for part in parts:
        if part.low and whole.low and part.low.value < whole.low.value:
            return Outcome(Verdict.IMPOSSIBLE, f"{part.low} is below the eligible {whole.low}", severity="warning")
        if part.high and whole.high and part.high.value > whole.high.value:
            return Outcome(Verdict.IMPOSSIBLE, f"{part.high} is above the eligible {whole.high}", severity="warning")
    return holds("inside the eligible range")


_CHECKS: Final[dict[str, Callable[[Statement | None, list[Statement]], Outcome]]] = {
    "sum": _sum,
    "at_most_sum": _at_most_sum,
    "remainder": _remainder,
    "at_most": _at_most,
    "same": _same,
    "curve": _curve,
    "disjoint": _disjoint,
    "order": _order,
    "one_date": _one_date,
    "within": _within,
    "eligible": _eligible,
}
