"""
How every figure looks: sizes in mm, fonts, Okabe-Ito colours, and saving that gives the same bytes every time.

Text stays text in the SVG. It is laid out with the wide letters of DejaVu Sans, which comes with matplotlib, and shown in the
reader's Helvetica or Arial, which are narrower: what fits here fits there.

References
----------
.. [1] Okabe M, Ito K (2008), Color Universal Design: set of colours that is unambiguous to colour-blind people.
"""

from __future__ import annotations

import functools
import io
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

__all__ = [
    "DARK",
    "GREY",
    "INK",
    "ONE_COLUMN_MM",
    "RESPONSE_COLOURS",
    "RULE_GREY",
    "TWO_COLUMNS_MM",
    "KeyEntry",
    "Size",
    "axes_mm",
    "canvas_mm",
    "clean",
    "draw_key",
    "key_height_mm",
    "new_figure",
    "no_data",
    "short_labels",
    "stamp_synthetic",
    "styled",
    "text_width_mm",
    "to_png",
    "to_svg",
    "wrap_mm",
]

ONE_COLUMN_MM: Final = 85.0
TWO_COLUMNS_MM: Final = 174.0
MM_PER_INCH: Final = 25.4
MM_PER_POINT: Final = MM_PER_INCH / 72
_ENLARGED: Final = 20

INK: Final = "#1a1a1a"
DARK: Final = "#4d4d4d"
GREY: Final = "#8c8c8c"
RULE_GREY: Final = "#b3b3b3"
BLUE: Final = "#0072B2"
RESPONSE_COLOURS: Final = {
    "CR": "#0072B2",
    "PR": "#56B4E9",
    "SD": "#E69F00",
    "NON-CR/NON-PD": "#F0E442",
    "PD": "#D55E00",
    "NE": "#999999",
}
"""Colour of a best overall response; any other response has that of NE."""

FONT_SIZE: Final = 8.0
SMALL: Final = 7.0
_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "axes.labelsize": FONT_SIZE,
    "xtick.labelsize": FONT_SIZE,
    "ytick.labelsize": FONT_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "axes.formatter.use_locale": False,
    "axes.grid": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "butt",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "path.simplify": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "onearm",
    "svg.id": None,
}
_SCREEN_FONTS: Final = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

P = ParamSpec("P")


class Size(NamedTuple):
    """
    Size of a figure.

    Parameters
    ----------
    width_mm, height_mm : float
        Millimetres. A figure that must list its patients may grow higher than asked.
    """

    width_mm: float = TWO_COLUMNS_MM
    height_mm: float = 100.0


class KeyEntry(NamedTuple):
    """
    One entry of a figure's key.

    Parameters
    ----------
    label : str
        What it stands for.
    kind : str
        ``bar``, ``line``, or a matplotlib marker.
    colour : str
        Its colour.
    fill : str or None
        Colour inside a marker; that of its edge where missing.
    """

    label: str
    kind: str
    colour: str
    fill: str | None = None


@contextmanager
def _house_style() -> Iterator[None]:
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A letter that the layout font lacks is shown by the reader's font: the SVG holds it as text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """
    Make a drawing function work in the house style whatever matplotlib's settings are.

    Parameters
    ----------
    draw : callable
        Returns a figure.

    Returns
    -------
    callable
        The same function, in the house style.
    """

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _house_style():
            return draw(*args, **kwargs)

    return inside


def new_figure(size: Size) -> Figure:
    """
    Make an empty figure that no global state knows.

    Parameters
    ----------
    size : Size
        In mm.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas.
    """
    figure = Figure(figsize=(size.width_mm / MM_PER_INCH, size.height_mm / MM_PER_INCH))
    FigureCanvasAgg(figure)
    return figure


def axes_mm(figure: Figure, *, left: float, bottom: float, right: float, top: float) -> Axes:
    """
    Add axes with margins in mm.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Where to add them.
    left, bottom, right, top : float
        Distance from the figure's edges.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    width, height = _size_mm(figure)
    box = (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    return figure.add_axes(box)


def canvas_mm(figure: Figure) -> Axes:
    """
    Cover a figure with invisible axes whose unit is the millimetre, from the lower left corner.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Where to add them.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    width, height = _size_mm(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    return axes


def _size_mm(figure: Figure) -> tuple[float, float]:
    width, height = figure.get_size_inches()
    return float(width) * MM_PER_INCH, float(height) * MM_PER_INCH


@functools.cache
def _layout_font(weight: str) -> Any:
    return get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))


@functools.lru_cache(maxsize=4096)
def text_width_mm(text: str, size: float = FONT_SIZE, weight: str = "normal") -> float:
    """
    Measure a line of text.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in points.
    weight : str
        ``normal`` or ``bold``.

    Returns
    -------
    float
        Millimetres.
    """
    font = _layout_font(weight)
    font.set_size(size * _ENLARGED, 72)  # at its own size, hinting would round every letter to a whole dot
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        font.set_text(text, 0.0)
    width: float = font.get_width_height()[0] / 64 / _ENLARGED
    return width * MM_PER_POINT


def wrap_mm(text: str, width: float, size: float = FONT_SIZE) -> list[str]:
    """
    Break a text into lines that fit.

    Parameters
    ----------
    text : str
        May hold long words, which are broken.
    width : float
        Millimetres.
    size : float
        Font size in points.

    Returns
    -------
    list of str
        At least one line.
    """
    text = clean(text)
    full = text_width_mm(text, size)
    if full <= width or not text:
        return [text]
    letters = max(4, int(len(text) * width / full))
    while letters > 4:
        lines = textwrap.wrap(text, letters)
        if all(text_width_mm(line, size) <= width for line in lines):
            return lines
        letters -= 1
    return textwrap.wrap(text, letters)


def clean(text: str) -> str:
    """
    Replace what no XML document may hold.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Without control characters.
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def short_labels(names: Sequence[str], *, longest: int = 14) -> list[str]:
    """
    Shorten identifiers to what tells them apart.

    Parameters
    ----------
    names : sequence of str
        Identifiers; may be long.
    longest : int, default 14
        Letters.

    Returns
    -------
    list of str
        Without the part before the last ``-``, ``/`` or ``_`` that all share; the end of those that stay too long.

    Examples
    --------
    >>> short_labels(["AB-01-001", "AB-01-002"]), short_labels(["AB-01", "CD-01"])
    (['001', '002'], ['AB-01', 'CD-01'])
    """
    cut = 0
    if len(names) > 1:
        first, last = min(names), max(names)
        same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(map(len, names)))
        cut = max((first.rfind(mark, 0, same) for mark in "-/_"), default=-1) + 1
    short = [clean(name[cut:]) for name in names]
    return [name if len(name) <= longest else f"…{name[-(longest - 1) :]}" for name in short]


def key_height_mm(entries: Sequence[KeyEntry], width: float) -> float:
    """
    Say how much height a key takes.

    Parameters
    ----------
    entries : sequence of KeyEntry
        May be none.
    width : float
        Millimetres it may fill.

    Returns
    -------
    float
        Millimetres.
    """
    rows = _key_rows(entries, width)
    return 4.2 * len(rows)


def _key_rows(entries: Sequence[KeyEntry], width: float) -> list[list[tuple[KeyEntry, float]]]:
    rows: list[list[tuple[KeyEntry, float]]] = []
    used = width + 1
    for entry in entries:
        needs = 5.5 + text_width_mm(entry.label) + 5
        if used + needs > width + 5 or not rows:
            rows.append([])
            used = 0.0
        rows[-1].append((entry, used))
        used += needs
    return rows


def draw_key(canvas: Axes, entries: Sequence[KeyEntry], *, left: float, top: float, width: float) -> None:
    """
    Draw a figure's key in rows, as wide as it may be.

    Parameters
    ----------
    canvas : matplotlib.axes.Axes
        Axes in mm (`canvas_mm`).
    entries : sequence of KeyEntry
        In the order in which they are read.
    left, top : float
        Upper left corner.
    width : float
        Millimetres it may fill.
    """
    for number, row in enumerate(_key_rows(entries, width)):
        y = top - 2.1 - 4.2 * number
        for entry, offset in row:
            x = left + offset
            if entry.kind == "bar":
                canvas.fill_between([x, x + 4], y - 1.1, y + 1.1, color=entry.colour, linewidth=0)
            elif entry.kind == "line":
                canvas.plot([x, x + 4], [y, y], color=entry.colour)
            else:
                face = entry.fill or entry.colour
                canvas.plot([x + 2], [y], entry.kind, color=entry.colour, markerfacecolor=face, markersize=4.5)
            canvas.text(x + 5.5, y, entry.label, va="center_baseline")


def no_data(size: Size, why: str) -> Figure:
    """
    Draw a figure that says that there is nothing to draw, and why.

    Parameters
    ----------
    size : Size
        In mm.
    why : str
        The reason, one sentence.

    Returns
    -------
    matplotlib.figure.Figure
        Framed text.
    """
    with _house_style():
        figure = new_figure(Size(size.width_mm, min(size.height_mm, 30.0)))
        canvas = canvas_mm(figure)
        width, height = _size_mm(figure)
        lines = ["No data", *wrap_mm(why, width - 20)]
        canvas.text(width / 2, height / 2, "\n".join(lines), ha="center", va="center", color=DARK)
    return figure


def stamp_synthetic(figure: Figure) -> Figure:
    """
    Write "Synthetic data" into the upper right corner.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Changed in place.

    Returns
    -------
    matplotlib.figure.Figure
        The same figure.
    """
    width, height = _size_mm(figure)
    with _house_style():
        figure.text(
            1 - 1.5 / width, 1 - 1.2 / height, "Synthetic data", ha="right", va="top",
            fontsize=SMALL, color="#A34700", fontweight="bold",
        )  # fmt: skip
    return figure


def to_svg(figure: Figure) -> bytes:
    """
    Write a figure as SVG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure.

    Returns
    -------
    bytes
        UTF-8, the same for the same figure.
    """
    buffer = io.StringIO()
    with _house_style():
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=metadata)
    return buffer.getvalue().replace("'DejaVu Sans'", _SCREEN_FONTS).encode()


def to_png(figure: Figure, *, dots_per_inch: int = 200) -> bytes:
    """
    Write a figure as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure.
    dots_per_inch : int, default 200
        Resolution.

    Returns
    -------
    bytes
        The same for the same figure.
    """
    buffer = io.BytesIO()
    with _house_style():
        figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return buffer.getvalue()
