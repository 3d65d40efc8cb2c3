"""
What a cohort has to give: printed numbers with their rounding, and what they are printed about.

All times of patients are whole days as they stand in ADTTE (`Conventions.first_day` says whether the first day counts);
all printed times are months, all printed rates percentages. Every target has a name, by which it is reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from onearm.stats.bands import IntervalScale
from onearm.stats.cox_data import Ties
from onearm.stats.quantiles import QuantileConvention
from onearm.terms import DAYS_PER_MONTH

__all__ = [
    "NOT_REACHED",
    "AdverseEventTargets",
    "Among",
    "Cohort",
    "Comparison",
    "Conventions",
    "Cross",
    "CurveTargets",
    "FollowUpTargets",
    "Landmark",
    "Lasting",
    "LastingStable",
    "Margin",
    "Measure",
    "Printed",
    "PrintedP",
    "Quantity",
    "Reached",
    "ResponseTimes",
    "Schedule",
    "TermTargets",
    "printed",
]

_NOISE: Final = 1e-9
"""Share of a unit in the last place by which two doubles that mean the same number may differ."""


class Printed(NamedTuple):
    """
    A number as printed.

    Attributes
    ----------
    value : float
        The number; infinite for "not reached" or "not estimable".
    decimals : int
        Decimals that were printed: 72.0 is not 72.
    sign : {"=", "<", ">"}
        ``<`` for a number that was printed as a bound, such as p < 0.001.
    """

    value: float
    decimals: int = 0
    sign: Literal["=", "<", ">"] = "="

    def __str__(self) -> str:
        """As printed."""
        if math.isinf(self.value):
            return "NE"
        return f"{'' if self.sign == '=' else self.sign}{self.value:.{self.decimals}f}"

    @property
    def half_unit(self) -> float:
        """Half of one in the last printed place."""
        return 0.5 * 10.0**-self.decimals

    def bounds(self) -> tuple[float, float]:
        """
        Give the exact numbers that may have been printed so.

        Returns
        -------
        tuple of float
            Smallest and largest; both included, because a tie may be rounded either way.
        """
        if math.isinf(self.value):
            return math.inf, math.inf
        if self.sign == "<":
            return -math.inf, self.value
        if self.sign == ">":
            return self.value, math.inf
        slack = self.half_unit * (1 + _NOISE)
        return self.value - slack, self.value + slack

    def fits(self, exact: float) -> bool:
        """
        Say whether a number may have been printed so.

        Parameters
        ----------
        exact : float
            The unrounded number; NaN where it does not exist.

        Returns
        -------
        bool
            A tie may go either way (half to even, half away from zero); "not reached" fits only what does not exist.

        Examples
        --------
        >>> Printed(12.3, 1).fits(12.25), Printed(0.001, 3, "<").fits(0.0004), NOT_REACHED.fits(math.nan)
        (True, True, True)
        """
        missing = math.isnan(exact) or math.isinf(exact)
        if math.isinf(self.value) or missing:
            return math.isinf(self.value) and missing
        low, high = self.bounds()
        return low <= exact <= high

    def miss(self, exact: float) -> float:
        """
        Say by how much a number misses what was printed.

        Parameters
        ----------
        exact : float
            The unrounded number; NaN where it does not exist.

        Returns
        -------
        float
            Zero where it fits whichever way ties are rounded, else the distance to the nearest number that does; infinite
            where only one of the two exists. A tie misses by next to nothing, so that a search prefers what every program
            prints alike.
        """
        missing = math.isnan(exact) or math.isinf(exact)
        if math.isinf(self.value):
            return 0.0 if missing else math.inf
        if missing:
            return math.inf
        low, high = self.bounds()
        inside = 2 * _NOISE * self.half_unit
        return max(low + inside - exact, exact - high + inside, 0.0)


NOT_REACHED: Final = Printed(math.inf, 0)
"""A median or a limit that was printed as not reached or not estimable."""


def printed(text: str | float) -> Printed:
    """
    Read a number as printed.

    Parameters
    ----------
    text : str or float
        Such as ``"56.5"``, ``"<0.001"``, ``"NE"``, ``"NR"``. A float is taken with the decimals Python writes it with, so
        that 72.0 has one; pass text where that matters.

    Returns
    -------
    Printed
        With its decimals and its sign.

    Examples
    --------
    >>> printed("17.81"), printed("<0.001"), printed("NE") == NOT_REACHED
    (Printed(value=17.81, decimals=2, sign='='), Printed(value=0.001, decimals=3, sign='<'), True)
    """
    shown = str(text).strip().replace("\u2212", "-").replace("·", ".")
    if shown.upper().rstrip(".") in {"NE", "NR", "NA"}:
        return NOT_REACHED
    sign: Literal["=", "<", ">"] = "<" if shown[:1] == "<" else ">" if shown[:1] == ">" else "="
    digits = shown.lstrip("<>= ")
    return Printed(float(digits), len(digits.partition(".")[2]), sign)


PrintedP = Printed
"""A p value is a printed number; ``sign`` says whether it is one or a bound."""


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
class Lasting:
    """
    A count of patients whose time is long enough.

    Parameters
    ----------
    endpoint : str
        Whose times.
    months : float
        How long at least, with or without the event.
    count : int
        Patients.
    """

    endpoint: str
    months: float
    count: int


@dataclass(frozen=True)
class Reached:
    """
    A count of patients whose event comes by some time.

    Parameters
    ----------
    endpoint : str
        Whose times, such as ``TTR``.
    months : float
        By when.
    count : int
        Patients.
    """

    endpoint: str
    months: float
    count: int


@dataclass(frozen=True)
class LastingStable:
    """
    A count of patients with stable disease that an assessment still shows after some months.

    Parameters
    ----------
    months : float
        How long at least.
    count : int
        Patients.
    among : tuple of Among
        Of whom, beside stable disease as the best response.
    """

    months: float
    count: int
    among: tuple[Among, ...] = ()


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


@dataclass(frozen=True)
class Margin:
    """
    A characteristic and how many patients have each level.

    Parameters
    ----------
    variable : str
        Its name.
    counts : dict of str to int or None
        Patients by level; None where that was not printed. Where printed ones do not add up to the cohort and none is
        missing, the remaining patients have the level `rest`.
    rest : str
        Level of those not counted.
    """

    variable: str
    counts: dict[str, int | None]
    rest: str = "unknown"


@dataclass(frozen=True)
class Cross:
    """
    How many patients have all of several levels.

    Parameters
    ----------
    name : str
        By which it is reported.
    among : tuple of Among
        The levels; those of a variable without a `Margin` must be known beforehand, such as the best response.
    count : int
        Patients.
    """

    name: str
    among: tuple[Among, ...]
    count: int


@dataclass(frozen=True)
class Quantity:
    """
    What is printed about a measured characteristic.

    Parameters
    ----------
    name : str
        By which it is reported.
    median, mean, sd, low, high : Printed, optional
        Of the values.
    spread : {"range", "iqr"}
        What the limits are.
    among : tuple of Among
        Of whom.
    """

    name: str
    median: Printed | None = None
    mean: Printed | None = None
    sd: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    spread: Literal["range", "iqr"] = "range"
    among: tuple[Among, ...] = ()


@dataclass(frozen=True)
class Measure:
    """
    A measured characteristic.

    Parameters
    ----------
    variable : str
        Its name.
    decimals : int
        With which it is recorded; 0 for years.
    quantities : tuple of Quantity
        What is printed about it.
    groups : dict of str to tuple of float
        Levels of the characteristic ``variable_GROUP``, each with the smallest and the largest value that belongs to it;
        a `Margin` of that name counts them.
    lowest, highest : float
        Values outside are not possible.
    """

    variable: str
    decimals: int = 0
    quantities: tuple[Quantity, ...] = ()
    groups: dict[str, tuple[float, float]] = field(default_factory=dict)
    lowest: float = 0.0
    highest: float = 1000.0


@dataclass(frozen=True)
class TermTargets:
    """
    How many patients had one adverse event.

    Parameters
    ----------
    term : str
        Its name.
    any_grade : int, optional
        Patients with the event.
    grade_3 : int, optional
        Patients with grade 3 or more.
    grades : dict of int to int
        Patients by worst grade, where printed.
    flags : dict of str to int
        Patients in whom the event was serious, led to reduction …, by name of the flag.
    """

    term: str
    any_grade: int | None = None
    grade_3: int | None = None
    grades: dict[int, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AdverseEventTargets:
    """
    A table of adverse events.

    Parameters
    ----------
    n : int
        Patients.
    terms : tuple of TermTargets
        Rows of the table.
    any_event, any_grade_3 : int, optional
        Patients with any event, and with any of grade 3 or more.
    grades : dict of int to int
        Patients by the worst grade of any event, where printed.
    flags : dict of str to int
        Patients with any event that carries the flag.
    is_complete : bool
        Whether every event that happened is in the table. If not, events of other terms may stand in for what the rows
        do not account for; they carry the term `other_term`.
    other_term : str
        Name of what is not in the table.
    """

    n: int
    terms: tuple[TermTargets, ...]
    any_event: int | None = None
    any_grade_3: int | None = None
    grades: dict[int, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    is_complete: bool = False
    other_term: str = "Other"


@dataclass(frozen=True)
class Cohort:
    """
    Everything that one cohort has to give.

    Parameters
    ----------
    n : int
        Patients.
    responses : dict of str to int
        Best responses, such as ``{"CR": 1, "PR": 25}``; together `n`. They become the characteristic ``BOR``, and
        ``RESPONDER`` has the levels ``Y`` (CR, PR) and ``N``.
    conventions : Conventions
        How numbers are made.
    schedule : Schedule
        When events can be seen.
    curves : tuple of CurveTargets
        Of PFS and OS of all, DOR of responders, and of subgroups.
    comparisons : tuple of Comparison
        Of subgroups.
    follow_up : tuple of FollowUpTargets
        Length of follow-up.
    response_times : ResponseTimes, optional
        Times to response.
    margins : tuple of Margin
        Characteristics.
    crosses : tuple of Cross
        Counts over several characteristics.
    measures : tuple of Measure
        Measured characteristics.
    death_ends_pfs : bool
        Whether each death is an event of PFS. If not, patients may die after PFS was censored (at a new therapy, after
        missed scans).
    progressions : int, optional
        Events of PFS that are progressions, not deaths.
    lasting : tuple of Lasting
        Counts of patients whose time is long enough.
    reached : tuple of Reached
        Counts of patients whose event comes early enough.
    stable : tuple of LastingStable
        Counts of patients whose stable disease lasts.
    ongoing : int, optional
        Patients still on treatment at the cut-off: as many at least must be alive and without an event of PFS.
    """

    n: int
    responses: dict[str, int]
    conventions: Conventions = field(default_factory=Conventions)
    schedule: Schedule = field(default_factory=Schedule)
    curves: tuple[CurveTargets, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    follow_up: tuple[FollowUpTargets, ...] = ()
    response_times: ResponseTimes | None = None
    margins: tuple[Margin, ...] = ()
    crosses: tuple[Cross, ...] = ()
    measures: tuple[Measure, ...] = ()
    death_ends_pfs: bool = True
    progressions: int | None = None
    lasting: tuple[Lasting, ...] = ()
    reached: tuple[Reached, ...] = ()
    stable: tuple[LastingStable, ...] = ()
    ongoing: int | None = None
