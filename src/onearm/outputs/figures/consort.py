"""
CONSORT flow chart, drawn from the disposition rows.

References
----------
.. [1] Hopewell S et al. (2025), CONSORT 2025 statement, BMJ 388:e081123.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from matplotlib.patches import Rectangle

from onearm.outputs.figures.style import INK, Size, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import wrap_mm
from onearm.outputs.labels import reason_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.outputs.lookup import Block, Lookup

__all__ = ["consort_data", "draw_consort"]

_MAIN: Final = ("screened", "enrolled", "treated")
_SIDE: Final = {"screened": "not_enrolled", "enrolled": "not_treated", "treated": "discontinued"}
_FATE: Final = ("ongoing", "completed")
_TITLES: Final = {
    "screened": "Screened for eligibility",
    "not_enrolled": "Not enrolled",
    "enrolled": "Enrolled",
    "not_treated": "Not treated",
    "treated": "Treated",
    "discontinued": "Discontinued treatment",
    "ongoing": "Treatment ongoing at cut-off",
    "completed": "Completed treatment",
}
_SCHEMA: Final[dict[str, Any]] = {
    "box": pl.String,
    "side": pl.String,
    "title": pl.String,
    "n": pl.Float64,
    "lines": pl.List(pl.String),
}
_MOST_REASONS: Final = 8
_LINE_MM: Final = 3.9
_PAD_MM: Final = 2.2
_GAP_MM: Final = 6.5


def consort_data(lookup: Lookup) -> pl.DataFrame:
    """
    Take the boxes of the flow chart from the results.

    Parameters
    ----------
    lookup : Lookup
        The results of a group.

    Returns
    -------
    polars.DataFrame
        ``box side title n lines`` from top to bottom; ``side`` is ``main``, ``right`` (leaves the flow) or ``end``; ``lines``
        holds reasons with their counts, the most frequent first. Steps that the trial does not have are left out, as are
        exits that nobody took.
    """
    block = lookup.block("disposition")
    rows: list[dict[str, object]] = []
    for step in _MAIN:
        if block.stat("n", "step", step).value is None:
            continue
        rows.append({**_box(block, step, "main"), "lines": _fates(block) if step == "treated" else []})
        leaves = _SIDE[step]
        if block.stat("n", "step", leaves).value:
            rows.append({**_box(block, leaves, "right"), "lines": _reasons(block, leaves)})
    steps = {*_TITLES}
    sets = [str(level) for level in block.levels("step") if level not in steps]
    lines = [_line(name, block.stat("n", "step", name).value) for name in sets]
    if lines and rows:
        rows.append({"box": "sets", "side": "end", "title": "Analysed", "n": None, "lines": lines})
    return pl.DataFrame(rows, schema=_SCHEMA)


def _box(block: Block, step: str, side: str) -> dict[str, object]:
    n = block.stat("n", "step", step).value
    return {"box": step, "side": side, "title": _TITLES[step], "n": n, "lines": []}


def _fates(block: Block) -> list[str]:
    counts = {step: block.stat("n", "step", step).value for step in _FATE}
    return [_line(_TITLES[step], n) for step, n in counts.items() if n]


def _line(text: str, n: float | None) -> str:
    return text if n is None else f"{text} (n = {n:.0f})"


def _reasons(block: Block, step: str) -> list[str]:
    variable = f"reason:{step}"
    found = {level: block.stat("n", variable, level).value or 0.0 for level in block.levels(variable)}
    counted = [(level or "Not stated", n) for level, n in found.items() if n]
    counted.sort(key=lambda pair: (-pair[1], pair[0]))
    lines = [_line(reason_label(name), n) for name, n in counted[:_MOST_REASONS]]
    if rest := counted[_MOST_REASONS:]:
        lines.append(_line(f"{len(rest)} other reasons", sum(n for _, n in rest)))
    return lines


@styled
def draw_consort(
    data: pl.DataFrame, *, size: Size | None = None, why_empty: str = "The results have no disposition."
) -> Figure:
    """
    Draw the flow chart.

    Parameters
    ----------
    data : polars.DataFrame
        See `consort_data`.
    size : Size, optional
        Its width counts; the height follows the content.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Boxes down the left, exits to the right.
    """
    size = size or Size()
    if not data.height:
        return no_data(size, why_empty)
    edge, gutter = 4.0, 12.0
    main = (size.width_mm - 2 * edge - gutter) * 0.46
    side = size.width_mm - 2 * edge - gutter - main
    boxes = [
        (row["side"], _text_lines(row, side if row["side"] == "right" else main)) for row in data.iter_rows(named=True)
    ]
    figure = new_figure(Size(size.width_mm, sum(_height(lines) + _GAP_MM for _, lines in boxes) + 6))
    canvas = canvas_mm(figure)
    top = float(canvas.get_ylim()[1]) - 5
    middle = edge + main / 2
    above: float | None = None
    for where, lines in boxes:
        height = _height(lines)
        if where == "right":
            _arrow(canvas, (middle, top - height / 2), (edge + main + gutter, top - height / 2))
            _draw_box(canvas, lines, left=edge + main + gutter, top=top, width=side)
        else:
            if above is not None:
                _arrow(canvas, (middle, above), (middle, top))
            _draw_box(canvas, lines, left=edge, top=top, width=main)
            above = top - height
        top -= height + _GAP_MM
    return figure


def _text_lines(row: dict[str, object], width: float) -> list[tuple[str, str]]:
    room = width - 2 * _PAD_MM
    n = row["n"]
    title = _tied(_line(str(row["title"]), float(n) if isinstance(n, float) else None))
    lines = [(part, "bold") for part in wrap_mm(title, room * 0.92)] if title else []
    items = row["lines"]
    for item in items if isinstance(items, list) else []:
        first, *more = wrap_mm(_tied(str(item)), room - 3)
        lines.append((first, "normal"))
        lines += [(f"    {part}", "normal") for part in more]
    return lines


def _tied(text: str) -> str:
    return text.replace("(n = ", "(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")


def _height(lines: list[tuple[str, str]]) -> float:
    return len(lines) * _LINE_MM + 2 * _PAD_MM - 0.6


def _draw_box(canvas: Axes, lines: list[tuple[str, str]], *, left: float, top: float, width: float) -> None:
    height = _height(lines)
    canvas.add_patch(Rectangle((left, top - height), width, height, facecolor="white", edgecolor=INK, linewidth=0.7))
    for number, (line, weight) in enumerate(lines):
        y = top - _PAD_MM - _LINE_MM * (number + 0.5) + 0.3
        canvas.text(left + _PAD_MM, y, line, va="center_baseline", fontweight=weight)


def _arrow(canvas: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    shape = "-|>,head_width=0.16,head_length=0.35"
    arrow = {"arrowstyle": shape, "color": INK, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
    canvas.annotate("", end, xytext=start, arrowprops=arrow)
