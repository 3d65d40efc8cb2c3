"""
RECIST 1.1 targets, iRECIST and events once more, slowly, one subject at a time, to be read against the papers.

They share nothing with the fast ones but the dataclasses of switches.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from onearm.rules.censoring import TimeToEventRules
from onearm.rules.irecist import IRecistRules
from onearm.rules.recist import RecistRules

Lesion = tuple[bool, "Fraction | None"]  # is it a node, and its diameter, None if not evaluable


def target_responses(visits: list[dict[str, Lesion]], rules: RecistRules) -> list[str]:
    """Response of every visit after the first, which is the baseline; diameters are exact fractions."""
    baseline = visits[0]
    known = all(mm is not None for _, mm in baseline.values())
    baseline_sum = sum(mm for _, mm in baseline.values()) if known else None
    sums = [baseline_sum] if known else []
    was_gone, found = False, []
    if known and baseline:
        was_gone = all(gone(node, mm, rules) for node, mm in baseline.values())
    for visit in visits[1:]:
        seen = {name: visit[name] for name in baseline if name in visit and visit[name][1] is not None}
        measured = sum((mm for _, mm in seen.values()), Fraction(0))
        whole = len(seen) == len(baseline)
        back = was_gone and rules.reappearance == "target" and any(mm > 0 for node, mm in seen.values() if not node)
        if baseline_sum is None:
            response = "NE"
        elif not whole:
            worse = grown(measured, min(sums), rules) or back if seen else False
            response = "PD" if rules.partial_progression and worse else "NE"
        elif all(gone(node, mm, rules) for node, mm in seen.values()):
            response = "CR"
        elif back or grown(measured, min(sums), rules):
            response = "PD"
        elif baseline_sum > 0 and 100 * (baseline_sum - measured) >= Fraction(rules.response_pct) * baseline_sum:
            response = "PR"
        else:
            response = "SD"
        if whole:
            sums.append(measured)
            was_gone = was_gone or all(gone(node, mm, rules) for node, mm in seen.values())
        found.append(response)
    return found


def gone(is_node: bool, mm: Fraction, rules: RecistRules) -> bool:
    """Whether nothing is left of a lesion."""
    return mm < Fraction(rules.normal_node_mm) if is_node else mm == 0


def grown(total: Fraction, nadir: Fraction, rules: RecistRules) -> bool:
    """Whether a sum is progression from the nadir."""
    rise = total - nadir
    if nadir == 0:
        return rise > 0 and rise >= Fraction(rules.progression_mm)
    return 100 * rise >= Fraction(rules.progression_pct) * nadir and rise >= Fraction(rules.progression_mm)


def immune_responses(points: list[dict[str, Any]], rules: IRecistRules) -> list[str]:
    """
    Immune response of each timepoint.

    A point has ``day, response`` (of RECIST 1.1), ``pd`` (the set of kinds of lesion that progressed: T, N, X),
    ``mm`` (target sum or None), ``more`` (a non-target increased), ``n`` and ``new_mm`` (new lesions or None), and
    ``other`` (the response without new lesions).
    """
    immune = {"CR": "iCR", "PR": "iPR", "SD": "iSD", "NON-CR/NON-PD": "NON-iCR/NON-iUPD"}
    found: list[str] = []
    history: list[dict[str, Any]] = []  # timepoints of the unconfirmed progression that is open
    kinds: set[str] = set()
    accepted: list[dict[str, Any]] = []  # timepoints since new lesions no longer count
    for given in points:
        point, accepted = without_accepted(given, accepted)
        if "iCPD" in found:
            found.append("iCPD")
            continue
        if not history:
            word = "iUPD" if point["pd"] else immune.get(point["other"], point["other"])
            begins = bool(point["pd"])
        else:
            word, begins = follow(point, history, kinds, rules)
        if begins:
            history, kinds = [point], set(point["pd"])
        elif word == "unchanged":
            history.append(point)
            kinds |= point["pd"]
            word = "iUPD"
        elif word == "reset":
            history, word = [], immune[point["other"]]
            accepted = [point] if "X" in point["pd"] else []
        found.append(word)
    return found


def follow(
    point: dict[str, Any], history: list[dict[str, Any]], kinds: set[str], rules: IRecistRules
) -> tuple[str, bool]:
    """What a timepoint makes of an open progression, and whether another begins with it."""
    older = history[:1] if rules.increase_since == "first" else history
    if is_worse(point, older, kinds, rules):
        waited = point["day"] - older[-1]["day"]
        if waited < rules.confirm_after_days:
            return "iUPD", False
        is_late = rules.confirm_within_days is not None and waited > rules.confirm_within_days
        return ("iUPD", True) if is_late else ("iCPD", False)
    if point["pd"] == {"X"} and rules.unchanged_new_lesion == "improvement" and better(point, history[0]):
        return "reset", False
    if point["pd"]:
        return "unchanged", False
    return ("NE" if point["other"] == "NE" else "reset"), False


def better(point: dict[str, Any], first: dict[str, Any]) -> bool:
    """Whether lesions other than new ones have a better response than at the first timepoint of a progression."""
    order = [["CR"], ["PR"], ["SD", "NON-CR/NON-PD"], ["PD"]]
    places = [[word["other"] in words for words in order] for word in (point, first)]
    return all(any(place) for place in places) and places[0].index(True) < places[1].index(True)


def without_accepted(
    point: dict[str, Any], accepted: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Leave new lesions that no longer count out of a timepoint, unless there are more or larger ones."""
    if not accepted:
        return point, []
    if "X" not in point["pd"]:
        return point, []
    least = min(old["new_mm"] for old in accepted)
    rise = point["new_mm"] - least
    if point["n"] > accepted[0]["n"] or (rise >= 5 and 5 * rise >= least):
        return point, []
    return point | {"pd": point["pd"] - {"X"}}, [*accepted, point]


def is_worse(point: dict[str, Any], older: list[dict[str, Any]], kinds: set[str], rules: IRecistRules) -> bool:
    """Whether any kind of lesion got worse than it was."""
    repeated = rules.non_target_confirmation == "repeated" and "N" in point["pd"]
    grown = risen(point, older, "n") > 0 or risen(point, older, "new_mm") >= rules.increase_mm or point["new_more"]
    return (
        bool(point["pd"] - kinds)
        or ("T" in kinds & point["pd"] and risen(point, older, "mm") >= rules.increase_mm)
        or ("N" in kinds and (point["more"] or repeated))
        or ("X" in kinds & point["pd"] and grown)
    )


def risen(point: dict[str, Any], older: list[dict[str, Any]], name: str) -> float:
    """How much a value is above the last known one; less than anything where either is not known."""
    known = [old[name] for old in older if old[name] is not None]
    return point[name] - known[-1] if known and point[name] is not None else float("-inf")


def ending(
    person: dict[str, Any], assessments: list[tuple[int, str]], rules: TimeToEventRules
) -> tuple[int | None, bool, str]:
    """Day, whether it is an event, and what it is, for one subject."""
    start, cutoff = person["start_day"], person.get("cutoff_day")
    if start is None:
        return None, False, "no_start"
    others = {"new_therapy": person.get("therapy_day"), "treatment_stop": person.get("treatment_stop_day")}
    others = {name: day for name, day in others.items() if in_time(day, cutoff)}
    rows = sorted((day, word) for day, word in assessments if day >= start and in_time(day, cutoff))
    event_day, event = first_event(person, rows, others, rules)
    has_no_baseline = person.get("has_baseline") is False and rules.no_baseline != "ignore"
    if has_no_baseline and not (rules.no_baseline == "death_counts" and event == "death"):
        return start, False, "no_baseline"
    ends = [(day, name) for name, day in others.items() if getattr(rules, name) == "censor"]
    ends = [pair for pair in ends if event_day is None or pair[0] < event_day]
    end_day, end = min(ends, key=lambda pair: pair[0]) if ends else (None, None)
    last = last_seen(person, rows, event_day, end_day, rules)
    if end is not None:
        return (start if last is None else last), False, end
    if event in {"progression", "death"} and too_many_missed(person, last, event_day, event, rules):
        return (start if last is None else last), False, "missed_assessments"
    if event is not None:
        return event_day, True, event
    return (start, False, "no_assessment") if last is None else (last, False, rules.censor_at)


def in_time(day: int | None, cutoff: int | None) -> bool:
    """Whether something happened, and not after the cut-off."""
    return day is not None and (cutoff is None or day <= cutoff)


def first_event(
    person: dict[str, Any], rows: list[tuple[int, str]], others: dict[str, int], rules: TimeToEventRules
) -> tuple[int | None, str | None]:
    """Earliest event; of several on one day the first in the order of precedence."""
    events: list[tuple[int, str]] = []
    for event in rules.events:
        if event == "progression":
            events += [(day, event) for day, word in rows if word in rules.progression_values][:1]
        elif in_time(person.get("death_day"), person.get("cutoff_day")):
            events.append((person["death_day"], event))
    events += [(day, name) for name, day in others.items() if getattr(rules, name) == "event"]
    # min() takes the first of those that are equal
    return min(events, key=lambda pair: pair[0]) if events else (None, None)


def last_seen(
    person: dict[str, Any],
    rows: list[tuple[int, str]],
    event_day: int | None,
    end_day: int | None,
    rules: TimeToEventRules,
) -> int | None:
    """Day at which a subject without event is censored."""
    if rules.censor_at == "last_known_alive":
        alive, cutoff, death = (person.get(f"{name}_day") for name in ("last_known_alive", "cutoff", "death"))
        if cutoff is not None and death is not None and death > cutoff:
            return cutoff
        return alive if alive is None or cutoff is None else min(alive, cutoff)
    adequate = [day for day, word in rows if word in {"CR", "PR", "SD", "NON-CR/NON-PD"}]
    adequate = [day for day in adequate if event_day is None or day < event_day]
    return max((day for day in adequate if end_day is None or day <= end_day), default=None)


def too_many_missed(
    person: dict[str, Any], last: int | None, event_day: int, event: str, rules: TimeToEventRules
) -> bool:
    """Whether planned assessments were missed before the event, and so many that it is censored."""
    if rules.censor_after_missed is None or rules.censor_at != "last_adequate_assessment":
        return False
    if event == "death" and rules.death_after_missed == "event":
        return False
    origin = person.get("reference_day", person["start_day"])
    seen = person["start_day"] if last is None else last
    planned, day = [], 0
    for every, until in rules.schedule:
        while day + every <= (until if until is not None else event_day - origin):
            day += every
            planned.append(origin + day)
        day = until if until is not None else day
    missed = [day for day in planned if seen + rules.window_days < day < event_day - rules.window_days]
    return len(missed) >= rules.censor_after_missed
