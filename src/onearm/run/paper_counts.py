"""Counts of a paper that bind the courses of patients: responses by a month, stable disease that lasts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from onearm.reconstruction.count_targets import Lasting, LastingStable, Reached
from onearm.reconstruction.targets import Among
from onearm.run.paper_setting import Builder

__all__ = ["lasting_targets", "reached_targets", "stable_targets"]


def lasting_targets(builder: Builder) -> tuple[Lasting, ...]:
    """
    Collect how many patients have a time of at least some months.

    Parameters
    ----------
    builder : Builder
        The paper.

    Returns
    -------
    tuple of Lasting
        One for each time and month; what is printed last counts.
    """
    found: dict[tuple[str, float], Lasting] = {}
    for statement, meaning in builder.about("still_at_risk"):
        if statement.count is not None:
            months = float(meaning.level)
            found[meaning.name, months] = Lasting(meaning.name, months, statement.count)
    return tuple(found.values())


def reached_targets(builder: Builder) -> Iterator[Reached]:
    """
    Collect the responses that must come by the month of their endpoint.

    Parameters
    ----------
    builder : Builder
        The paper.

    Yields
    ------
    Reached
        Of each count of a rate with ``by_months``.
    """
    for statement, meaning in builder.about("rate"):
        endpoint = builder.protocol.rates[meaning.name]
        if endpoint.by_months is not None and statement.count is not None and not meaning.within:
            yield Reached("TTR", float(endpoint.by_months), statement.count)


def stable_targets(builder: Builder, responses: Mapping[str, int]) -> Iterator[LastingStable]:
    """
    Collect how many patients have lasting stable disease: those of a lasting benefit less the responders.

    Parameters
    ----------
    builder : Builder
        The paper; ``[[cohort.cross]]`` says who the responders of a subgroup are.
    responses : mapping of str to int
        Best responses of all.

    Yields
    ------
    LastingStable
        Of each count of a rate with ``stable_at_least_months``.
    """
    responders: dict[tuple[Among, ...], int] = defaultdict(int)
    responders[()] = responses.get("CR", 0) + responses.get("PR", 0)
    for cross in builder.extra.get("cross", ()):
        levels = dict(cross["among"])
        if levels.pop("BOR", "") in {"CR", "PR"}:
            responders[tuple(Among(*pair) for pair in levels.items())] += int(cross["count"])
    for statement, meaning in builder.about("rate"):
        months = builder.protocol.rates[meaning.name].stable_at_least_months
        if months is not None and statement.count is not None:
            among = (Among(meaning.within[0], meaning.within[1]),) if len(meaning.within) > 1 else ()
            yield LastingStable(float(months), statement.count - responders[among], among)
