"""The assumptions of a synthetic trial: every section that assumptions.toml may have, closed."""

from __future__ import annotations

from pydantic import Field

from onearm.protocol.base import Section
from onearm.simulation.assumptions.assays import Assay
from onearm.simulation.assumptions.disease import (
    Death,
    Effect,
    FollowUp,
    Growth,
    Progression,
    SubsequentTherapy,
    Visits,
)
from onearm.simulation.assumptions.patients import Accrual, Lesions, Size, Subject
from onearm.simulation.assumptions.safety import DoseGiving, Laboratory, Toxicity

__all__ = ["Assumptions"]


class Assumptions(Section):
    """
    Everything that a synthetic trial rests on besides its protocol.

    Made by `read_assumptions`; each number of the shipped file stands there with its unit and source.
    """

    source: str
    """Where the numbers come from."""
    size: Size
    accrual: Accrual
    subject: Subject
    lesions: Lesions
    growth: Growth
    progression: Progression
    death: Death
    effect: tuple[Effect, ...] = ()
    follow_up: FollowUp
    visits: Visits
    dose: tuple[DoseGiving, ...] = ()
    toxicity: Toxicity
    laboratory: Laboratory
    subsequent_therapy: SubsequentTherapy
    assay: dict[str, Assay] = Field(default_factory=dict)
