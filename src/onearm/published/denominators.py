"""Which denominator a percentage has when none stands beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from onearm.published.model import Printed
from onearm.published.page import WORDS, Page, read_count
from onearm.published.rounding import fits

__all__ = ["Totals", "collect_totals", "stated_total"]

PEOPLE: Final = r"(?:patients?|participants?|subjects?|individuals?|responders?|cases?)"
_WORD: Final = "|".join(sorted(WORDS, key=len, reverse=True))
_SIZE: Final = re.compile(
    rf"\b[nN]\s{{0,2}}=\s{{0,2}}(\d{{1,5}})\b|(?<![\d.,])\b(\d{{1,5}}|{_WORD})\s+(?:[\w-]+\s+){{0,2}}{PEOPLE}\b",
    re.IGNORECASE,
)
_STATED: Final = re.compile(
    rf"\b(?:of|among|in)\s+(?:the\s+|all\s+|these\s+)*(\d{{1,5}}|{_WORD})\s+(?:[\w-]+\s+){{0,4}}?{PEOPLE}\b[^.;,]{{0,50}}(?:\([^)]{{0,12}}\))?,\s*$",
    re.IGNORECASE,
)
_ENOUGH: Final = 4
_SHARE: Final = 0.6


@dataclass(frozen=True)
class Totals:
    """
    Sizes that a paper prints.

    Parameters
    ----------
    main : int or None
        The size that most percentages of the paper belong to; None where no size explains them.
    known : tuple of int
        Every printed size, the most frequent first.
    """

    main: int | None
    known: tuple[int, ...]

    @property
    def largest(self) -> int | None:
        """The largest printed size."""
        return max(self.known, default=None)


def collect_totals(page: Page, shares: Iterable[tuple[int, Printed]]) -> Totals:
    """
    Find the sizes that a paper prints, and the one that explains its percentages.

    Parameters
    ----------
    page : Page
        The paper.
    shares : iterable of (int, Printed)
        Counts with the percentages that stand behind them.

    Returns
    -------
    Totals
        No main size where fewer than 4 or fewer than 60 % of the percentages fit one.
    """
    sizes: Counter[int] = Counter()
    for match in _SIZE.finditer(page.text, 0, page.end):
        size = read_count(match.group(1) or match.group(2))
        if size is not None and size >= 5:
            sizes[size] += 1
    known = tuple(size for size, _ in sizes.most_common(60))
    fine = [(count, percent) for count, percent in shares if percent.digits and count]
    if not known or not fine:
        return Totals(None, known)
    score = {size: sum(fits(100 * count / size, percent) for count, percent in fine) for size in known}
    best = max(known, key=lambda size: (score[size], sizes[size]))
    is_enough = score[best] >= _ENOUGH and score[best] >= _SHARE * len(fine)
    return Totals(best if is_enough else None, known)


def stated_total(page: Page, position: int) -> int | None:
    """
    Read the denominator that a sentence states right before a count.

    Parameters
    ----------
    page : Page
        The paper.
    position : int
        Where the count begins.

    Returns
    -------
    int or None
        Such as 50 in "Among 50 treated patients, 14 (28%)".

    Examples
    --------
    >>> text = "Among 50 treated patients, 14 (28%)"
    >>> stated_total(Page(text), text.index("14"))
    50
    """
    match = _STATED.search(page.before(position, 140))
    return read_count(match.group(1)) if match else None
