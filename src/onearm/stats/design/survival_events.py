"""
Numbers of events for a one-sample log-rank test, by named formula and exactly.

Papers say "one-sample log-rank test" and mean different formulas: their numbers of events differ by a third. Every
answer is a `Size` that carries its formula, the unrounded value and the rounding rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import gammaincc, gammainccinv, ndtri

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.size_rules import Rounding, check_test, critical_value, rounded

__all__ = [
    "EVENT_FORMULAS",
    "EventDrivenPower",
    "EventFormula",
    "Size",
    "event_driven_power",
    "events_exact",
    "events_needed",
]


@dataclass(frozen=True)
class Size(Framed):
    """
    A number of events or patients, and where it comes from.

    Parameters
    ----------
    quantity : str
        ``events``, ``patients`` or ``patients with dropout``.
    value : int
        The rounded number.
    unrounded : float
        The number before rounding.
    rounding : str
        ``up``, ``nearest`` (half up) or ``down``.
    name : str
        Name of the formula.
    formula : str
        The formula, written out.
    reference : str
        Its source.
    """

    quantity: str
    value: int
    unrounded: float
    rounding: str
    name: str
    formula: str
    reference: str

    def __str__(self) -> str:
        """The number with its origin, in one line."""
        return (
            f"{self.value} {self.quantity} ({self.unrounded:.4f} rounded {self.rounding}; {self.name}: {self.formula})"
        )


@dataclass(frozen=True)
class EventFormula:
    """
    A closed formula for the number of events.

    Parameters
    ----------
    events : callable
        From hazard ratio, quantile of alpha and quantile of power to events.
    text : str
        The formula, written out.
    reference : str
        Its source.
    """

    events: Callable[[float, float, float], float]
    text: str
    reference: str


def _power_family(k: float) -> Callable[[float, float, float], float]:
    """Wald test of the hazard to the power k, whose variance is (k hazard^k)^2 / events."""
    return lambda hr, za, zb: (k * (za + zb * hr**k) / (1 - hr**k)) ** 2


EVENT_FORMULAS: dict[str, EventFormula] = {
    "event-driven": EventFormula(
        lambda hr, za, zb: (za * math.sqrt(hr) + zb) ** 2 / (1 - hr) ** 2,
        "(z_a sqrt(HR) + z_b)^2 / (1 - HR)^2",
        "one-sample log-rank test at a fixed number of events d, where E ~ Gamma(d)/HR; cf. Schmidt R, Kwiecien R, "
        "Faldum A, et al. (2015), Statistics in Medicine 34(6):1031-1040",
    ),
    "log-hazard": EventFormula(
        lambda hr, za, zb: (za + zb) ** 2 / math.log(hr) ** 2,
        "(z_a + z_b)^2 / (ln HR)^2",
        "George SL, Desu MM (1974), Journal of Chronic Diseases 27(1):15-24, with one arm known",
    ),
    "kwak-jung": EventFormula(
        lambda hr, za, zb: hr * (za + zb * math.sqrt(hr)) ** 2 / (1 - hr) ** 2,
        "HR (z_a + z_b sqrt(HR))^2 / (1 - HR)^2 (expected under the alternative)",
        "Kwak M, Jung SH (2014), Statistics in Medicine 33(12):2004-2016",
    ),
    "kwak-jung, null hazard": EventFormula(
        lambda hr, za, zb: (za + zb * math.sqrt(hr)) ** 2 / (1 - hr) ** 2,
        "(z_a + z_b sqrt(HR))^2 / (1 - HR)^2 (expected at the null hazard)",
        "Kwak M, Jung SH (2014), Statistics in Medicine 33(12):2004-2016",
    ),
    "null variance": EventFormula(
        lambda hr, za, zb: (za + zb) ** 2 / (1 - hr) ** 2,
        "(z_a + z_b)^2 / (1 - HR)^2 (expected at the null hazard)",
        "Finkelstein DM, Muzikansky A, Schoenfeld DA (2003), JNCI 95(19):1434-1439",
    ),
    "mean variance": EventFormula(
        lambda hr, za, zb: ((1 + hr) / 2) ** 2 * (za + zb) ** 2 / (1 - hr) ** 2,
        "((1 + HR)/2)^2 (z_a + z_b)^2 / (1 - HR)^2",
        "one-sample log-rank test with the mean of observed and expected events as variance; Wu J (2014), Journal of "
        "Biometrics & Biostatistics 5(4):210",
    ),
    "hazard": EventFormula(
        _power_family(1.0),
        "(z_a + z_b HR)^2 / (1 - HR)^2",
        "Wald test of the exponential hazard",
    ),
    "square-root hazard": EventFormula(
        _power_family(1 / 2),
        "(z_a + z_b sqrt(HR))^2 / (4 (1 - sqrt(HR))^2)",
        "Wald test of the square root of the exponential hazard",
    ),
    "cube-root hazard": EventFormula(
        _power_family(1 / 3),
        "(z_a + z_b HR^(1/3))^2 / (9 (1 - HR^(1/3))^2)",
        "Wald test of the cube root of the exponential hazard, whose likelihood is nearly normal: Sprott DA (1973), "
        "Biometrika 60(3):457-465",
    ),
}


def events_needed(
    hr: float,
    *,
    formula: str = "event-driven",
    alpha: float = 0.05,
    sides: int = 2,
    power: float = 0.80,
    rounding: Rounding = "up",
) -> Size:
    """
    Number of events by a named formula.

    Parameters
    ----------
    hr : float
        Hazard ratio of the alternative to the historical control, below 1.
    formula : str, default "event-driven"
        A name in `EVENT_FORMULAS`.
    alpha : float, default 0.05
        Type I error over the sides.
    sides : {1, 2}, default 2
        Sides of the test.
    power : float, default 0.80
        Nominal power.
    rounding : {"up", "nearest", "down"}, default "up"
        Rounding rule.

    Returns
    -------
    Size
        Events.

    Raises
    ------
    MethodError
        For an unknown formula or a hazard ratio that is not below 1.

    Examples
    --------
    The two papers used different formulas.

    >>> size = events_needed(0.65)
    >>> size.value, round(size.unrounded, 3)
    (48, 47.878)
    >>> events_needed(5.7 / 9.8, formula="log-hazard").value
    27
    """
    check_test(alpha, sides, power)
    if formula not in EVENT_FORMULAS:
        raise MethodError(f"unknown formula '{formula}'.{suggest(formula, EVENT_FORMULAS)}")
    if not 0 < hr < 1:
        raise MethodError(f"the hazard ratio is {hr:g}; acceptable is above 0 and below 1.")
    chosen = EVENT_FORMULAS[formula]
    events = chosen.events(hr, critical_value(alpha, sides), float(ndtri(power)))
    return Size("events", rounded(events, rounding), events, rounding, formula, chosen.text, chosen.reference)


@dataclass(frozen=True)
class EventDrivenPower(Framed):
    """
    Exact properties of the one-sample log-rank test at a fixed number of events.

    Parameters
    ----------
    events : int
        Events at which the test is made.
    hr : float
        True hazard ratio.
    size, power : float
        Probability that ``(O - E) / sqrt(E)`` is at most minus the normal quantile, at hazard ratio 1 and at ``hr``; on
        one side.
    gamma_power : float
        Power of the test that takes its critical value from the exact gamma distribution of E.
    """

    events: int
    hr: float
    size: float
    power: float
    gamma_power: float


def event_driven_power(events: int, hr: float, *, alpha: float = 0.05, sides: int = 2) -> EventDrivenPower:
    """
    Exact power at a fixed number of events.

    When the trial ends with its d-th event the cumulative null hazard of all patients is Gamma(d) divided by the true
    hazard ratio, whatever the accrual and the shape. No normal approximation is needed.

    Parameters
    ----------
    events : int
        Number of events.
    hr : float
        True hazard ratio, up to 1.
    alpha : float, default 0.05
        Type I error over the sides.
    sides : {1, 2}, default 2
        Sides; the power is that of the side of interest.

    Returns
    -------
    EventDrivenPower
        Of the test with normal critical value, and of the exact one.

    Raises
    ------
    MethodError
        For a number of events below 1.

    Examples
    --------
    >>> result = event_driven_power(48, 0.65)
    >>> round(result.power, 6), round(result.size, 6), round(result.gamma_power, 6)
    (0.830817, 0.018009, 0.858969)
    """
    check_test(alpha, sides, 0.5)
    if events < 1 or not 0 < hr <= 1:
        raise MethodError(f"{events} events, hazard ratio {hr:g}; acceptable are 1 event or more and 0 < hr <= 1.")
    z = critical_value(alpha, sides)
    # (E - d) / sqrt(E) >= z is a quadratic inequality in sqrt(E)
    limit = ((z + math.sqrt(z * z + 4 * events)) / 2) ** 2
    exact_limit = float(gammainccinv(events, alpha / sides))
    return EventDrivenPower(
        events,
        hr,
        size=float(gammaincc(events, limit)),
        power=float(gammaincc(events, limit * hr)),
        gamma_power=float(gammaincc(events, exact_limit * hr)),
    )


def events_exact(
    hr: float,
    *,
    test: str = "gamma",
    alpha: float = 0.05,
    sides: int = 2,
    power: float = 0.80,
) -> Size:
    """
    Smallest number of events with the exact power.

    Parameters
    ----------
    hr : float
        Hazard ratio of the alternative.
    test : {"gamma", "score"}, default "gamma"
        Exact critical value, or the normal one.
    alpha, sides, power : float, int, float
        As in `events_needed`.

    Returns
    -------
    Size
        Events; nothing is rounded.

    Examples
    --------
    >>> events_exact(0.65).value, events_exact(0.65, test="score").value
    (41, 45)
    """
    check_test(alpha, sides, power)
    tests = {"gamma": "exact gamma test", "score": "(O - E) / sqrt(E) with the normal critical value"}
    if test not in tests:
        raise MethodError(f"unknown test '{test}'.{suggest(test, tests)}")
    if not 0 < hr < 1:
        raise MethodError(f"the hazard ratio is {hr:g}; acceptable is above 0 and below 1.")
    events = 1
    while True:
        found = event_driven_power(events, hr, alpha=alpha, sides=sides)
        if (found.gamma_power if test == "gamma" else found.power) >= power:
            break
        events += 1
    return Size(
        "events",
        events,
        float(events),
        "up",
        f"exact, {test}",
        tests[test],
        "E ~ Gamma(d)/HR at the d-th event",
    )
