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
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from onearm.outputs.figures.text import FONT_SIZE, LAYOUT_FONT, MM_PER_INCH, SMALL, wrap_mm

__all__ = [
    "BLUE",
    "DARK",
    "GREY",
    "INK",
    "ONE_COLUMN_MM",
    "RESPONSE_COLOURS",
    "RULE_GREY",
    "TWO_COLUMNS_MM",
    "Size",
    "axes_mm",
    "canvas_mm",
    "new_figure",
    "no_data",
    "stamp_synthetic",
    "styled",
    "to_png",
    "to_svg",
]

ONE_COLUMN_MM: Final = 85.0
TWO_COLUMNS_MM: Final = 174.0

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

_STYLE: Final[Any] = {
    "font.family": LAYOUT_FONT,
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
    Write "Synthetic data" into the upper right corner, and into what a PNG says of itself.

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
    figure.set_label("Synthetic data")
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
    return buffer.getvalue().replace(f"'{LAYOUT_FONT}'", _SCREEN_FONTS).encode()


def _title(figure: Figure) -> str | None:
    """What a file of dots says of itself besides what is seen; in SVG the words themselves can be found."""
    return str(figure.get_label()) or None


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
        metadata = {"Software": None, "Title": _title(figure)}
        figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata=metadata)
    return buffer.getvalue()
