"""Whether a number can have been printed from another: every rounding rule that programs use."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from onearm.published.model import Printed, PrintedP

__all__ = ["as_rounded", "fits", "printed", "printed_p", "slips"]

_NUMBER: Final = re.compile(r"[-+]?\d+(?:[.,·]\d+)?")
_NOISE: Final = 1e-9
"""Share of a unit in the last place by which two doubles that mean the same number may differ."""


def printed(value: object) -> Printed | None:
    """
    Read a number with its decimals.

    Parameters
    ----------
    value : object
        An integer, a ``Decimal`` or a text such as ``"72.0"`` or ``"72,0"``.

    Returns
    -------
    Printed or None
        None for what is no finite number.

    Examples
    --------
    >>> printed("72.0"), printed(72), printed("NE")
    (Printed(value=72.0, digits=1), Printed(value=72.0, digits=0), None)
    """
    if isinstance(value, bool) or value is None:
        return None
    text = re.sub(r"\s+", "", str(value)).replace(",", ".").replace("·", ".").replace("−", "-")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= 10**15:
        return None
    exponent = number.as_tuple().exponent
    return Printed(float(number), max(0, -exponent if isinstance(exponent, int) else 0))


def printed_p(value: object) -> PrintedP | None:
    """
    Read a p-value.

    Parameters
    ----------
    value : object
        A number, or a text such as ``"<0.001"``.

    Returns
    -------
    PrintedP or None
        None for what is no probability.

    Examples
    --------
    >>> printed_p("< 0.001")
    PrintedP(sign='<', number=Printed(value=0.001, digits=3))
    """
    text = str(value).strip().replace("≤", "<").replace("≥", ">")
    sign = text[0] if text[:1] in {"<", ">", "="} else "="
    number = printed(text.lstrip("<>= "))
    return PrintedP(sign, number) if number and 0 <= number.value <= 1 else None


def fits(exact: float, shown: Printed, *, unit: float | None = None) -> bool:
    """
    Say whether a number rounds to what was printed; a tie may go either way.

    Parameters
    ----------
    exact : float
        The unrounded number.
    shown : Printed
        What was printed.
    unit : float, optional
        Unit to which it was rounded; that of the last printed place where missing. A number that was printed as no
        multiple of it cannot have been rounded so.

    Returns
    -------
    bool
        Also true for numbers that differ by floating-point noise from one that does.

    Examples
    --------
    >>> fits(56.5217, Printed(56.5, 1)), fits(12.25, Printed(12.3, 1)), fits(54.3478, Printed(54.4, 1))
    (True, True, False)
    >>> fits(11.11, Printed(11.0, 1)), fits(11.11, Printed(11.0, 1), unit=1), fits(11.11, Printed(11.4, 1), unit=1)
    (False, True, False)
    """
    step = shown.unit if unit is None else unit
    if abs(shown.value - step * round(shown.value / step)) > _NOISE * step:
        return False
    return abs(exact - shown.value) <= step * (0.5 + _NOISE) + abs(exact) * 1e-12


def slips(exact: float, shown: Printed) -> bool:
    """
    Say whether a number was cut off, or rounded twice, or is off by one in the last place.

    Parameters
    ----------
    exact : float
        The unrounded number.
    shown : Printed
        What was printed.

    Returns
    -------
    bool
        True also where it fits.

    Examples
    --------
    >>> slips(54.3478, Printed(54.4, 1)), slips(45.4545, Printed(45.4, 1)), slips(69.565, Printed(70.6, 1))
    (True, True, False)
    """
    return abs(exact - shown.value) <= shown.unit * (1.5 - _NOISE) and math.isfinite(exact)


def as_rounded(exact: float, digits: int) -> str:
    """
    Print the value that would be right, ties away from zero.

    Parameters
    ----------
    exact : float
        The unrounded number.
    digits : int
        Decimals.

    Returns
    -------
    str
        With that many decimals.

    Examples
    --------
    >>> as_rounded(12.25, 1), as_rounded(54.3478, 1)
    ('12.3', '54.3')
    """
    step = 10.0**-digits
    return f"{math.copysign(math.floor(abs(exact) / step + 0.5 + _NOISE) * step, exact):.{digits}f}"
