"""What one check says about one statement, and how several checks become one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from onearm.published.model import Finding, Statement, Verdict

__all__ = ["Outcome", "holds", "merge", "unchecked"]

_ORDER: Final = (Verdict.IMPOSSIBLE, Verdict.ROUNDING, Verdict.OTHER_METHOD, Verdict.HOLDS, Verdict.UNCHECKED)
_SEVERITY: Final = ("error", "warning", "note", "none")


class Outcome(NamedTuple):
    """
    Result of one check.

    Attributes
    ----------
    verdict : Verdict
        Of this check alone.
    working : str
        One line.
    method, closest : str
        May be empty.
    severity : str
        ``error``, ``warning``, ``note`` or ``none``.
    """

    verdict: Verdict
    working: str
    method: str = ""
    closest: str = ""
    severity: str = "none"


def holds(working: str, method: str = "") -> Outcome:
    """
    Say that a check found nothing wrong.

    Parameters
    ----------
    working, method : str
        As in `Outcome`.

    Returns
    -------
    Outcome
        Of severity ``none``.
    """
    return Outcome(Verdict.HOLDS, working, method)


def unchecked(reason: str) -> Outcome:
    """
    Say that a check could not be made.

    Parameters
    ----------
    reason : str
        Why.

    Returns
    -------
    Outcome
        Of severity ``none``.
    """
    return Outcome(Verdict.UNCHECKED, reason)


def merge(statement: Statement, outcomes: Sequence[Outcome]) -> Finding:
    """
    Make one finding: the gravest verdict, the workings of all checks that say anything.

    Parameters
    ----------
    statement : Statement
        What was checked.
    outcomes : sequence of Outcome
        At least one.

    Returns
    -------
    Finding
        Workings of the gravest verdict come first; a check that could not be made is silent beside one that was.
    """
    ranked = sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.verdict))
    verdict = ranked[0].verdict
    said = [item for item in ranked if item.verdict != Verdict.UNCHECKED] or ranked
    return Finding(
        place=statement.place,
        statement=statement.shown,
        verdict=verdict,
        method="; ".join(dict.fromkeys(item.method for item in said if item.method)),
        working="; ".join(dict.fromkeys(item.working for item in said if item.working)),
        closest="; ".join(dict.fromkeys(item.closest for item in said if item.closest)),
        severity=min((item.severity for item in ranked if item.verdict == verdict), key=_SEVERITY.index),
        sentence=statement.sentence,
    )
