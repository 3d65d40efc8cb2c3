"""Lines of anticancer therapy, told apart by when their agents began."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["number_lines"]


def number_lines(days: Sequence[int | None], *, within_days: int) -> list[int]:
    """
    Number the lines of therapy of one patient by the first days of the agents.

    An agent that begins more than `within_days` after the first agent of a line begins the next line; so agents that are
    combined count as one line, and the first of them alone says when it began.

    Parameters
    ----------
    days : sequence of int or None
        First day of each agent, in any order and from any origin; None where it is not known.
    within_days : int
        Days after the first agent of a line within which an agent still belongs to it.

    Returns
    -------
    list of int
        Line of each agent, from 1, in the order of `days`. An agent without a known day belongs to the first line: it
        says that there was therapy, and not that there was more than one.

    References
    ----------
    .. [1] Meng W et al. (2021), JMIR Med Inform 9:e29017: a regimen window of 28 days after the first drug of a line.

    Examples
    --------
    >>> number_lines([10, 0, 29, None], within_days=28)
    [1, 1, 2, 1]
    """
    lines = [1] * len(days)
    known = sorted((day, k) for k, day in enumerate(days) if day is not None)
    line, first = 0, 0
    for day, k in known:
        if line == 0 or day - first > within_days:
            line, first = line + 1, day
        lines[k] = line
    return lines
