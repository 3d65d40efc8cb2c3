"""Everything that one cohort has to give."""

from __future__ import annotations

from dataclasses import dataclass, field

from onearm.reconstruction.count_targets import Cross, Lasting, LastingStable, Margin, Measure, Reached
from onearm.reconstruction.targets import (
    Comparison,
    Conventions,
    CurveTargets,
    FollowUpTargets,
    ResponseTimes,
    Schedule,
)

__all__ = ["Cohort"]


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
