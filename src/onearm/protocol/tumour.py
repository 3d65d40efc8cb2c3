"""``[tumour]``: how response is assessed, and every choice that RECIST leaves open."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.base import Days, Name, Section

__all__ = ["BestResponseSwitches", "IRecistSwitches", "RecistSwitches", "ScheduleStep", "Tumour"]

Size = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class ScheduleStep(Section):
    """Scans at a fixed distance, up to a day."""

    every_days: Annotated[int, Field(ge=1)]
    until_day: Annotated[int, Field(ge=1)] | None = None
    """Last day of this step, counted from the first dose; missing: to the end."""


class RecistSwitches(Section):
    """``[tumour.recist]``: the switches of ``rules.recist.RecistRules``, where each is explained with its source."""

    max_targets: Annotated[int, Field(ge=1)] = 5
    max_targets_per_organ: Annotated[int, Field(ge=1)] = 2
    measurable_mm: Size = 10.0
    measurable_node_mm: Size = 15.0
    normal_node_mm: Size = 10.0
    too_small_mm: Size = 5.0
    response_pct: Annotated[float, Field(ge=0, le=100)] = 30.0
    progression_pct: Size = 20.0
    progression_mm: Size = 5.0
    partial_progression: bool = True
    reappearance: Literal["PD", "target", "sum"] = "PD"
    partial_non_target: Literal["NE", "NON-CR/NON-PD"] = "NE"
    backdate_equivocal: bool = True
    progression_day: Literal["earliest_scan", "triggering_scan", "by_component", "latest_scan"] = "earliest_scan"
    response_day: Literal["latest_scan", "earliest_scan"] = "latest_scan"


class BestResponseSwitches(Section):
    """``[tumour.best_response]``: the switches of ``rules.best_response``, explained there with their sources."""

    confirm_within_days: Annotated[int, Field(ge=1)] | None = None
    max_not_evaluable_between: Count = 1
    max_stable_between: Count = 0
    after_complete: Literal["progression", "partial", "as_assessed"] = "progression"
    hold_partial: bool = False
    before_reference: Literal["ignore", "count"] = "ignore"
    after_progression: Literal["ignore", "count"] = "ignore"
    new_therapy: Literal["ignore_after", "count"] = "ignore_after"
    within_days: Annotated[int, Field(ge=1)] | None = None
    missing_as_not_evaluable: bool = True


class IRecistSwitches(Section):
    """``[tumour.irecist]``: the switches of ``rules.irecist.IRecistRules``, and two of how the records are read."""

    confirm_after_days: Count = 28
    confirm_within_days: Annotated[int, Field(ge=1)] | None = None
    increase_mm: Size = 5.0
    increase_since: Literal["first", "previous"] = "first"
    non_target_confirmation: Literal["further_increase", "repeated"] = "further_increase"
    unchanged_new_lesion: Literal["improvement", "iUPD"] = "improvement"
    carry_new_lesions: bool = True
    """Whether a new lesion that a later visit does not mention is still there; else it has gone, and the bar is reset."""
    open_progression: Literal["event", "ignore"] = "event"
    """Whether an iUPD that was neither confirmed nor reset by the end is a progression on its day."""


class Tumour(Section):
    """Response assessment."""

    criteria: Literal["RECIST 1.1", "iRECIST"] = "RECIST 1.1"
    """With "iRECIST", the responses by iRECIST are derived beside those by RECIST 1.1, which are always there."""
    assessor: Name = "INVESTIGATOR"
    """Whose assessments are used: the value of TREVAL or RSEVAL."""
    reader: str | None = None
    """Which reader, where an assessor has several: the value of TREVALID or RSEVALID; missing: the accepted one."""
    agreement_within_days: Days = 7
    """By how many days the progressions of two readers may differ and still agree."""
    response_from: Literal["auto", "lesions", "assessed"] = "auto"
    """Derive responses from the lesions, take them as assessed, or derive where there are lesions."""
    confirm_response_after_days: Annotated[int, Field(ge=1)] = 28
    """Days from a CR or PR to the assessment that confirms it."""
    stable_at_least_days: Days = 42
    """Days from the start of treatment to the earliest SD that counts as a best response."""
    schedule: tuple[ScheduleStep, ...] = ()
    """When scans were planned."""
    scan_window_days: Days = 7
    """How many days early or late a scan may be and still be the planned one."""
    missed_assessments: Annotated[int, Field(ge=1)] = 2
    """How many planned assessments in a row must be missed before an event for ``missed_assessments`` to censor it."""
    oligo_at_most_sites: Annotated[int, Field(ge=1)] = 2
    """Most sites that progress or are new at the first progression for it to be oligoprogression."""
    oligo_site: Literal["organ", "lesion"] = "organ"
    """What is counted as a site."""
    size_model: Literal["none", "stein"] = "none"
    """Model of the tumour size that is fitted to each patient."""
    recist: RecistSwitches = RecistSwitches()
    best_response: BestResponseSwitches = BestResponseSwitches()
    irecist: IRecistSwitches = IRecistSwitches()
