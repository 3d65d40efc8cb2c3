"""Laboratory values that agree with the adverse events: normal, unless the event that the value defines is going on."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from onearm.reconstruction.patients import Patient

__all__ = ["BATTERY", "Battery", "lab_values"]


@dataclass(frozen=True)
class Battery:
    """
    One laboratory parameter.

    Parameters
    ----------
    code, test, category, unit : str
        LBTESTCD, LBTEST, LBCAT and the unit.
    low, high : float
        Limits of normal.
    digits : int
        Decimals.
    events : tuple of str
        Adverse events that the value defines, in lower case, whatever the wording.
    limits : tuple of float
        Values at which grades 1, 2 and 3 end: CTCAE version 5.0.
    """

    code: str
    test: str
    category: str
    unit: str
    low: float
    high: float
    digits: int
    events: tuple[str, ...]
    limits: tuple[float, float, float]

    @property
    def edges(self) -> tuple[float, ...]:
        """Where normal, grade 1, 2 and 3 end; the last is as far as grade 3 goes."""
        return (self.low if self.limits[0] < self.low else self.high, *self.limits)


BATTERY: Final[tuple[Battery, ...]] = (
    Battery("HGB", "Hemoglobin", "HEMATOLOGY", "g/L", 115, 175, 0, ("anemia", "anaemia"), (100, 80, 65)),
    Battery(
        "WBC", "Leukocytes", "HEMATOLOGY", "10^9/L", 4.0, 10.0, 2,
        ("white blood cell decreased", "leukopenia", "white blood cell count decreased"), (3.0, 2.0, 1.0),
    ),
    Battery(
        "NEUT", "Neutrophils", "HEMATOLOGY", "10^9/L", 2.0, 7.0, 2,
        ("neutrophil count decreased", "neutropenia"), (1.5, 1.0, 0.5),
    ),
    Battery(
        "PLAT", "Platelets", "HEMATOLOGY", "10^9/L", 125, 350, 0,
        ("platelet count decreased", "thrombocytopenia"), (75, 50, 25),
    ),
    Battery(
        "ALT", "Alanine Aminotransferase", "CHEMISTRY", "U/L", 7, 40, 0,
        ("alanine aminotransferase increased", "alt increased"), (120, 200, 800),
    ),
)  # fmt: skip
"""What is measured at baseline and before cycles; normal ranges are usual adult ones."""

_EVERY: Final = 42


def lab_values(patient: Patient, subject: str, battery: Sequence[Battery]) -> Iterator[tuple[int, Battery, float]]:
    """
    Give the values of one patient.

    Parameters
    ----------
    patient : Patient
        Events, end of treatment.
    subject : str
        Identifier; the values follow from it and from nothing else.
    battery : sequence of Battery
        What is measured.

    Yields
    ------
    tuple of int, Battery and float
        Day, parameter and value; at baseline and every 42 days while treated.
    """
    rng = np.random.default_rng(zlib.crc32(subject.encode()))
    last = patient.last_seen - 1 if patient.stop_day is None else min(patient.stop_day, patient.last_seen - 1)
    usual = {one.code: float(rng.uniform(0.25, 0.65)) for one in battery}
    for day in [-2, *range(_EVERY, last + 1, _EVERY)]:
        for one in battery:
            grade = max(
                (event.grade for event in patient.events if _is_on(event.term, event.start, event.end, one, day)),
                default=0,
            )
            yield day, one, _value(one, grade, usual[one.code], rng)


def _is_on(term: str, start: int, end: int | None, one: Battery, day: int) -> bool:
    return term.lower() in one.events and start <= day and (end is None or day <= end)


def _value(one: Battery, grade: int, usual: float, rng: np.random.Generator) -> float:
    place = float(np.clip(usual + rng.normal(0, 0.06), 0.03, 0.97))
    if grade == 0:
        return round(one.low + place * (one.high - one.low), one.digits)
    near, far = one.edges[min(grade, 3) - 1], one.edges[min(grade, 3)]
    # a value on an edge belongs to the milder grade
    return round(near + (far - near) * (0.15 + 0.7 * place), one.digits)
