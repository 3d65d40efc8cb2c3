"""The posterior distribution of a response rate under a beta prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import check_proportion

__all__ = ["Posterior", "check_prior", "posterior"]


@dataclass(frozen=True)
class Posterior(Framed):
    """
    What is known of a response rate.

    Parameters
    ----------
    a, b : float
        Parameters of the beta posterior.
    mean, median, sd : float
        Of the posterior.
    level, low, high : float
        Equal-tailed credible interval.
    """

    a: float
    b: float
    mean: float
    median: float
    sd: float
    level: float
    low: float
    high: float

    def at_most(self, rate: float) -> float:
        """
        Probability that the response rate is at most a value.

        Parameters
        ----------
        rate : float
            Between 0 and 1.

        Returns
        -------
        float
            Posterior probability.
        """
        return float(betainc(self.a, self.b, rate))

    def at_least(self, rate: float) -> float:
        """
        Probability that the response rate is at least a value.

        Parameters
        ----------
        rate : float
            Between 0 and 1.

        Returns
        -------
        float
            Posterior probability.
        """
        return float(betainc(self.b, self.a, 1 - rate))


def check_prior(prior: tuple[float, float], name: str = "prior") -> list[str]:
    """
    Say what is wrong with a beta prior.

    Parameters
    ----------
    prior : tuple of float
        Weights of response and of no response.
    name : str, default "prior"
        What it is called where it was typed.

    Returns
    -------
    list of str
        Empty, or one sentence.

    Examples
    --------
    >>> check_prior((1, 1))
    []
    """
    if len(prior) == 2 and all(np.isfinite(weight) and weight > 0 for weight in prior):
        return []
    return [
        f"{name} is Beta({', '.join(f'{weight:g}' for weight in prior)}); acceptable are two weights above 0, such as "
        "(1, 1) for a uniform prior or (0.5, 0.5) for Jeffreys'."
    ]


def posterior(x: int, n: int, *, prior: tuple[float, float] = (1.0, 1.0), level: float = 0.95) -> Posterior:
    """
    Posterior of a response rate.

    Parameters
    ----------
    x, n : int
        Responders, and patients.
    prior : tuple of float, default (1, 1)
        Beta prior: weights of response and of no response.
    level : float, default 0.95
        Of the equal-tailed credible interval.

    Returns
    -------
    Posterior
        Summary, with methods for probabilities.

    Raises
    ------
    MethodError
        For more responders than patients, or a prior without weight.

    Examples
    --------
    REGOMUNE: 4 responders among 43 with a uniform prior give the printed 11.0 % (4.0 to 22.0 %).

    >>> p = posterior(4, 43)
    >>> round(p.mean, 4), round(p.low, 4), round(p.high, 4)
    (0.1111, 0.0379, 0.2167)
    """
    problems = check_prior(prior) + check_proportion("level", level)
    if not 0 <= x <= n:
        problems.append(f"{x} responders among {n} patients; acceptable is 0 to {n}.")
    if problems:
        raise MethodError(*problems)
    a, b = prior[0] + x, prior[1] + n - x
    low, median, high = betaincinv(a, b, np.array([(1 - level) / 2, 0.5, (1 + level) / 2])).tolist()
    sd = float(np.sqrt(a * b / (a + b + 1)) / (a + b))
    return Posterior(a, b, a / (a + b), median, sd, level, low, high)
