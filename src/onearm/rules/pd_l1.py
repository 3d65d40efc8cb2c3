"""
PD-L1 scores: tumour proportion score and combined positive score.

The pathologist's manuals count viable tumour cells with membrane staining, and for the combined score also stained
lymphocytes and macrophages, over viable tumour cells. Scores made here from cell tables follow the same arithmetic; they
are no substitute for the reading that an assay was approved with.

References
----------
.. [1] Agilent, PD-L1 IHC 22C3 pharmDx interpretation manuals (NSCLC; gastric or GEJ; ESCC): at least 100 viable tumour
   cells; the combined positive score is at most 100.
.. [2] Kulangara K et al. (2019), Arch Pathol Lab Med 143(3):330-337 (combined positive score).
.. [3] Roche, VENTANA PD-L1 (SP263) interpretation guides: tumour cells and immune cells by percentage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from onearm.errors import MethodError

__all__ = ["CPS_CUTOFFS", "LEAST_CELLS", "TPS_CUTOFFS", "Score", "combined_positive_score", "tumour_proportion_score"]

LEAST_CELLS: Final = 100
"""Viable tumour cells below which a specimen cannot be scored [1]_."""
TPS_CUTOFFS: Final = (1.0, 50.0)
"""Percent: KEYNOTE-010 and KEYNOTE-042 (NSCLC); ALTER-E-003 calls 1 and more positive."""
CPS_CUTOFFS: Final = (1.0, 10.0)
"""KEYNOTE-059 (gastric) and KEYNOTE-181, KEYNOTE-590 (esophageal)."""

Denominator = Literal["tumour", "all"]


@dataclass(frozen=True)
class Score:
    """
    A score and what it was made of.

    Attributes
    ----------
    value : float or None
        None where it cannot be scored.
    numerator, denominator : int
        Cells counted.
    note : str
        Why there is no value, or that it was limited to 100; mostly empty.
    """

    value: float | None
    numerator: int
    denominator: int
    note: str = ""


def tumour_proportion_score(positive: int, viable: int, *, at_least: int = LEAST_CELLS) -> Score:
    """
    Share of tumour cells with membrane staining, in percent.

    Parameters
    ----------
    positive : int
        Viable tumour cells with partial or complete membrane staining of any intensity.
    viable : int
        Viable tumour cells.
    at_least : int, default 100
        Tumour cells that a specimen must have.

    Returns
    -------
    Score
        Between 0 and 100; without value where there are too few tumour cells.

    Raises
    ------
    MethodError
        If counts are negative, or more cells are positive than there are.

    Examples
    --------
    >>> tumour_proportion_score(30, 600).value
    5.0
    >>> tumour_proportion_score(3, 60).note
    '60 tumour cells, at least 100 are needed'
    """
    _check(positive, viable, "tumour cells")
    if viable < at_least or viable == 0:
        return Score(None, positive, viable, f"{viable} tumour cells, at least {at_least} are needed")
    return Score(100 * positive / viable, positive, viable)


def combined_positive_score(
    positive_tumour: int | None,
    positive_immune: int | None,
    viable: int,
    *,
    clone: str = "22C3",
    denominator: Denominator = "tumour",
    at_least: int = LEAST_CELLS,
) -> Score:
    """
    Stained tumour cells, lymphocytes and macrophages for each 100 tumour cells.

    Parameters
    ----------
    positive_tumour : int or None
        Viable tumour cells with membrane staining.
    positive_immune : int or None
        Lymphocytes and macrophages with membrane or cytoplasmic staining, within the tumour and next to it.
    viable : int
        Viable tumour cells; with ``denominator = "all"`` all viable cells.
    clone : str, default "22C3"
        The antibody.
    denominator : {"tumour", "all"}, default "tumour"
        NCT05013697 divides by all viable cells; the manuals divide by viable tumour cells.
    at_least : int, default 100
        Cells in the denominator that a specimen must have.

    Returns
    -------
    Score
        Between 0 and 100; what is above counts as 100.

    Raises
    ------
    MethodError
        Without counts of both kinds of cells: a percentage of tumour cells, as SP263 is often read, holds no immune cells
        and gives no combined score.

    Examples
    --------
    >>> combined_positive_score(30, 15, 300).value
    15.0
    >>> combined_positive_score(280, 90, 300)
    Score(value=100.0, numerator=370, denominator=300, note='123.3 counted, at most 100 by definition')
    """
    if positive_tumour is None or positive_immune is None:
        raise MethodError(
            f"combined positive score ({clone}): counts of stained tumour cells and of stained immune cells are needed. A "
            "percentage of tumour cells, as SP263 is read, holds no immune cells; report it as such."
        )
    _check(positive_tumour, viable, "tumour cells")
    if positive_immune < 0:
        raise MethodError(f"combined positive score: {positive_immune} immune cells; give a count.")
    stained = positive_tumour + positive_immune
    kind = "tumour cells" if denominator == "tumour" else "cells"
    if viable < at_least or viable == 0:
        return Score(None, stained, viable, f"{viable} {kind}, at least {at_least} are needed")
    value = 100 * stained / viable
    note = f"{value:.1f} counted, at most 100 by definition" if value > 100 else ""
    return Score(min(value, 100.0), stained, viable, note)


def _check(positive: int, viable: int, what: str) -> None:
    if positive < 0 or viable < 0 or positive > viable:
        raise MethodError(f"PD-L1 score: {positive} positive of {viable} {what}; counts cannot be so.")
