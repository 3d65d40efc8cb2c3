"""From the solvers' times to each patient's course on treatment: when it ended, why, and what came after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from onearm.reconstruction.setting import Setting
from onearm.reconstruction.solutions import CohortSolution

__all__ = ["Way", "lay_out_ways"]

PROGRESSION: Final = "PROGRESSIVE DISEASE"
DEATH: Final = "DEATH"
WITHDRAWAL: Final = "WITHDRAWAL BY SUBJECT"
_AFTER: Final = 10
_NEXT_LINE: Final = 120
"""Days from one line of later therapy to the next."""


@dataclass(frozen=True)
class Way:
    """
    A patient's way through the trial, in days from the first dose.

    Parameters
    ----------
    response : str
        Best overall response.
    end : str
        How progression-free survival ends: ``progression``, ``death`` or ``censored``.
    end_day : int
        When.
    response_day : int or None
        First response.
    last_seen : int
        Last day known to be alive, or day of death.
    is_dead : bool
        Whether it is the latter.
    stop_day : int or None
        End of treatment; None while it goes on.
    stop_reason : str
        Why.
    therapies : tuple of str
        Later therapies.
    therapy_day : int
        When the first of them began.
    last_doses : mapping of str to int
        Day of the last dose by drug, where the time on the drug was printed.
    next_line_day : int or None
        When all of them but the first began, as a line of their own; None where they began with it.
    phase : str
        Phase of treatment that it ended in, or goes on in; empty where treatment is one.
    """

    response: str
    end: str
    end_day: int
    response_day: int | None
    last_seen: int
    is_dead: bool
    stop_day: int | None = None
    stop_reason: str = ""
    therapies: tuple[str, ...] = ()
    therapy_day: int = 0
    last_doses: Mapping[str, int] = field(default_factory=dict)
    phase: str = ""
    next_line_day: int | None = None

    @property
    def therapy_days(self) -> tuple[int, ...]:
        """When each of the later therapies began."""
        later = self.therapy_day if self.next_line_day is None else self.next_line_day
        return tuple(self.therapy_day if k == 0 else later for k in range(len(self.therapies)))

    @property
    def treated_until(self) -> int:
        """Last day on which a dose may be given."""
        return self.last_seen - 1 if self.stop_day is None else self.stop_day

    @property
    def dies_after_censoring(self) -> bool:
        """Whether the death is no event of progression-free survival."""
        return self.is_dead and self.end == "censored"


def lay_out_ways(
    solution: CohortSolution, setting: Setting, *, first_day: int, confirm_days: int, rng: np.random.Generator
) -> list[Way]:
    """
    Give every patient a way that ends on the solved days.

    Parameters
    ----------
    solution : CohortSolution
        Times and responses.
    setting : Setting
        How many are on treatment, why the others stopped, who was treated later.
    first_day : int
        1 where a time includes its first day.
    confirm_days : int
        Days until a response is confirmed: one that was found too late for that is seen earlier.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    list of Way
        In the order of the solution.
    """
    ways = [_confirmable(_way(solution, i, first_day), confirm_days) for i in range(solution.n)]
    ways = _stop(ways, setting, rng)
    ways = _reasons(ways, setting)
    return _later(ways, setting, rng)


def _way(solution: CohortSolution, i: int, first_day: int) -> Way:
    pfs, overall = int(solution.day["PFS"][i]) - first_day, int(solution.day["OS"][i]) - first_day
    event = bool(solution.event["PFS"][i])
    response = int(solution.day["TTR"][i]) if "TTR" in solution.day else -1
    best = str(solution.labels["BOR"][i])
    # whoever has progression as best response has progressed, even where the search left it otherwise
    progressed = best == "PD" or (event and not solution.is_death[i])
    return Way(
        response=best,
        end="progression" if progressed else "death" if event else "censored",
        end_day=pfs,
        response_day=response - first_day if response >= 0 and str(solution.labels["BOR"][i]) in {"CR", "PR"} else None,
        last_seen=overall,
        is_dead=bool(solution.event["OS"][i]),
    )


def _confirmable(way: Way, confirm_days: int) -> Way:
    if way.response_day is None:
        return way
    latest = way.end_day - confirm_days - (way.end != "censored")
    return replace(way, response_day=min(way.response_day, latest)) if latest > 0 else way


def _stop(ways: list[Way], setting: Setting, rng: np.random.Generator) -> list[Way]:
    """Those who stay on treatment are alive, without progression, and longest under observation."""
    able = sorted(
        (i for i, way in enumerate(ways) if way.end == "censored" and not way.is_dead),
        key=lambda i: (ways[i].end_day, ways[i].last_seen),
        reverse=True,
    )
    stay = set(able if setting.ongoing is None else able[: setting.ongoing])
    done = []
    for i, way in enumerate(ways):
        if i in stay:
            done.append(way)
            continue
        latest = way.last_seen - (1 if way.is_dead else 0)
        if way.end == "death":
            day, reason = latest - int(rng.integers(0, 15)), DEATH
        elif way.end == "progression":
            day, reason = way.end_day + int(rng.integers(0, 10)), PROGRESSION
        else:
            day, reason = way.end_day + int(rng.integers(1, 20)), WITHDRAWAL
        done.append(replace(way, stop_day=max(0, min(day, latest)), stop_reason=reason))
    return done


def _reasons(ways: list[Way], setting: Setting) -> list[Way]:
    """Hand out the printed reasons; each goes first to those whose course it fits best."""
    left = [i for i, way in enumerate(ways) if way.stop_day is not None]
    given: dict[int, str] = {}
    order = sorted(setting.stop_reasons, key=lambda reason: (reason not in {PROGRESSION, DEATH}, reason != DEATH))
    for reason in order:
        ranked = sorted(left, key=lambda i: (not _fits(ways[i], reason), ways[i].end == "progression", i))
        for i in ranked[: setting.stop_reasons[reason]]:
            given[i] = reason
            left.remove(i)
    return [replace(way, stop_reason=given[i]) if i in given else way for i, way in enumerate(ways)]


def _fits(way: Way, reason: str) -> bool:
    if reason == PROGRESSION:
        return way.end == "progression"
    if reason == DEATH:
        return way.end == "death" or way.dies_after_censoring
    return way.end == "censored"


def _later(ways: list[Way], setting: Setting, rng: np.random.Generator) -> list[Way]:
    """Whoever died after progression-free survival was censored had begun a new therapy; then those who progressed."""
    wanted = sum(setting.therapies.values()) if setting.treated_later is None else setting.treated_later
    able = [i for i, way in enumerate(ways) if way.stop_day is not None and way.last_seen - way.end_day > _AFTER]
    ranked = sorted(
        able,
        key=lambda i: (
            not ways[i].dies_after_censoring,
            ways[i].end != "progression",
            -ways[i].last_seen + ways[i].end_day,
        ),
    )
    must = sum(way.dies_after_censoring for way in ways)
    chosen = [i for i in ranked if ways[i].end != "death"][: max(wanted, must)]
    names = [name for name, count in setting.therapies.items() for _ in range(count)] or ["ANTICANCER THERAPY"]
    lists: dict[int, list[str]] = {i: [] for i in chosen}
    # every patient gets one; what is left goes to patients who do not have it yet
    spare = list(names)
    for i in chosen:
        lists[i].append(spare.pop(0) if spare else names[-1])
    # a further line needs time
    takers = sorted(chosen, key=lambda i: ways[i].end_day - ways[i].last_seen) if setting.treated_again else chosen
    for name in spare:
        other = next((i for i in takers if name not in lists[i]), None)
        if other is not None:
            lists[other].append(name)
    again = [i for i in takers if len(lists[i]) > 1][: setting.treated_again]
    done = list(ways)
    for i in chosen:
        way = ways[i]
        assert way.stop_day is not None
        first = max(way.end_day, way.stop_day) + 1
        day = max(way.end_day + 1, min(first + int(rng.integers(0, 21)), way.last_seen - 1))
        following = min(day + _NEXT_LINE, way.last_seen - 1) if i in again else None
        done[i] = replace(way, therapies=tuple(lists[i]), therapy_day=day, next_line_day=following)
    return done
