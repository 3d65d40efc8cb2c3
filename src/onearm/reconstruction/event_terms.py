"""Counts of patients by how and how late a time ended, as terms of the loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.count_targets import Lasting, LastingStable, Reached
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.targets import Among, Conventions, Schedule
from onearm.reconstruction.terms import Patients, Term

__all__ = ["event_terms"]

_APART: Final = 17
"""An assessment is shown where progression comes more than two weeks after it; it may be three days late."""


def event_terms(cohort: Cohort) -> Iterator[Term]:
    """
    Write the counted progressions, lasting times and patients on treatment of a cohort as terms.

    Parameters
    ----------
    cohort : Cohort
        What was printed.

    Yields
    ------
    Term
        None where nothing was counted.
    """
    if cohort.progressions is not None:
        yield _progressions(cohort.progressions)
    for one in cohort.lasting:
        yield _lasting(one, cohort.conventions)
    for early in cohort.reached:
        yield _reached(early, cohort.conventions)
    for stable in cohort.stable:
        yield _stable(stable, cohort.conventions, cohort.schedule)
    if cohort.ongoing is not None:
        yield _ongoing(cohort.ongoing)


def _progressions(count: int) -> Term:
    """An event of PFS on the day of death is the death."""

    def compute(patients: Patients) -> list[float]:
        pairs = zip(patients.codes["PFS"], patients.codes["OS"], strict=True)
        return [float(sum(not end & 1 and end != last for end, last in pairs))]

    return Term(("PFS.progressions",), (Printed(count, 0),), compute, frozenset({"PFS", "OS"}))


def _lasting(target: Lasting, conventions: Conventions) -> Term:
    least = target.months * conventions.days_per_month

    def compute(patients: Patients) -> list[float]:
        return [float(sum(code >= 0 and code >> 1 >= least for code in patients.codes[target.endpoint]))]

    name = f"{target.endpoint}.at least {target.months:g}"
    return Term((name,), (Printed(target.count, 0),), compute, frozenset({target.endpoint}))


def _reached(target: Reached, conventions: Conventions) -> Term:
    latest = target.months * conventions.days_per_month

    def compute(patients: Patients) -> list[float]:
        codes = patients.codes[target.endpoint]
        return [float(sum(code >= 0 and not code & 1 and code >> 1 <= latest for code in codes))]

    name = f"{target.endpoint}.by {target.months:g}"
    return Term((name,), (Printed(target.count, 0),), compute, frozenset({target.endpoint}))


def _stable(target: LastingStable, conventions: Conventions, schedule: Schedule) -> Term:
    """A censored time ends with an assessment; before a progression it is the last planned one that was in time."""
    least = target.months * conventions.days_per_month
    last_scan = next((day for day in schedule.scan_days if day >= least), round(least))
    among = (Among("BOR", "SD"), *target.among)

    def is_lasting(code: int) -> bool:
        day = (code >> 1) - conventions.first_day
        return day > least if code & 1 else day > last_scan + _APART

    def compute(patients: Patients) -> list[float]:
        wanted = [(patients.labels[variable], frozenset(level.split("|"))) for variable, level in among]
        return [float(sum(is_lasting(patients.codes["PFS"][i]) for i in patients.members(wanted)))]

    name = " ".join(["SD", *(one.level for one in target.among)]) + f".lasting {target.months:g}"
    touches = frozenset({"PFS", *(one.variable for one in target.among)})
    return Term((name,), (Printed(target.count, 0),), compute, touches)


def _ongoing(count: int) -> Term:
    """Whoever is on treatment at the cut-off is alive and has not progressed; others may be so too."""

    def compute(patients: Patients) -> list[float]:
        pairs = zip(patients.codes["PFS"], patients.codes["OS"], strict=True)
        return [float(sum(end & 1 and last & 1 for end, last in pairs))]

    # so many or more: a bound half a patient below
    return Term(("ongoing at least",), (Printed(count - 0.5, 1, ">"),), compute, frozenset({"PFS", "OS"}))
