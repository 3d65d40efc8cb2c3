"""What a cohort needs and no printed number gives: dates, sites, organs, reasons, and how often doses were changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from onearm.reconstruction.printed import Printed

__all__ = ["Action", "Exposure", "Irregular", "Other", "PhaseCourse", "PhaseDuration", "Setting"]


@dataclass(frozen=True)
class Action:
    """
    What was done about adverse events, and in how many patients.

    Parameters
    ----------
    action : str
        In the terms of CDISC: ``DOSE REDUCED``, ``DRUG INTERRUPTED``, ``DRUG WITHDRAWN``.
    patients : int
        Patients.
    drug : str
        Whose dose was changed; empty for all drugs at once.
    again : int
        Of them, patients whose dose was reduced a second time.
    """

    action: str
    patients: int
    drug: str = ""
    again: int = 0


@dataclass(frozen=True)
class Exposure:
    """
    The printed time from the first to the last dose of a drug.

    Parameters
    ----------
    drug : str
        Its name.
    median, low, high : Printed, optional
        In months.
    spread : {"iqr", "range"}
        What the limits are.
    """

    drug: str
    median: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    spread: Literal["iqr", "range"] = "iqr"


@dataclass(frozen=True)
class Other:
    """
    Patients who were enrolled and are in no analysis of efficacy.

    Parameters
    ----------
    patients : int
        How many alike.
    columns : dict
        Their baseline characteristics.
    deviation : str
        Major deviation from the protocol; empty for none.
    stop_reason : str
        Why treatment ended.
    is_treated : bool
        Whether it began.
    """

    patients: int
    columns: dict[str, object] = field(default_factory=dict)
    deviation: str = ""
    stop_reason: str = "WITHDRAWAL BY SUBJECT"
    is_treated: bool = True


@dataclass(frozen=True)
class PhaseDuration:
    """
    The printed time from the first to the last dose of a drug within a phase of treatment.

    Parameters
    ----------
    drug : str
        Its name.
    mean, low, high : Printed, optional
        In months; the limits are those of the range.
    """

    drug: str
    mean: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None


@dataclass(frozen=True)
class Irregular:
    """
    How one patient's cycles of a phase depart from the plan, so that a printed least intensity comes out.

    Parameters
    ----------
    cycles : int
        Cycles given.
    every_days : int or None
        Days from one cycle to the next; as planned where None.
    skipped : dict of str to tuple of int
        Cycles, from 1, in which a drug is not given.
    reduced : dict of str to int
        Last doses of a drug that are one level lower.
    missed : dict of str to int
        Days left out in the middle of the last stretch of a drug.
    """

    cycles: int
    every_days: int | None = None
    skipped: dict[str, tuple[int, ...]] = field(default_factory=dict)
    reduced: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PhaseCourse:
    """
    How patients went through a phase of treatment.

    Parameters
    ----------
    name : str
        Of the phase in the protocol.
    reasons : dict of str to int
        Why patients stopped in it, in the terms of CDISC.
    cycles : dict of int to int
        Cycles of those who completed it, and how many patients had so many.
    drugs : tuple of str
        Drugs that are given in it; all where empty.
    durations : tuple of PhaseDuration
        Printed times on the drugs.
    irregular : tuple of Irregular
        Patients whose cycles depart from the plan, one each.
    """

    name: str
    reasons: dict[str, int] = field(default_factory=dict)
    cycles: dict[int, int] = field(default_factory=dict)
    drugs: tuple[str, ...] = ()
    durations: tuple[PhaseDuration, ...] = ()
    irregular: tuple[Irregular, ...] = ()


@dataclass(frozen=True)
class Setting:
    """
    The circumstances of a reconstructed trial.

    Parameters
    ----------
    first_start, last_start, cutoff : date
        First doses lie between the first two.
    screened : int
        Patients who gave consent; those not enrolled are screening failures.
    sites : int
        Centres.
    ongoing : int or None
        Patients on treatment at the cut-off; None where the paper does not say.
    stop_reasons : dict of str to int
        Why patients stopped, in the terms of CDISC; what is left is inferred from their course.
    therapies : dict of str to int
        Later therapies and how many patients had each; one patient may have several.
    treated_later : int or None
        Patients with any later therapy; the sum of `therapies` where None.
    treated_again : int
        Patients with a second line of later therapy.
    actions : tuple of Action
        Changes of doses because of adverse events.
    causes : dict of str to str
        Drug that an adverse event is related to, by its term; the first drug where missing.
    classes : dict of str to str
        System organ class by term.
    joined : dict of str to dict of str to str
        Columns that list several categories: from the category to the characteristic whose level ``Y`` says that it
        is there, such as ``{"METSITES": {"LIVER": "LIVER"}}``.
    columns : tuple of str
        Columns of DM besides age and sex that are kept.
    organs : dict of str to str
        Organ of a category of metastases, where it is not called the same.
    sites_column : str
        Which of `joined` names the organs with metastases; empty where none does.
    primary : str
        Organ of the primary tumour.
    country, race : str
        Of all patients.
    failures : tuple of str
        Reasons of screening failures, in turn.
    therapy_column : str
        Column of DM that lists the later therapies; empty where none does.
    death_causes : dict of str to int
        Causes of deaths that were no adverse event.
    fatal : tuple of tuple
        Adverse events of grade 5: term, and whether it was related to treatment.
    cohort : str
        Value of the cohort column; empty for a trial without cohorts.
    ends_at_last_visit : bool
        Whether nothing is known of anybody after progression, as in a cohort read from charts.
    others : tuple of Other
        Patients beyond those whom the solvers know.
    previous : dict
        Time on the line before: ``column``, and of its ratio to progression-free survival ``at_least``, the number of
        patients with 1.33 or more, and ``median``.
    shrunk : int or None
        Patients whose target lesions shrank at all; all with stable disease where None.
    exposures : tuple of Exposure
        Printed times on the drugs.
    modified : dict of str to int
        Patients with any change of a drug's dose, by drug; the changes of `actions` may fall on the same patients.
    systemic : int or None
        Patients who progressed in more sites than an oligoprogression has; left to chance where None.
    phases : tuple of PhaseCourse
        Phases of treatment in order; empty where nothing is said of them.
    """

    first_start: dt.date
    last_start: dt.date
    cutoff: dt.date
    screened: int = 0
    sites: int = 1
    ongoing: int | None = None
    stop_reasons: dict[str, int] = field(default_factory=dict)
    therapies: dict[str, int] = field(default_factory=dict)
    treated_later: int | None = None
    treated_again: int = 0
    actions: tuple[Action, ...] = ()
    causes: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    joined: dict[str, dict[str, str]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    organs: dict[str, str] = field(default_factory=dict)
    sites_column: str = ""
    primary: str = "PRIMARY TUMOUR"
    country: str = "CHN"
    race: str = "ASIAN"
    failures: tuple[str, ...] = ("INCLUSION CRITERIA NOT MET", "EXCLUSION CRITERIA MET")
    therapy_column: str = ""
    death_causes: dict[str, int] = field(default_factory=dict)
    fatal: tuple[tuple[str, bool], ...] = ()
    cohort: str = ""
    ends_at_last_visit: bool = False
    others: tuple[Other, ...] = ()
    previous: dict[str, object] = field(default_factory=dict)
    shrunk: int | None = None
    exposures: tuple[Exposure, ...] = ()
    modified: dict[str, int] = field(default_factory=dict)
    systemic: int | None = None
    phases: tuple[PhaseCourse, ...] = ()
