"""How late a cycle may begin and how long an interruption may last, so that no break is longer than a protocol allows."""

from __future__ import annotations

from onearm.protocol import Treatment

__all__ = ["has_limit", "latest_start", "longest_hold"]


def _limit(drug: Treatment) -> int | None:
    limits = [limit for limit in (drug.max_interruption_days, drug.max_delay_days) if limit is not None]
    if drug.omissions_stop is not None:
        # a break that skips so many planned doses is as many omissions
        limits.append(drug.omissions_stop * (drug.cycle_days // len(drug.days)) - 1)
    return min(limits) if limits else None


def has_limit(drug: Treatment) -> bool:
    """
    Say whether a protocol limits the breaks of a drug.

    Parameters
    ----------
    drug : Treatment
        The drug.

    Returns
    -------
    bool
        By days, or by omitted doses.
    """
    return _limit(drug) is not None


def _longest_stretch(drug: Treatment) -> int:
    """Days from the first to the last of the longest stretch of dosing days."""
    longest = current = 0
    for before, day in zip(drug.days, drug.days[1:], strict=False):
        current = current + 1 if day == before + 1 else 0
        longest = max(longest, current)
    return longest


def latest_start(drug: Treatment, late_days: int, *, hold_days: tuple[int, int]) -> int:
    """
    Say by how many days a cycle may begin late.

    Parameters
    ----------
    drug : Treatment
        Its dosing days and limits.
    late_days : int
        Most days as assumed.
    hold_days : tuple of int
        Least and most days of an interruption as assumed.

    Returns
    -------
    int
        From 0 to ``late_days``, and no interruption where their number is limited. There is room for a stretch of dosing
        days that was broken off on its first day, which makes the longest break before the next one, and for a shortest
        interruption.

    Examples
    --------
    >>> from onearm.protocol import Treatment
    >>> oral = Treatment(name="a", unit="mg", dose_levels=(10,), cycle_days=21, dosing_days="1-14", max_delay_days=14)
    >>> free = oral.model_copy(update={"max_delay_days": None})
    >>> latest_start(oral, 5, hold_days=(7, 21)), latest_start(free, 5, hold_days=(7, 21))
    (1, 5)
    """
    if drug.interruptions_stop is not None:
        late_days = min(late_days, drug.interruption_after_days)
    limit = _limit(drug)
    return late_days if limit is None else max(min(late_days, limit - max(_longest_stretch(drug), hold_days[0])), 0)


def longest_hold(drug: Treatment, late_days: int, *, hold_days: tuple[int, int]) -> int:
    """
    Say how long an interruption may last.

    Parameters
    ----------
    drug : Treatment
        Its limits.
    late_days : int
        Most days by which a cycle begins late, as assumed.
    hold_days : tuple of int
        Least and most days of an interruption as assumed.

    Returns
    -------
    int
        At most what is assumed; with a late start of the next cycle no longer than the protocol allows.

    Examples
    --------
    >>> from onearm.protocol import Treatment
    >>> drug = Treatment(name="b", unit="mg", dose_levels=(10,), cycle_days=14, dosing_days="1", max_interruption_days=10)
    >>> longest_hold(drug, 5, hold_days=(7, 21))
    7
    """
    limit = _limit(drug)
    if limit is None:
        return hold_days[1]
    return max(min(hold_days[1], limit - latest_start(drug, late_days, hold_days=hold_days)), 1)
