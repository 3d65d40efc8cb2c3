"""
Best overall response once more, slowly, one subject at a time, as a reader of the definitions works it out by hand.

It shares nothing with the fast one but the dataclass of switches. An assessment is ``(day, response)``; a subject's
assessments are in time order.
"""

from __future__ import annotations

from typing import NamedTuple

from onearm.rules.best_response import BestResponseRules

Assessment = tuple[int, str]


class Best(NamedTuple):
    """What is concluded for one subject."""

    response: str
    day: int | None
    confirming_day: int | None = None


def sequence(
    assessments: list[Assessment],
    rules: BestResponseRules,
    *,
    reference_day: int,
    progression_day: int | None = None,
    therapy_day: int | None = None,
) -> list[Assessment]:
    """Assessments that count, as they are read."""
    kept = []
    for day, response in assessments:
        if day < reference_day and rules.before_reference == "ignore":
            continue
        if rules.within_days is not None and day - reference_day > rules.within_days:
            continue
        if therapy_day is not None and day > therapy_day and rules.new_therapy == "ignore_after":
            continue
        if progression_day is not None and day > progression_day and rules.after_progression == "ignore":
            continue
        kept.append((day, response))
    kept = until_progression(kept, rules)
    if rules.hold_partial:
        kept = held(kept)
    if rules.after_complete == "progression":
        kept = fallen_from_complete(kept)
    if rules.after_complete == "partial":
        kept = never_complete(kept, rules)
    return until_progression(kept, rules)


def until_progression(rows: list[Assessment], rules: BestResponseRules) -> list[Assessment]:
    """Stop at the day of the first PD."""
    if rules.after_progression == "count":
        return rows
    progressions = [day for day, response in rows if response == "PD"]
    return [row for row in rows if not progressions or row[0] <= min(progressions)]


def held(rows: list[Assessment]) -> list[Assessment]:
    """SD after a PR is PR until PD."""
    result, holding, progressed = [], False, False
    for day, response in rows:
        result.append((day, "PR" if holding and not progressed and response == "SD" else response))
        holding = holding or response == "PR"
        progressed = progressed or response == "PD"
    return result


def fallen_from_complete(rows: list[Assessment]) -> list[Assessment]:
    """Anything less than CR, after CR, is PD; once there was a PD nothing more is changed."""
    result, complete, progressed = [], False, False
    for day, response in rows:
        is_less = response in {"PR", "SD", "NON-CR/NON-PD"}
        result.append((day, "PD" if is_less and complete and not progressed else response))
        complete = complete or response == "CR"
        progressed = progressed or response == "PD"
    return result


def never_complete(rows: list[Assessment], rules: BestResponseRules) -> list[Assessment]:
    """A CR that PR follows as the next other finding was PR, unless it or an earlier CR was confirmed."""
    result, established = [], False
    for place, (day, response) in enumerate(rows):
        established = established or (response == "CR" and confirmation(rows, place, rules) is not None)
        others = [word for _, word in rows[place + 1 :] if word not in {"CR", "NE", "ND"}]
        was_partial = response == "CR" and not established and others[:1] == ["PR"]
        result.append((day, "PR" if was_partial else response))
    return result


def confirmation(rows: list[Assessment], place: int, rules: BestResponseRules) -> int | None:
    """Day of the assessment that confirms the one at a place; any later one is tried."""
    day, response = rows[place]
    for last in range(place + 1, len(rows)):
        later_day, later = rows[last]
        words = [word for _, word in rows[place : last + 1]]
        between = words[1:-1]
        gaps = sum(word in {"NE", "ND"} for word in between)
        waited = later_day - day
        in_window = waited >= rules.confirm_after_days and (
            rules.confirm_within_days is None or waited <= rules.confirm_within_days
        )
        if response == "CR":
            fits = later == "CR" and set(between) <= {"CR", "NE", "ND"}
        else:
            stable = between.count("SD")
            fits = later in {"CR", "PR"} and set(between) <= {"CR", "PR", "SD", "NE", "ND"}
            fits = fits and stable <= rules.max_stable_between and not partial_follows_complete(words)
        if fits and in_window and gaps <= rules.max_not_evaluable_between:
            return later_day
    return None


def partial_follows_complete(words: list[str]) -> bool:
    """Whether a PR stands anywhere after a CR."""
    return any(word == "PR" and "CR" in words[:place] for place, word in enumerate(words))


def stable(day: int, word: str, start: int | None, rules: BestResponseRules) -> str:
    """Word where it is late enough for stable disease, else NE."""
    return word if start is not None and day - start >= rules.stable_at_least_days else "NE"


def best(rows: list[Assessment], rules: BestResponseRules, *, start: int | None, confirmed: bool) -> Best:
    """Best of all conclusions; of equal ones the first in time."""
    conclusions: list[Best] = []
    for place, (day, response) in enumerate(rows):
        confirming = confirmation(rows, place, rules) if confirmed and response in {"CR", "PR"} else None
        if response in {"SD", "NON-CR/NON-PD"}:
            word = stable(day, response, start, rules)
        elif response in {"CR", "PR"} and confirmed and confirming is None:
            word = stable(day, "SD", start, rules)
        else:
            word = response
        conclusions.append(Best(word, day, confirming))
    for word in ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "NE", "ND"):
        for conclusion in conclusions:
            if conclusion.response == word:
                return conclusion
    return Best("NE" if rules.missing_as_not_evaluable else "MISSING", None)
