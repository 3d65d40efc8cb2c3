"""What was planned: the protocol's model, its reading, its templates and its prose."""

from onearm.protocol.load import parse_protocol, read_protocol, resolve_protocol, vary_protocol
from onearm.protocol.model import (
    Alternative,
    Baseline,
    Cohort,
    CoxModelPlan,
    Eligibility,
    Phase,
    Protocol,
    Subgroup,
    Treatment,
    Trial,
    Visit,
)
from onearm.protocol.prose import describe_design, describe_protocol

__all__ = [
    "Alternative",
    "Baseline",
    "Cohort",
    "CoxModelPlan",
    "Eligibility",
    "Phase",
    "Protocol",
    "Subgroup",
    "Treatment",
    "Trial",
    "Visit",
    "describe_design",
    "describe_protocol",
    "parse_protocol",
    "read_protocol",
    "resolve_protocol",
    "vary_protocol",
]
