"""
The only place that rounds.

Numbers are rounded in decimal, from their shortest exact notation, so that 0.285 is 28.5 % and not 28.499999999999996 %.
Ties go to the even digit (R) or away from zero (SAS, SPSS), as the protocol's conventions say.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from onearm.protocol import Protocol

__all__ = [
    "ABSENT",
    "NOT_ESTIMABLE",
    "Printer",
    "format_date",
    "format_number",
    "format_p_value",
    "printer_of",
    "say_p_value",
]

Rounding = Literal["half_even", "half_away"]

NOT_ESTIMABLE: Final = "NE"
"""Printed where a statistic cannot be estimated; every table that has one explains it."""
ABSENT: Final = "–"
"""Printed where a cell has nothing to say."""
_MODES: Final = {"half_even": ROUND_HALF_EVEN, "half_away": ROUND_HALF_UP}
_SIGNIFICANT: Final = 14
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _decimal(value: float) -> Decimal:
    # A double holds 15 digits; the last one is where sums and ratios leave their noise, and noise would break ties.
    return Decimal(f"{value:.{_SIGNIFICANT}g}")


def _fixed(number: Decimal, digits: int, rounding: Rounding) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-digits), rounding=_MODES[rounding])
    text = f"{abs(rounded):.{max(digits, 0)}f}"
    return f"−{text}" if rounded < 0 else text


def format_number(value: float | None, digits: int = 0, *, rounding: Rounding = "half_even") -> str:
    """
    Print a number with fixed decimals.

    Parameters
    ----------
    value : float or None
        The unrounded number; None, NaN and infinity are printed as ``NE``.
    digits : int, default 0
        Decimals.
    rounding : {"half_even", "half_away"}
        Where a tie goes.

    Returns
    -------
    str
        With a typographic minus; a negative number that rounds to zero has no sign.

    Examples
    --------
    >>> format_number(2.5), format_number(2.5, rounding="half_away"), format_number(-0.04, 1)
    ('2', '3', '0.0')
    """
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    return _fixed(_decimal(value), digits, rounding)


def format_p_value(value: float | None, *, rounding: Rounding = "half_even") -> str:
    """
    Print a p-value with three decimals, and with a bound where it would look like 0 or 1.

    Parameters
    ----------
    value : float or None
        Between 0 and 1; None is ``NE``.
    rounding : {"half_even", "half_away"}
        Where a tie goes.

    Returns
    -------
    str
        Such as ``0.032``, ``<0.001``, ``>0.999``.

    Examples
    --------
    >>> [format_p_value(p) for p in (0.0004, 0.0321, 0.473, 0.9999)]
    ['<0.001', '0.032', '0.473', '>0.999']
    """
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    if value < 0.001:
        return "<0.001"
    if value > 0.999:
        return ">0.999"
    return _fixed(_decimal(value), 3, rounding)


def say_p_value(name: str, value: float | None) -> str:
    """
    Print a p-value behind its name, with the sign that its bound needs.

    Parameters
    ----------
    name : str
        Such as ``P``, ``Q`` or ``Log-rank P``.
    value : float or None
        Between 0 and 1.

    Returns
    -------
    str
        One equation or inequality.

    Examples
    --------
    >>> [say_p_value("P", p) for p in (0.0004, 0.0321, 0.9999)]
    ['P < 0.001', 'P = 0.032', 'P > 0.999']
    """
    text = format_p_value(value)
    return f"{name} {text[0]} {text[1:]}" if text[0] in "<>" else f"{name} = {text}"


def format_date(value: dt.date | str | None) -> str:
    """
    Print a date so that no reader mistakes month for day.

    Parameters
    ----------
    value : date or str or None
        A date, or ISO 8601 text; other text is printed as it stands.

    Returns
    -------
    str
        Such as ``29 Feb 2024``; a dash where missing.

    Examples
    --------
    >>> format_date("2024-02-29")
    '29 Feb 2024'
    """
    if value is None:
        return ABSENT
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            return str(value)
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


@dataclass(frozen=True)
class Printer:
    """
    How a trial's numbers are printed.

    Parameters
    ----------
    rounding : {"half_even", "half_away"}
        Where a tie goes.
    percent_digits : int
        Decimals of percentages.
    month_digits : int
        Decimals of months.
    level : float
        Coverage of intervals where a row does not say its own.
    """

    rounding: Rounding = "half_even"
    percent_digits: int = 1
    month_digits: int = 2
    level: float = 0.95

    def number(self, value: float | None, digits: int = 0) -> str:
        """
        Print a number.

        Parameters
        ----------
        value : float or None
            The unrounded number.
        digits : int, default 0
            Decimals.

        Returns
        -------
        str
            ``NE`` where missing.
        """
        return format_number(value, digits, rounding=self.rounding)

    def measure(self, value: float | None) -> str:
        """
        Print a measurement with one decimal, or none where it is whole.

        Parameters
        ----------
        value : float or None
            The unrounded number.

        Returns
        -------
        str
            ``NE`` where missing.

        Examples
        --------
        >>> Printer().measure(67.0), Printer().measure(27.25)
        ('67', '27.2')
        """
        whole = value is not None and math.isfinite(value) and float(value).is_integer()
        return self.number(value, 0 if whole else 1)

    def significant(self, value: float | None, digits: int = 3) -> str:
        """
        Print a measurement of any size with a fixed number of significant digits.

        Parameters
        ----------
        value : float or None
            The unrounded number.
        digits : int, default 3
            Significant digits; whole digits are never cut.

        Returns
        -------
        str
            ``NE`` where missing.

        Examples
        --------
        >>> Printer().significant(12345.6), Printer().significant(0.012345), Printer().significant(10.0)
        ('12346', '0.0123', '10.0')
        """
        if value is None or not math.isfinite(value) or value == 0:
            return self.number(value)
        before = math.floor(math.log10(abs(value))) + 1
        return self.number(value, max(0, digits - before))

    def months(self, value: float | None) -> str:
        """
        Print a time in months.

        Parameters
        ----------
        value : float or None
            Months.

        Returns
        -------
        str
            ``NE`` where missing.
        """
        return self.number(value, self.month_digits)

    def percent(self, proportion: float | None, *, sign: bool = False) -> str:
        """
        Print a proportion as a percentage.

        Parameters
        ----------
        proportion : float or None
            Between 0 and 1.
        sign : bool, default False
            Whether to end in ``%``.

        Returns
        -------
        str
            ``NE`` where missing.

        Examples
        --------
        >>> Printer().percent(0.0625), Printer(rounding="half_away").percent(0.0625, sign=True)
        ('6.2', '6.3%')
        """
        if proportion is None or not math.isfinite(proportion):
            return NOT_ESTIMABLE
        text = _fixed(_decimal(proportion) * 100, self.percent_digits, self.rounding)
        return f"{text}%" if sign else text

    def count_percent(self, n: float | None, proportion: float | None) -> str:
        """
        Print a count with its percentage.

        Parameters
        ----------
        n : float or None
            Count.
        proportion : float or None
            Its share; missing where the denominator is 0.

        Returns
        -------
        str
            Such as ``26 (56.5)``. A share that is not 0 or 1 is never printed as 0 or 100: ``<0.1``, ``>99.9``.

        Examples
        --------
        >>> Printer().count_percent(26, 26 / 46), Printer().count_percent(1, 1 / 5000)
        ('26 (56.5)', '1 (<0.1)')
        """
        if n is None:
            return ABSENT
        if proportion is None or not math.isfinite(proportion):
            return self.number(n)
        text = self.percent(proportion)
        step = Decimal(1).scaleb(-self.percent_digits)
        if proportion > 0 and Decimal(text) == 0:
            text = f"<{step}"
        elif proportion < 1 and Decimal(text) == 100:
            text = f">{100 - step}"
        return f"{self.number(n)} ({text})"

    def interval(self, low: str, high: str) -> str:
        """
        Join two printed bounds.

        Parameters
        ----------
        low, high : str
            Bounds as printed.

        Returns
        -------
        str
            With an en dash, or with "to" where a bound is negative.

        Examples
        --------
        >>> Printer().interval("41.1", "71.1"), Printer().interval("−30.0", "12.5")
        ('41.1–71.1', '−30.0 to 12.5')
        """
        return f"{low} to {high}" if "−" in low + high else f"{low}–{high}"

    def coverage(self, level: float | None = None) -> str:
        """
        Name a confidence interval.

        Parameters
        ----------
        level : float, optional
            Coverage; that of the conventions where missing.

        Returns
        -------
        str
            Such as ``95% CI``.

        Examples
        --------
        >>> Printer().coverage(), Printer().coverage(0.975)
        ('95% CI', '97.5% CI')
        """
        percent = _decimal(self.level if level is None else level) * 100
        return f"{percent.normalize():f}% CI"


def printer_of(protocol: Protocol) -> Printer:
    """
    Take from a protocol how its numbers are printed.

    Parameters
    ----------
    protocol : Protocol
        A resolved protocol.

    Returns
    -------
    Printer
        With its rounding, decimals and coverage.
    """
    said = protocol.conventions
    return Printer(said.rounding, said.percent_digits, said.month_digits, said.level)
