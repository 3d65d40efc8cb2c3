"""
Sizes of single-arm trials with a survival endpoint against a historical control.

Papers say "one-sample log-rank test" and mean different formulas: their numbers of events differ by a third. Every
answer here is a `Size` that carries its formula, the unrounded value and the rounding rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtri
from scipy.stats import gamma

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.binomial import check_proportion
from onearm.stats.design.survival_model import SurvivalModel, moments

__all__ = [
    "DROPOUT_RULES",
    "EVENT_FORMULAS",
    "PATIENT_FORMULAS",
    "ROUNDING_RULES",
    "EventDrivenPower",
    "EventFormula",
    "Size",
    "SurvivalPlan",
    "add_dropout",
    "event_driven_power",
    "events_exact",
    "events_needed",
    "patients_for_events",
    "patients_needed",
    "plan_survival",
]

Rounding = Literal["up", "nearest", "down"]
ROUNDING_RULES: tuple[str, ...] = ("up", "nearest", "down")
DROPOUT_RULES: tuple[str, ...] = ("divide", "multiply")


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
        "one-sample log-rank test with the mean of observed and expected events as variance; cf. Wu J (2014), "
        "Journal of Biopharmaceutical Statistics 24(5):1055-1070",
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

PATIENT_FORMULAS: dict[str, tuple[str, str]] = {
    "wu 2015": (
        "(sqrt(p0) z_a + sigma z_b)^2 / (p0 - p1)^2, sigma^2 = p1 - p1^2 + 2 p00 - p0^2 - 2 p01 + 2 p0 p1",
        "Wu J (2015), Pharmaceutical Statistics 14(1):26-33",
    ),
    "kwak-jung": (
        "(sqrt(p0) z_a + sqrt(p1) z_b)^2 / (p0 - p1)^2",
        "Kwak M, Jung SH (2014), Statistics in Medicine 33(12):2004-2016",
    ),
    "null variance": (
        "p0 (z_a + z_b)^2 / (p0 - p1)^2",
        "Finkelstein DM, Muzikansky A, Schoenfeld DA (2003), JNCI 95(19):1434-1439",
    ),
}
"""Formulas for patients: p0 expected and p1 observed events per patient under the alternative, p00 and p01 the
integrals of the cumulative null hazard against the two."""


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
    _check_test(alpha, sides, power)
    if formula not in EVENT_FORMULAS:
        raise MethodError(f"unknown formula '{formula}'.{suggest(formula, EVENT_FORMULAS)}")
    if not 0 < hr < 1:
        raise MethodError(f"the hazard ratio is {hr:g}; acceptable is above 0 and below 1.")
    chosen = EVENT_FORMULAS[formula]
    events = chosen.events(hr, _critical(alpha, sides), float(ndtri(power)))
    return Size("events", _round(events, rounding), events, rounding, formula, chosen.text, chosen.reference)


def patients_for_events(
    events: Size, event_rate: float, *, rounding: Rounding = "up", from_unrounded: bool = True
) -> Size:
    """
    Number of patients that give a number of events.

    Parameters
    ----------
    events : Size
        From `events_needed` or `events_exact`.
    event_rate : float
        Proportion of patients with an event by the end; assumed, observed, or from `event_probability`.
    rounding : {"up", "nearest", "down"}, default "up"
        Rounding rule.
    from_unrounded : bool, default True
        Whether the events are divided before or after they are rounded; papers do both.

    Returns
    -------
    Size
        Patients.

    Examples
    --------
    >>> patients_for_events(events_needed(0.65), 0.60).value
    80
    """
    if problems := check_proportion("event_rate", event_rate) if event_rate != 1 else []:
        raise MethodError(*problems)
    number = (events.unrounded if from_unrounded else events.value) / event_rate
    source = "unrounded events" if from_unrounded else "rounded events"
    text = f"{source} / {event_rate:.4g}"
    return Size("patients", _round(number, rounding), number, rounding, events.name, text, events.reference)


def add_dropout(patients: Size, rate: float, *, rule: str, rounding: Rounding = "up") -> Size:
    """
    Enlarge a trial for patients who drop out, by a named rule.

    Parameters
    ----------
    patients : Size
        Patients without dropout; the rounded number is enlarged.
    rate : float
        Expected proportion of dropouts, q.
    rule : {"divide", "multiply"}
        ``n / (1 - q)``, which leaves ``n`` patients on average; or ``n (1 + q)``, which leaves fewer.
    rounding : {"up", "nearest", "down"}, default "up"
        Rounding rule.

    Returns
    -------
    Size
        Patients with dropout.

    Raises
    ------
    MethodError
        For an unknown rule.

    Examples
    --------
    >>> base = patients_for_events(events_needed(0.65), 0.60)
    >>> add_dropout(base, 0.20, rule="multiply").value, add_dropout(base, 0.20, rule="divide").value
    (96, 100)
    """
    problems = [] if rate == 0 else check_proportion("dropout", rate)
    if rule not in DROPOUT_RULES:
        problems.append(f"unknown dropout rule '{rule}'.{suggest(rule, DROPOUT_RULES)}")
    if problems:
        raise MethodError(*problems)
    number = patients.value / (1 - rate) if rule == "divide" else patients.value * (1 + rate)
    text = f"n / (1 - {rate:g})" if rule == "divide" else f"n (1 + {rate:g})"
    return Size(
        "patients with dropout", _round(number, rounding), number, rounding, f"dropout, {rule}", text, "stated rule"
    )


def patients_needed(
    model: SurvivalModel,
    *,
    formula: str = "wu 2015",
    alpha: float = 0.05,
    sides: int = 2,
    power: float = 0.80,
    rounding: Rounding = "up",
) -> Size:
    """
    Number of patients by a formula that looks at accrual and follow-up.

    Parameters
    ----------
    model : SurvivalModel
        Null survival, alternative, accrual and follow-up.
    formula : str, default "wu 2015"
        A name in `PATIENT_FORMULAS`.
    alpha, sides, power : float, int, float
        As in `events_needed`.
    rounding : {"up", "nearest", "down"}, default "up"
        Rounding rule.

    Returns
    -------
    Size
        Patients.

    Raises
    ------
    MethodError
        For an unknown formula.

    Examples
    --------
    The example of Wu (2015): Weibull with shape 1.22 and median 9, hazard ratio 1/1.75.

    >>> model = SurvivalModel(9, 1 / 1.75, accrual=5, followup=3, shape=1.22)
    >>> size = patients_needed(model, alpha=0.05, sides=1)
    >>> size.value, round(size.unrounded, 3)
    (88, 87.315)
    """
    _check_test(alpha, sides, power)
    if formula not in PATIENT_FORMULAS:
        raise MethodError(f"unknown formula '{formula}'.{suggest(formula, PATIENT_FORMULAS)}")
    m = moments(model)
    za, zb = _critical(alpha, sides), float(ndtri(power))
    deviation = {"wu 2015": m.variance, "kwak-jung": m.observed, "null variance": m.expected}[formula]
    number = (math.sqrt(m.expected) * za + math.sqrt(deviation) * zb) ** 2 / (m.expected - m.observed) ** 2
    text, reference = PATIENT_FORMULAS[formula]
    return Size("patients", _round(number, rounding), number, rounding, formula, text, reference)


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
    _check_test(alpha, sides, 0.5)
    if events < 1 or not 0 < hr <= 1:
        raise MethodError(f"{events} events, hazard ratio {hr:g}; acceptable are 1 event or more and 0 < hr <= 1.")
    z = _critical(alpha, sides)
    # (E - d) / sqrt(E) >= z is a quadratic inequality in sqrt(E)
    limit = ((z + math.sqrt(z * z + 4 * events)) / 2) ** 2
    exact_limit = float(gamma.isf(alpha / sides, events))
    return EventDrivenPower(
        events,
        hr,
        size=float(gamma.sf(limit, events)),
        power=float(gamma.sf(limit * hr, events)),
        gamma_power=float(gamma.sf(exact_limit * hr, events)),
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
    _check_test(alpha, sides, power)
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


@dataclass(frozen=True)
class SurvivalPlan(Framed):
    """
    A sample size from events to enrolment, with each step.

    Parameters
    ----------
    hr, event_rate, dropout : float
        Hazard ratio, proportion with an event, proportion of dropouts.
    events, patients, enrolled : Size
        Each step with its formula, unrounded value and rounding.
    exact : EventDrivenPower
        Exact power at the rounded number of events.
    """

    hr: float
    event_rate: float
    dropout: float
    events: Size
    patients: Size
    enrolled: Size
    exact: EventDrivenPower

    @property
    def steps(self) -> tuple[Size, Size, Size]:
        """Events, patients, enrolled."""
        return self.events, self.patients, self.enrolled

    def at_event_rate(self, event_rate: float) -> SurvivalPlan:
        """
        Compute the size again at another event rate, with the same rules.

        Parameters
        ----------
        event_rate : float
            The rate that was observed.

        Returns
        -------
        SurvivalPlan
            The same events, other patients.
        """
        from_unrounded = self.patients.formula.startswith("unrounded")
        patients = patients_for_events(
            self.events, event_rate, rounding=_rule(self.patients.rounding), from_unrounded=from_unrounded
        )
        enrolled = add_dropout(
            patients, self.dropout, rule=self.enrolled.name.split(", ")[1], rounding=_rule(self.enrolled.rounding)
        )
        return SurvivalPlan(self.hr, event_rate, self.dropout, self.events, patients, enrolled, self.exact)


def plan_survival(
    hr: float,
    event_rate: float,
    *,
    formula: str = "event-driven",
    alpha: float = 0.05,
    sides: int = 2,
    power: float = 0.80,
    rounding: Rounding = "up",
    from_unrounded: bool = True,
    dropout: float = 0.0,
    dropout_rule: str = "divide",
) -> SurvivalPlan:
    """
    Size a trial from its hazard ratio to its enrolment.

    Parameters
    ----------
    hr : float
        Hazard ratio of the alternative.
    event_rate : float
        Proportion of patients with an event by the end; see `event_probability`.
    formula, alpha, sides, power : str, float, int, float
        As in `events_needed`, which rounds up.
    rounding : {"up", "nearest", "down"}, default "up"
        For the patients.
    from_unrounded : bool, default True
        Whether unrounded events are divided by the event rate.
    dropout : float, default 0
        Expected proportion of dropouts.
    dropout_rule : {"divide", "multiply"}, default "divide"
        See `add_dropout`, which rounds up.

    Returns
    -------
    SurvivalPlan
        Every step.

    Examples
    --------
    The colorectal trial: 48 events, 68 patients, 82 with dropout; at an event rate of 60 %, 80 and 96.

    >>> plan = plan_survival(0.65, 0.70, rounding="nearest", dropout=0.20, dropout_rule="multiply")
    >>> [step.value for step in plan.steps], [step.value for step in plan.at_event_rate(0.60).steps]
    ([48, 68, 82], [48, 80, 96])
    """
    events = events_needed(hr, formula=formula, alpha=alpha, sides=sides, power=power)
    patients = patients_for_events(events, event_rate, rounding=rounding, from_unrounded=from_unrounded)
    enrolled = add_dropout(patients, dropout, rule=dropout_rule)
    exact = event_driven_power(events.value, hr, alpha=alpha, sides=sides)
    return SurvivalPlan(hr, event_rate, dropout, events, patients, enrolled, exact)


def _critical(alpha: float, sides: int) -> float:
    return float(ndtri(1 - alpha / sides))


def _round(number: float, rule: str) -> int:
    if rule not in ROUNDING_RULES:
        raise MethodError(f"unknown rounding rule '{rule}'.{suggest(rule, ROUNDING_RULES)}")
    if rule == "up":
        return math.ceil(number - 1e-9)  # 80.0000000001 patients are 80
    return math.floor(number + (0.5 if rule == "nearest" else 1e-9))


def _rule(name: str) -> Rounding:
    return "up" if name == "up" else "nearest" if name == "nearest" else "down"


def _check_test(alpha: float, sides: int, power: float) -> None:
    problems = check_proportion("alpha", alpha) + check_proportion("power", power)
    if sides not in (1, 2):
        problems.append(f"sides is {sides}; acceptable is 1 or 2.")
    if problems:
        raise MethodError(*problems)
