"""What is assumed about toxicity, doses and laboratory values."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from onearm.protocol.base import Days, Name, Positive, Section
from onearm.simulation.assumptions.base import NotNegative, Share

__all__ = [
    "Actions",
    "ConcomitantMedication",
    "DoseGiving",
    "Event",
    "GradeActions",
    "Laboratory",
    "Parameter",
    "Toxicity",
]


class GradeActions(Section):
    """Probabilities of what is done to the drug; the rest leaves the dose as it is."""

    reduced: Share = 0.0
    """To the next dose level of the protocol."""
    interrupted: Share = 0.0
    """For ``hold_days``."""
    withdrawn: Share = 0.0
    """For good."""

    @model_validator(mode="after")
    def _at_most_one(self) -> GradeActions:
        if self.reduced + self.interrupted + self.withdrawn > 1:
            raise ValueError("reduced, interrupted and withdrawn should add up to at most 1")
        return self


class Actions(Section):
    """``[toxicity.actions]``: what a related adverse event leads to, by grade."""

    grade_1: GradeActions = GradeActions()
    grade_2: GradeActions = GradeActions()
    grade_3: GradeActions = GradeActions()
    grade_4: GradeActions = GradeActions()

    @property
    def by_grade(self) -> tuple[GradeActions, ...]:
        """Grades 1 to 4."""
        return (self.grade_1, self.grade_2, self.grade_3, self.grade_4)


class Event(Section):
    """``[[toxicity.event]]``: an adverse event."""

    term: Name
    """AETERM and AEDECOD."""
    soc: Name
    """System organ class."""
    any_grade: Share
    """Probability that it is seen in a patient."""
    grade_3_or_more: Share = 0.0
    """Probability that it is seen in grade 3 or 4."""
    drugs: tuple[Name, ...] = ()
    """Drugs of the protocol that may cause it, equally likely; empty: not related, unless ``is_related`` says so."""
    is_related: bool = False
    """Whether it is related to treatment although no drug of the protocol is named, such as where the protocol names none."""
    immune_related: Share = 0.0
    """Probability that the investigator judges it to be immune-related where it is related to treatment;
    written where the protocol has ``immune_related_column``."""
    median_onset_days: Positive | None = None
    """From the first dose; that of all events where missing."""
    median_duration_days: Positive | None = None
    """That of all events where missing."""

    @model_validator(mode="after")
    def _within(self) -> Event:
        if self.grade_3_or_more > self.any_grade:
            raise ValueError("grade_3_or_more should not be above any_grade")
        return self


class ConcomitantMedication(Section):
    """``[[toxicity.medication]]``: a drug given for an adverse event."""

    event: Name
    """Term of the event."""
    name: Name
    """CMTRT."""
    probability: Share
    """That an event is treated with it."""
    route: str = "ORAL"
    """CMROUTE."""


class Toxicity(Section):
    """``[toxicity]``: adverse events and what follows from them."""

    median_onset_days: Positive
    """From the first dose; exponential. An event may name its own."""
    median_duration_days: Positive
    """Log-normal."""
    duration_sd: NotNegative
    """On the log scale."""
    watched: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of events that begin while events are collected; the probabilities of events are divided by it."""
    shared: Share
    """Share of the variance of the propensity to events that a patient's events have in common."""
    grade_2: Share
    """Share of grade 2 among the events below grade 3."""
    grade_4: Share
    """Share of grade 4 among the events of grade 3 or more."""
    serious: Share
    """Share of serious events among those of grade 3 or more."""
    recurrence: Share
    """Probability that an event that has ended comes back once."""
    hold_days: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    """Least and most days of an interruption; the protocol's own limit holds too."""
    all_withdrawn: Share
    """Probability that an event which ends one drug ends all."""
    safety_days: Days = 30
    """Events are collected until so many days after the last dose."""
    actions: Actions
    event: tuple[Event, ...] = ()
    medication: tuple[ConcomitantMedication, ...] = ()


class DoseGiving(Section):
    """``[[dose]]``: how a drug of the protocol is given."""

    drug: Name
    """Name in the protocol."""
    route: Name
    """EXROUTE."""
    form: Name
    """EXDOSFRM."""
    frequency: Name = "QD"
    """EXDOSFRQ."""


class Parameter(Section):
    """``[[laboratory.parameter]]``: a measurement and the adverse event that shows in it."""

    code: Annotated[str, Field(min_length=1, max_length=8)]
    """LBTESTCD."""
    test: Name
    """LBTEST."""
    category: Name
    """LBCAT."""
    unit: Name
    """LBORRESU and LBSTRESU."""
    mean: Positive
    """Median over patients and visits without the event."""
    sd_between: NotNegative
    """Between patients on the log scale."""
    sd_within: NotNegative
    """Between visits of a patient on the log scale."""
    low: NotNegative
    """Lower limit of the normal range."""
    high: Positive
    """Upper limit of the normal range."""
    event: str | None = None
    """Adverse event during which the value lies in the range of its grade."""
    grade_limits: Annotated[tuple[Positive, ...], Field(min_length=4, max_length=4)] | None = None
    """Where grades 2, 3 and 4 begin and where grade 4 ends at the latest (CTCAE 5.0)."""
    digits: Annotated[int, Field(ge=0, le=3)] = 1
    """Decimals."""


class Laboratory(Section):
    """``[laboratory]``: series of measurements while treated."""

    every_days: Annotated[int, Field(ge=1)]
    """Distance of visits, from the first dose to the end of treatment."""
    parameter: tuple[Parameter, ...] = ()
