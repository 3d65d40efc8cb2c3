"""Planned sizes and rules against the designs and formulas of `onearm.stats.design`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from onearm.errors import MethodError
from onearm.published.model import Design, Finding, Statement, Verdict
from onearm.published.outcome import Outcome, holds, merge, unchecked
from onearm.stats.design.size_rules import Rounding
from onearm.stats.design.survival_design import add_dropout, patients_for_events
from onearm.stats.design.survival_events import EVENT_FORMULAS, Size, events_needed
from onearm.stats.design.two_stage import evaluate_two_stage, find_simon

__all__ = ["check_design"]

_ROUNDINGS: Final[tuple[Rounding, ...]] = ("up", "nearest", "down")
_LARGEST: Final = 120
"""Patients up to which Simon's designs are searched; a larger plan is only evaluated."""


def check_design(design: Design) -> Finding:
    """
    Check a planned design.

    Parameters
    ----------
    design : Design
        With the numbers that were printed.

    Returns
    -------
    Finding
        Says which formula, which rounding and which dropout rule made the numbers.
    """
    shown = ", ".join(f"{name} = {value:g}" for name, value in design.numbers.items())
    statement = Statement(design.place, "value", text=f"design, {design.kind.replace('_', '-')}: {shown}")
    try:
        outcomes = _simon(design.numbers) if design.kind == "simon" else _log_rank(design.numbers)
    except (MethodError, OverflowError, ZeroDivisionError) as error:
        outcomes = [unchecked(f"the design cannot be evaluated: {' '.join(str(error).split())}")]
    return merge(statement, outcomes)


def _simon(given: dict[str, float]) -> list[Outcome]:
    needed = ("p0", "p1", "r1", "n1", "r", "n")
    if missing := [name for name in needed if name not in given]:
        return [unchecked(f"not printed: {', '.join(missing)}")]
    alpha, power = given.get("alpha", 0.05), given.get("power", 0.80)
    r1, n1, r, n = (int(given[name]) for name in ("r1", "n1", "r", "n"))
    found = evaluate_two_stage(r1, n1, r, n, p0=given["p0"], p1=given["p1"])
    working = f"{r1}/{n1}, {r}/{n} at p0 {given['p0']:g}, p1 {given['p1']:g}: alpha {found.alpha:.4f}, power {found.power:.4f}"
    outcomes = []
    if found.alpha > alpha + 5e-4 or found.power < power - 5e-4:
        closest = ""
        if n <= _LARGEST:
            best = find_simon(given["p0"], given["p1"], alpha=alpha, power=power, n_max=_LARGEST).optimal
            closest = f"{best.r1}/{best.n1}, {best.r}/{best.n}"
        outcomes.append(
            Outcome(Verdict.IMPOSSIBLE, f"{working}; planned {alpha:g} and {power:g}", "", closest, "warning")
        )
    elif n <= _LARGEST:
        best_of = find_simon(given["p0"], given["p1"], alpha=alpha, power=power, n_max=_LARGEST)
        named = [name for name in ("optimal", "minimax") if _is(getattr(best_of, name), r1, n1, r, n)]
        outcomes.append(holds(working, f"Simon, {named[0]}" if named else "two stages, neither optimal nor minimax"))
    else:
        outcomes.append(holds(working, "two stages"))
    return outcomes


def _is(design: object, r1: int, n1: int, r: int, n: int) -> bool:
    return all(getattr(design, name) == value for name, value in (("r1", r1), ("n1", n1), ("r", r), ("n", n)))


def _log_rank(given: dict[str, float]) -> list[Outcome]:
    hr = given.get("hr") or (given["median0"] / given["median1"] if {"median0", "median1"} <= given.keys() else None)
    if hr is None:
        return [unchecked("neither the hazard ratio nor both medians were printed")]
    outcomes: list[Outcome] = []
    if "events" in given:
        outcomes.append(_events(given, hr))
    if "patients" in given and "event_rate" in given:
        outcomes.append(_patients(given, hr))
    if "enrolled" in given and "dropout" in given and "patients" in given:
        outcomes.append(_enrolled(given))
    return outcomes or [unchecked("neither events nor patients were printed")]


def _sizes(given: dict[str, float], hr: float) -> Iterator[Size]:
    for name in EVENT_FORMULAS:
        for sides in [int(given["sides"])] if "sides" in given else [2, 1]:
            for rule in ("up", "nearest", "down"):
                yield events_needed(
                    hr,
                    formula=name,
                    alpha=given.get("alpha", 0.05),
                    sides=sides,
                    power=given.get("power", 0.80),
                    rounding=rule,
                )


def _events(given: dict[str, float], hr: float) -> Outcome:
    events = int(given["events"])
    sizes = list(_sizes(given, hr))
    if made := [size for size in sizes if size.value == events]:
        size = next((size for size in made if size.rounding == "up"), made[0])
        working = f"hazard ratio {hr:.3f}: {size.unrounded:.2f} events, rounded {size.rounding}, is {size.value} ({size.name})"
        if size.rounding == "down":
            return Outcome(Verdict.ROUNDING, working, size.name, f"{events + 1}", "note")
        return holds(working, size.name)
    near = min(sizes, key=lambda size: abs(size.unrounded - events))
    return unchecked(
        f"{events} events by none of {len(EVENT_FORMULAS)} formulas; the nearest, {near.name}, gives {near.unrounded:.2f}"
    )


def _patients(given: dict[str, float], hr: float) -> Outcome:
    patients, rate = int(given["patients"]), given["event_rate"]
    ups = [
        size
        for size in _sizes(given, hr)
        if size.rounding == "up" and size.value == int(given.get("events", size.value))
    ]
    for rule in ("up", "nearest", "down"):
        for size in ups:
            for is_unrounded in (True, False):
                found = patients_for_events(size, rate, rounding=rule, from_unrounded=is_unrounded)
                if found.value == patients:
                    return _made(found, f"{found.formula} = {found.unrounded:.2f} ({size.name})", "event rate")
    if "events" not in given:
        return unchecked("no events were printed")
    needed = given["events"] / rate
    working = f"{given['events']:g} / {rate:g} = {needed:.2f}, printed {patients}"
    return Outcome(Verdict.IMPOSSIBLE, working, "", f"{-int(-needed // 1)}", "warning")


def _enrolled(given: dict[str, float]) -> Outcome:
    enrolled, patients, rate = int(given["enrolled"]), int(given["patients"]), given["dropout"]
    base = Size("patients", patients, patients, "up", "printed", "", "")
    for rounding in _ROUNDINGS:
        for rule in ("divide", "multiply"):
            found = add_dropout(base, rate, rule=rule, rounding=rounding)
            if found.value == enrolled:
                note = "" if rule == "divide" else f", which leaves {enrolled * (1 - rate):.1f} of {patients}"
                return _made(found, f"{patients}: {found.formula} = {found.unrounded:.2f}{note}", found.formula)
    right = add_dropout(base, rate, rule="divide").value
    return Outcome(
        Verdict.IMPOSSIBLE,
        f"{patients} with {rate:g} dropout is {right}, printed {enrolled}",
        "",
        f"{right}",
        "warning",
    )


def _made(found: Size, working: str, method: str) -> Outcome:
    if found.rounding == "down" and found.unrounded > found.value:
        return Outcome(
            Verdict.ROUNDING, f"{working}, rounded down to {found.value}", method, f"{found.value + 1}", "note"
        )
    return holds(f"{working}, rounded {found.rounding} to {found.value}", method)
