"""A number as it was printed: its rounding, and by how much another number misses it."""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple

__all__ = ["NOT_REACHED", "Printed", "printed"]

_NOISE: Final = 1e-9
"""Share of a unit in the last place by which two doubles that mean the same number may differ."""


class Printed(NamedTuple):
    """
    A number as printed.

    Attributes
    ----------
    value : float
        The number; infinite for "not reached" or "not estimable".
    decimals : int
        Decimals that were printed: 72.0 is not 72.
    sign : {"=", "<", ">"}
        ``<`` for a number that was printed as a bound, such as p < 0.001.
    """

    value: float
    decimals: int = 0
    sign: Literal["=", "<", ">"] = "="

    def __str__(self) -> str:
        """As printed."""
        if math.isinf(self.value):
            return "NE"
        return f"{'' if self.sign == '=' else self.sign}{self.value:.{self.decimals}f}"

    @property
    def half_unit(self) -> float:
        """Half of one in the last printed place."""
        return 0.5 * 10.0**-self.decimals

    def bounds(self) -> tuple[float, float]:
        """
        Give the exact numbers that may have been printed so.

        Returns
        -------
        tuple of float
            Smallest and largest; both included, because a tie may be rounded either way.
        """
        if math.isinf(self.value):
            return math.inf, math.inf
        if self.sign == "<":
            return -math.inf, self.value
        if self.sign == ">":
            return self.value, math.inf
        slack = self.half_unit * (1 + _NOISE)
        return self.value - slack, self.value + slack

    def fits(self, exact: float) -> bool:
        """
        Say whether a number may have been printed so.

        Parameters
        ----------
        exact : float
            The unrounded number; NaN where it does not exist.

        Returns
        -------
        bool
            A tie may go either way (half to even, half away from zero); "not reached" fits only what does not exist.

        Examples
        --------
        >>> Printed(12.3, 1).fits(12.25), Printed(0.001, 3, "<").fits(0.0004), NOT_REACHED.fits(math.nan)
        (True, True, True)
        """
        missing = math.isnan(exact) or math.isinf(exact)
        if math.isinf(self.value) or missing:
            return math.isinf(self.value) and missing
        low, high = self.bounds()
        return low <= exact <= high

    def miss(self, exact: float) -> float:
        """
        Say by how much a number misses what was printed.

        Parameters
        ----------
        exact : float
            The unrounded number; NaN where it does not exist.

        Returns
        -------
        float
            Zero where it fits whichever way ties are rounded, else the distance to the nearest number that does; infinite
            where only one of the two exists. A tie misses by next to nothing, so that a search prefers what every program
            prints alike.
        """
        missing = math.isnan(exact) or math.isinf(exact)
        if math.isinf(self.value):
            return 0.0 if missing else math.inf
        if missing:
            return math.inf
        low, high = self.bounds()
        inside = 2 * _NOISE * self.half_unit
        return max(low + inside - exact, exact - high + inside, 0.0)


NOT_REACHED: Final = Printed(math.inf, 0)
"""A median or a limit that was printed as not reached or not estimable."""


def printed(text: str | float) -> Printed:
    """
    Read a number as printed.

    Parameters
    ----------
    text : str or float
        Such as ``"56.5"``, ``"<0.001"``, ``"NE"``, ``"NR"``. A float is taken with the decimals Python writes it with, so
        that 72.0 has one; pass text where that matters.

    Returns
    -------
    Printed
        With its decimals and its sign.

    Examples
    --------
    >>> printed("17.81"), printed("<0.001"), printed("NE") == NOT_REACHED
    (Printed(value=17.81, decimals=2, sign='='), Printed(value=0.001, decimals=3, sign='<'), True)
    """
    shown = str(text).strip().replace("\u2212", "-").replace("·", ".")
    if shown.upper().rstrip(".") in {"NE", "NR", "NA"}:
        return NOT_REACHED
    sign: Literal["=", "<", ">"] = "<" if shown[:1] == "<" else ">" if shown[:1] == ">" else "="
    digits = shown.lstrip("<>= ")
    return Printed(float(digits), len(digits.partition(".")[2]), sign)
