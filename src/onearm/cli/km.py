"""Survival curves by hand: ``onearm km``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from onearm.errors import DataError, MethodError, suggest

if TYPE_CHECKING:
    import polars as pl

    from onearm.stats.bands import IntervalScale
    from onearm.stats.follow_up import FollowUp
    from onearm.stats.kaplan_meier import KaplanMeier, SurvivalAt
    from onearm.stats.log_rank import LogRank
    from onearm.stats.quantiles import Quantile

__all__ = ["register"]

HELP = """
Kaplan-Meier curves: median and quartiles, survival at given times, follow-up, log-rank test.

`onearm km patients.csv --time os_months --event death=1 --by arm --at 6,12` prints a table; --json prints every field.
"""
PLOT_FORMATS = (".svg", ".png")


class Group(NamedTuple):
    """
    What is estimated for one group.

    Attributes
    ----------
    name : str
        Level of the group; ``all`` without one.
    curve : KaplanMeier
        The estimate.
    quantiles : tuple of Quantile
        First quartile, median, third quartile.
    follow_up : FollowUp
        By the reverse Kaplan-Meier method.
    at : SurvivalAt or None
        Survival at the times asked for.
    """

    name: str
    curve: KaplanMeier
    quantiles: tuple[Quantile, ...]
    follow_up: FollowUp
    at: SurvivalAt | None


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("km", help=HELP, no_args_is_help=True)(kaplan_meier_by_hand)


def kaplan_meier_by_hand(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Table with one row per patient, in any format.")],
    *,
    time: Annotated[str, typer.Option("--time", "-t", help="Column of the time.")],
    event: Annotated[str, typer.Option("--event", "-e", help="What means event: COLUMN=VALUE, such as death=1.")],
    by: Annotated[str | None, typer.Option("--by", "-b", help="Column of the group.")] = None,
    preset: Annotated[str, typer.Option("--preset", "-p", help="Conventions of r, sas or spss.")] = "r",
    interval: Annotated[
        str | None, typer.Option("--interval", help="plain, log, log-log, logit or arcsine; by default the preset's.")
    ] = None,
    level: Annotated[float, typer.Option("--level", "-l", help="Two-sided confidence level.")] = 0.95,
    at: Annotated[str | None, typer.Option("--at", "-a", help="Times to read the curve at, such as 6,12.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the curves into FILE, .svg or .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every field as JSON.")] = False,
) -> None:
    """
    Print survival curves.

    Parameters
    ----------
    file : Path
        The table.
    time, event : str
        Columns of time and event; which value means event must be said.
    by : str, optional
        Column of the group.
    preset : str
        ``r``, ``sas`` or ``spss``.
    interval : str, optional
        Scale of the limits of S, where not the preset's.
    level : float
        Two-sided confidence level.
    at : str, optional
        Times, parted by commas.
    plot : Path, optional
        Where to draw.
    as_json : bool
        Print JSON instead of text.
    """
    from onearm.cli.columns import parse_event, survival_columns
    from onearm.data.read import read_table
    from onearm.stats.bands import INTERVAL_OF_PRESET

    rule, times = parse_event(event), _times(at)
    if preset not in INTERVAL_OF_PRESET:
        raise MethodError(f"--preset {preset}: unknown.{suggest(preset, INTERVAL_OF_PRESET)}")
    if plot is not None and plot.suffix.lower() not in PLOT_FORMATS:
        raise DataError(f"--plot {plot}: the name must end in {' or '.join(PLOT_FORMATS)}.")
    scale: Any = interval or INTERVAL_OF_PRESET[preset]  # an unknown name is refused where it is used
    taken = survival_columns(read_table(file), time=time, event=rule, by=by, where=file.name)
    groups = _estimate(taken.table, times, preset=preset, scale=scale, level=level)
    test = _compare(taken.table) if len(groups) > 1 else None
    about = {"file": str(file), "time": time, "event": event, "by": by, "preset": preset, "interval": scale}
    about |= {"level": level, "left_out": taken.left_out}
    if plot is not None:
        from onearm.cli.km_figure import write_figure

        write_figure({group.name: group.curve for group in groups}, plot, time_label=time)
    print(_as_json(about, groups, test) if as_json else _as_text(about, groups, test))


def _times(text: str | None) -> list[float]:
    """Read times parted by commas."""
    try:
        return [float(part) for part in (text or "").split(",") if part.strip()]
    except ValueError as error:
        raise DataError(f"--at {text}: give numbers parted by commas, such as 6,12.") from error


def _levels(table: pl.DataFrame) -> list[str]:
    """Sort the levels of the group as numbers where all are, else as text."""
    levels = [str(level) for level in table["group"].unique().sort()]
    try:
        return sorted(levels, key=float)
    except ValueError:
        return levels


def _estimate(
    table: pl.DataFrame, times: list[float], *, preset: str, scale: IntervalScale, level: float
) -> list[Group]:
    """Estimate each group."""
    from onearm.stats.follow_up import reverse_follow_up
    from onearm.stats.kaplan_meier import kaplan_meier, survival_at
    from onearm.stats.quantiles import survival_quantile

    parts = {"all": table}
    if "group" in table.columns:
        parts = {name: table.filter(table["group"] == name) for name in _levels(table)}
    groups = []
    for name, part in parts.items():
        time, event = part["time"].to_numpy(), part["event"].to_numpy()
        curve = kaplan_meier(time, event, interval=scale, level=level)
        groups.append(
            Group(
                name=name,
                curve=curve,
                quantiles=tuple(survival_quantile(curve, p, convention=preset) for p in (0.25, 0.5, 0.75)),
                follow_up=reverse_follow_up(time, event, interval=scale, level=level, convention=preset),
                at=survival_at(curve, times) if times else None,
            )
        )
    return groups


def _compare(table: pl.DataFrame) -> LogRank:
    """Compare the groups."""
    from onearm.stats.log_rank import log_rank

    return log_rank(table["time"].to_numpy(), table["event"].to_numpy(), table["group"].to_numpy())


def _as_text(about: dict[str, Any], groups: list[Group], test: LogRank | None) -> str:
    """Tables for people, six digits."""
    percent = f"{100 * about['level']:g}%"
    left_out = f"; {about['left_out']} rows left out, in which something is missing" if about["left_out"] else ""
    first = groups[0]
    lines = [
        f"time {about['time']}, event {about['event']}, {sum(g.curve.n for g in groups)} patients{left_out}",
        f"{about['interval']} {percent} limits of S; median: {first.quantiles[1].method}",
        "",
        *_table(
            ["group", "n", "events", "median", "low", "high", "1st quartile", "3rd quartile", "median follow-up"],
            [
                [
                    group.name,
                    str(group.curve.n),
                    str(group.curve.n_events),
                    *(_show(v) for v in (group.quantiles[1].estimate, group.quantiles[1].low, group.quantiles[1].high)),
                    _show(group.quantiles[0].estimate),
                    _show(group.quantiles[2].estimate),
                    _show(group.follow_up.median),
                ]
                for group in groups
            ],
        ),
        *(f"{group.name}: {group.quantiles[1].note}" for group in groups if group.quantiles[1].note),
    ]
    rows = [
        [group.name, *map(_show, (time, at_risk, events, survival, std_error, low, high))]
        for group in groups
        if (at := group.at) is not None
        for time, at_risk, events, survival, std_error, low, high in zip(
            at.time, at.at_risk, at.events, at.survival, at.std_error, at.low, at.high, strict=True
        )
    ]
    if rows:
        lines += ["", *_table(["group", "time", "at risk", "events", "survival", "SE", "low", "high"], rows)]
    if test is not None:
        note = f" ({test.note})" if test.note else ""
        lines += ["", f"log-rank: chi-squared {test.chi_squared:.6g}, df {test.df}, p = {_show(test.p)}{note}"]
    return "\n".join(lines)


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Columns as wide as they must be, numbers to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(row: list[str]) -> str:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        return "  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip()

    return [line(row) for row in [header, *rows]]


def _show(value: float) -> str:
    """Six digits; what cannot be estimated is NE."""
    return f"{value:.6g}" if math.isfinite(value) else "NE"


def _as_json(about: dict[str, Any], groups: list[Group], test: LogRank | None) -> str:
    """Every field of every result; what does not exist is null."""
    content = {
        **about,
        "groups": [
            {
                "group": group.name,
                "n": group.curve.n,
                "n_events": group.curve.n_events,
                "quantiles": [_fields(quantile) for quantile in group.quantiles],
                "follow_up": _fields(group.follow_up),
                "at": None if group.at is None else _fields(group.at),
                "curve": _fields(group.curve),
            }
            for group in groups
        ],
        "log_rank": None if test is None else _fields(test),
    }
    return json.dumps(content, indent=2, allow_nan=False)


def _fields(result: Any) -> dict[str, Any]:
    """Fields of a result as JSON knows them."""
    import dataclasses

    return {field.name: _plain(getattr(result, field.name)) for field in dataclasses.fields(result)}


def _plain(value: Any) -> Any:
    """Arrays become lists; NaN and infinity become null, because JSON has neither."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
