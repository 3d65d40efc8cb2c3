"""
Single-stage designs of a response rate: exact (A'Hern), and by the normal approximation of Fleming.

Fleming's multiple-stage boundaries stand here as well, because they are computed from the single-stage test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scipy.special import bdtrc, ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import NOISE, check_hypotheses, tail
from onearm.stats.design.looks import StoppingRule, check_looks

__all__ = ["SingleStageDesign", "find_single_stage", "fleming_single_stage", "fleming_stages"]


@dataclass(frozen=True)
class SingleStageDesign(Framed):
    """
    One look at the end.

    Parameters
    ----------
    r, n : int
        Reject H0 with more than ``r`` responders among ``n``.
    p0, p1 : float
        Response rates.
    alpha, power : float
        Exact probability to reject at ``p0`` and at ``p1``.
    conservative_r, conservative_n : int
        The smallest size from which on *every* larger trial has the power: exact power goes up and down with ``n``, so
        that one more patient than ``n`` may lose it. Equal to ``r`` and ``n`` by Fleming's formula, which has no such
        notion.
    unrounded_n : float
        Size before rounding up; NaN for the exact search, which knows whole patients only.
    method : str
        ``A'Hern (exact)`` or ``Fleming (normal approximation)``.
    """

    r: int
    n: int
    p0: float
    p1: float
    alpha: float
    power: float
    conservative_r: int
    conservative_n: int
    unrounded_n: float
    method: str

    def __str__(self) -> str:
        """The design in one line."""
        return f"{self.r}/{self.n}: alpha {self.alpha:.4f}, power {self.power:.4f} ({self.method})"


def find_single_stage(
    p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80, n_max: int = 1000
) -> SingleStageDesign:
    """
    Find the smallest exact single-stage design.

    Parameters
    ----------
    p0, p1 : float
        Response rate of no interest, and the one worth finding.
    alpha, power : float
        Limits, one-sided.
    n_max : int, default 1000
        Cap on ``n``.

    Returns
    -------
    SingleStageDesign
        The smallest ``n`` that has a boundary keeping both limits, and the conservative one.

    Raises
    ------
    MethodError
        If no size up to ``n_max`` has the power.

    References
    ----------
    .. [1] A'Hern RP (2001), Statistics in Medicine 20(6):859-866.

    Examples
    --------
    >>> print(find_single_stage(0.3, 0.5))
    16/39: alpha 0.0500, power 0.8316 (A'Hern (exact))
    """
    check_hypotheses(p0, p1, alpha, power)
    about = math.ceil(_fleming_n(p0, p1, alpha, power))
    # beyond three times the normal approximation the saw-tooth of the exact power cannot reach down to the limit
    exact = [_boundary(n, r, p1) for n, r in _boundaries(p0, alpha, 3 * about + 30 if about <= 2 * n_max else 0)]
    reached = [point for point in exact if point[2] >= power - NOISE]
    if not reached or reached[0][0] > n_max:
        raise MethodError(
            f"no single-stage design with up to {n_max} patients tells {p0:g} from {p1:g} with alpha {alpha:g} and "
            f"power {power:g}; about {about} patients are needed: raise n_max, or accept a larger p1, a larger alpha or a "
            "smaller power."
        )
    n, r, strength = reached[0]
    short = [point[0] for point in exact if point[2] < power - NOISE]
    safe = exact[max(short, default=0)]
    return SingleStageDesign(
        r=r,
        n=n,
        p0=p0,
        p1=p1,
        alpha=float(bdtrc(r, n, p0)),
        power=strength,
        conservative_r=safe[1],
        conservative_n=safe[0],
        unrounded_n=float("nan"),
        method="A'Hern (exact)",
    )


def _boundaries(p0: float, alpha: float, horizon: int) -> Iterator[tuple[int, int]]:
    """Each size with the smallest r that keeps alpha; it never falls as the size grows."""
    r = 0
    for n in range(1, horizon + 1):
        while bdtrc(r, n, p0) > alpha + NOISE:
            r += 1
        yield n, r


def _boundary(n: int, r: int, p1: float) -> tuple[int, int, float]:
    return n, r, float(bdtrc(r, n, p1)) if r < n else 0.0


def fleming_single_stage(p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80) -> SingleStageDesign:
    """
    Single-stage design by the normal approximation.

    Parameters
    ----------
    p0, p1 : float
        Response rates.
    alpha, power : float
        Nominal limits; the exact ones are in the result and may miss them.

    Returns
    -------
    SingleStageDesign
        ``n = ((z_a sqrt(p0 q0) + z_b sqrt(p1 q1)) / (p1 - p0))^2`` rounded up; rejection with more than
        ``n p0 + z_a sqrt(n p0 q0)`` responders, rounded to the nearest.

    References
    ----------
    .. [1] Fleming TR (1982), Biometrics 38(1):143-151.

    Examples
    --------
    >>> design = fleming_single_stage(0.3, 0.5)
    >>> round(design.unrounded_n, 3), design.n, design.r, round(design.alpha, 4)
    (34.491, 35, 15, 0.0359)
    """
    check_hypotheses(p0, p1, alpha, power)
    unrounded = _fleming_n(p0, p1, alpha, power)
    n = math.ceil(unrounded - NOISE)
    r = _nearest(n * p0 + float(ndtri(1 - alpha)) * math.sqrt(n * p0 * (1 - p0)))
    size, strength = (float(tail(n, [p])[0, r + 1]) for p in (p0, p1))
    return SingleStageDesign(r, n, p0, p1, size, strength, r, n, unrounded, "Fleming (normal approximation)")


def fleming_stages(looks: Sequence[int], p0: float, *, alpha: float = 0.05) -> StoppingRule:
    """
    Boundaries of Fleming's multiple testing procedure, both for futility and for efficacy.

    Parameters
    ----------
    looks : sequence of int
        Cumulative numbers of patients, increasing.
    p0 : float
        Response rate of no interest.
    alpha : float, default 0.05
        Nominal level of the final test.

    Returns
    -------
    StoppingRule
        A futility boundary below 0 becomes None; at the last look the two meet.

    Raises
    ------
    MethodError
        If the looks do not increase.

    References
    ----------
    .. [1] Fleming TR (1982), Biometrics 38(1):143-151, equations for r_g and a_g.

    Examples
    --------
    >>> fleming_stages([15, 25], 0.2)
    StoppingRule(looks=(15, 25), futility=(3, 8), efficacy=(7, 9))
    """
    if problems := check_looks(looks):
        raise MethodError(*problems)
    n = looks[-1]
    z = float(ndtri(1 - alpha))
    best_rejected = (math.sqrt(n * p0) + math.sqrt(1 - p0) * z) ** 2 / (n + z**2)
    spread = z * math.sqrt(n * best_rejected * (1 - best_rejected))
    high = [_nearest(m * p0 + z * math.sqrt(n * p0 * (1 - p0))) + 1 for m in looks]
    low = [_nearest(m * best_rejected - spread) for m in looks]
    low[-1] = high[-1] - 1
    return StoppingRule(
        tuple(looks),
        tuple(a if a >= 0 else None for a in low),
        tuple(b if b <= m else None for b, m in zip(high, looks, strict=True)),
    )


def _fleming_n(p0: float, p1: float, alpha: float, power: float) -> float:
    spread = float(ndtri(1 - alpha)) * math.sqrt(p0 * (1 - p0)) + float(ndtri(power)) * math.sqrt(p1 * (1 - p1))
    return (spread / (p1 - p0)) ** 2


def _nearest(x: float) -> int:
    """Nearest whole number, half away from zero, as on paper."""
    return math.floor(x + 0.5) if x >= 0 else math.ceil(x - 0.5)
