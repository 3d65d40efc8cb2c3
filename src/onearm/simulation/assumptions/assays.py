"""What is assumed about biomarkers: who has a sample, what it measures, and how that hangs together with the outcome."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from onearm.protocol.base import Name, Positive, Section
from onearm.simulation.assumptions.base import NotNegative, Share, Weights

__all__ = ["Assay", "Measure"]

Correlation = Annotated[float, Field(ge=-1, le=1)]


class Measure(Section):
    """``[[assay.NAME.measure]]``: measures of one law, each a column of the assay's table."""

    names: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Columns; each is drawn by itself."""
    median: Positive | None = None
    """Of a log-normal number."""
    sd: NotNegative = 0.5
    """On the log scale, between patients."""
    zero: Share = 0.0
    """Share of patients, those with the lowest values, in whom it is 0."""
    high: Positive | None = None
    """Largest; what lies above becomes this."""
    digits: Annotated[int, Field(ge=0, le=4)] = 2
    """Decimals."""
    of: Name | None = None
    """Instead: a number of ``[subject.numbers]`` that it repeats."""
    levels: Weights | None = None
    """Instead: levels of a text, lowest first, to relative frequency."""
    with_resistance: Correlation = 0.0
    """Correlation with the resistant fraction of the tumour, on the scale on which both are normal."""
    with_frailty: Correlation = 0.0
    """The same with the frailty that raises the hazards of progression and death."""
    change: Positive = 1.0
    """By what a later sample of the same patient is multiplied, median."""
    change_sd: NotNegative = 0.0
    """Between patients, log scale."""

    @model_validator(mode="after")
    def _one_kind(self) -> Measure:
        if sum(kind is not None for kind in (self.median, self.of, self.levels)) != 1:
            raise ValueError("exactly one of median, of and levels should be given")
        if self.with_resistance**2 + self.with_frailty**2 > 1:
            raise ValueError("the squares of with_resistance and with_frailty should add up to at most 1")
        return self


class Assay(Section):
    """``[assay.NAME]``: samples of an assay that the protocol reads as a table."""

    available: Share = 1.0
    """Share of patients with a baseline sample that was measured."""
    later: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Timepoint to day from the first dose, for samples under treatment; those who stopped before have none."""
    paired: Share = 1.0
    """Share of later samples among patients with one at baseline."""
    tissue: str | None = None
    """What was sampled."""
    batches: Annotated[int, Field(ge=1)] = 1
    """Batches in which the samples were measured, in turn by patient."""
    batch_sd: NotNegative = 0.0
    """Between batches, log scale."""
    measure: Annotated[tuple[Measure, ...], Field(min_length=1)]
