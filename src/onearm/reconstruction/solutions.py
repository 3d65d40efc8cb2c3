"""What the solvers return: synthetic patients, and for every printed number whether they give it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AdverseEvent",
    "AdverseEventSolution",
    "Check",
    "CohortSolution",
    "Conflict",
    "LabelSolution",
    "TimeSolution",
]


@dataclass(frozen=True)
class Check:
    """
    One printed number beside the number that the patients give.

    Parameters
    ----------
    name : str
        Of the target and its part, such as ``PFS.median``.
    printed : str
        As printed.
    computed : float
        Unrounded, by onearm's own statistics; NaN where it does not exist.
    is_met : bool
        Whether it rounds to what was printed.
    reason : str
        Why it is not met; empty where it is.
    """

    name: str
    printed: str
    computed: float
    is_met: bool
    reason: str = ""


@dataclass(frozen=True)
class Conflict:
    """
    Targets that cannot be met together.

    Parameters
    ----------
    names : tuple of str
        Names of the targets: without any one of them the others can be met.
    reason : str
        Why.
    is_proved : bool
        True where it was shown (by counting, by enumeration or by an infeasible integer program); False where a search
        found no solution with all of them and one without each.
    """

    names: tuple[str, ...]
    reason: str
    is_proved: bool


@dataclass(frozen=True, eq=False)
class TimeSolution:
    """
    Times of one endpoint.

    Parameters
    ----------
    day : ndarray of int, shape (n,)
        Whole days, ascending.
    event : ndarray of bool, shape (n,)
        Whether the time ended with the event.
    checks : tuple of Check
        Every printed number.
    conflicts : tuple of Conflict
        What cannot be met together.
    """

    day: NDArray[np.int64]
    event: NDArray[np.bool_]
    checks: tuple[Check, ...]
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, eq=False)
class LabelSolution:
    """
    Characteristics of a cohort.

    Parameters
    ----------
    labels : dict of str to ndarray of str, shape (n,)
        Levels, those given beforehand among them.
    values : dict of str to ndarray of float, shape (n,)
        Measured characteristics.
    checks : tuple of Check
        Every printed count.
    conflicts : tuple of Conflict
        What cannot be met together.
    """

    labels: dict[str, NDArray[np.str_]]
    values: dict[str, NDArray[np.float64]]
    checks: tuple[Check, ...]
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, eq=False)
class CohortSolution:
    """
    The patients of one cohort; every array has one element per patient, in one order.

    Parameters
    ----------
    n : int
        Patients.
    day : dict of str to ndarray of int, shape (n,)
        Days of each endpoint as in ADTTE; -1 for patients who do not have it (``DOR`` of those without response). ``TTR``
        is the day of the first response of the responders.
    event : dict of str to ndarray of bool, shape (n,)
        Whether each time ended with the event.
    is_death : ndarray of bool, shape (n,)
        Whether the PFS event is a death without progression; then the days of PFS and OS are the same.
    labels : dict of str to ndarray of str, shape (n,)
        Levels of characteristics, ``BOR`` and ``RESPONDER`` among them.
    values : dict of str to ndarray of float, shape (n,)
        Measured characteristics.
    checks : tuple of Check
        Every printed number.
    conflicts : tuple of Conflict
        What cannot be met together.
    """

    n: int
    day: dict[str, NDArray[np.int64]]
    event: dict[str, NDArray[np.bool_]]
    is_death: NDArray[np.bool_]
    labels: dict[str, NDArray[np.str_]]
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True)
class AdverseEvent:
    """
    An adverse event of one patient.

    Parameters
    ----------
    patient : int
        Index of the patient, from 0.
    term : str
        Its name.
    grade : int
        Worst grade of this term in this patient.
    flags : tuple of str
        What it was or led to.
    """

    patient: int
    term: str
    grade: int
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdverseEventSolution:
    """
    The adverse events of a cohort.

    Parameters
    ----------
    events : tuple of AdverseEvent
        One for each patient and term.
    checks : tuple of Check
        Every printed count.
    conflicts : tuple of Conflict
        What cannot be met together.
    """

    events: tuple[AdverseEvent, ...]
    checks: tuple[Check, ...]
    conflicts: tuple[Conflict, ...] = ()
