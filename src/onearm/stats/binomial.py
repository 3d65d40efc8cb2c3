"""
Binomial proportions: every interval that a trial paper may print, and the exact test.

`binomial_interval` gives one interval, `binomial_bounds` the bounds of whole arrays, `BINOMIAL_INTERVALS` is the list
of methods with their references.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats import binomial_bounds as bounds
from onearm.stats.interval import Interval, level_problems

__all__ = [
    "BINOMIAL_INTERVALS",
    "BinomialMethod",
    "BinomialTest",
    "Bounds",
    "binomial_bounds",
    "binomial_interval",
    "binomial_test",
    "clopper_pearson",
]

Floats = NDArray[np.float64]


class Bounds(NamedTuple):
    """
    Bounds of many intervals.

    Attributes
    ----------
    low, high : numpy.ndarray
        As proportions, in the shape of the counts.
    """

    low: Floats
    high: Floats


@dataclass(frozen=True)
class BinomialMethod:
    """
    A way to make an interval of a binomial proportion; call it with ``x``, ``n`` and ``level``.

    Attributes
    ----------
    name : str
        Name in `BINOMIAL_INTERVALS`.
    title : str
        As a paper would name it.
    bounds : callable
        ``(x, n, tail) -> (low, high)`` for float arrays.
    reference : str
        Where it was published.
    is_exact : bool
        Whether its coverage is never below the level.
    """

    name: str
    title: str
    bounds: Callable[[Floats, Floats, float], tuple[Floats, Floats]]
    reference: str
    is_exact: bool = False

    def __call__(self, x: int, n: int, *, level: float = 0.95) -> Interval:
        """
        Make the interval of one proportion.

        Parameters
        ----------
        x, n : int
            Successes and subjects.
        level : float, default 0.95
            Two-sided coverage.

        Returns
        -------
        Interval
            As `binomial_interval` gives it.
        """
        return binomial_interval(x, n, method=self.name, level=level)


_METHODS: Final = (
    BinomialMethod(
        "clopper-pearson",
        "Clopper-Pearson (exact)",
        bounds.clopper_pearson,
        "Clopper CJ, Pearson ES (1934), Biometrika 26(4):404-413",
        is_exact=True,
    ),
    BinomialMethod(
        "blaker", "Blaker (exact)", bounds.blaker, "Blaker H (2000), Can J Stat 28(4):783-798", is_exact=True
    ),
    BinomialMethod("mid-p", "mid-p", bounds.mid_p, "Berry G, Armitage P (1995), Statistician 44(4):417-423"),
    BinomialMethod("wilson", "Wilson (score)", bounds.wilson, "Wilson EB (1927), J Am Stat Assoc 22(158):209-212"),
    BinomialMethod(
        "wilson-cc",
        "Wilson with continuity correction",
        bounds.wilson_corrected,
        "Newcombe RG (1998), Stat Med 17(8):857-872, method 4",
    ),
    BinomialMethod(
        "wilson-cc-r",
        "Wilson with continuity correction, R prop.test",
        bounds.wilson_corrected_r,
        "R Core Team, stats::prop.test; Newcombe RG (1998), Stat Med 17(8):857-872",
    ),
    BinomialMethod(
        "jeffreys", "Jeffreys", bounds.jeffreys, "Brown LD, Cai TT, DasGupta A (2001), Stat Sci 16(2):101-133"
    ),
    BinomialMethod(
        "agresti-coull",
        "Agresti-Coull",
        bounds.agresti_coull,
        "Agresti A, Coull BA (1998), Am Stat 52(2):119-126",
    ),
    BinomialMethod("wald", "Wald", bounds.wald, "Newcombe RG (1998), Stat Med 17(8):857-872, method 1"),
    BinomialMethod(
        "wald-cc",
        "Wald with continuity correction",
        bounds.wald_corrected,
        "Newcombe RG (1998), Stat Med 17(8):857-872, method 2",
    ),
    BinomialMethod("logit", "logit", bounds.logit, "Brown LD, Cai TT, DasGupta A (2001), Stat Sci 16(2):101-133"),
    BinomialMethod("arcsine", "arcsine", bounds.arcsine, "Brown LD, Cai TT, DasGupta A (2001), Stat Sci 16(2):101-133"),
    BinomialMethod(
        "student-t", "Student's t of a 0/1 mean", bounds.student_t, "IBM SPSS Statistics Algorithms, EXAMINE"
    ),
)

BINOMIAL_INTERVALS: Final[dict[str, BinomialMethod]] = {method.name: method for method in _METHODS}
"""Every method by its name, exact ones first."""


def binomial_bounds(x: ArrayLike, n: ArrayLike, *, method: str = "clopper-pearson", level: float = 0.95) -> Bounds:
    """
    Bounds of many binomial proportions at once.

    Parameters
    ----------
    x : array_like of int
        Numbers of successes, ``0 <= x <= n``.
    n : array_like of int
        Numbers of subjects, ``n >= 1``; broadcast against ``x``.
    method : str, default "clopper-pearson"
        A name in `BINOMIAL_INTERVALS`.
    level : float, default 0.95
        Two-sided coverage, between 0 and 1.

    Returns
    -------
    Bounds
        Named tuple of two arrays in the broadcast shape, as proportions. NaN only for ``method="student-t"`` with one
        subject.

    Raises
    ------
    MethodError
        Naming every argument that cannot be used, and what would be acceptable.

    Examples
    --------
    >>> binomial_bounds([0, 26, 46], 46).high.round(4).tolist()
    [0.0771, 0.7107, 1.0]
    """
    problems = level_problems(level)
    if method not in BINOMIAL_INTERVALS:
        problems.append(f"method: unknown interval '{method}'.{suggest(method, BINOMIAL_INTERVALS)}")
    successes, subjects = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64))
    problems += _count_problems(successes, subjects)
    if problems:
        raise MethodError(*problems)
    low, high = BINOMIAL_INTERVALS[method].bounds(successes, subjects, (1.0 - level) / 2)
    return Bounds(np.asarray(low), np.asarray(high))


def _count_problems(x: Floats, n: Floats) -> list[str]:
    """Say what is wrong with counts; only the first offender of a kind is shown."""
    checks = (
        ("n", n, (n != np.floor(n)) | (n < 1) | ~np.isfinite(n), "the number of subjects is a whole number from 1"),
        ("x", x, (x != np.floor(x)) | (x < 0), "the number of successes is a whole number from 0 to n"),
        ("x", x, (x > n) & (n >= 1), "there cannot be more successes than subjects"),
    )
    problems = []
    for name, values, wrong, rule in checks:
        if np.any(wrong):
            first = np.argwhere(wrong)[0]
            of = f" of n = {n[tuple(first)]:g}" if name == "x" else ""
            problems.append(f"{name}: {rule}; found {values[tuple(first)]:g}{of}.")
    return problems


def binomial_interval(x: int, n: int, *, method: str = "clopper-pearson", level: float = 0.95) -> Interval:
    """
    Two-sided interval for a binomial proportion.

    Parameters
    ----------
    x : int
        Number of successes, ``0 <= x <= n``.
    n : int
        Number of subjects, ``n >= 1``.
    method : str, default "clopper-pearson"
        A name in `BINOMIAL_INTERVALS`.
    level : float, default 0.95
        Two-sided coverage, between 0 and 1. A one-sided bound of level 0.95 is a bound of the interval of level 0.90.

    Returns
    -------
    Interval
        Bounds as proportions; unpacks into them. Its note says where a method gives less than its name promises.

    Raises
    ------
    MethodError
        Naming every argument that cannot be used, and what would be acceptable.

    Examples
    --------
    >>> binomial_interval(26, 46)
    0.5652 (95% interval 0.4111 to 0.7107, clopper-pearson)
    >>> low, high = binomial_interval(11, 37, method="wilson", level=0.90)
    >>> round(low, 4), round(high, 4)
    (0.191, 0.4312)
    """
    low, high = binomial_bounds(x, n, method=method, level=level)
    return Interval(float(low), float(high), x / n, level, method, _edge_note(x, n, method))


def _edge_note(x: int, n: int, method: str) -> str:
    if method == "student-t" and n == 1:
        return "one subject has no variance"
    if x not in (0, n):
        return ""
    if method in ("wald", "student-t"):
        return "no width, because every subject had the same outcome"
    if method == "logit":
        return "Clopper-Pearson bounds, because the log odds are infinite"
    return ""


def clopper_pearson(x: int, n: int, *, level: float = 0.95) -> Interval:
    """
    Exact two-sided interval for a binomial proportion.

    Parameters
    ----------
    x : int
        Number of successes, ``0 <= x <= n``.
    n : int
        Number of subjects, ``n >= 1``.
    level : float, default 0.95
        Two-sided coverage, between 0 and 1.

    Returns
    -------
    Interval
        Bounds as proportions in [0, 1].

    Raises
    ------
    MethodError
        If ``x`` is outside ``0..n`` or ``level`` outside (0, 1).

    References
    ----------
    .. [1] Clopper CJ, Pearson ES (1934), Biometrika 26(4):404-413.

    Examples
    --------
    >>> low, high = clopper_pearson(11, 37, level=0.90)
    >>> round(low, 4), round(high, 4)
    (0.1765, 0.4438)
    """
    return binomial_interval(x, n, method="clopper-pearson", level=level)


@dataclass(frozen=True)
class BinomialTest(Framed):
    """
    P values of one proportion against a fixed one.

    Attributes
    ----------
    x, n : int
        Successes and subjects.
    p0 : float
        Proportion under the null hypothesis.
    p_two_sided : float
        All outcomes no more probable than the one seen, as R's ``binom.test``.
    p_doubled : float
        Twice the smaller one-sided p, at most 1; agrees with Clopper-Pearson, as SAS gives it.
    p_greater, p_less : float
        One-sided: as many successes or more; as many or fewer.
    mid_p_greater, mid_p_less : float
        One-sided, with half the probability of the outcome seen.
    """

    x: int
    n: int
    p0: float
    p_two_sided: float
    p_doubled: float
    p_greater: float
    p_less: float
    mid_p_greater: float
    mid_p_less: float


def binomial_test(x: int, n: int, p0: float) -> BinomialTest:
    """
    Exact test of a binomial proportion against a fixed one.

    Parameters
    ----------
    x : int
        Number of successes, ``0 <= x <= n``.
    n : int
        Number of subjects, ``n >= 1``.
    p0 : float
        Proportion under the null hypothesis, from 0 to 1.

    Returns
    -------
    BinomialTest
        Every p value in use; which one a protocol means must be said there.

    Raises
    ------
    MethodError
        Naming every argument that cannot be used, and what would be acceptable.

    Notes
    -----
    Outcomes whose probability differs from that of ``x`` by no more than one part in 10 million count as equally
    probable, as in R.

    Examples
    --------
    >>> test = binomial_test(5, 17, 0.10)
    >>> round(test.p_greater, 4), round(test.p_two_sided, 4), round(test.p_doubled, 4)
    (0.0221, 0.0221, 0.0443)
    """
    problems = _count_problems(np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if not 0 <= p0 <= 1:
        problems.append(f"p0: a proportion lies between 0 and 1; found {p0:g}.")
    if problems:
        raise MethodError(*problems)
    probability = _probabilities(n, p0)
    own = probability[x]
    greater = float(special.betainc(x, n - x + 1, p0)) if x > 0 else 1.0
    less = float(special.betaincc(x + 1, n - x, p0)) if x < n else 1.0
    two_sided = float(probability[probability <= own * (1 + 1e-7)].sum())
    return BinomialTest(
        x=x,
        n=n,
        p0=p0,
        p_two_sided=min(1.0, two_sided),
        p_doubled=min(1.0, 2 * greater, 2 * less),
        p_greater=greater,
        p_less=less,
        mid_p_greater=greater - own / 2,
        mid_p_less=less - own / 2,
    )


def _probabilities(n: int, p: float) -> Floats:
    """P(X = 0), ..., P(X = n)."""
    k = np.arange(n + 1)
    log_choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return np.exp(log_choose + special.xlogy(k, p) + special.xlog1py(n - k, -p))
