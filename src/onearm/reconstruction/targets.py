"""
What a cohort has to give: printed numbers with their rounding, and what they are printed about.

All times of patients are whole days as they stand in ADTTE (`Conventions.first_day` says whether the first day counts);
all printed times are months, all printed rates percentages. Every target has a name, by which it is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from onearm.reconstruction.printed import Printed
from onearm.stats.bands import IntervalScale
from onearm.stats.cox_data import Ties
from onearm.stats.quantiles import QuantileConvention
from onearm.terms import DAYS_PER_MONTH

__all__ = [
    "Among",
    "Comparison",
    "Conventions",
    "CurveTargets",
    "FollowUpTargets",
    "Landmark",
    "ResponseTimes",
    "Schedule",
]


@dataclass(frozen=True)
class Conventions:
    """
    How the paper, and hence onearm, makes numbers of times.

    Parameters
    ----------
    interval : str
        Scale of the limits of a survival rate (`onearm.stats.kaplan_meier`).
    median : str or QuantileConvention
        How a median is read off a curve (`onearm.stats.quantiles`).
    quartiles : {"r", "sas", "spss"}
        Definition of sample quartiles.
    ties : {"efron", "breslow", "exact"}
        Of Cox models.
    days_per_month : float
        Days in a month.
    first_day : {0, 1}
        1 where a time includes its first day.
    level : float
        Coverage of intervals.
    """

    interval: IntervalScale = "log"
    median: str | QuantileConvention = "r"
    quartiles: Literal["r", "sas", "spss"] = "r"
    ties: Ties = "efron"
    days_per_month: float = DAYS_PER_MONTH
    first_day: Literal[0, 1] = 1
    level: float = 0.95


class Among(NamedTuple):
    """
    Patients with a level of a characteristic.

    Attributes
    ----------
    variable : str
        Name of a characteristic of the cohort.
    level : str
        Its level; several that count as one are joined by ``|``, such as ``IVA|IVB``.
    """

    variable: str
    level: str


@dataclass(frozen=True)
class Landmark:
    """
    A rate read off a curve.

    Parameters
    ----------
    months : float
        When.
    rate, low, high : Printed, optional
        Percentages; None where not printed.
    """

    months: float
    rate: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None


@dataclass(frozen=True)
class CurveTargets:
    """
    What is printed about one Kaplan-Meier curve.

    Parameters
    ----------
    name : str
        By which its numbers are reported: ``name.median``, ``name.at 12``, ``name.events``.
    endpoint : str
        ``PFS``, ``OS``, ``DOR`` or any other time of the cohort.
    among : tuple of Among
        Of whom; the patients must have all of the levels. Empty for all who have the endpoint.
    n, events : int, optional
        Patients and events.
    median, low, high : Printed, optional
        In months; `NOT_REACHED` where printed so, None where not printed.
    landmarks : tuple of Landmark
        Rates.
    shortest, longest : Printed, optional
        Range of the observed times in months.
    """

    name: str
    endpoint: str
    among: tuple[Among, ...] = ()
    n: int | None = None
    events: int | None = None
    median: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    landmarks: tuple[Landmark, ...] = ()
    shortest: Printed | None = None
    longest: Printed | None = None


@dataclass(frozen=True)
class FollowUpTargets:
    """
    What is printed about the length of follow-up.

    Parameters
    ----------
    name : str
        By which it is reported.
    definition : {"reverse", "all", "censored"}
        Reverse Kaplan-Meier, observed time of all, or of those without the event.
    median : Printed, optional
        In months.
    low, high : Printed, optional
        Its limits, as `spread` says.
    spread : {"ci", "iqr", "range"}
        What the limits are; ``ci`` exists for the reverse Kaplan-Meier method only.
    endpoint : str
        Whose time.
    """

    name: str
    definition: Literal["reverse", "all", "censored"]
    median: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    spread: Literal["ci", "iqr", "range"] = "ci"
    endpoint: str = "OS"


@dataclass(frozen=True)
class Comparison:
    """
    Two groups compared on one endpoint.

    Parameters
    ----------
    name : str
        By which it is reported.
    endpoint : str
        Whose time.
    variable, level, reference : str
        Hazard of `level` over that of `reference`; patients with other levels are left out, so a characteristic that was
        not measured in all has a further level for the rest. An empty reference is all other levels that a margin counts.
    hazard_ratio, low, high : Printed, optional
        Of the Cox model.
    p_wald, p_log_rank : Printed, optional
        Two-sided.
    adjusted_for : tuple of Among
        Further covariates, each 1 for the patients with that level and 0 for others.
    """

    name: str
    endpoint: str
    variable: str
    level: str
    reference: str
    hazard_ratio: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    p_wald: Printed | None = None
    p_log_rank: Printed | None = None
    adjusted_for: tuple[Among, ...] = ()


@dataclass(frozen=True)
class ResponseTimes:
    """
    Times from the start to the first response, among responders.

    Parameters
    ----------
    name : str
        By which they are reported.
    median, low, high : Printed, optional
        In months; sample quartiles, or a range.
    spread : {"iqr", "range"}
        What the limits are.
    """

    name: str = "TTR"
    median: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    spread: Literal["iqr", "range"] = "iqr"


@dataclass(frozen=True)
class Schedule:
    """
    When events can be seen.

    Parameters
    ----------
    scan_days : tuple of int
        Planned days of assessments, ascending; empty where any day will do. Progressions and responses are put within
        `window_days` of one unless a printed number fixes another day.
    window_days : int
        Tolerance around a planned day.
    shortest_follow_up, longest_follow_up : int
        Days from the last and from the first patient's start to the cut-off: no time is longer than the longest, and no
        patient without the event, except `lost`, is observed for less than the shortest.
    lost : int
        Patients whose observation may end before the cut-off without the event.
    """

    scan_days: tuple[int, ...] = ()
    window_days: int = 7
    shortest_follow_up: int = 0
    longest_follow_up: int = 3650
    lost: int | None = None
