"""A grid of small panels, four in a row, for figures with one panel for each biomarker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from onearm.outputs.figures.style import TWO_COLUMNS_MM, Size, axes_mm, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["panel_grid"]

_PER_ROW: Final = 4
_ROW_MM: Final = 62.0


def panel_grid(n: int) -> tuple[Figure, Iterator[tuple[Axes, float]]]:
    """
    Lay out panels.

    Parameters
    ----------
    n : int
        Panels, one or more.

    Returns
    -------
    tuple of Figure and iterator of (Axes, float)
        The figure, as wide as its panels need, and each panel's axes with their width in mm.
    """
    columns = min(_PER_ROW, max(n, 2))
    n_rows = -(-n // columns)
    width = TWO_COLUMNS_MM * columns / _PER_ROW
    figure = new_figure(Size(width, _ROW_MM * n_rows))
    return figure, _cells(figure, n, columns, width / columns)


def _cells(figure: Figure, n: int, columns: int, cell: float) -> Iterator[tuple[Axes, float]]:
    n_rows = -(-n // columns)
    for number in range(n):
        i, j = divmod(number, columns)
        axes = axes_mm(
            figure,
            left=cell * j + 13,
            right=cell * (columns - j - 1) + 2,
            bottom=_ROW_MM * (n_rows - 1 - i) + 12,
            top=_ROW_MM * i + 14,
        )
        yield axes, cell - 15
