"""What every size of a survival design rests on: the critical value of the test, and how numbers are rounded."""

from __future__ import annotations

import math
from typing import Literal

from scipy.special import ndtri

from onearm.errors import MethodError, suggest
from onearm.stats.design.binomial import check_proportion

__all__ = ["ROUNDING_RULES", "Rounding", "check_test", "critical_value", "rounded", "rounding_rule"]

Rounding = Literal["up", "nearest", "down"]
ROUNDING_RULES: dict[str, Rounding] = {"up": "up", "nearest": "nearest", "down": "down"}


def critical_value(alpha: float, sides: int) -> float:
    """
    Normal critical value of a test.

    Parameters
    ----------
    alpha : float
        Type I error over the sides.
    sides : {1, 2}
        Sides.

    Returns
    -------
    float
        Positive quantile.
    """
    return float(ndtri(1 - alpha / sides))


def rounded(number: float, rule: str) -> int:
    """
    Round by a named rule.

    Parameters
    ----------
    number : float
        Positive number.
    rule : {"up", "nearest", "down"}
        ``nearest`` takes a half up.

    Returns
    -------
    int
        Whole number.

    Examples
    --------
    >>> rounded(68.4, "nearest"), rounded(68.4, "up"), rounded(68.57, "down")
    (68, 69, 68)
    """
    if rounding_rule(rule) == "up":
        return math.ceil(number - 1e-9)  # 80.0000000001 patients are 80
    return math.floor(number + (0.5 if rule == "nearest" else 1e-9))


def rounding_rule(name: str) -> Rounding:
    """
    Recognise the name of a rounding rule.

    Parameters
    ----------
    name : str
        What was typed.

    Returns
    -------
    str
        ``up``, ``nearest`` or ``down``.

    Raises
    ------
    MethodError
        For any other name.

    Examples
    --------
    >>> rounding_rule("nearest")
    'nearest'
    """
    if name not in ROUNDING_RULES:
        raise MethodError(f"unknown rounding rule '{name}'.{suggest(name, ROUNDING_RULES)}")
    return ROUNDING_RULES[name]


def check_test(alpha: float, sides: int, power: float) -> None:
    """
    Check the limits of a test.

    Parameters
    ----------
    alpha, power : float
        Proportions.
    sides : {1, 2}
        Sides.

    Raises
    ------
    MethodError
        With every problem at once.
    """
    problems = check_proportion("alpha", alpha) + check_proportion("power", power)
    if sides not in (1, 2):
        problems.append(f"sides is {sides}; acceptable is 1 or 2.")
    if problems:
        raise MethodError(*problems)
