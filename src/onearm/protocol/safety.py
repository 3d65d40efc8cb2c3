"""``[safety]``: which adverse events count, and how they are grouped and shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.base import Days, Name, Section

__all__ = ["Safety", "TermGroup"]

Percent = Annotated[float, Field(ge=0, le=100)]


class TermGroup(Section):
    """``[safety.group.NAME]``: preferred terms that are reported as one."""

    terms: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Preferred terms, in any case."""


class Safety(Section):
    """``[safety]``: windows, grades, relation to treatment, groups of terms."""

    set: Name | None = None
    """Analysis set; missing: the first set with a safety record, else the first set of treated patients."""
    emergent_days: Days = 30
    """An event is treatment-emergent from the first dose to this many days after the last."""
    related_days: Days | None = None
    """The same for events related to treatment; missing: as ``emergent_days``."""
    until_new_therapy: bool = False
    """Whether events after the start of a new anticancer therapy no longer count."""
    related_values: tuple[Name, ...] = (
        "RELATED",
        "DEFINITE",
        "DEFINITELY RELATED",
        "PROBABLE",
        "PROBABLY RELATED",
        "POSSIBLE",
        "POSSIBLY RELATED",
        "Y",
        "YES",
    )
    """Values of AEREL that mean related, in any case."""
    grade_from: Literal["auto", "AETOXGR", "AESEV"] = "auto"
    """Where grades come from; "auto" takes AETOXGR where there is one and AESEV (mild 1, moderate 2, severe 3) otherwise."""
    ctcae: Literal["5.0", "6.0"] = "5.0"
    """Version of CTCAE by which laboratory values are graded."""
    immune_terms: tuple[Name, ...] = ()
    """Preferred terms that count as immune-related."""
    immune_related_column: Name | None = None
    """Column of ae, or qualifier of suppae, in which the investigator says Y or N, such as ``AEIRAE``; added to the terms."""
    least_percent: Percent = 5.0
    """Terms are printed from this share of patients with any grade on."""
    least_percent_grade_3: Percent = 0.0
    """Terms are also printed from this share with grade 3 or more on; 0: whenever there is one."""
    group: dict[str, TermGroup] = Field(default_factory=dict)
    """Events of special interest."""
