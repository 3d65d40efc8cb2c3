"""
Patients of single-arm trials with a survival endpoint against a historical control, from events to enrolment.

Sizes may come from a number of events and an event rate, or from accrual and follow-up; dropout is added by a stated
rule. Every step is a `Size` with its formula, unrounded value and rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.binomial import check_proportion
from onearm.stats.design.size_rules import Rounding, check_test, critical_value, rounded, rounding_rule
from onearm.stats.design.survival_events import EventDrivenPower, Size, event_driven_power, events_needed
from onearm.stats.design.survival_model import SurvivalModel, moments

__all__ = [
    "DROPOUT_RULES",
    "PATIENT_FORMULAS",
    "SurvivalPlan",
    "add_dropout",
    "patients_for_events",
    "patients_needed",
    "plan_survival",
]

DROPOUT_RULES: tuple[str, ...] = ("divide", "multiply")


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
    return Size("patients", rounded(number, rounding), number, rounding, events.name, text, events.reference)


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
        "patients with dropout", rounded(number, rounding), number, rounding, f"dropout, {rule}", text, "stated rule"
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
    check_test(alpha, sides, power)
    if formula not in PATIENT_FORMULAS:
        raise MethodError(f"unknown formula '{formula}'.{suggest(formula, PATIENT_FORMULAS)}")
    m = moments(model)
    za, zb = critical_value(alpha, sides), float(ndtri(power))
    deviation = {"wu 2015": m.variance, "kwak-jung": m.observed, "null variance": m.expected}[formula]
    number = (math.sqrt(m.expected) * za + math.sqrt(deviation) * zb) ** 2 / (m.expected - m.observed) ** 2
    text, reference = PATIENT_FORMULAS[formula]
    return Size("patients", rounded(number, rounding), number, rounding, formula, text, reference)


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
            self.events, event_rate, rounding=rounding_rule(self.patients.rounding), from_unrounded=from_unrounded
        )
        enrolled = add_dropout(
            patients,
            self.dropout,
            rule=self.enrolled.name.split(", ")[1],
            rounding=rounding_rule(self.enrolled.rounding),
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
