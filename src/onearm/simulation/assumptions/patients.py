"""What is assumed about who the patients are and which lesions they have."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, model_validator

from onearm.protocol.base import Days, Name, Positive, Section
from onearm.simulation.assumptions.base import NotNegative, Share, Weights

__all__ = ["Accrual", "Age", "Grouping", "Lesions", "MetastaticSite", "NumberColumn", "Size", "Subject"]


class Size(Section):
    """``[size]``: how many patients, unless the caller says otherwise."""

    enrolled: Annotated[int, Field(ge=1)]
    """Patients enrolled."""
    screened: Annotated[int, Field(ge=1)]
    """For another number of patients the ratio of both is kept."""

    @model_validator(mode="after")
    def _more_screened(self) -> Size:
        if self.screened < self.enrolled:
            raise ValueError("screened should be at least enrolled")
        return self


class Accrual(Section):
    """``[accrual]``: when patients consent, and how long it takes to the first dose."""

    first_consent: dt.date
    """First day on which a patient may consent."""
    last_consent: dt.date
    """Last day on which a patient may consent."""
    weights: Annotated[tuple[NotNegative, ...], Field(min_length=1)] = (1.0,)
    """Relative accrual rates in equal parts of the period; one weight: uniform."""
    screening_days: tuple[Days, Days]
    """Least and most days from consent to enrolment, uniform between."""
    dose_lag_days: tuple[Days, Days]
    """Least and most days from enrolment to the first dose, uniform between."""
    baseline_scan_days: tuple[Days, Days]
    """Least and most days from the baseline scan to the first dose, never before consent."""
    follow_up_days: Days = 365
    """From the last first dose to the cut-off, where the protocol has no cut-off."""

    @model_validator(mode="after")
    def _in_order(self) -> Accrual:
        if self.last_consent < self.first_consent:
            raise ValueError("last_consent should not be before first_consent")
        if not sum(self.weights):
            raise ValueError("at least one weight should be above 0")
        for name in ("screening_days", "dose_lag_days", "baseline_scan_days"):
            low, high = getattr(self, name)
            if high < low:
                raise ValueError(f"{name} should not decrease")
        return self


class Age(Section):
    """``[subject.age]``: a normal distribution, cut at both ends."""

    mean: Positive
    """Years, before the ends are cut."""
    sd: Positive
    """Years, before the ends are cut."""
    low: Positive
    """Youngest, years."""
    high: Positive
    """Oldest, years."""


class NumberColumn(Section):
    """``[subject.numbers.COLUMN]``: a number that each patient has at baseline, log-normal and cut at both ends."""

    median: Positive
    """Before the ends are cut."""
    sd: NotNegative
    """On the log scale."""
    low: NotNegative = 0.0
    """Smallest; what lies below becomes this."""
    high: Positive | None = None
    """Largest; what lies above becomes this."""
    digits: Annotated[int, Field(ge=0, le=3)] = 1
    """Decimals."""
    zero: Share = 0.0
    """Share of patients in whom it is 0."""
    missing: Share = 0.0
    """Share of patients in whom it is not known."""


class Grouping(Section):
    """``[subject.groups.COLUMN]``: a column that puts the levels of another one, or a number, into groups."""

    of: Name
    """A column of ``[subject.categories]`` or ``[subject.numbers]``."""
    levels: dict[str, str] = Field(default_factory=dict)
    """Level of a category to its group."""
    other: str | None = None
    """Group of every other level; missing: no value."""
    cuts: tuple[float, ...] = ()
    """Limits of a number: below the first, from the first on, and so on."""
    names: tuple[str, ...] = ()
    """Groups of a number, one more than there are limits."""

    @model_validator(mode="after")
    def _one_kind(self) -> Grouping:
        if bool(self.cuts) == bool(self.levels):
            raise ValueError("either levels or cuts should be given")
        if self.cuts and len(self.names) != len(self.cuts) + 1:
            raise ValueError("names should be one more than cuts")
        return self


class Subject(Section):
    """``[subject]``: who the patients are."""

    country: str
    """COUNTRY, ISO 3166 alpha-3."""
    race: str
    """RACE."""
    sites: Weights
    """Site number to relative accrual."""
    screen_failures: Weights
    """Reason to relative frequency."""
    age: Age
    categories: dict[str, Weights]
    """Column of ``dm`` to level to relative frequency; independent of each other. The level ``""`` is a missing value."""
    numbers: dict[str, NumberColumn] = Field(default_factory=dict)
    """Column of ``dm`` to a number."""
    groups: dict[str, Grouping] = Field(default_factory=dict)
    """Column of ``dm`` to what it is made of."""
    cohorts: dict[str, NotNegative] = Field(default_factory=dict)
    """Cohort of the protocol to relative frequency; missing: the cohorts are filled in turn."""


class MetastaticSite(Section):
    """``[[lesions.site]]``: a site of disease."""

    name: Name
    """As in the column of sites."""
    organs: Weights
    """Location of its lesions, as TULOC."""
    nodal: bool = False
    """Lymph nodes are measured by their short axis and count as one organ."""
    by: Name
    """Column of ``dm`` on which its probability depends."""
    probability: dict[str, Share]
    """Level of that column to the probability that the site is involved."""
    listed: bool = True
    """Whether it stands in the column of sites; the primary tumour does not."""
    first_target: Share = 1.0
    """Probability that the site, if involved, has a target lesion."""
    second_lesion: Share
    """Probability of a second target lesion where there is a first."""
    non_target: Share
    """Probability of a non-target lesion at this site."""
    excess_mm: Positive | None = None
    """Median size beyond what makes a lesion measurable; that of all lesions where missing."""


class Lesions(Section):
    """``[lesions]``: disease at baseline."""

    column: Name
    """Column of ``dm`` that lists the sites, joined by semicolons."""
    flags: dict[str, Name] = Field(default_factory=dict)
    """Column of ``dm`` to a site: Y where it is involved, else N."""
    counts: dict[str, Annotated[tuple[Name, ...], Field(min_length=2)]] = Field(default_factory=dict)
    """Column of ``dm`` to what it says of one listed site, of two, and so on; the last is for all that are more."""
    site: Annotated[tuple[MetastaticSite, ...], Field(min_length=1)]
    fallback: Name
    """Site of a patient without a target lesion at any other: everybody has measurable disease."""
    excess_mm: Positive
    """Median of the size beyond what makes a lesion measurable."""
    excess_sd: NotNegative
    """Its standard deviation on the log scale."""
    largest_mm: Positive
    """No lesion is larger at baseline."""
    measurable_mm: Positive = 10.0
    """Least longest diameter of a target lesion (Eisenhauer et al. 2009, section 3.1.1)."""
    measurable_node_mm: Positive = 15.0
    """Least short axis of a nodal target lesion (the same)."""
    digits: Annotated[int, Field(ge=0, le=2)] = 1
    """Decimals of a diameter in mm."""

    @model_validator(mode="after")
    def _sites_fit(self) -> Lesions:
        if self.fallback not in {site.name for site in self.site}:
            raise ValueError("fallback should be the name of one of the sites")
        organs = [organ for site in self.site for organ in site.organs]
        if len(set(organs)) < len(organs):
            raise ValueError("an organ should belong to one site only: at most two target lesions per organ")
        return self
