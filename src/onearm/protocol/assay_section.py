"""What every ``[assay.NAME]`` says, and its sample sheet."""

from __future__ import annotations

from pydantic import Field

from onearm.protocol.base import Name, Section

__all__ = ["AssaySection", "SampleSheet"]


class SampleSheet(Section):
    """``[assay.NAME.samples]``: which sample is whose, and when it was taken."""

    file: Name
    sheet: str | None = None
    sample: Name = "SAMPLE"
    """Column of the sample's identifier, as the assay's files spell it."""
    subject: Name = "USUBJID"
    timepoint: Name | None = "TIMEPOINT"
    """Column of the planned time, such as ``baseline``; where the sheet has no such column, every sample is a baseline one."""
    date: Name | None = "DATE"
    batch: Name | None = "BATCH"
    tissue: Name | None = "TISSUE"
    timepoints: dict[str, str] = Field(default_factory=dict)
    """From a timepoint in the file to the one the protocol speaks of: ``{ "C1D1" = "baseline" }``."""


class AssaySection(Section):
    """What every assay says."""

    label: str | None = None
    """What is printed; the name of the assay where missing."""
    samples: SampleSheet | None = None
    """Missing: the identifiers of the assay's own files are those of the patients."""
    slope_change: bool = False
    """Also compare the markers of patients below and above the change of slope of their sorted times, as ALTER-E-003 does
    with its stained tissue; a hazard ratio that needs no such split stands beside it."""
