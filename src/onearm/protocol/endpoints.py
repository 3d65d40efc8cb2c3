"""``[endpoint.NAME]``: a rate of patients or a time to an event."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from onearm.protocol.base import Level, Months, Name, Positive, ProportionInterval, Section
from onearm.terms import CensorRule, EventRule, StartRule

__all__ = ["Endpoint", "PreviousLine", "RateEndpoint", "TimeEndpoint", "kind_of"]

Role = Literal["primary", "secondary", "exploratory"]
BestResponse = Literal[
    "CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iUPD", "iCPD"
]


class RateEndpoint(Section):
    """Share of an analysis set whose best overall response is a success, or who is free of progression at a time."""

    kind: Literal["rate"] = "rate"
    role: Role = "secondary"
    label: str | None = None
    """What is printed; the name of the endpoint where missing."""
    set: Name
    """Analysis set that is the denominator; a patient without a response counts as no success."""
    success: tuple[BestResponse, ...] = ()
    """Responses that count as success; those of iRECIST (``iCR``, ``iPR`` …) read the best response by iRECIST."""
    of: Literal["confirmed", "unconfirmed"] = "confirmed"
    """Which best overall response is read."""
    assessor: Name | None = None
    """Whose assessments it rests on; those of ``tumour.assessor`` where missing."""
    reader: Name | None = None
    """Which reader of that assessor; missing: that of ``[tumour]``, or the accepted one where ``assessor`` is named here."""
    by_months: Months | None = None
    """Only assessments up to so many months from the start count, and so does what confirms a response."""
    stable_at_least_months: Months | None = None
    """Stable disease counts from so many months on; ``tumour.stable_at_least_days`` where missing."""
    progression_free_at_months: Months | None = None
    """Instead of ``success``: alive and without progression so many months from the start, as an assessment shows."""
    without_assessment: Literal["failure", "exclude"] = "failure"
    """A patient of whom nothing is known at that time, neither that he progressed nor that he did not."""
    interval: ProportionInterval | None = None
    """Interval of the proportion; that of ``[conventions]`` where missing."""
    level: Level | None = None
    """Coverage of the interval; that of ``[conventions]`` where missing."""
    prior: tuple[Positive, Positive] | None = None
    """Beta prior of the rate, the weights of success and of no success: mean and equal-tailed credible interval of the
    posterior are then given beside the proportion."""

    @property
    def rests_on_assessments(self) -> bool:
        """Whether it is derived from the assessments, not read off the best overall response."""
        return any((self.by_months, self.stable_at_least_months, self.progression_free_at_months))


class PreviousLine(Section):
    """``[endpoint.NAME.previous_line]``: the same patient's time on the line before, for the growth modulation index."""

    column: Name
    """Column of the subject-level data set, such as ``PRIORTTP``."""
    unit: Literal["days", "weeks", "months", "years"]
    threshold: Positive = 1.33
    """Ratio of the time on study to that on the line before that is taken as a sign of activity."""


class TimeEndpoint(Section):
    """Time from a start to the first of several events, or to a censoring."""

    kind: Literal["time"] = "time"
    role: Role = "secondary"
    label: str | None = None
    """What is printed; the name of the endpoint where missing."""
    set: Name
    """Analysis set."""
    start: StartRule = StartRule.FIRST_DOSE
    """Where the time begins; patients without that date are not in the analysis (duration of response: responders)."""
    among: Literal["all", "responders", "confirmed_responders"] = "all"
    """Whose times are analysed: all of the set, or those with a (confirmed) complete or partial response."""
    event: Annotated[tuple[EventRule, ...], Field(min_length=1)]
    """What ends it; the earliest counts."""
    censor: Annotated[tuple[CensorRule, ...], Field(min_length=1)]
    """What ends it without an event. ``last_adequate_assessment`` or ``last_known_alive`` is where subjects without an event
    are censored; ``new_anticancer_therapy`` and ``treatment_stop`` end follow-up before an event, ``missed_assessments``
    takes back an event that follows too many missed scans, ``no_baseline`` censors at the start."""
    landmarks_months: tuple[Months, ...] = ()
    """Months at which the rate without event is printed."""
    assessor: Name | None = None
    """Whose assessments it rests on; those of ``tumour.assessor`` where missing."""
    reader: Name | None = None
    """Which reader of that assessor; missing: that of ``[tumour]``, or the accepted one where ``assessor`` is named here."""
    previous_line: PreviousLine | None = None
    """The time on the previous line, with which this one is compared."""
    interval: Literal["plain", "log", "log-log", "logit", "arcsine"] | None = None
    """Transformation behind the interval; that of ``[conventions]`` where missing."""


def kind_of(section: Any) -> str:
    """
    Tell a rate from a time by ``kind``, or by what only one of the two has.

    Parameters
    ----------
    section : mapping or Section
        An endpoint's table.

    Returns
    -------
    str
        ``rate`` or ``time``.
    """
    if isinstance(section, Section):
        return str(getattr(section, "kind", "rate"))
    if not isinstance(section, dict):
        return "rate"
    if section.get("kind") in ("rate", "time"):
        return str(section["kind"])
    return "time" if {"event", "censor", "start", "landmarks_months", "previous_line"} & set(section) else "rate"


Endpoint = Annotated[
    Annotated[RateEndpoint, Tag("rate")] | Annotated[TimeEndpoint, Tag("time")],
    Discriminator(kind_of),
]
