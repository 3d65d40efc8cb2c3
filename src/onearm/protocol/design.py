"""``[design]``: what the sample size rests on, one model for each kind of design."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.base import Months, Positive, Probability, Section

__all__ = ["BayesDesign", "Design", "ExactDesign", "NoDesign", "SimonDesign", "SurvivalDesign"]

Count = Annotated[int, Field(ge=0)]


class SimonDesign(Section):
    """Two stages with a stop for futility (Simon R, Control Clin Trials 1989;10:1-10)."""

    kind: Literal["simon"]
    p0: Probability
    """Response rate that is not worth pursuing."""
    p1: Probability
    """Response rate that is."""
    alpha: Probability = 0.05
    """One-sided probability of a false claim at p0."""
    power: Probability = 0.80
    """Probability of a claim at p1."""
    criterion: Literal["optimal", "minimax", "stated"] = "optimal"
    """Which of the admissible designs; "stated" takes r1, n1, r and n as they are."""
    r1: Count | None = None
    """Continue to stage 2 if more than r1 of n1 respond."""
    n1: Count | None = None
    r: Count | None = None
    """The treatment is promising if more than r of n respond."""
    n: Count | None = None
    endpoint: str = "ORR"
    """The endpoint that the design counts."""


class ExactDesign(Section):
    """One stage, exact binomial test (A'Hern RP, Stat Med 2001;20:859-66)."""

    kind: Literal["exact"]
    p0: Probability
    p1: Probability
    alpha: Probability = 0.05
    power: Probability = 0.80
    r: Count | None = None
    """The treatment is promising if more than r of n respond."""
    n: Count | None = None
    endpoint: str = "ORR"


class BayesDesign(Section):
    """Sequential monitoring of a response rate by a beta-binomial model (Zohar et al., Contemp Clin Trials 2008;29:608-16)."""

    kind: Literal["bayes"]
    p0: Probability
    """Rate below which the treatment is without interest."""
    p1: Probability
    """Rate that is aimed at."""
    n: Annotated[int, Field(ge=1)]
    """Largest number of evaluable patients."""
    first_look: Annotated[int, Field(ge=1)]
    every: Annotated[int, Field(ge=1)]
    """Patients between looks."""
    stop_above: Probability = 0.80
    """Stop for futility where the probability that the rate is at most p0 reaches this."""
    efficacy_above: Probability | None = None
    """Stop for efficacy where the probability that the rate is at least p1 reaches this; without it nothing does."""
    prior: tuple[Positive, Positive] = (1.0, 1.0)
    """Parameters of the beta prior."""
    reading: Literal["posterior", "predictive to the end", "predictive to the next cohort"] = "posterior"
    """What "probability" means: of the rate now, or that it will cross at the last look, or at the next."""
    predictive_cutoff: Probability = 0.80
    """For the predictive readings: how probable the later crossing has to be."""
    equality: Literal[">=", ">"] = ">="
    """Whether a probability equal to its limit stops the trial."""
    endpoint: str = "ORR"


class SurvivalDesign(Section):
    """A median or a rate of event-free survival against a historical one, by the one-sample log-rank test."""

    kind: Literal["one_sample_log_rank"]
    median0_months: Months
    """Historical median."""
    median1_months: Months
    """Median that is aimed at."""
    alpha: Probability = 0.05
    sided: Literal[1, 2] = 1
    power: Probability = 0.80
    accrual_months: Months
    follow_up_months: Annotated[float, Field(ge=0)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    n: Count | None = None
    endpoint: str = "PFS"


class NoDesign(Section):
    """No formal sample size: a retrospective or descriptive study."""

    kind: Literal["none"] = "none"
    reason: str = "No formal sample size was calculated."


Design = Annotated[
    SimonDesign | ExactDesign | BayesDesign | SurvivalDesign | NoDesign,
    Field(discriminator="kind"),
]
