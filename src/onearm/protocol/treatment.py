"""``[[treatment]]``, ``[[eligibility]]`` and ``[[visit]]``: what was allowed to be done, to whom, and when."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.base import Days, Name, Positive, Section
from onearm.terms import SetRule

__all__ = ["Eligibility", "Phase", "Treatment", "Visit"]

Count = Annotated[int, Field(ge=1)]
Percent = Annotated[float, Field(ge=0, le=100)]


class Treatment(Section):
    """``[[treatment]]``: a drug, its doses and what may be changed."""

    name: Name
    unit: Name
    """Such as ``mg``, ``mg/kg`` or ``mg/m2``; doses recorded as an amount are divided by weight or body surface area."""
    dose_levels: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Starting dose, then each permitted reduction."""
    cycle_days: Count
    dosing_days: Annotated[str, Field(pattern=r"^\d+(-\d+)?(,\d+(-\d+)?)*$")]
    """Days of the cycle on which it is given, such as ``1-14`` or ``1,8``."""
    first_day: Count = 1
    """Day of treatment on which its first cycle begins, where it is added to the other drugs later."""
    lowest_dose: Positive | None = None
    """Any dose from this one to the starting dose is allowed, beside the levels; missing: only the levels are."""
    dose_tolerance_percent: Percent | None = None
    """How far a dose may be from its level (vials are whole); missing: 0, and 10 for doses per kg or m²."""
    max_cycles: Count | None = None
    max_interruption_days: Count | None = None
    """Longest break beyond the planned pause after which it may be given again."""
    max_duration_months: Positive | None = None
    max_delay_days: Days | None = None
    """Longest delay of a dose beyond the planned pause."""
    max_delays_per_cycle: Days | None = None
    """How often it may be delayed in one cycle."""
    interruption_after_days: Days = 3
    """A break of more days beyond the planned pause is counted as an interruption; fewer are a matter of the calendar."""
    interruptions_stop: Count | None = None
    """So many interruptions in all end the drug."""
    omissions_stop: Count | None = None
    """So many omitted doses in a row end the drug: records of dose 0, or planned doses that a break skips."""
    treatment_beyond_progression: bool | Literal["until_confirmed"] = True
    """Whether it may be given after the first progression; "until_confirmed": until a further assessment confirms it."""

    @property
    def days(self) -> tuple[int, ...]:
        """Days of the cycle on which it is given, counted out."""
        found: set[int] = set()
        for part in self.dosing_days.split(","):
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
        return tuple(sorted(found))

    @property
    def pause_days(self) -> int:
        """Longest pause that the plan has between two dosing days."""
        days = (*self.days, self.days[0] + self.cycle_days)
        return max(after - before - 1 for before, after in pairwise(days))

    @property
    def amount_unit(self) -> str:
        """Unit of the amount: ``mg`` for ``mg/kg``."""
        return self.unit.partition("/")[0].strip()

    @property
    def per(self) -> Literal["kg", "m2"] | None:
        """What the dose is relative to; None for an amount."""
        size = self.unit.partition("/")[2].strip().lower().replace("²", "2").replace("^", "")
        return "kg" if size == "kg" else "m2" if size == "m2" else None

    @property
    def tolerance(self) -> float:
        """How far a dose may be from its level, as a share of it."""
        if self.dose_tolerance_percent is not None:
            return self.dose_tolerance_percent / 100
        return 0.0 if self.per is None else 0.1


class Phase(Section):
    """``[[phase]]``: a part of the treatment that is reported by itself, in order: initial therapy, then maintenance."""

    name: Name
    epoch: Name
    """EPOCH of its records in ex and ds, in any case, such as ``MAINTENANCE TREATMENT``."""
    label: str | None = None
    """What is printed; the name where missing."""
    max_cycles: Count | None = None
    """Cycles after which the next phase begins."""


class Eligibility(Section):
    """``[[eligibility]]``: a limit of who may be enrolled: of a characteristic, of the tumour, or of earlier therapy."""

    variable: Name | None = None
    """Column of the subject-level data set, with limits or values."""
    label: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    values: tuple[Name, ...] = ()
    """Allowed values of a characteristic that is not a number."""
    if_known: bool = False
    """Whether a patient of whom the value is not known is within the limit, as where it applies to some only."""
    meets: SetRule | None = None
    """Instead of a variable: a rule that the enrolled must meet, such as ``has_measurable_disease``."""
    no_prior: tuple[Name, ...] = ()
    """Instead of a variable: therapies (words of CMTRT or CMDECOD) that nobody may have had before enrolment."""


class Visit(Section):
    """``[[visit]]``: visits at a fixed distance while the patient is treated."""

    name: Name
    domain: Name
    """Records that show that the visit took place: ``lb``, ``vs``, ``eg``, ``pe``, …"""
    every_days: Count
    window_days: Days = 3
    """How many days early or late a visit may be."""
