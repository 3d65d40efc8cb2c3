"""What a Cox model is fitted to: checked covariates, standardised, with the index of the risk sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from onearm.errors import MethodError, suggest
from onearm.stats.cox_exact import exact_likelihood
from onearm.stats.cox_likelihood import Evaluation, partial_likelihood
from onearm.stats.cox_risk import Floats, Indices, RiskSets, risk_sets
from onearm.stats.strata import stratum_codes
from onearm.stats.times import Times, check_times

__all__ = ["CoxData", "Ties", "check_choice", "check_collinear", "check_covariates", "cox_data", "likelihood_of"]

Ties = Literal["efron", "breslow", "exact"]

SINGULAR: Final = 1e-11
"""A covariate whose variance given those before it is a smaller share than this is a combination of them."""


@dataclass(frozen=True)
class CoxData:
    """
    Checked data of one model.

    Attributes
    ----------
    times : Times
        Times, events, entries and weights of all subjects.
    strata : ndarray of int, shape (n_subjects,), or None
        Code of the stratum of each subject.
    stratum_names : list of str
        Their names.
    X : ndarray of float, shape (n_subjects, n_covariates)
        Covariates as given.
    names : tuple of str
        Their names.
    risk : RiskSets
        Index of the risk sets.
    Z : ndarray of float, shape (n_covariates, n_rows)
        Covariates of the rows at risk, centred and divided by their standard deviation.
    center, scale : ndarray of float, shape (n_covariates,)
        What was subtracted and divided by.
    """

    times: Times
    strata: Indices | None
    stratum_names: list[str]
    X: Floats
    names: tuple[str, ...]
    risk: RiskSets
    Z: Floats
    center: Floats
    scale: Floats

    @property
    def reach(self) -> Floats:
        """Range of each standardised covariate."""
        return np.asarray(np.ptp(self.Z, axis=1))

    def without(self, covariate: int) -> CoxData:
        """
        Leave one covariate out.

        Parameters
        ----------
        covariate : int
            Its position.

        Returns
        -------
        CoxData
            The same subjects.
        """
        keep = np.delete(np.arange(len(self.names)), covariate)
        return CoxData(
            times=self.times,
            strata=self.strata,
            stratum_names=self.stratum_names,
            X=self.X[:, keep],
            names=tuple(self.names[i] for i in keep),
            risk=self.risk,
            Z=self.Z[keep],
            center=self.center[keep],
            scale=self.scale[keep],
        )


def cox_data(
    time: ArrayLike,
    event: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> CoxData:
    """
    Check the data of a Cox model and index its risk sets.

    Parameters
    ----------
    time, event : array_like, shape (n_subjects,)
        End of observation, and whether it was the event.
    X : array_like, shape (n_subjects, n_covariates) or (n_subjects,)
        Covariates without missing values.
    names : sequence of str, optional
        Their names; ``x1, x2 ...`` where left out.
    entry, strata, weights : array_like, shape (n_subjects,), optional
        Start of observation, stratum and case weight.

    Returns
    -------
    CoxData
        The data.

    Raises
    ------
    MethodError
        Listing every problem of the times, the strata or the covariates.
    """
    times = check_times(time, event, entry=entry, weights=weights)
    codes, labels = stratum_codes(strata, times.time.size)
    matrix, labelled = check_covariates(X, times.time.size, names)
    risk = risk_sets(times, codes)
    Z = np.ascontiguousarray(matrix[risk.rows].T)
    center, scale = Z.mean(axis=1), Z.std(axis=1)
    constant = ~(scale > 1e-13 * np.abs(center))
    if constant.any():
        raise MethodError(
            *(_constant(name) for name, is_constant in zip(labelled, constant, strict=True) if is_constant)
        )
    Z -= center[:, None]
    Z /= scale[:, None]
    return CoxData(times, codes, labels, matrix, labelled, risk, Z, center, scale)


def likelihood_of(data: CoxData, ties: Ties) -> Callable[[Floats], Evaluation]:
    """
    Give the log partial likelihood as a function of the standardised coefficients.

    Parameters
    ----------
    data : CoxData
        The data.
    ties : {"efron", "breslow", "exact"}
        What to do with tied event times.

    Returns
    -------
    callable
        Takes coefficients, gives an `Evaluation`.
    """
    if ties == "exact" and data.risk.has_ties:
        return partial(exact_likelihood, data.risk, data.Z)
    totals = data.risk.death_totals(data.Z)
    return partial(partial_likelihood, data.risk, data.Z, efron=ties == "efron", totals=totals)


def check_covariates(X: ArrayLike, n: int, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """
    Check covariates and their names.

    Parameters
    ----------
    X : array_like, shape (n_subjects, n_covariates) or (n_subjects,)
        Covariates.
    n : int
        Number of subjects.
    names : sequence of str or None
        Names of the covariates.

    Returns
    -------
    X : ndarray of float, shape (n_subjects, n_covariates)
        The covariates.
    names : tuple of str
        Their names.

    Raises
    ------
    MethodError
        For text, a wrong shape, or missing or infinite values, with their number and the first row.
    """
    try:
        matrix = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        raise MethodError("X: holds values that are not numbers; code factors with design_matrix first.") from None
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or matrix.shape[0] != n:
        raise MethodError(f"X: has shape {matrix.shape} beside {n} times; give one row for each subject.")
    labels = tuple(f"x{i + 1}" for i in range(matrix.shape[1])) if names is None else tuple(str(name) for name in names)
    if len(labels) != matrix.shape[1] or not labels:
        raise MethodError(
            f"names: {len(labels)} for {matrix.shape[1]} covariates; at least one covariate, one name each."
        )
    if np.isfinite(matrix.sum()):
        return matrix, labels
    wrong = ~np.isfinite(matrix)
    problems = [
        f"{name}: {int(bad.sum())} of {n} values missing or infinite, the first at index {int(np.argmax(bad))}; "
        "leave the subjects out, and say so."
        for name, bad in zip(labels, wrong.T, strict=True)
        if bad.any()
    ]
    if problems:
        raise MethodError(*problems)
    return matrix, labels


def check_collinear(information: Floats, names: Sequence[str]) -> None:
    """
    Refuse covariates that do not vary within the risk sets or that are combinations of those before them.

    Parameters
    ----------
    information : ndarray of float, shape (n_covariates, n_covariates)
        Information of the standardised covariates with all coefficients 0.
    names : sequence of str
        Names of the covariates.

    Raises
    ------
    MethodError
        Naming each such covariate.
    """
    variance = np.diag(information)
    flat = ~(variance > SINGULAR * variance.max(initial=0.0)) | ~(variance > SINGULAR)
    if flat.any():
        raise MethodError(*(_constant(name) for name, bad in zip(names, flat, strict=True) if bad))
    spread = np.sqrt(variance)
    rest = information / np.outer(spread, spread)
    combined = []
    for i, name in enumerate(names):
        if rest[i, i] < SINGULAR * 100:
            combined.append(name)
            rest[i, :] = rest[:, i] = 0.0
        else:
            rest = rest - np.outer(rest[:, i], rest[i]) / rest[i, i]
    if combined:
        raise MethodError(
            *(
                f"{name}: is a linear combination of the covariates before it; leave one of them out."
                for name in combined
            )
        )


def check_choice(name: str, value: str, choices: object) -> None:
    """
    Check a choice among literals.

    Parameters
    ----------
    name : str
        What is chosen.
    value : str
        What was given.
    choices : typing.Literal
        The type with all possible values.

    Raises
    ------
    MethodError
        With the nearest possible value.
    """
    known = get_args(choices)
    if value not in known:
        raise MethodError(f"{name}: unknown {value!r}.{suggest(str(value), known)}")


def _constant(name: str) -> str:
    return f"{name}: does not vary among the subjects at risk together; a hazard ratio needs two different values."
