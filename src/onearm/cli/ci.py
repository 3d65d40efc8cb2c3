"""A binomial interval by hand: ``onearm ci``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from onearm.stats.interval import Interval

__all__ = ["register"]

HELP = """
Interval of a proportion, X of N, such as the response rate.

`onearm ci 26 46` prints the Clopper-Pearson interval as it would stand in a paper, then every digit.
"""


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("ci", help=HELP, no_args_is_help=True)(confidence_interval)


def confidence_interval(
    x: Annotated[int, typer.Argument(metavar="X", help="Number of successes, such as responders.")],
    n: Annotated[int, typer.Argument(metavar="N", help="Number of subjects.")],
    method: Annotated[
        str, typer.Option("--method", "-m", help="Name of the interval, or 'all' for a table of every one.")
    ] = "clopper-pearson",
    level: Annotated[float, typer.Option("--level", "-l", help="Two-sided confidence level.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print every field as JSON.")] = False,
) -> None:
    """
    Print the interval of a proportion.

    Parameters
    ----------
    x, n : int
        Successes and subjects.
    method : str
        A name in `onearm.stats.binomial.BINOMIAL_INTERVALS`, or ``all``.
    level : float
        Two-sided confidence level.
    as_json : bool
        Print JSON instead of text.
    """
    from onearm.stats.binomial import BINOMIAL_INTERVALS, binomial_interval

    names = list(BINOMIAL_INTERVALS) if method == "all" else [method]
    found = [binomial_interval(x, n, method=name, level=level) for name in names]
    if as_json:
        records = [_record(x, n, interval) for interval in found]
        print(json.dumps(records if method == "all" else records[0], indent=2))
    elif method == "all":
        print(_table(x, n, found))
    else:
        print(_sentence(x, n, found[0]))


def _sentence(x: int, n: int, interval: Interval) -> str:
    """As in a paper, then every digit, method and reference."""
    from onearm.stats.binomial import BINOMIAL_INTERVALS

    about = BINOMIAL_INTERVALS[interval.method]
    lines = [
        f"{x}/{n} = {_percent(interval.estimate)}% "
        f"({100 * interval.level:g}% CI, {_percent(interval.low)}–{_percent(interval.high)}%)",
        "",
        f"estimate  {interval.estimate!r}",
        f"low       {interval.low!r}",
        f"high      {interval.high!r}",
        f"method    {about.title}",
        f"source    {about.reference}",
    ]
    return "\n".join([*lines, f"note      {interval.note}"] if interval.note else lines)


def _table(x: int, n: int, intervals: list[Interval]) -> str:
    """One line for each method, with enough digits to tell them apart."""
    from onearm.stats.binomial import BINOMIAL_INTERVALS

    first = intervals[0]
    width = max(len(name) for name in BINOMIAL_INTERVALS)
    lines = [
        f"{x}/{n} = {_percent(first.estimate)}%, {100 * first.level:g}% intervals",
        "",
        f"{'method':<{width}}  {'low':>9}  {'high':>9}  {'in percent':>11}",
    ]
    for interval in intervals:
        printed = f"{_percent(interval.low)}–{_percent(interval.high)}"
        note = f"  {interval.note}" if interval.note else ""
        lines.append(f"{interval.method:<{width}}  {interval.low:9.6f}  {interval.high:9.6f}  {printed:>11}{note}")
    return "\n".join(lines)


def _record(x: int, n: int, interval: Interval) -> dict[str, object]:
    """Every field; a bound that does not exist is null, because JSON has no NaN."""
    from onearm.stats.binomial import BINOMIAL_INTERVALS

    about = BINOMIAL_INTERVALS[interval.method]
    return {
        "x": x,
        "n": n,
        "estimate": interval.estimate,
        "low": interval.low if interval.low == interval.low else None,
        "high": interval.high if interval.high == interval.high else None,
        "level": interval.level,
        "method": interval.method,
        "title": about.title,
        "is_exact": about.is_exact,
        "reference": about.reference,
        "note": interval.note or None,
    }


def _percent(proportion: float) -> str:
    from onearm.outputs.format import format_number

    return format_number(100 * proportion, 1)
