"""The protocol: every section that protocol.toml may have, closed."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field

from onearm.protocol.assay_genomes import GeneAssociation, Signature
from onearm.protocol.assays import Assay, Biomarker
from onearm.protocol.base import Months, Name, Section
from onearm.protocol.conventions import Conventions
from onearm.protocol.design import Design, NoDesign
from onearm.protocol.endpoints import Endpoint, RateEndpoint, TimeEndpoint
from onearm.protocol.safety import Safety
from onearm.protocol.sources import SourceSection
from onearm.protocol.therapy import Therapy
from onearm.protocol.treatment import Eligibility, Phase, Treatment, Visit
from onearm.protocol.tumour import Tumour
from onearm.terms import SetRule

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
]


class Trial(Section):
    """``[trial]``: what trial this is."""

    id: Name
    title: Name
    cutoff: dt.date | None = None
    """Data cut-off; records after it are left out and counted. Missing: everything in the data is used."""
    synthetic: bool = False
    """Whether the patients are simulated; every page and figure then says so."""
    reference: str | None = None
    """Publication or registry entry that the protocol was taken from."""


class Baseline(Section):
    """``[[baseline]]``: a line of the baseline table."""

    variable: Name
    """Column of the subject-level data set."""
    label: str | None = None
    summary: Literal["auto", "median_range", "median_quartiles", "mean_sd", "count"] = "auto"
    """How it is summarised; "auto" takes the median with range for numbers and counts for the rest."""
    cuts: tuple[float, ...] = ()
    """Limits that also split a number into classes: below 65, 65 or more."""
    levels: tuple[str, ...] = ()
    """Order of the categories; those not named follow in alphabetical order."""
    separator: str | None = None
    """Text between several categories of one patient; they then are not exclusive and may add up to more than 100 %."""
    unit: str | None = None
    set: Name | None = None
    """Analysis set that is described; that of the primary endpoint where missing."""


class Subgroup(Section):
    """``[[subgroup]]``: a characteristic over whose levels every endpoint is repeated."""

    variable: Name
    """Column of the subject-level data set."""
    label: str | None = None
    cuts: tuple[float, ...] = ()
    """Limits that split a number into classes; a number without limits is taken level by level."""
    levels: tuple[str, ...] = ()
    """Order of the levels; the first is the reference of the hazard ratios. Those not named follow in alphabetical order."""
    endpoints: tuple[Name, ...] = ()
    """Endpoints that are repeated; missing: every rate, and every time that is not only of responders."""
    landmark_months: Months | None = None
    """For what is only known after baseline: times are counted from this landmark, among those still without the event."""


class CoxModelPlan(Section):
    """``[model.NAME]``: a multivariable Cox model."""

    endpoint: Name
    """A time of this protocol."""
    covariates: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Columns of the subject-level data set, all in one model."""
    references: dict[str, str] = Field(default_factory=dict)
    """Reference level of a categorical covariate; the first in alphabetical order where missing."""
    interactions: tuple[tuple[Name, Name], ...] = ()
    """Pairs of covariates whose interaction is tested, each by a likelihood-ratio test of its own."""
    strata: tuple[Name, ...] = ()


class Alternative(Section):
    """``[sensitivity.NAME]``: another reading of the protocol, under which the headline numbers are repeated."""

    label: str | None = None
    change: Annotated[dict[str, Any], Field(min_length=1)]
    """Keys of this file by their dotted names, and what they are changed to: ``{ "endpoint.ORR.of" = "unconfirmed" }``."""


class Cohort(Section):
    """``[cohort.NAME]``: patients analysed by themselves, and what differs from the rest of the protocol."""

    value: str | None = None
    """Value of the cohort column; the name of the cohort where missing."""
    label: str | None = None
    design: Design | None = None
    sets: dict[str, tuple[SetRule, ...]] | None = None


class Protocol(Section):
    """
    A resolved protocol: what was planned, with every default spelled out.

    Made by `onearm.protocol.read_protocol`; ``model_dump_json`` writes the machine form.
    """

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    trial: Trial
    treatment: tuple[Treatment, ...] = ()
    phase: tuple[Phase, ...] = ()
    """Parts of the treatment, in order; none: treatment is one."""
    design: Design = NoDesign()
    sets: Annotated[dict[str, tuple[SetRule, ...]], Field(min_length=1)]
    """Analysis sets: name to the rules that a patient must all meet."""
    tumour: Tumour = Tumour()
    endpoint: Annotated[dict[str, Endpoint], Field(min_length=1)]
    eligibility: tuple[Eligibility, ...] = ()
    visit: tuple[Visit, ...] = ()
    safety: Safety = Safety()
    therapy: Therapy = Therapy()
    baseline: tuple[Baseline, ...] = ()
    subgroup: tuple[Subgroup, ...] = ()
    model: dict[str, CoxModelPlan] = Field(default_factory=dict)
    assay: dict[str, Assay] = Field(default_factory=dict)
    biomarker: dict[str, Biomarker] = Field(default_factory=dict)
    signature: dict[str, Signature] = Field(default_factory=dict)
    sensitivity: dict[str, Alternative] = Field(default_factory=dict)
    cohort: dict[str, Cohort] = Field(default_factory=dict)
    source: SourceSection = SourceSection()
    conventions: Conventions = Conventions()

    @property
    def rates(self) -> dict[str, RateEndpoint]:
        """Endpoints that are rates, by name."""
        return {name: e for name, e in self.endpoint.items() if isinstance(e, RateEndpoint)}

    @property
    def times(self) -> dict[str, TimeEndpoint]:
        """Endpoints that are times, by name."""
        return {name: e for name, e in self.endpoint.items() if isinstance(e, TimeEndpoint)}

    def responders_of(self, biomarker: Biomarker | Signature | GeneAssociation) -> str | None:
        """Name of the rate whose successes a biomarker is set against; None where the protocol has no rate."""
        return biomarker.response_endpoint or next(iter(self.rates), None)

    @property
    def main_set(self) -> str:
        """The set of the primary endpoint, of the first endpoint where none is primary."""
        primary = [e.set for e in self.endpoint.values() if e.role == "primary"]
        return primary[0] if primary else next(iter(self.endpoint.values())).set

    @property
    def safety_set(self) -> str:
        """The set of every safety analysis: as named, else the first that fits, else the main set."""
        if self.safety.set is not None:
            return self.safety.set
        for rule in (SetRule.HAS_SAFETY_RECORD, SetRule.TREATED):
            for name, rules in self.sets.items():
                if rule in rules:
                    return name
        return self.main_set
