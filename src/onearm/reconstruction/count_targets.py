"""Printed counts: characteristics and what is crossed with what, measured values, lasting times, adverse events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from onearm.reconstruction.printed import Printed
from onearm.reconstruction.targets import Among

__all__ = [
    "AdverseEventTargets",
    "Cross",
    "Lasting",
    "LastingStable",
    "Margin",
    "Measure",
    "Quantity",
    "Reached",
    "TermTargets",
]


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
