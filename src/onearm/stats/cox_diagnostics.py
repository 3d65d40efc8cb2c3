"""Is the hazard ratio constant, and how well does the model rank the subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.concordance import Concordance, concordance_index
from onearm.stats.cox import CoxModel
from onearm.stats.cox_data import check_choice
from onearm.stats.cox_likelihood import weighted_moments
from onearm.stats.cox_residuals import fitted_steps
from onearm.stats.cox_risk import Floats, risk_sets
from onearm.stats.cox_tests import chi_squared, quadratic_form
from onearm.stats.times import Times

__all__ = ["ProportionalHazards", "TimeScale", "concordance", "proportional_hazards"]

TimeScale = Literal["km", "rank", "identity", "log"]


@dataclass(frozen=True, repr=False)
class ProportionalHazards(Framed):
    """
    Score tests of proportional hazards, one row per covariate and one for all.

    Attributes
    ----------
    names : tuple of str
        Covariates, and ``GLOBAL`` at the end.
    statistic, p : ndarray of float, shape (n_names,)
        Chi-squared statistics and their upper tail probabilities.
    df : ndarray of int, shape (n_names,)
        Degrees of freedom.
    transform : str
        Scale of time on which a trend of the coefficient was looked for.
    """

    names: tuple[str, ...]
    statistic: Floats
    df: NDArray[np.int64]
    p: Floats
    transform: str

    def __repr__(self) -> str:
        width = max(len(name) for name in self.names)
        rows = zip(self.names, self.statistic, self.df, self.p, strict=True)
        lines = [f"{name.ljust(width)}  {chi:8.4g} on {df} df, p = {p:.3g}" for name, chi, df, p in rows]
        return "\n".join([f"Proportional hazards, score test against a trend in {self.transform} time", *lines])


def proportional_hazards(
    model: CoxModel, *, terms: Mapping[str, Sequence[int]] | None = None, transform: TimeScale = "km"
) -> ProportionalHazards:
    """
    Test whether coefficients change with time.

    It is the score test of the model with each covariate times a function of time, as ``cox.zph`` of the R package
    survival since version 3.0; before, R printed an approximation.

    Parameters
    ----------
    model : CoxModel
        A fitted model without separation.
    terms : mapping of str to sequence of int, optional
        Columns to test together, such as `onearm.stats.factors.Design.groups`; each column by itself where left out.
    transform : {"km", "rank", "identity", "log"}
        Scale of time: one less the Kaplan-Meier estimate before the event, rank, time or its logarithm.

    Returns
    -------
    ProportionalHazards
        One row per term and ``GLOBAL``.

    Raises
    ------
    MethodError
        For a separated model, or a logarithm with an event at time 0.

    References
    ----------
    .. [1] Grambsch PM, Therneau TM (1994), Biometrika 81(3):515-526.

    Examples
    --------
    >>> from onearm.stats.cox import cox
    >>> model = cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], [0, 1, 0, 1, 0, 1])
    >>> proportional_hazards(model).names
    ('x1', 'GLOBAL')
    """
    check_choice("transform", transform, TimeScale)
    scale = _event_scale(model, transform)
    steps, relative, _ = fitted_steps(model)
    data = model.data
    n = len(model.names)
    moments = [weighted_moments(data.risk, data.Z, relative, steps, scale**power) for power in (0, 1, 2)]
    score = data.risk.death_totals(data.Z, scale) - moments[1][0]
    plain, once, twice = (information for _, information in moments)
    joint = np.block([[plain, once], [once, twice]])
    groups = {name: [i] for i, name in enumerate(model.names)} if terms is None else dict(terms)
    groups["GLOBAL"] = list(range(n))
    tests = []
    for columns in groups.values():
        kept = np.concatenate([np.arange(n), n + np.asarray(columns)])
        trend = np.concatenate([np.zeros(n), score[list(columns)]])
        tests.append(chi_squared(quadratic_form(trend, joint[np.ix_(kept, kept)]), len(columns)))
    return ProportionalHazards(
        names=tuple(groups),
        statistic=np.array([test.statistic for test in tests]),
        df=np.array([test.df for test in tests]),
        p=np.array([test.p for test in tests]),
        transform=transform,
    )


def concordance(model: CoxModel) -> Concordance:
    """
    Measure how well a Cox model ranks the subjects.

    Parameters
    ----------
    model : CoxModel
        A fitted model without separation.

    Returns
    -------
    Concordance
        Share of comparable pairs, within strata, in which the subject with the larger hazard has the event first.

    Raises
    ------
    MethodError
        For a separated model.

    Examples
    --------
    >>> from onearm.stats.cox import cox
    >>> concordance(cox([1, 2, 3, 4], [1, 1, 1, 0], [3, 1, 2, 1])).estimate
    0.75
    """
    if model.separation is not None:
        raise MethodError(f"{', '.join(model.separation.names)}: separated; the linear predictor is not finite.")
    data = model.data
    # covariate by covariate, because a matrix product may round equal subjects differently and so break their ties
    score = np.zeros(data.times.time.size)
    for column, center, coef in zip(data.X.T, data.center, model.coef, strict=True):
        score += (column - center) * coef
    return concordance_index(data.times, score, strata=data.strata)


def _event_scale(model: CoxModel, transform: TimeScale) -> Floats:
    """Transformed event times of the model, less their mean over the events."""
    data = model.data
    risk, times = data.risk, data.times
    if transform == "km":
        # over all strata together and without weights, as R does
        joint = risk_sets(Times(times.time, times.event, times.entry, None))
        deaths = np.diff(joint.death_starts, append=joint.deaths.size)
        survival = np.cumprod(1 - deaths / joint.at_risk_sums(np.ones(joint.rows.size)))
        before = 1 - np.append(1.0, survival[:-1])
        scale = before[np.searchsorted(joint.time, risk.time)]
    elif transform == "rank":
        scale = np.empty(risk.n_event_times)
        scale[risk.death_time] = rankdata(times.time)[risk.rows][risk.deaths]
    else:
        if transform == "log" and risk.time.min() <= 0:
            raise MethodError("transform: the logarithm needs events after time 0.")
        scale = np.log(risk.time) if transform == "log" else risk.time.copy()
    return np.asarray(scale - scale[risk.death_time].mean())
