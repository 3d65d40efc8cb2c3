"""Printed numbers beside the numbers of a cohort."""

from __future__ import annotations

from collections.abc import Iterable

from onearm.reconstruction.solutions import Check
from onearm.reconstruction.terms import Patients, Term

__all__ = ["check_terms"]


def check_terms(terms: Iterable[Term], patients: Patients, *, reason: str) -> tuple[Check, ...]:
    """
    Compare every printed number with the one that the patients give.

    Parameters
    ----------
    terms : iterable of Term
        What was printed.
    patients : Patients
        The cohort.
    reason : str
        Said of numbers that are not met.

    Returns
    -------
    tuple of Check
        In the order of the terms.
    """
    patients.sorted_times.clear()
    checks = []
    for term in terms:
        for name, shown, exact in zip(term.names, term.printed, term.compute(patients), strict=True):
            is_met = shown.fits(exact)
            checks.append(Check(name, str(shown), exact, is_met, "" if is_met else reason))
    return tuple(checks)
