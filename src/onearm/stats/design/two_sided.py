"""
Two-stage designs that may also stop early because the treatment works (Mander and Thompson 2010).

After ``n1`` patients the trial stops for futility with ``r1`` responders or fewer and for efficacy with ``e1`` or more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.binomial import NOISE, check_hypotheses, pmf_table, tail_table
from onearm.stats.design.looks import StoppingRule, operating_characteristics

__all__ = ["TwoSidedDesign", "find_two_sided"]

_Tables = tuple[NDArray[np.float64], NDArray[np.float64]]
CRITERIA = ("null", "alternative", "minimax")


@dataclass(frozen=True)
class TwoSidedDesign(Framed):
    """
    A two-stage design that stops on both sides.

    Parameters
    ----------
    r1, e1, n1, r, n : int
        After ``n1`` patients stop with ``r1`` responders or fewer, or reject H0 with ``e1`` or more; at ``n`` reject H0
        with more than ``r``.
    p0, p1, alpha, power, en0, en1 : float
        Response rates, exact error limits, expected numbers of patients.
    criterion : str
        What was minimised: ``null`` (EN at ``p0``), ``alternative`` (EN at ``p1``), or ``minimax`` (``n``, then EN at
        ``p0``).
    """

    r1: int
    e1: int
    n1: int
    r: int
    n: int
    p0: float
    p1: float
    alpha: float
    power: float
    en0: float
    en1: float
    criterion: str

    def rule(self) -> StoppingRule:
        """
        Write the design as a rule.

        Returns
        -------
        StoppingRule
            Two looks.
        """
        return StoppingRule((self.n1, self.n), (self.r1, self.r), (self.e1, self.r + 1))


def find_two_sided(
    p0: float,
    p1: float,
    *,
    alpha: float = 0.05,
    power: float = 0.80,
    criterion: str = "null",
    n_max: int = 60,
) -> TwoSidedDesign:
    """
    Find the best two-stage design with stopping for futility and efficacy.

    Parameters
    ----------
    p0, p1 : float
        Response rates.
    alpha, power : float
        Limits.
    criterion : {"null", "alternative", "minimax"}, default "null"
        What to minimise.
    n_max : int, default 60
        Largest ``n`` searched.

    Returns
    -------
    TwoSidedDesign
        Best up to ``n_max``.

    Raises
    ------
    MethodError
        If no design up to ``n_max`` keeps both limits.

    References
    ----------
    .. [1] Mander AP, Thompson SG (2010), Contemporary Clinical Trials 31(6):572-578.

    Examples
    --------
    >>> design = find_two_sided(0.1, 0.3, criterion="alternative", n_max=40)
    >>> (design.r1, design.e1, design.n1, design.r, design.n), round(design.en1, 2)
    ((1, 4, 12, 5, 26), 17.7)
    """
    check_hypotheses(p0, p1, alpha, power)
    if criterion not in CRITERIA:
        raise MethodError(f"unknown criterion '{criterion}'.{suggest(criterion, CRITERIA)}")
    pmf = np.stack([pmf_table(n_max, p0), pmf_table(n_max, p1)])
    tail = np.stack([tail_table(table) for table in pmf])
    which = 1 if criterion == "alternative" else 0
    limit, best = np.inf, None
    for n in range(2, n_max + 1):
        r_high = int((tail[1, n] >= power - NOISE).sum()) - 2
        for n1 in range(1, n):
            if r_high < 0 or n1 >= limit:
                continue
            found = _best_of_sizes((pmf, tail), n1, n, r_high=r_high, limits=(alpha, power), which=which, limit=limit)
            if found is not None:
                limit, best = found[0], (found[1], n1, n)
        if best is not None and criterion == "minimax":
            break
    if best is None:
        raise MethodError(
            f"no two-sided two-stage design with up to {n_max} patients tells {p0:g} from {p1:g} with alpha {alpha:g} "
            f"and power {power:g}; acceptable is a larger n_max, a larger p1, a larger alpha or a smaller power."
        )
    (r1, e1, r), n1, n = best
    oc = operating_characteristics(StoppingRule((n1, n), (r1, r), (e1, r + 1)), [p0, p1])
    (size, strength), (en0, en1) = oc.efficacy.tolist(), oc.expected_n.tolist()
    return TwoSidedDesign(r1, e1, n1, r, n, p0, p1, size, strength, en0, en1, criterion)


def _best_of_sizes(
    tables: _Tables, n1: int, n: int, *, r_high: int, limits: tuple[float, float], which: int, limit: float
) -> tuple[float, tuple[int, int, int]] | None:
    """Smallest expected number below the limit among all (r1, e1, r) of these sizes."""
    pmf, tail = tables
    x = np.arange(n1 + 1)
    r = np.arange(r_high + 1)
    needed = np.clip(r[None, :] + 1 - x[:, None], 0, n - n1 + 1)
    joint = pmf[:, n1, : n1 + 1, None] * tail[:, n - n1][:, needed]
    beyond = np.zeros((2, n1 + 2, r.size))  # row k: sum over X1 >= k
    beyond[:, :-1] = np.cumsum(joint[:, ::-1], axis=1)[:, ::-1]
    early = tail[:, n1, : n1 + 2]  # P(X1 >= k)
    r1 = np.arange(0, n1)[:, None]
    e1 = np.arange(2, n1 + 1)[None, :]
    go_on = early[:, r1 + 1] - early[:, e1]
    expected = n1 + go_on[which] * (n - n1)
    promising = (e1 >= r1 + 2) & (expected < limit - NOISE)
    rows, columns = np.nonzero(promising)
    if not rows.size:
        return None
    stop_high = columns + 2
    reject = early[:, stop_high, None] + beyond[:, rows + 1] - beyond[:, stop_high]
    kept = (reject[0] <= limits[0] + NOISE) & (reject[1] >= limits[1] - NOISE) & (r[None, :] > rows[:, None])
    value = np.where(kept.any(axis=1), expected[rows, columns], np.inf)
    k = int(np.argmin(value))
    if not np.isfinite(value[k]):
        return None
    return float(value[k]), (int(rows[k]), int(stop_high[k]), int(np.argmax(kept[k])))
