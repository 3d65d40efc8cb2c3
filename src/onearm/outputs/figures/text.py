"""Text in figures: how wide it is, where it breaks, how identifiers are shortened."""

from __future__ import annotations

import functools
import re
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any, Final

from matplotlib.font_manager import FontProperties, findfont, get_font

__all__ = ["FONT_SIZE", "LAYOUT_FONT", "MM_PER_INCH", "SMALL", "clean", "short_labels", "text_width_mm", "wrap_mm"]

LAYOUT_FONT: Final = "DejaVu Sans"
"""Comes with matplotlib, so that text takes the same room everywhere."""
FONT_SIZE: Final = 8.0
SMALL: Final = 7.0
MM_PER_INCH: Final = 25.4
_MM_PER_POINT: Final = MM_PER_INCH / 72
_ENLARGED: Final = 20
_BREAKS: Final = re.compile(r"[\t\n\r\x0b\x0c\x85\u2028\u2029]")
_NOT_XML: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@functools.cache
def _layout_font(weight: str) -> Any:
    return get_font(findfont(FontProperties(family=LAYOUT_FONT, weight=weight)))


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
    return width * _MM_PER_POINT


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
        lines = textwrap.wrap(text, letters, break_on_hyphens=False)
        if all(text_width_mm(line, size) <= width for line in lines):
            return lines
        letters -= 1
    return textwrap.wrap(text, letters, break_on_hyphens=False)


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
        With control characters replaced and line breaks as spaces.
    """
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub(" ", text))


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
