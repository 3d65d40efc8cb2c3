"""From covariates with factors to a design matrix with named columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest

__all__ = ["Design", "design_matrix"]


@dataclass(frozen=True)
class Design:
    """
    A design matrix whose columns know the covariate they come from.

    Attributes
    ----------
    X : ndarray of float, shape (n_complete, n_columns)
        Numbers as they are; of a factor one column of 0 and 1 for each level but the reference.
    names : tuple of str
        Names of the columns: the covariate, or ``covariate[level]``.
    terms : tuple of str
        Covariate of each column.
    references : dict of str to str
        Reference level of each factor.
    complete : ndarray of bool, shape (n_subjects,)
        True for the subjects of ``X``: those without any missing covariate.
    notes : tuple of str
        How many subjects were left out, and which levels nobody has left.
    """

    X: NDArray[np.float64]
    names: tuple[str, ...]
    terms: tuple[str, ...]
    references: dict[str, str]
    complete: NDArray[np.bool_]
    notes: tuple[str, ...]

    @property
    def groups(self) -> dict[str, list[int]]:
        """Columns of each covariate, in order."""
        found: dict[str, list[int]] = {}
        for i, term in enumerate(self.terms):
            found.setdefault(term, []).append(i)
        return found


def design_matrix(
    covariates: Mapping[str, ArrayLike],
    *,
    references: Mapping[str, object] | None = None,
    levels: Mapping[str, list[object]] | None = None,
) -> Design:
    """
    Code covariates as a design matrix.

    Text, booleans and every covariate with a reference or levels are factors; other numbers enter as they are.
    Subjects with a missing covariate (NaN, None, empty text) are left out, as R and SAS do, and counted in ``notes``.

    Parameters
    ----------
    covariates : mapping of str to array_like, each of shape (n_subjects,)
        Covariates in the order of the columns.
    references : mapping of str to object, optional
        Reference level of a factor; the first level where left out.
    levels : mapping of str to list, optional
        Levels of a factor in order; sorted (numbers by value) where left out.

    Returns
    -------
    Design
        The matrix, the names of its columns and who is in it.

    Raises
    ------
    MethodError
        For an unknown covariate or reference, a value outside the levels, unequal lengths, a factor with one level, or
        no complete subject. All problems are listed.

    Examples
    --------
    >>> design = design_matrix({"age": [61, 54, 70], "sex": ["M", "F", "M"]}, references={"sex": "M"})
    >>> design.names
    ('age', 'sex[F]')
    >>> design.X
    array([[61.,  0.],
           [54.,  1.],
           [70.,  0.]])
    """
    chosen, ordered = dict(references or {}), dict(levels or {})
    problems = [
        f"{what}: no covariate {name!r}.{suggest(name, covariates)}"
        for what, given in (("references", chosen), ("levels", ordered))
        for name in given
        if name not in covariates
    ]
    raw = {name: np.asarray(values) for name, values in covariates.items()}
    if not raw:
        problems.append("covariates: none given; name at least one.")
    sizes = {values.shape for values in raw.values()}
    if len(sizes) > 1:
        problems.append(f"covariates: different lengths {sorted(sizes)}; give one value for each subject.")
    if problems:
        raise MethodError(*problems)
    missing = {name: _missing(values) for name, values in raw.items()}
    complete = ~np.logical_or.reduce(list(missing.values()))
    notes = _left_out(missing, complete)
    if not complete.any():
        raise MethodError("covariates: no subject has all of them; leave out those that are mostly missing.")
    blocks, names, terms, used = [], [], [], {}
    for name, values in raw.items():
        if not (values.dtype.kind in "OUSb" or name in chosen or name in ordered):
            blocks.append(values[complete, None].astype(np.float64))
            names.append(name)
            terms.append(name)
            continue
        try:
            block, labels, reference = _dummies(name, values, ~missing[name], chosen.get(name), ordered.get(name))
        except MethodError as error:
            problems.extend(error.problems)
            continue
        nobody = [label for label, column in zip(labels, block[complete].T, strict=True) if not column.any()]
        notes += [f"{name}: nobody with all covariates has level {label!r}; it is left out." for label in nobody]
        kept = [i for i, label in enumerate(labels) if label not in nobody]
        blocks.append(block[complete][:, kept])
        names += [f"{name}[{labels[i]}]" for i in kept]
        terms += [name] * len(kept)
        used[name] = reference
    if problems:
        raise MethodError(*problems)
    return Design(np.hstack(blocks), tuple(names), tuple(terms), used, complete, tuple(notes))


def _missing(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """NaN, None and empty text."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values), dtype=bool)
    if values.dtype.kind == "O":
        return np.array([v is None or (isinstance(v, float) and np.isnan(v)) or v == "" for v in values], dtype=bool)
    if values.dtype.kind in "US":
        return np.asarray(values == values.dtype.type(""), dtype=bool)
    return np.zeros(values.shape, dtype=bool)


def _left_out(missing: Mapping[str, NDArray[np.bool_]], complete: NDArray[np.bool_]) -> list[str]:
    """Say how many subjects were left out, and for which covariates."""
    if complete.all():
        return []
    counts = ", ".join(f"{name} in {int(m.sum())}" for name, m in missing.items() if m.any())
    return [f"{int((~complete).sum())} of {complete.size} subjects left out: missing {counts}."]


def _dummies(
    name: str, values: NDArray[np.generic], present: NDArray[np.bool_], reference: object, levels: list[object] | None
) -> tuple[NDArray[np.float64], list[str], str]:
    """Columns of 0 and 1, the levels they stand for, and the reference."""
    text = np.array([_label(value) if ok else "" for value, ok in zip(values.tolist(), present, strict=True)])
    if levels is not None:
        known = [_label(level) for level in levels]
        foreign = sorted(set(text[present].tolist()) - set(known))
        if foreign:
            raise MethodError(f"{name}: {len(foreign)} levels are not among those given: {', '.join(foreign[:5])}.")
    else:
        known = _sorted_levels(sorted(set(text[present].tolist())))
    first = known[0] if reference is None and known else _label(reference)
    if first not in known:
        raise MethodError(f"{name}: unknown reference {first!r}.{suggest(first, known)}")
    others = [level for level in known if level != first]
    if not others:
        raise MethodError(f"{name}: has the single level {first!r}; a hazard ratio needs two.")
    return np.column_stack([text == level for level in others]).astype(np.float64), others, first


def _label(value: object) -> str:
    """Whole numbers without decimals, so that 1.0 and 1 are one level."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _sorted_levels(levels: list[str]) -> list[str]:
    """By value where all are numbers, else by text."""
    try:
        return sorted(levels, key=float)
    except ValueError:
        return levels
