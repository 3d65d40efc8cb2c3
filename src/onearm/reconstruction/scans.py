"""
Assessments that lead to a required course: on schedule, with the first response, its confirmation and the end on their days.

What a scan shows is chosen well inside the limits of RECIST (a response at 32 % or more, growth of 22 % or more), so that
rounding of diameters never moves a response.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from onearm.errors import DataError
from onearm.reconstruction.patients import Scan

__all__ = ["Course", "plan_scans"]

End = Literal["progression", "death", "censored"]
_CONFIRM: Final = 28
_STABLE: Final = 42
_NEAR: Final = 14


@dataclass(frozen=True)
class Course:
    """
    What the assessments of one patient must show.

    Parameters
    ----------
    response : str
        Best overall response, confirmed.
    end : {"progression", "death", "censored"}
        How progression-free survival ends.
    end_day : int
        Days from the first dose to that end; 0 for a patient without any assessment.
    response_day : int or None
        Days from the first dose to the first response; None without one.
    deepest : float
        Largest shrinkage possible, so that no lesion becomes too small to measure.
    is_shrinking : bool
        Whether a stable disease has shrunk at all.
    can_grow : bool
        Whether the lesions are large enough to progress by growth alone.
    least_growth : float
        Share of the baseline sum that is at least 5 mm, which growth must reach too.
    confirm_days, stable_days : int
        What the protocol asks of a confirmed response and of stable disease.
    new_sites : int
        In how many organs new lesions appear, if any do at the progression; more than one means that some do.
    """

    response: str
    end: End
    end_day: int
    response_day: int | None = None
    deepest: float = 0.6
    is_shrinking: bool = True
    can_grow: bool = True
    least_growth: float = 0.15
    confirm_days: int = _CONFIRM
    stable_days: int = _STABLE
    new_sites: int = 1


def plan_scans(course: Course, planned: tuple[int, ...], rng: np.random.Generator) -> tuple[Scan, ...]:
    """
    Lay out the assessments of one patient.

    Parameters
    ----------
    course : Course
        What they must show.
    planned : tuple of int
        Planned days, ascending, beyond the end.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    tuple of Scan
        Ascending by day; none for a patient who was never assessed.

    Raises
    ------
    DataError
        If no assessments can show it, such as a response whose confirmation falls behind the progression.

    Examples
    --------
    >>> course = Course("PR", "progression", 200, response_day=43)
    >>> scans = plan_scans(course, (42, 84, 126, 189, 252), np.random.default_rng(1))
    >>> scans[0].day, scans[-1].day, scans[0].size <= 0.7
    (43, 200, True)
    """
    days = _days(course, planned, rng)
    if not days:
        return ()
    sizes = _sizes(course, days, rng)
    if course.end != "progression":
        return tuple(Scan(day, size) for day, size in zip(days, sizes, strict=True))
    last, finding = _progress(course, sizes[:-1], rng)
    return (
        *(Scan(day, size) for day, size in zip(days[:-1], sizes[:-1], strict=True)),
        Scan(days[-1], last, finding, course.new_sites),
    )


def _days(course: Course, planned: tuple[int, ...], rng: np.random.Generator) -> list[int]:
    if course.end_day <= 0 or (course.response == "NE" and course.end != "censored"):
        return []
    required = _required(course, planned)
    if course.response == "PD":
        return required
    last = course.end_day
    days = set(required)
    for plan in planned:
        day = plan + int(rng.integers(-3, 4))
        earliest = course.stable_days if course.response == "SD" else 7
        is_free = min((abs(day - other) for other in days), default=99) > _NEAR
        if is_free and earliest <= day < last:
            days.add(day)
    return sorted(days)


def _required(course: Course, planned: tuple[int, ...]) -> list[int]:
    end = course.end_day
    seen = [] if course.end == "death" else [end]
    if course.response_day is not None:
        return sorted({course.response_day, _confirmation(course, planned), *seen})
    if course.response == "SD" and course.end != "censored":
        latest = end - 1
        if latest < course.stable_days:
            raise DataError(f"stable disease with its end on day {end} cannot be shown.")
        wanted = next((day for day in planned if day >= course.stable_days), course.stable_days)
        return sorted({min(wanted, latest), *seen})
    if course.response == "SD" and end < course.stable_days:
        raise DataError(f"stable disease last seen on day {end} is not stable disease.")
    return seen


def _confirmation(course: Course, planned: tuple[int, ...]) -> int:
    first = course.response_day
    assert first is not None
    earliest, latest = first + course.confirm_days, course.end_day - (course.end != "censored")
    if latest < earliest:
        raise DataError(f"a response on day {first} with the end on day {course.end_day} cannot be confirmed.")
    return min(next((day for day in planned if day >= earliest), earliest), latest)


def _sizes(course: Course, days: list[int], rng: np.random.Generator) -> list[float]:
    if course.response_day is None:
        return _stable(course, len(days), rng)
    if course.response == "CR":
        return [0.0 if day >= course.response_day else 0.85 for day in days]
    low = 1 - min(course.deepest, 0.78)
    nadir = float(rng.uniform(low, max(low + 0.01, 0.62)))
    nadir = min(nadir, 0.66)
    sizes: list[float] = []
    since = 0
    for day in days:
        if day < course.response_day:
            sizes.append(float(rng.uniform(0.80, 0.93)))
            continue
        share = min(1.0, 0.45 + 0.3 * since)
        size = 0.66 - (0.66 - nadir) * share + float(rng.uniform(-0.01, 0.01))
        # it grows again slowly, but neither out of the response nor by 20 % over the smallest sum
        size = min(
            size * (1 + 0.02 * max(0, since - 4)), 0.67, 1.12 * min([*sizes[-since:], size] if since else [size])
        )
        sizes.append(max(size, low))
        since += 1
    return sizes


def _stable(course: Course, n: int, rng: np.random.Generator) -> list[float]:
    if course.is_shrinking:
        size, low, high = float(rng.uniform(0.78, 0.97)), 0.75, 0.985
    else:
        size, low, high = float(rng.uniform(1.0, 1.1)), 1.0, 1.13
    sizes = []
    for _ in range(n):
        sizes.append(size)
        size = float(np.clip(size + rng.normal(0, 0.03), low, min(high, 1.12 * min(sizes))))
    return sizes


def _progress(course: Course, before: list[float], rng: np.random.Generator) -> tuple[float, str]:
    smallest = min([1.0, *before])
    last = before[-1] if before else float(rng.uniform(1.0, 1.15))
    way = rng.random()
    if smallest > 0 and course.can_grow and course.new_sites == 1 and way < 0.55:
        return max(smallest * float(rng.uniform(1.24, 1.5)), smallest + course.least_growth), ""
    if smallest == 0.0:
        return 0.0, "new"
    return min(last * float(rng.uniform(1.0, 1.1)), smallest * 1.15), "new"
