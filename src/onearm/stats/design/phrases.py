"""Numbers as they stand in the sentences about designs."""

from __future__ import annotations

from itertools import pairwise

__all__ = ["say_list", "say_percent", "say_percent_1", "say_probability", "say_responders", "say_sides"]


def say_percent(value: float) -> str:
    """
    Print a proportion as a percentage with all its digits.

    Parameters
    ----------
    value : float
        Proportion.

    Returns
    -------
    str
        As it stands in a sentence.
    """
    return f"{100 * value:.10g}%"


def say_percent_1(value: float) -> str:
    """
    Print a proportion as a percentage with one decimal.

    Parameters
    ----------
    value : float
        Proportion.

    Returns
    -------
    str
        As it stands in a sentence.
    """
    return f"{100 * value:.1f}%"


def say_probability(value: float) -> str:
    """
    Print a probability with four decimals, or two digits where it is small.

    Parameters
    ----------
    value : float
        Probability.

    Returns
    -------
    str
        As it stands in a sentence.
    """
    return f"{value:.4f}" if value >= 0.0001 else f"{value:.2g}"


def say_responders(responders: int) -> str:
    """
    Count responders.

    Parameters
    ----------
    responders : int
        Number.

    Returns
    -------
    str
        As it stands in a sentence.
    """
    return "1 responder" if responders == 1 else f"{responders} responders"


def say_sides(sides: int) -> str:
    """
    Name the sides of a test.

    Parameters
    ----------
    sides : int
        1 or 2.

    Returns
    -------
    str
        As it stands in a sentence.
    """
    return "one-sided" if sides == 1 else "two-sided"


def say_list(numbers: list[int]) -> str:
    """
    List numbers, with the step where they are even.

    Parameters
    ----------
    numbers : list of int
        Increasing.

    Returns
    -------
    str
        As it stands in a sentence.
    """
    steps = {b - a for a, b in pairwise(numbers)}
    if len(numbers) > 3 and len(steps) == 1:
        return f"{numbers[0]}, {numbers[1]}, ... {numbers[-1]}"
    if len(numbers) > 3 and len({b - a for a, b in pairwise(numbers[1:])}) == 1:
        return f"{numbers[0]}, then every {numbers[2] - numbers[1]} from {numbers[1]} to {numbers[-1]}"
    return ", ".join(map(str, numbers[:-1])) + (" and " if len(numbers) > 1 else "") + str(numbers[-1])
