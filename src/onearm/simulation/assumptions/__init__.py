"""What a synthetic trial assumes about patients, tumours and toxicity: a closed model, read from assumptions.toml."""

from onearm.simulation.assumptions.assays import Assay, Measure
from onearm.simulation.assumptions.disease import (
    Death,
    Effect,
    FollowUp,
    Growth,
    Progression,
    SubsequentTherapy,
    Visits,
)
from onearm.simulation.assumptions.model import Assumptions
from onearm.simulation.assumptions.patients import (
    Accrual,
    Age,
    Grouping,
    Lesions,
    MetastaticSite,
    NumberColumn,
    Size,
    Subject,
)
from onearm.simulation.assumptions.read import parse_assumptions, read_assumptions, shipped_assumptions
from onearm.simulation.assumptions.safety import (
    Actions,
    ConcomitantMedication,
    DoseGiving,
    Event,
    GradeActions,
    Laboratory,
    Parameter,
    Toxicity,
)

__all__ = [
    "Accrual",
    "Actions",
    "Age",
    "Assay",
    "Assumptions",
    "ConcomitantMedication",
    "Death",
    "DoseGiving",
    "Effect",
    "Event",
    "FollowUp",
    "GradeActions",
    "Grouping",
    "Growth",
    "Laboratory",
    "Lesions",
    "Measure",
    "MetastaticSite",
    "NumberColumn",
    "Parameter",
    "Progression",
    "Size",
    "Subject",
    "SubsequentTherapy",
    "Toxicity",
    "Visits",
    "parse_assumptions",
    "read_assumptions",
    "shipped_assumptions",
]
