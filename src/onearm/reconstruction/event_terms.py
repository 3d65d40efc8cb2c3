"""Counts of patients by how and how late a time ended, as terms of the loss."""

from __future__ import annotations

from collections.abc import Iterator

from onearm.reconstruction.targets import Cohort, Conventions, Lasting, Printed
from onearm.reconstruction.terms import Patients, Term

__all__ = ["event_terms"]


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


def _ongoing(count: int) -> Term:
    """Whoever is on treatment at the cut-off is alive and has not progressed; others may be so too."""

    def compute(patients: Patients) -> list[float]:
        pairs = zip(patients.codes["PFS"], patients.codes["OS"], strict=True)
        return [float(sum(end & 1 and last & 1 for end, last in pairs))]

    # so many or more: a bound half a patient below
    return Term(("ongoing at least",), (Printed(count - 0.5, 1, ">"),), compute, frozenset({"PFS", "OS"}))
