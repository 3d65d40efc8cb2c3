"""How the design commands speak: aligned tables, wrapped sentences, JSON with every field."""

from __future__ import annotations

import dataclasses
import json
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from onearm.errors import MethodError

if TYPE_CHECKING:
    from pathlib import Path

    from onearm.stats.design.looks import StoppingRule

__all__ = [
    "as_json",
    "parse_boundaries",
    "parse_design",
    "parse_fraction",
    "parse_integers",
    "parse_numbers",
    "print_json",
    "print_rule",
    "print_sentence",
    "print_table",
]

WIDTH = 100


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """
    Print a table with columns aligned to the right, the first to the left.

    Parameters
    ----------
    header : sequence of str
        One name per column.
    rows : iterable of sequences
        Cells; numbers as they are to be shown.
    """
    table = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[j]) for row in table) for j in range(len(header))]
    for k, row in enumerate(table):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells).rstrip())
        if k == 0:
            print("  ".join("-" * width for width in widths))
    print()


def print_sentence(text: str) -> None:
    """
    Print a sentence wrapped to the width of a page.

    Parameters
    ----------
    text : str
        One paragraph.
    """
    print(textwrap.fill(text, WIDTH))
    print()


def as_json(value: Any) -> Any:
    """
    Turn a result into what JSON can hold, every field included.

    Parameters
    ----------
    value : object
        Dataclass, array, number, or a container of these.

    Returns
    -------
    object
        Plain containers; a number that is not finite becomes null.

    Examples
    --------
    >>> as_json({"a": float("nan"), "b": (1, None)})
    {'a': None, 'b': [1, None]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if hasattr(value, "tolist"):  # arrays and scalars of NumPy
        return as_json(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_json(value: Any) -> None:
    """
    Print a result as JSON.

    Parameters
    ----------
    value : object
        See `as_json`.
    """
    print(json.dumps(as_json(value), indent=2, ensure_ascii=False))


def parse_integers(text: str, *, name: str) -> tuple[int, ...]:
    """
    Read whole numbers, separated by commas, or as ``first:last:step``.

    Parameters
    ----------
    text : str
        What was typed.
    name : str
        The option, for the message.

    Returns
    -------
    tuple of int
        The numbers.

    Raises
    ------
    MethodError
        If it is neither.

    Examples
    --------
    >>> parse_integers("10:30:10", name="--looks"), parse_integers("5,9", name="--looks")
    ((10, 20, 30), (5, 9))
    """
    try:
        if ":" in text:
            first, last, step = (int(part) for part in text.split(":"))
            return tuple(range(first, last + 1, step))
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise MethodError(
            f"{name} is '{text}'; acceptable are whole numbers such as 10,15,20 or first:last:step such as 10:50:5."
        ) from None


def parse_numbers(text: str, *, name: str, count: int | None = None) -> tuple[float, ...]:
    """
    Read numbers separated by commas.

    Parameters
    ----------
    text : str
        What was typed.
    name : str
        The option, for the message.
    count : int, optional
        How many there have to be.

    Returns
    -------
    tuple of float
        The numbers.

    Raises
    ------
    MethodError
        If a part is no number, or there are too many or few.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise MethodError(f"{name} is '{text}'; acceptable are numbers such as 0.1,0.25.") from None
    if count is not None and len(numbers) != count:
        raise MethodError(f"{name} is '{text}'; acceptable are {count} numbers separated by commas.")
    return numbers


def parse_boundaries(text: str, *, name: str) -> tuple[int | None, ...]:
    """
    Read boundaries separated by commas; ``-`` is no stop.

    Parameters
    ----------
    text : str
        What was typed.
    name : str
        The option, for the message.

    Returns
    -------
    tuple of (int or None)
        The boundaries.

    Raises
    ------
    MethodError
        If a part is neither a whole number nor ``-``.

    Examples
    --------
    >>> parse_boundaries("-,0,2", name="--futility")
    (None, 0, 2)
    """
    try:
        return tuple(None if part.strip() in ("-", "none") else int(part) for part in text.split(","))
    except ValueError:
        raise MethodError(
            f"{name} is '{text}'; acceptable are whole numbers with commas, '-' where no number stops the trial."
        ) from None


def parse_fraction(text: str, *, name: str) -> tuple[int, int]:
    """
    Read two whole numbers written as a fraction.

    Parameters
    ----------
    text : str
        What was typed, such as ``5/15``.
    name : str
        The option, for the message.

    Returns
    -------
    tuple of int
        The two numbers.

    Raises
    ------
    MethodError
        If it is not a fraction.

    Examples
    --------
    >>> parse_fraction("5/15", name="--observed")
    (5, 15)
    """
    try:
        above, below = (int(part) for part in text.split("/"))
    except ValueError:
        raise MethodError(f"{name} is '{text}'; acceptable is a fraction of whole numbers, such as 4/43.") from None
    return above, below


def parse_design(text: str, *, name: str) -> tuple[int, int, int, int]:
    """
    Read a two-stage design written as in papers.

    Parameters
    ----------
    text : str
        ``r1/n1,r/n``.
    name : str
        The option, for the message.

    Returns
    -------
    tuple of int
        ``r1``, ``n1``, ``r``, ``n``.

    Raises
    ------
    MethodError
        If there are not two fractions.

    Examples
    --------
    >>> parse_design("5/15,18/46", name="--claimed")
    (5, 15, 18, 46)
    """
    parts = text.replace(" ", "").split(",")
    if len(parts) != 2:
        raise MethodError(f"{name} is '{text}'; acceptable are two fractions, such as 5/15,18/46.")
    return (*parse_fraction(parts[0], name=name), *parse_fraction(parts[1], name=name))


def print_rule(
    rule: StoppingRule,
    rates: tuple[float, ...],
    *,
    is_json: bool,
    plot: Path | None,
    marks: tuple[tuple[float, str], ...] = (),
    extra: dict[str, object] | None = None,
    sentence: str | None = None,
) -> None:
    """
    Print the boundaries of a rule and its exact operating characteristics.

    Parameters
    ----------
    rule : StoppingRule
        Any rule.
    rates : tuple of float
        True response rates.
    is_json : bool
        Whether to print JSON.
    plot : Path or None
        Where to draw the probability of each end.
    marks : tuple of (float, str)
        Rates to mark in the picture.
    extra : dict, optional
        Further fields for the JSON.
    sentence : str, optional
        For the protocol.
    """
    from onearm.cli.design_picture import draw_rule
    from onearm.stats.design.looks import operating_characteristics

    oc = operating_characteristics(rule, rates)
    if plot is not None:
        draw_rule(plot, rule, "exact probability of each end", marks)
    if is_json:
        print_json({"rule": rule, "characteristics": oc, **(extra or {})})
        return
    never = "no stop"
    print_table(
        ("patients", "stop for futility at or below", "stop for efficacy at or above"),
        [
            (n, never if low is None else low, never if high is None else high)
            for n, low, high in zip(rule.looks, rule.futility, rule.efficacy, strict=True)
        ],
    )
    print_table(
        ("true rate", "futility", "efficacy", "inconclusive", "expected patients"),
        [
            (f"{p:g}", f"{a:.4f}", f"{b:.4f}", f"{c:.4f}", f"{n:.2f}")
            for p, a, b, c, n in zip(oc.p, oc.futility, oc.efficacy, oc.inconclusive, oc.expected_n, strict=True)
        ],
    )
    if sentence is not None:
        print_sentence(sentence)
