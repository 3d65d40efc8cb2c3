"""``[tumour]``: how response is assessed, and every choice that RECIST leaves open."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.base import Days, Name, Section

__all__ = ["ScheduleStep", "Tumour"]


class ScheduleStep(Section):
    """Scans at a fixed distance, up to a day."""

    every_days: Annotated[int, Field(ge=1)]
    until_day: Annotated[int, Field(ge=1)] | None = None
    """Last day of this step, counted from the first dose; missing: to the end."""


class Tumour(Section):
    """Response assessment."""

    criteria: Literal["RECIST 1.1", "iRECIST"] = "RECIST 1.1"
    assessor: Name = "INVESTIGATOR"
    """Whose assessments are used: the value of TREVAL or RSEVAL."""
    reader: str | None = None
    """Which reader, where an assessor has several: the value of TREVALID or RSEVALID; missing: the accepted one."""
    response_from: Literal["auto", "lesions", "assessed"] = "auto"
    """Derive responses from the lesions, take them as assessed, or derive where there are lesions."""
    confirm_response_after_days: Days = 28
    """Days from a CR or PR to the assessment that confirms it."""
    stable_at_least_days: Days = 42
    """Days from the start of treatment to the earliest SD that counts as a best response."""
    schedule: tuple[ScheduleStep, ...] = ()
    """When scans were planned."""
