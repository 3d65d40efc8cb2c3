"""Printed numbers of curves that were proved impossible beside others while patients were looked for."""

from __future__ import annotations

from collections.abc import Sequence

from onearm.published import Published
from onearm.published.model import Statement
from onearm.published.numbers import Meaning, Meanings
from onearm.reconstruction.solutions import Conflict

__all__ = ["proved_impossible"]


def proved_impossible(published: Published, meanings: Meanings, conflicts: Sequence[Conflict]) -> dict[Statement, str]:
    """
    Find the statements that a proof says cannot hold.

    Parameters
    ----------
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of.
    conflicts : sequence of Conflict
        Of the solvers. One that is not proved shows only that a search found nothing, and excuses nothing.

    Returns
    -------
    dict of Statement to str
        The proof by statement; a number of it that the records give all the same is met nevertheless.

    Examples
    --------
    >>> from onearm.published.numbers import parse_meanings
    >>> from onearm.published.read import parse_published
    >>> text = '[[statement]]\\nplace = "Results"\\nstatistic = "landmark"\\nid = "OS at 6"\\ntime = 6\\npercent = 85.4'
    >>> paper = parse_published(text)
    >>> meanings = parse_meanings('[numbers]\\n"OS at 6" = { time = "OS" }')
    >>> conflict = Conflict(("OS.at 6", "OS.at 6 high"), "no number of events gives them", is_proved=True)
    >>> list(proved_impossible(paper, meanings, [conflict]).values())
    ['OS.at 6 and OS.at 6 high: no number of events gives them']
    """
    proofs = {name: conflict for conflict in conflicts if conflict.is_proved for name in conflict.names}
    found = {}
    for statement, meaning in meanings.statements(published, "time"):
        conflict = next((proofs[name] for name in _names(statement, meaning) if name in proofs), None)
        if conflict is not None:
            found[statement] = f"{' and '.join(conflict.names)}: {conflict.reason}"
    return found


def _names(statement: Statement, meaning: Meaning) -> tuple[str, ...]:
    """Names under which the solvers know the numbers of a statement (`onearm.reconstruction.targets.CurveTargets`)."""
    curve = " ".join([meaning.name, "=".join(meaning.within[:2])]).strip()
    if statement.statistic == "landmark" and statement.time is not None:
        mark = f"{curve}.at {statement.time:g}"
        return mark, f"{mark} low", f"{mark} high"
    return tuple(f"{curve}.{part}" for part in ("events", "median", "low", "high"))
