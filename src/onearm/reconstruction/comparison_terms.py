"""Printed comparisons of two groups as terms of the loss."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from onearm.reconstruction.curve_numbers import curve_recipe
from onearm.reconstruction.hazard_numbers import hazard_numbers, log_rank_p, pattern_hazard, tables_of
from onearm.reconstruction.targets import (
    Among,
    Comparison,
    Conventions,
)
from onearm.reconstruction.terms import Patients, Term, levels_of

__all__ = ["comparison_term"]


def comparison_term(target: Comparison, conventions: Conventions) -> Term:
    """
    Write a comparison of two groups as a term.

    Parameters
    ----------
    target : Comparison
        What was printed.
    conventions : Conventions
        How the numbers are made.

    Returns
    -------
    Term
        Hazard ratio, limits and p values.
    """
    z = curve_recipe(conventions).z
    parts = {
        "HR": target.hazard_ratio,
        "HR low": target.low,
        "HR high": target.high,
        "p": target.p_wald,
        "p log-rank": target.p_log_rank,
    }
    kept = [value is not None for value in parts.values()]
    covariates = (Among(target.variable, target.level), *target.adjusted_for)
    reference = Among(target.variable, target.reference)

    def compute(patients: Patients) -> list[float]:
        tables = []
        if not target.adjusted_for or kept[-1]:
            groups = [patients.times(target.endpoint, [one]) for one in (covariates[0], reference)]
            tables = tables_of(*groups)
        if target.adjusted_for:
            found = pattern_hazard(
                *_patterns(patients, target.endpoint, covariates, reference), ties=conventions.ties, z=z
            )
        elif any(kept[:-1]):
            found = hazard_numbers(tables, ties=conventions.ties, z=z)
        else:
            return [log_rank_p(tables)]
        numbers = (*found, log_rank_p(tables) if kept[-1] else math.nan)
        return [number for number, keep in zip(numbers, kept, strict=True) if keep]

    names = tuple(f"{target.name}.{part}" for part, value in parts.items() if value is not None)
    shown = tuple(value for value in parts.values() if value is not None)
    touches = frozenset([target.endpoint, *(variable for variable, _ in covariates)])
    return Term(names, shown, compute, touches, is_slow=bool(target.adjusted_for))


def _patterns(
    patients: Patients, endpoint: str, covariates: Sequence[Among], reference: Among
) -> tuple[list[list[int]], np.ndarray]:
    """Sort the patients of a model by their covariates."""
    codes = patients.codes[endpoint]
    wanted = [(patients.labels[variable], levels_of(level)) for variable, level in covariates]
    variable, level = reference
    own = (patients.labels[variable], levels_of(level))
    patterns = list(itertools.product((0.0, 1.0), repeat=len(covariates)))
    groups: dict[tuple[float, ...], list[int]] = {pattern: [] for pattern in patterns}
    for i, code in enumerate(codes):
        key = tuple(float(labels[i] in levels) for labels, levels in wanted)
        if code >= 0 and (key[0] or own[0][i] in own[1]):
            groups[key].append(code)
    return [groups[pattern] for pattern in patterns], np.array(patterns)
