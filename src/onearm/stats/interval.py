"""What every interval estimate of `onearm.stats` is: two bounds, their estimate, and how they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onearm.frames import Framed

__all__ = ["Interval", "level_problems"]


@dataclass(frozen=True, repr=False)
class Interval(Framed):
    """
    A two-sided interval; unpacks into its two bounds.

    Attributes
    ----------
    low, high : float
        Bounds, in the unit of the estimate; NaN where the method gives none.
    estimate : float
        What the interval is about.
    level : float
        Two-sided confidence level.
    method : str
        How it was made.
    note : str
        What to know when reading it; mostly empty.

    Examples
    --------
    >>> interval = Interval(0.4111, 0.7107, estimate=0.5652, level=0.95, method="clopper-pearson")
    >>> low, high = interval
    >>> interval
    0.5652 (95% interval 0.4111 to 0.7107, clopper-pearson)
    """

    low: float
    high: float
    estimate: float
    level: float
    method: str
    note: str = ""

    def __iter__(self) -> Iterator[float]:
        """Give the bounds, so that ``low, high = interval``."""
        return iter((self.low, self.high))

    def __repr__(self) -> str:
        """One line, as it would be said in a paper."""
        note = f"; {self.note}" if self.note else ""
        percent = f"{100 * self.level:g}%"
        return f"{self.estimate:.4g} ({percent} interval {self.low:.4g} to {self.high:.4g}, {self.method}{note})"


def level_problems(level: float) -> list[str]:
    """
    Say what is wrong with a confidence level.

    Parameters
    ----------
    level : float
        Confidence level.

    Returns
    -------
    list of str
        Empty where the level lies strictly between 0 and 1.
    """
    if 0 < level < 1:
        return []
    hint = f" Did you mean {level / 100:g}?" if 1 < level < 100 else ""
    return [f"level: a confidence level lies strictly between 0 and 1, such as 0.95; found {level:g}.{hint}"]
