"""
Contexts of single-base substitutions: the 96 channels, and the motif of the APOBEC deaminases.

A substitution is written on the strand of its pyrimidine: G>A is C>T, with the context reversed and complemented.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHANNELS", "ApobecCounts", "channels_of", "count_apobec"]

_BASES: Final = "ACGT"
_CHANGES: Final = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
CHANNELS: Final[tuple[str, ...]] = tuple(
    f"{five}[{change}]{three}" for change in _CHANGES for five in _BASES for three in _BASES
)
"""The 96 channels in the order of COSMIC: by substitution, then base before, then base after."""

_CODE: Final = np.full(256, -1, dtype=np.int8)
for _i, _base in enumerate(_BASES):
    _CODE[ord(_base)] = _CODE[ord(_base.lower())] = _i
_A, _C, _G, _T = range(4)
_CHANGE_OF: Final = {(_C, _A): 0, (_C, _G): 1, (_C, _T): 2, (_T, _A): 3, (_T, _C): 4, (_T, _G): 5}
_TABLE: Final = np.full((4, 4), -1, dtype=np.int8)
for (_from, _to), _number in _CHANGE_OF.items():
    _TABLE[_from, _to] = _number
WIDE: Final = 10
"""Bases on each side that a context needs to serve as background; APOBEC enrichment is defined on 20."""


def channels_of(
    context: Sequence[str | None], reference: Sequence[str | None], alternative: Sequence[str | None]
) -> NDArray[np.int64]:
    """
    Channel of each substitution.

    Parameters
    ----------
    context : sequence of str or None
        Bases around the change, an odd number of at least three, the changed one in the middle.
    reference, alternative : sequence of str or None
        Single bases.

    Returns
    -------
    ndarray of int, shape (n_variants,)
        Position in `CHANNELS`; -1 where there is no context, the change is no substitution, or a base is not known; -2
        where the middle of the context is not the reference base.

    References
    ----------
    .. [1] Alexandrov LB et al. (2013), Nature 500:415-421.

    Examples
    --------
    >>> [CHANNELS[i] for i in channels_of(["TCA", "TGA"], ["C", "G"], ["T", "A"])]
    ['T[C>T]A', 'T[C>T]A']
    """
    before, here, after = _middle(context)
    given, made = _codes(reference), _codes(alternative)
    usable = (before >= 0) & (after >= 0) & (given >= 0) & (made >= 0) & (given != made)
    wrong = usable & (here != given)
    flip = (given == _A) | (given == _G)
    five = np.where(flip, 3 - after, before)
    three = np.where(flip, 3 - before, after)
    source, target = np.where(flip, 3 - given, given), np.where(flip, 3 - made, made)
    change = _TABLE[np.where(usable, source, 0), np.where(usable, target, 0)]
    channel = change.astype(np.int64) * 16 + five * 4 + three
    return np.where(wrong, -2, np.where(usable, channel, -1))


def _codes(bases: Sequence[str | None]) -> NDArray[np.int64]:
    """Number of each base; -1 where it is none, or several."""
    letters = np.array([ord(base) if base is not None and len(base) == 1 else 0 for base in bases], dtype=np.intp)
    return _CODE[letters % 256].astype(np.int64)


def _middle(context: Sequence[str | None]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The three bases in the middle of each context."""
    trimmed = [
        text[len(text) // 2 - 1 : len(text) // 2 + 2] if text and len(text) % 2 and len(text) >= 3 else "..."
        for text in context
    ]
    letters = np.frombuffer("".join(trimmed).encode("ascii", "replace"), dtype=np.uint8).reshape(-1, 3)
    codes = _CODE[letters].astype(np.int64)
    return codes[:, 0], codes[:, 1], codes[:, 2]


class ApobecCounts(NamedTuple):
    """
    What the enrichment of the APOBEC motif is computed from.

    Attributes
    ----------
    tcw_mutations : int
        Substitutions C>T and C>G in TCW, W being A or T.
    c_mutations : int
        Substitutions C>T and C>G anywhere.
    tcw_context, c_context : int
        TCW motifs and cytosines in the windows around these, on both strands.
    """

    tcw_mutations: int
    c_mutations: int
    tcw_context: int
    c_context: int


def count_apobec(context: Sequence[str | None], channels: NDArray[np.int64]) -> ApobecCounts:
    """
    Count mutations in the APOBEC motif, and the motif around them.

    Parameters
    ----------
    context : sequence of str or None
        Windows around the changes; those of fewer than ten bases on each side give no background.
    channels : ndarray of int, shape (n_variants,)
        From `channels_of`.

    Returns
    -------
    ApobecCounts
        The background is counted in the windows of the counted mutations, the motif and its reverse complement alike.

    References
    ----------
    .. [1] Roberts SA et al. (2013), Nat Genet 45:970-976.

    Examples
    --------
    >>> window = "A" * 9 + "T" + "C" + "A" + "A" * 9
    >>> count_apobec([window], channels_of([window], ["C"], ["T"]))
    ApobecCounts(tcw_mutations=1, c_mutations=1, tcw_context=1, c_context=1)
    """
    change, five, three = channels // 16, channels % 16 // 4, channels % 4
    counted = (channels >= 0) & ((change == 1) | (change == 2))
    in_motif = counted & (five == _T) & ((three == _A) | (three == _T))
    windows = [
        text
        for text, mine in zip(context, counted, strict=True)
        if mine and text is not None and len(text) >= 2 * WIDE + 1
    ]
    # windows are set apart by a letter that is no base, so that no motif spans two of them
    codes = _CODE[np.frombuffer("N".join(windows).encode("ascii", "replace"), dtype=np.uint8)]
    left, here, right = codes[:-2], codes[1:-1], codes[2:]
    motif = (left == _T) & (here == _C) & ((right == _A) | (right == _T))
    mirrored = (right == _A) & (here == _G) & ((left == _A) | (left == _T))
    return ApobecCounts(
        int(in_motif.sum()),
        int(counted.sum()),
        int((motif | mirrored).sum()),
        int(((codes == _C) | (codes == _G)).sum()),
    )
