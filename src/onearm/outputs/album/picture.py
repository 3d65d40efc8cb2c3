"""What a figure of the report is, what it is made from, and how it gets its caption and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onearm.outputs import figures as draw
from onearm.outputs.figures.style import Size, stamp_synthetic

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Group
    from onearm.protocol import Protocol

__all__ = ["Picture", "Trial", "file_name", "make_picture"]


@dataclass(frozen=True)
class Picture:
    """
    A figure ready to be printed anywhere.

    Parameters
    ----------
    name : str
        File name without its ending.
    section : str
        Part of the report that it stands in.
    title : str
        Caption: what, in whom.
    notes : tuple of str
        Population, method, what marks mean.
    alt : str
        What is seen, with its numbers.
    svg, png : bytes
        The drawing.
    width_mm : float
        Its width.
    sources : tuple of str
        Where the numbers come from.
    """

    name: str
    section: str
    title: str
    notes: tuple[str, ...]
    alt: str
    svg: bytes
    png: bytes
    width_mm: float
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What every figure is made from."""

    results: pl.DataFrame
    datasets: Mapping[str, pl.DataFrame]
    protocol: Protocol
    printer: Printer
    size: Size | None = None


def make_picture(
    trial: Trial,
    figure: Figure,
    *,
    name: str,
    section: str,
    title: str,
    notes: Sequence[str],
    alt: str,
    group: Group,
    sources: Sequence[str],
) -> Picture:
    """
    Make a picture of a figure: caption with its group, the mark of synthetic data, both files.

    Parameters
    ----------
    trial : Trial
        Says whether the data are synthetic.
    figure : matplotlib.figure.Figure
        The drawing.
    name, section, title : str
        File name, part of the report, caption.
    notes : sequence of str
        Printed below.
    alt : str
        What is seen, with its numbers.
    group : Group
        Added to file name, caption and description where it is a cohort.
    sources : sequence of str
        Where the numbers come from.

    Returns
    -------
    Picture
        Ready to be printed.
    """
    title = title if group.level is None else f"{title}: {group.label}"
    alt = alt if group.level is None else f"{group.label}. {alt}"
    if trial.protocol.trial.synthetic:
        stamp_synthetic(figure)
        notes = [*notes, "Synthetic data."]
    width = float(figure.get_size_inches()[0]) * 25.4
    svg, png = draw.to_svg(figure), draw.to_png(figure)
    return Picture(f"{name}{group.slug}", section, title, tuple(notes), alt, svg, png, width, tuple(sources))


def file_name(name: str) -> str:
    """
    Make a file name of the name of an endpoint or biomarker.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
        Lower case; whatever is no ASCII letter or digit is an underscore.
    """
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).lower()
