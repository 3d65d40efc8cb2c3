"""One synthetic patient as neutral facts: days from the first dose, lesions, doses, events; no record and no table yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

__all__ = ["Dose", "Event", "Lesion", "Patient", "PhaseEnd", "Scan", "Therapy"]


@dataclass(frozen=True)
class Lesion:
    """
    A lesion at baseline.

    Parameters
    ----------
    name : str
        Such as ``T01`` or ``NT02``.
    organ : str
        Where it lies.
    diameter : float
        Millimetres: longest diameter, short axis of a lymph node; 0 for a non-target lesion.
    is_node : bool
        Whether it is a lymph node.
    """

    name: str
    organ: str
    diameter: float = 0.0
    is_node: bool = False

    @property
    def is_target(self) -> bool:
        """Whether it is measured."""
        return self.diameter > 0


@dataclass(frozen=True)
class Scan:
    """
    What one assessment saw.

    Parameters
    ----------
    day : int
        Days from the first dose; not positive at baseline.
    size : float
        Sum of the target lesions as a share of the baseline sum; 0: all gone.
    finding : str
        ``new`` lesion, ``non-target`` progression, or nothing.
    new_sites : int
        In how many organs, where there are new lesions.
    """

    day: int
    size: float
    finding: str = ""
    new_sites: int = 1


@dataclass(frozen=True)
class Dose:
    """
    One administration, or one stretch of daily doses.

    Parameters
    ----------
    drug : str
        Name.
    level : int
        0 for the starting dose, 1 for the first reduction.
    start, end : int
        Days from the first dose.
    reason : str
        Why the dose differs from the one before; may be empty.
    epoch : str
        EPOCH of its phase of treatment; empty where treatment is one.
    """

    drug: str
    level: int
    start: int
    end: int
    reason: str = ""
    epoch: str = ""


@dataclass(frozen=True)
class PhaseEnd:
    """
    How a phase of treatment ended.

    Parameters
    ----------
    epoch : str
        Its EPOCH.
    day : int
        Days from the first dose.
    reason : str
        In the terms of CDISC; ``COMPLETED`` where the next phase was begun.
    """

    epoch: str
    day: int
    reason: str


@dataclass(frozen=True)
class Event:
    """
    An adverse event.

    Parameters
    ----------
    term : str
        Its name.
    grade : int
        Grade of CTCAE.
    start, end : int
        Days from the first dose; ``end`` is missing where it went on.
    drug : str
        Drug that it is related to; empty where it is not related to treatment.
    action : str
        What was done to that drug.
    is_serious, is_fatal : bool
        What came of it.
    is_immune : bool
        Whether the investigator judged it to be immune-related.
    """

    term: str
    grade: int
    start: int
    end: int | None = None
    drug: str = ""
    action: str = "DOSE NOT CHANGED"
    is_serious: bool = False
    is_fatal: bool = False
    is_immune: bool = False


@dataclass(frozen=True)
class Therapy:
    """
    A later anticancer therapy.

    Parameters
    ----------
    name : str
        What was given.
    start : int
        Days from the first dose.
    """

    name: str
    start: int


@dataclass(frozen=True)
class Patient:
    """
    An enrolled synthetic patient.

    Parameters
    ----------
    start : date
        First dose.
    columns : dict
        Baseline characteristics by their column in DM.
    lesions : tuple of Lesion
        At baseline.
    scans : tuple of Scan
        Assessments after baseline.
    last_seen : int
        Day on which the patient was last known to be alive, or died.
    is_dead : bool
        Whether that day is the day of death.
    stop_day : int or None
        End of treatment; None while it goes on.
    stop_reason : str
        In the terms of CDISC; empty while treatment goes on.
    doses : tuple of Dose
        What was given.
    phases : tuple of PhaseEnd
        How each phase of treatment ended; empty where treatment is one.
    events : tuple of Event
        Adverse events.
    therapies : tuple of Therapy
        Later anticancer therapies.
    cohort : str
        Where the trial has several.
    deviation : str
        Major deviation from the protocol; empty for none.
    response : str
        Best response; written down only where no lesions are.
    response_day, progression_day : int or None
        First response and progression.
    """

    start: dt.date
    columns: dict[str, object]
    lesions: tuple[Lesion, ...]
    scans: tuple[Scan, ...]
    last_seen: int
    is_dead: bool
    stop_day: int | None = None
    stop_reason: str = ""
    doses: tuple[Dose, ...] = ()
    phases: tuple[PhaseEnd, ...] = ()
    events: tuple[Event, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    cohort: str = ""
    deviation: str = ""
    response: str = ""
    response_day: int | None = None
    progression_day: int | None = None
