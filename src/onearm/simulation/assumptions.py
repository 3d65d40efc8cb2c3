"""What a synthetic trial assumes about patients, tumours and toxicity: a closed model, read from assumptions.toml."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from onearm.errors import ProtocolError, suggest
from onearm.protocol.base import Days, Name, Positive, Section

__all__ = [
    "Accrual",
    "Actions",
    "Age",
    "Assumptions",
    "ConcomitantMedication",
    "Death",
    "DoseGiving",
    "Effect",
    "Event",
    "FollowUp",
    "GradeActions",
    "Growth",
    "Laboratory",
    "Lesions",
    "MetastaticSite",
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

Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Weights = Annotated[dict[str, NotNegative], Field(min_length=1)]
"""Relative frequencies; counts from a paper's table may stand as they are."""


class Size(Section):
    """``[size]``: how many patients, unless the caller says otherwise."""

    enrolled: Annotated[int, Field(ge=1)]
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
    last_consent: dt.date
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
    sd: Positive
    low: Positive
    high: Positive


class Subject(Section):
    """``[subject]``: who the patients are."""

    country: str
    race: str
    sites: Weights
    """Site number to relative accrual."""
    screen_failures: Weights
    """Reason to relative frequency."""
    age: Age
    categories: dict[str, Weights]
    """Column of ``dm`` to level to relative frequency; independent of each other."""


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


class Lesions(Section):
    """``[lesions]``: disease at baseline."""

    column: Name
    """Column of ``dm`` that lists the sites, joined by semicolons."""
    site: Annotated[tuple[MetastaticSite, ...], Field(min_length=1)]
    fallback: Name
    """Site of a patient without a target lesion at any other: everybody has measurable disease."""
    excess_mm: Positive
    """Median of the size beyond what makes a lesion measurable."""
    excess_sd: NotNegative
    """Its standard deviation on the log scale."""
    largest_mm: Positive
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


class Growth(Section):
    """
    ``[growth]``: each lesion is part sensitive, which dies off, and part resistant, which grows.

    Size at day t is ``s0 * ((1 - f) * exp(-shrink * t) + f * exp(grow * t))``, f being the resistant fraction.
    """

    resistant: Share
    """Median of the resistant fraction over patients."""
    resistant_sd: NotNegative
    """Standard deviation between patients on the logit scale."""
    cured: Share
    """Share of patients in whom nothing is resistant."""
    shrink_per_day: Positive
    """Median rate at which the sensitive part dies off."""
    shrink_sd: NotNegative
    """Standard deviation between patients on the log scale."""
    grow_per_day: Positive
    """Median rate at which the resistant part grows."""
    grow_sd: NotNegative
    """Standard deviation between patients on the log scale."""
    lesion_sd: NotNegative
    """Standard deviation between lesions of one patient, of all three on their scales."""
    measurement_sd: NotNegative
    """Standard deviation of a measured diameter on the log scale."""
    invisible_mm: NotNegative
    """A lesion below this size is not seen: 0 mm, or absent."""
    smallest_node_mm: NotNegative
    """A lymph node never measures less."""


class Progression(Section):
    """``[progression]``: progression other than by growth of the target lesions."""

    new_lesion_per_month: NotNegative
    """Hazard of a first new lesion."""
    further_new_lesions: NotNegative
    """Mean number beyond the first, where there is one."""
    non_target_per_month: NotNegative
    """Hazard of unequivocal progression of non-target lesions, where there are any."""
    resistance_power: NotNegative
    """Both hazards go with this power of the patient's resistant fraction relative to its median."""
    new_organs: Weights
    """Location of new lesions, as TULOC."""


class Death(Section):
    """``[death]``: hazard of death, constant between scans."""

    before_progression_per_month: NotNegative
    progression_ratio: Positive
    """By how much progression multiplies it."""
    burden_power: NotNegative
    """The hazard goes with this power of tumour burden relative to baseline."""
    frailty_sd: NotNegative
    """Between patients on the log scale, shared with new lesions and non-target progression."""


class Effect(Section):
    """``[[effect]]``: a baseline characteristic that changes a hazard."""

    on: Annotated[str, Field(pattern="^(progression|death|growth)$")]
    """What it multiplies: hazards of new lesions and non-target progression, of death, or the rate of growth."""
    column: Name
    level: Name
    ratio: Positive


class FollowUp(Section):
    """``[follow_up]``: leaving the trial, and contacts."""

    withdrawal_per_month: NotNegative
    """Hazard of withdrawing consent, which ends treatment and follow-up."""
    treatment_refusal_per_month: NotNegative
    """Hazard of stopping treatment while staying in follow-up."""
    loss_per_month: NotNegative
    """Hazard of being lost to follow-up once treatment has ended."""
    scans_after_treatment: Share
    """Share of patients still scanned after treatment that ended without progression."""
    contact_every_days: Annotated[int, Field(ge=1)]
    """Distance of survival contacts after the end of treatment."""
    last_contact_within_days: Days
    """Every patient still followed is contacted within these days before the cut-off."""


class Visits(Section):
    """``[visits]``: deviations of scans and cycles from the schedule."""

    jitter_sd_days: NotNegative
    window_days: Days
    """Largest deviation either way."""
    missed: Share
    """Probability that a scan is left out."""
    late_cycles: Share
    """Probability that a cycle begins late for other reasons than toxicity."""
    late_days: Annotated[int, Field(ge=1)]
    """Most days by which it does."""


class GradeActions(Section):
    """Probabilities of what is done to the drug; the rest leaves the dose as it is."""

    reduced: Share = 0.0
    interrupted: Share = 0.0
    withdrawn: Share = 0.0

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
    soc: Name
    """System organ class."""
    any_grade: Share
    """Probability that it is seen in a patient."""
    grade_3_or_more: Share = 0.0
    """Probability that it is seen in grade 3 or 4."""
    drugs: tuple[Name, ...] = ()
    """Drugs of the protocol that may cause it, equally likely; empty: not related."""
    median_onset_days: Positive | None = None
    median_duration_days: Positive | None = None

    @model_validator(mode="after")
    def _within(self) -> Event:
        if self.grade_3_or_more > self.any_grade:
            raise ValueError("grade_3_or_more should not be above any_grade")
        return self


class ConcomitantMedication(Section):
    """``[[toxicity.medication]]``: a drug given for an adverse event."""

    event: Name
    name: Name
    probability: Share
    route: str = "ORAL"


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
    route: Name
    form: Name
    frequency: Name = "QD"


class Parameter(Section):
    """``[[laboratory.parameter]]``: a measurement and the adverse event that shows in it."""

    code: Annotated[str, Field(min_length=1, max_length=8)]
    """LBTESTCD."""
    test: Name
    category: Name
    unit: Name
    mean: Positive
    sd_between: NotNegative
    """Between patients on the log scale."""
    sd_within: NotNegative
    """Between visits of a patient on the log scale."""
    low: NotNegative
    high: Positive
    """Limits of the normal range."""
    event: str | None = None
    """Adverse event during which the value lies in the range of its grade."""
    grade_limits: Annotated[tuple[Positive, ...], Field(min_length=4, max_length=4)] | None = None
    """Where grades 2, 3 and 4 begin and where grade 4 ends at the latest (CTCAE 5.0)."""
    digits: Annotated[int, Field(ge=0, le=3)] = 1


class Laboratory(Section):
    """``[laboratory]``: series of measurements while treated."""

    every_days: Annotated[int, Field(ge=1)]
    parameter: tuple[Parameter, ...] = ()


class SubsequentTherapy(Section):
    """``[subsequent_therapy]``: anticancer therapy after the treatment of the trial."""

    probability: Share
    """Among patients who end treatment alive and stay in follow-up."""
    lag_days: tuple[Days, Days]
    """Least days from the end of treatment, and the mean beyond that."""
    regimens: Weights


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


def shipped_assumptions(trial: str = "alter_e_003") -> Assumptions:
    """
    Read the assumptions that ship beside a protocol.

    Parameters
    ----------
    trial : str
        Folder below ``onearm/trials``.

    Returns
    -------
    Assumptions
        Checked.

    Raises
    ------
    ProtocolError
        If no such trial ships.

    Examples
    --------
    >>> shipped_assumptions("alter_e_003").size.screened
    53
    """
    folder = resources.files("onearm").joinpath("trials")
    file = folder.joinpath(trial, "assumptions.toml")
    if not file.is_file():
        known = [item.name for item in folder.iterdir() if item.joinpath("assumptions.toml").is_file()]
        raise ProtocolError(f"no assumptions ship for a trial {trial!r}.{suggest(trial, known)}")
    return parse_assumptions(file.read_text(encoding="utf-8"))


def read_assumptions(path: str | Path) -> Assumptions:
    """
    Read assumptions.

    Parameters
    ----------
    path : str or Path
        A TOML file, or the folder that holds ``assumptions.toml``.

    Returns
    -------
    Assumptions
        Checked.

    Raises
    ------
    ProtocolError
        Naming every problem of the file with its key.
    """
    path = Path(path)
    file = path / "assumptions.toml" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProtocolError(
            f"{file}: no such file. A synthetic trial needs assumptions.toml beside protocol.toml; "
            "start from the one that ships with alter_e_003."
        ) from None
    except (UnicodeDecodeError, OSError) as error:
        raise ProtocolError(f"{file}: cannot be read as UTF-8 text ({error}).") from None
    return parse_assumptions(text, name=file.name)


def parse_assumptions(text: str, *, name: str = "assumptions.toml") -> Assumptions:
    """
    Read assumptions from their text.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Name of the file, for the messages.

    Returns
    -------
    Assumptions
        Checked.

    Raises
    ------
    ProtocolError
        As `read_assumptions`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: not valid TOML: {error}.") from None
    try:
        # Through JSON, so that strict types still let a TOML array be a tuple.
        return Assumptions.model_validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise ProtocolError(*(f"{name}, {_dotted(d['loc'])}: {_sentence(dict(d))}" for d in details)) from None


def _dotted(loc: tuple[str | int, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(top level)"


def _sentence(detail: dict[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"unknown key.{suggest(str(detail['loc'][-1]), _keys_at(detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return "this key is required and missing."
    found = detail.get("input")
    shown = f"; found {found!r}" if isinstance(found, (str, int, float, bool)) else ""
    return f"{detail['msg'].removeprefix('Value error, ').replace('Input should', 'should')}{shown}."


def _keys_at(loc: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = Assumptions
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = next(iter(_models_in(model.model_fields[part].annotation)), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
