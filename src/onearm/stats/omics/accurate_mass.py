"""Annotate LC-MS features by their accurate mass: adducts, a tolerance in ppm, and ambiguous matches kept as such."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed

__all__ = ["ADDUCTS", "Adduct", "MassMatches", "annotate_masses", "formula_mass"]

Floats = NDArray[np.float64]

_ELECTRON: Final = 0.000548579909065
MASSES: Final = {
    "H": 1.00782503223, "D": 2.01410177812, "C": 12.0, "N": 14.00307400443, "O": 15.99491461957, "F": 18.99840316273,
    "Na": 22.9897692820, "Mg": 23.985041697, "Si": 27.97692653465, "P": 30.97376199842, "S": 31.9720711744,
    "Cl": 34.968852682, "K": 38.9637064864, "Ca": 39.962590863, "Mn": 54.93804391, "Fe": 55.93493633, "Co": 58.93319429,
    "Cu": 62.92959772, "Zn": 63.92914201, "Se": 79.9165218, "Br": 78.9183376, "I": 126.9044719, "B": 11.00930536,
    "Li": 7.0160034366,
}  # fmt: skip
"""Masses of the most frequent isotopes in dalton (NIST, Atomic Weights and Isotopic Compositions, 2015)."""


class Adduct(NamedTuple):
    """
    An ion that a molecule forms.

    Attributes
    ----------
    molecules : int
        Molecules in the ion.
    shift : float
        Mass that is added to them, in dalton, electrons counted.
    charge : int
        Charge; its sign is the polarity.
    """

    molecules: int
    shift: float
    charge: int


def formula_mass(formula: str) -> float:
    """
    Monoisotopic mass of a sum formula.

    Parameters
    ----------
    formula : str
        Such as ``C11H12N2O2``; brackets and charges are not read.

    Returns
    -------
    float
        In dalton.

    Raises
    ------
    MethodError
        If it cannot be read or holds an element that is not known.

    Examples
    --------
    >>> round(formula_mass("C11H12N2O2"), 5)  # tryptophan
    204.08988
    """
    text = formula.strip()
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", text)
    if not text or "".join(element + number for element, number in parts) != text:
        raise MethodError(f"formula: '{formula}' cannot be read; write it as C11H12N2O2.")
    if unknown := [element for element, _ in parts if element not in MASSES]:
        raise MethodError(f"formula: '{formula}' holds the element {unknown[0]}, whose mass is not known here.")
    return float(sum(MASSES[element] * int(number or 1) for element, number in parts))


def _adduct(molecules: int, charge: int, gains: str = "", losses: str = "") -> Adduct:
    shift = (formula_mass(gains) if gains else 0.0) - (formula_mass(losses) if losses else 0.0)
    return Adduct(molecules, shift - charge * _ELECTRON, charge)


ADDUCTS: Final = {
    "[M+H]+": _adduct(1, 1, "H"),
    "[M+NH4]+": _adduct(1, 1, "NH4"),
    "[M+Na]+": _adduct(1, 1, "Na"),
    "[M+K]+": _adduct(1, 1, "K"),
    "[M+H-H2O]+": _adduct(1, 1, "H", "H2O"),
    "[M+H-NH3]+": _adduct(1, 1, "H", "NH3"),
    "[M+ACN+H]+": _adduct(1, 1, "C2H4N"),
    "[M+2H]2+": _adduct(1, 2, "H2"),
    "[2M+H]+": _adduct(2, 1, "H"),
    "[2M+Na]+": _adduct(2, 1, "Na"),
    "[M-H]-": _adduct(1, -1, "", "H"),
    "[M+Cl]-": _adduct(1, -1, "Cl"),
    "[M+FA-H]-": _adduct(1, -1, "CHO2"),
    "[M+Hac-H]-": _adduct(1, -1, "C2H3O2"),
    "[M-H-H2O]-": _adduct(1, -1, "", "H3O"),
    "[M-2H]2-": _adduct(1, -2, "", "H2"),
    "[2M-H]-": _adduct(2, -1, "C", "CH"),
}
"""Adducts by their usual names."""


@dataclass(frozen=True)
class MassMatches(Framed):
    """
    Matches of features and compounds, one row per match; features without a match have one row without a compound.

    Attributes
    ----------
    feature : numpy.ndarray of int
        Which feature.
    compound : numpy.ndarray of int
        Which compound; -1 for none.
    adduct : tuple of str
        As which ion; empty for none.
    expected : numpy.ndarray
        m/z of the ion.
    ppm : numpy.ndarray
        How far the measured m/z is from it.
    status : tuple of str
        ``unique``: one compound; ``ambiguous``: several compounds, all are listed; ``none``.
    """

    feature: NDArray[np.int64]
    compound: NDArray[np.int64]
    adduct: tuple[str, ...]
    expected: Floats
    ppm: Floats
    status: tuple[str, ...]


def annotate_masses(
    mz: ArrayLike,
    compound_masses: ArrayLike,
    *,
    adducts: Sequence[str] = ("[M+H]+", "[M+Na]+", "[M+NH4]+"),
    ppm: float = 5.0,
    retention: ArrayLike | None = None,
    compound_retention: ArrayLike | None = None,
    retention_window: float = 0.5,
) -> MassMatches:
    """
    Match features to compounds by accurate mass.

    Parameters
    ----------
    mz : array_like, shape (n_features,)
        Measured mass over charge.
    compound_masses : array_like, shape (n_compounds,)
        Monoisotopic masses of the neutral molecules in dalton.
    adducts : sequence of str
        Names in `ADDUCTS`.
    ppm : float, default 5
        Tolerance in parts per million of the expected m/z, both ends included.
    retention, compound_retention : array_like, optional
        Retention times of features and compounds in one unit; where both are known they must agree too.
    retention_window : float, default 0.5
        How far they may differ.

    Returns
    -------
    MassMatches
        Ordered by feature, then by distance. A mass alone does not identify a compound: isomers share it.

    Raises
    ------
    MethodError
        For an unknown adduct, a tolerance that is not positive, or lengths that differ.

    References
    ----------
    .. [1] Sumner LW et al. (2007), Metabolomics 3(3):211-221: accurate mass alone is level 3 or less.

    Examples
    --------
    >>> found = annotate_masses([205.0972, 400.0], [204.08988], adducts=["[M+H]+"])
    >>> found.status, found.compound.tolist(), found.ppm.round(1).tolist()
    (('unique', 'none'), [0, -1], [0.2, nan])
    """
    measured, masses = np.asarray(mz, dtype=np.float64), np.asarray(compound_masses, dtype=np.float64)
    if unknown := [name for name in adducts if name not in ADDUCTS]:
        raise MethodError(*(f"adducts: unknown '{name}'.{suggest(name, ADDUCTS)}" for name in unknown))
    if not ppm > 0 or not adducts:
        raise MethodError(f"ppm, adducts: a positive tolerance and one adduct at least are needed; found {ppm}.")
    ions = [ADDUCTS[name] for name in adducts]
    expected = np.concatenate([(ion.molecules * masses + ion.shift) / abs(ion.charge) for ion in ions])
    owner = np.tile(np.arange(masses.size), len(ions))
    which = np.repeat(np.arange(len(ions)), masses.size)
    order = np.argsort(expected, kind="stable")
    ordered = expected[order]
    low = np.searchsorted(ordered, measured / (1 + ppm * 1e-6) * (1 - 1e-12), side="left")
    high = np.searchsorted(ordered, measured / (1 - ppm * 1e-6) * (1 + 1e-12), side="right")
    near = _Near(retention, compound_retention, retention_window, measured.size, masses.size)
    rows: list[tuple[int, int, str, float, float, str]] = []
    for i in range(measured.size):
        found = [j for j in order[low[i] : high[i]] if near.agree(i, int(owner[j]))]
        found.sort(key=lambda j: abs(measured[i] - expected[j]))
        if not found:
            rows.append((i, -1, "", np.nan, np.nan, "none"))
            continue
        state = "unique" if len({int(owner[j]) for j in found}) == 1 else "ambiguous"
        for j in found:
            away = (measured[i] - expected[j]) / expected[j] * 1e6
            rows.append((i, int(owner[j]), adducts[which[j]], float(expected[j]), float(away), state))
    columns = list(zip(*rows, strict=True)) or [()] * 6
    return MassMatches(
        np.array(columns[0], dtype=np.int64), np.array(columns[1], dtype=np.int64), tuple(columns[2]),
        np.array(columns[3], dtype=np.float64), np.array(columns[4], dtype=np.float64), tuple(columns[5]),
    )  # fmt: skip


class _Near:
    """Whether retention times agree, where both are known."""

    def __init__(
        self, own: ArrayLike | None, theirs: ArrayLike | None, window: float, n_features: int, n_compounds: int
    ) -> None:
        self.window = window
        self.own = np.full(n_features, np.nan) if own is None else np.asarray(own, dtype=np.float64)
        self.theirs = np.full(n_compounds, np.nan) if theirs is None else np.asarray(theirs, dtype=np.float64)
        if self.own.shape != (n_features,) or self.theirs.shape != (n_compounds,):
            raise MethodError("retention: one time for each feature and each compound is needed.")

    def agree(self, feature: int, compound: int) -> bool:
        """Tell whether nothing speaks against the match."""
        return not abs(self.own[feature] - self.theirs[compound]) > self.window
