"""The course of one patient: doses planned against doses given, scans planned against scans done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from onearm.outputs.figures.dosing import level_colour
from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.style import (
    DARK,
    INK,
    RULE_GREY,
    TWO_COLUMNS_MM,
    Size,
    axes_mm,
    canvas_mm,
    new_figure,
    no_data,
    styled,
)
from onearm.outputs.figures.text import SMALL, text_width_mm, wrap_mm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.protocol import Protocol, Treatment

__all__ = ["Timeline", "draw_timeline", "timeline_data"]

_PLANNED: Final = "#d0d0d0"
_FLAG: Final = "#A34700"
_EVENTS: Final = {"progression": "Progression", "death": "Death", "new therapy": "New therapy", "end": "Off treatment"}
_NAMES: Final = {"scan": "Scans"}


class Timeline(NamedTuple):
    """
    What the picture of a patient draws; days are counted from the first dose, which is day 1.

    Parameters
    ----------
    planned : polars.DataFrame
        ``row start end``: stretches of dosing days, and scans, by the plan.
    given : polars.DataFrame
        ``row start end level dose``: doses as recorded (level -2: omitted), and scans done with their response.
    events : polars.DataFrame
        ``event day``.
    deviations : polars.DataFrame
        ``number row day rule why``.
    rows : list of str
        Drugs and ``scan``, from above.
    last : int
        Last day drawn.
    """

    planned: pl.DataFrame
    given: pl.DataFrame
    events: pl.DataFrame
    deviations: pl.DataFrame
    rows: list[str]
    last: int


_PLAN_SCHEMA: Final[dict[str, Any]] = {"row": pl.String, "start": pl.Int64, "end": pl.Int64}
_GIVEN_SCHEMA: Final[dict[str, Any]] = {**_PLAN_SCHEMA, "level": pl.Int64, "dose": pl.String}


def timeline_data(datasets: Mapping[str, pl.DataFrame], protocol: Protocol, subject: str) -> Timeline:
    """
    Take the plan and the records of one patient.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adex adrs addv`` are read.
    protocol : Protocol
        Drugs, cycles, planned scans.
    subject : str
        USUBJID.

    Returns
    -------
    Timeline
        The plan runs to the end of treatment, or to the cut-off; without rows for a patient who was never treated.
    """
    adsl = datasets["adsl"].filter(pl.col("USUBJID") == subject)
    row = adsl.to_dicts()[0] if adsl.height else {}
    first = row.get("TRTSDT")
    none = pl.DataFrame(schema={"event": pl.String, "day": pl.Int64})
    if first is None:
        empty = pl.DataFrame(
            schema={"number": pl.Int64, "row": pl.String, "day": pl.Int64, "rule": pl.String, "why": pl.String}
        )
        return Timeline(pl.DataFrame(schema=_PLAN_SCHEMA), pl.DataFrame(schema=_GIVEN_SCHEMA), none, empty, [], 0)

    def day(date: Any) -> int | None:
        return None if date is None else (date - first).days + 1

    doses = datasets["adex"].filter((pl.col("USUBJID") == subject) & pl.col("ASTDT").is_not_null())
    last_dose = max((day(date) or 1 for date in doses["AENDT"]), default=1)
    until = day(row["TRTEDT"]) or day(row["CUTOFFDT"]) or day(row["LSTALVDT"]) or last_dose
    until = max(until, last_dose)
    drugs = [d for d in protocol.treatment if (doses["EXTRT"].str.to_lowercase() == d.name.lower()).any()]
    plan = [stretch for drug in drugs for stretch in _plan(drug, protocol, until)]
    given = [dose for drug in drugs for dose in _given(doses, drug, first)]
    events = {
        "progression": _progression(datasets["adrs"], subject, first),
        "death": day(row["DTHDT"]),
        "new therapy": day(row["NTRTDT"]),
        "end": day(row["TRTEDT"]) if row["EOTSTT"] in ("DISCONTINUED", "COMPLETED") else None,
    }
    scans = _scans(datasets["adrs"], subject)
    watched = events["progression"] or max([until, *(end for _, _, end, _, _ in scans)])
    steps = [("scan", planned, planned) for planned in _planned_scans(protocol, watched)]
    shown = [(name, date) for name, date in events.items() if date is not None]
    last = max([until, *(date for _, date in shown), *(end for _, _, end, _, _ in [*given, *scans])])
    rows = [drug.name for drug in drugs] + (["scan"] if scans or steps else [])
    return Timeline(
        pl.DataFrame([*plan, *steps], schema=_PLAN_SCHEMA, orient="row"),
        pl.DataFrame([*given, *scans], schema=_GIVEN_SCHEMA, orient="row"),
        pl.DataFrame(shown, schema=none.schema, orient="row"),
        _deviations(datasets.get("addv"), subject, first, [drug.name for drug in drugs]),
        rows,
        last,
    )


def _plan(drug: Treatment, protocol: Protocol, until: int) -> list[tuple[str, int, int]]:
    """Stretches of planned dosing days up to the end of treatment, or of the drug."""
    starts = [day for day in drug.days if day - 1 not in drug.days]
    ends = [day for day in drug.days if day + 1 not in drug.days]
    stop = until
    if drug.max_duration_months is not None:
        stop = min(stop, drug.first_day + int(drug.max_duration_months * protocol.conventions.days_per_month))
    found, begin, cycle = [], drug.first_day - 1, 1
    while begin < stop and (drug.max_cycles is None or cycle <= drug.max_cycles):
        found += [
            (drug.name, begin + start, min(begin + end, until))
            for start, end in zip(starts, ends, strict=True)
            if begin + start <= stop
        ]
        begin, cycle = begin + drug.cycle_days, cycle + 1
    return found


def _given(doses: pl.DataFrame, drug: Treatment, first: Any) -> list[tuple[str, int, int, int, str]]:
    mine = doses.filter(pl.col("EXTRT").str.to_lowercase() == drug.name.lower()).sort("ASTDT", "SRCSEQ")
    found = []
    for row in mine.iter_rows(named=True):
        start, end = (row["ASTDT"] - first).days + 1, (row["AENDT"] - first).days + 1
        level = -2 if row["EXDOSE"] == 0 else -1 if row["DOSELVL"] is None else row["DOSELVL"]
        amount = row["AVAL"] if row["AVAL"] is not None else row["EXDOSE"]
        unit = row["AVALU"] if row["AVAL"] is not None else row["EXDOSU"]
        text = "" if amount is None else f"{round(amount, 1):g} {unit or ''}".strip()
        found.append((drug.name, start, end, level, text))
    return found


def _progression(adrs: pl.DataFrame, subject: str, first: Any) -> int | None:
    rows = adrs.filter((pl.col("USUBJID") == subject) & (pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
    dates = rows["ADT"].drop_nulls().to_list()
    return (dates[0] - first).days + 1 if dates else None


def _scans(adrs: pl.DataFrame, subject: str) -> list[tuple[str, int, int, int, str]]:
    rows = adrs.filter((pl.col("USUBJID") == subject) & (pl.col("PARAMCD") == "OVR") & (pl.col("ADY") > 1)).sort("ADY")
    return [("scan", row["ADY"], row["ADY"], 0, row["AVALC"] or "") for row in rows.iter_rows(named=True)]


def _planned_scans(protocol: Protocol, until: int) -> list[int]:
    days, day = [], 0
    for step in protocol.tumour.schedule:
        stop = until if step.until_day is None else min(step.until_day, until)
        while day + step.every_days <= stop:
            day += step.every_days
            days.append(day + 1)
    return days


def _deviations(addv: pl.DataFrame | None, subject: str, first: Any, drugs: list[str]) -> pl.DataFrame:
    schema = {"number": pl.Int64, "row": pl.String, "day": pl.Int64, "rule": pl.String, "why": pl.String}
    rows = []
    mine = addv.filter(pl.col("USUBJID") == subject).to_dicts() if addv is not None else []
    for number, row in enumerate(mine, start=1):
        drug = next((name for name in drugs if str(row["WHY"]).lower().startswith(name.lower())), None)
        place = drug or ("scan" if str(row["RULE"]).startswith("SCAN") else "")
        day = None if row["ADT"] is None else (row["ADT"] - first).days + 1
        rows.append((number, place, day, row["RULE"], row["WHY"]))
    return pl.DataFrame(rows, schema=schema, orient="row")


@styled
def draw_timeline(data: Timeline, *, width_mm: float = TWO_COLUMNS_MM) -> Figure:
    """
    Draw the course of one patient.

    Parameters
    ----------
    data : Timeline
        See `timeline_data`.
    width_mm : float
        Width; the height follows the number of drugs and deviations.

    Returns
    -------
    matplotlib.figure.Figure
        For each drug the plan (grey) above what was given (coloured by dose level); deviations are numbered and told below.
    """
    if not data.rows:
        return no_data(Size(width_mm, 40), "The patient has no dose on record.")
    left = 6 + max(text_width_mm(_title(name)) for name in data.rows) + 3 + text_width_mm("planned", SMALL) + 2
    entries = _key(data)
    key = key_height_mm(entries, width_mm - left - 6)
    told = _told(data, width_mm - left - 8)
    below = 13 + 3.6 * len(told) + (2 if told else 0)
    plot = 14.0 * (len(data.rows) + 0.55)
    height = plot + below + key + 6
    figure = new_figure(Size(width_mm, height))
    axes = axes_mm(figure, left=left, right=6, bottom=below, top=key + 6)
    for number, name in enumerate(data.rows):
        _draw_row(axes, data, name, number, (width_mm - left - 6) / max(data.last, 1))
    _draw_events(axes, data)
    _set_axes(axes, data)
    canvas = canvas_mm(figure)
    step = plot / (len(data.rows) + 0.55)
    for number, name in enumerate(data.rows):
        middle = below + plot - step * (number + 0.95)
        canvas.text(4, middle, _title(name), va="center", fontweight="bold")
        for offset, word in ((0.2, "planned"), (-0.2, "done" if name == "scan" else "given")):
            canvas.text(left - 2, middle + offset * step, word, va="center", ha="right", fontsize=SMALL, color=DARK)
    for number, (line, lead) in enumerate(told):
        y = below - 14 - 3.6 * number
        canvas.text(left, y, lead, va="center", fontsize=SMALL, color=_FLAG, fontweight="bold")
        canvas.text(left + 4.5, y, line, va="center", fontsize=SMALL)
    draw_key(canvas, entries, left=left, top=height - 2, width=width_mm - left - 6)
    return figure


def _title(name: str) -> str:
    return _NAMES.get(name, name.capitalize())


def _told(data: Timeline, width: float) -> list[tuple[str, str]]:
    """Lines below the plot, each with its number where a deviation begins."""
    lines: list[tuple[str, str]] = []
    for row in data.deviations.iter_rows(named=True):
        day = f", day {row['day']}" if row["day"] is not None else ""
        for number, line in enumerate(wrap_mm(f"{row['rule']}{day}. {row['why']}", width - 4.5, SMALL)):
            lines.append((line, str(row["number"]) if number == 0 else ""))
    return lines


def _key(data: Timeline) -> list[KeyEntry]:
    entries = [KeyEntry("Planned", "bar", _PLANNED)]
    drugs = data.given.filter(pl.col("row") != "scan")
    for level in sorted({int(v) for v in drugs["level"] if v >= -1}, key=lambda v: (v < 0, v)):
        name = "Starting dose" if level == 0 else f"Reduction {level}" if level > 0 else "Another dose"
        entries.append(KeyEntry(name, "bar", level_colour(level)))
    if (drugs["level"] == -2).any():
        entries.append(KeyEntry("Omitted", "o", INK, "white"))
    if "scan" in data.rows:
        entries.append(KeyEntry("Scan", "v", INK, INK))
    if data.deviations.height:
        entries.append(KeyEntry("Deviation, told below", "D", _FLAG, _FLAG))
    return entries


def _draw_row(axes: Axes, data: Timeline, name: str, number: int, mm_per_day: float) -> None:
    planned, given = data.planned.filter(pl.col("row") == name), data.given.filter(pl.col("row") == name)
    above, below = number - 0.2, number + 0.2
    if name == "scan":
        axes.plot(planned["start"], [above] * planned.height, "v", color=_PLANNED, markersize=5, clip_on=False)
        axes.plot(given["start"], [below] * given.height, "v", color=INK, markersize=4.5, clip_on=False, zorder=3)
        _write(axes, [(r["start"], r["dose"]) for r in given.iter_rows(named=True)], below + 0.24, mm_per_day)
    else:
        least = 0.9 / mm_per_day  # a single day is still seen
        width = (planned["end"] - planned["start"] + 1).clip(lower_bound=least)
        axes.barh([above] * planned.height, width, left=planned["start"], height=0.3, color=_PLANNED, linewidth=0)
        for level in sorted({int(v) for v in given["level"]} - {-2}):
            part = given.filter(pl.col("level") == level)
            long = (part["end"] - part["start"] + 1).clip(lower_bound=least)
            axes.barh(
                [below] * part.height, long, left=part["start"], height=0.3, color=level_colour(level), linewidth=0,
                gid=f"{name} level {level}", zorder=2,
            )  # fmt: skip
        zero = given.filter(pl.col("level") == -2)
        axes.plot(
            zero["start"], [below] * zero.height, "o", color=INK, markerfacecolor="white", markersize=3.5, zorder=3
        )
        doses = [r for r in given.iter_rows(named=True) if r["level"] != -2]
        changed = [r for k, r in enumerate(doses) if k == 0 or r["level"] != doses[k - 1]["level"]]
        _write(axes, [(r["start"], r["dose"]) for r in changed], below + 0.26, mm_per_day, is_left=True)
    flags = data.deviations.filter((pl.col("row") == name) & pl.col("day").is_not_null())
    for (day,), same in flags.group_by("day", maintain_order=True):
        axes.plot([day], [number], "D", color=_FLAG, markersize=3, zorder=4, clip_on=False)
        axes.annotate(
            ", ".join(str(one) for one in same["number"]), (day, number), xytext=(3, 0), textcoords="offset points",
            va="center", fontsize=SMALL, color=_FLAG, fontweight="bold",
        )  # fmt: skip


def _write(
    axes: Axes, words: list[tuple[int, str]], height: float, mm_per_day: float, *, is_left: bool = False
) -> None:
    """Write short words below their day, leaving out those that would run into the one before."""
    free = -1e9
    for day, word in words:
        wide = text_width_mm(word, SMALL)
        begin = day * mm_per_day - (0 if is_left else wide / 2)
        if word and begin > free:
            axes.text(day, height, word, ha="left" if is_left else "center", va="center", fontsize=SMALL, color=DARK)
            free = begin + wide + 1


def _draw_events(axes: Axes, data: Timeline) -> None:
    free = -1.0
    for row in data.events.sort("day").iter_rows(named=True):
        axes.axvline(row["day"], color=DARK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        near = row["day"] - free < data.last * 0.16
        axes.text(
            row["day"], -0.83 + (0.24 if near else 0), f"{_EVENTS[row['event']]} ", ha="right", va="center", fontsize=SMALL,
            color=DARK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4}, zorder=2,
        )  # fmt: skip
        free = row["day"] if not near else -1.0


def _set_axes(axes: Axes, data: Timeline) -> None:
    axes.set_xlim(-data.last * 0.005, data.last * 1.02)
    axes.set_ylim(len(data.rows) - 0.4, -0.95)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Day of treatment", labelpad=2)
    axes.axvline(1, color=INK, linewidth=0.6)
    step = next((s for s in (7, 14, 28, 42, 84, 168, 336) if data.last / s <= 13), 672)
    axes.set_xticks([1, *range(1 + step, data.last + 1, step)])
    for line in range(1, len(data.rows)):
        axes.axhline(line - 0.42, color=RULE_GREY, linewidth=0.4, zorder=0)
