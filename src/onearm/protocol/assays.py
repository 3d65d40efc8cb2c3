"""``[assay.NAME]`` and ``[biomarker.NAME]``: what was measured in the patients' samples, and what it is set against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from onearm.protocol.assay_genomes import MutationAssay
from onearm.protocol.assay_omics import FeaturesAssay
from onearm.protocol.assay_section import AssaySection, SampleSheet
from onearm.protocol.assay_tissue import CellsAssay
from onearm.protocol.base import Months, Name, Section

__all__ = [
    "Assay",
    "AssaySection",
    "Biomarker",
    "CellsAssay",
    "FeaturesAssay",
    "MutationAssay",
    "SampleSheet",
    "TableAssay",
    "assay_kind",
]


class TableAssay(AssaySection):
    """Values as they stand in a table: one row per sample, or one per sample and measure."""

    kind: Literal["table"] = "table"
    file: Name
    sheet: str | None = None
    sample: Name | None = None
    """Column of the sample, to be looked up in ``samples``."""
    subject: Name | None = None
    """Column of the patient, where the table names patients itself."""
    timepoint: Name | None = None
    date: Name | None = None
    measure: Name | None = None
    """Column that names the measure, where there is one row per sample and measure."""
    value: Name | None = None
    """Column of its value."""
    missing: tuple[str, ...] = ()
    """Texts that mean missing, besides an empty cell and ``NA``."""


def assay_kind(section: object) -> str:
    """
    Tell the kind of an assay; a table where nothing is said.

    Parameters
    ----------
    section : mapping or Section
        A table of the protocol.

    Returns
    -------
    str
        As typed.
    """
    if isinstance(section, Section):
        return str(getattr(section, "kind", "table"))
    return str(section.get("kind", "table")) if isinstance(section, dict) else "table"


Assay = Annotated[
    Annotated[TableAssay, Tag("table")]
    | Annotated[CellsAssay, Tag("cells")]
    | Annotated[FeaturesAssay, Tag("features")]
    | Annotated[MutationAssay, Tag("mutations")],
    Discriminator(assay_kind),
]
"""Any assay; each room that reads one adds its section here."""


class Biomarker(Section):
    """``[biomarker.NAME]``: one value per patient and time, and what it is set against."""

    assay: Name
    measure: Name
    """What of the assay: a column or measure of a table, or a measure that the assay's kind computes."""
    label: str | None = None
    unit: str | None = None
    timepoint: Name = "baseline"
    """The time whose values are set against response and times."""
    aggregate: Literal["mean", "median", "min", "max", "first", "last"] = "mean"
    """How several samples of a patient at one time become one value; texts take the first or, with ``last``, the last."""
    transform: Literal["none", "log2", "log10", "log1p"] = "none"
    """Applied before any analysis."""
    cutoffs: tuple[float, ...] = ()
    """Limits that split the patients: below, and at or above each."""
    split: Literal["cutoffs", "median", "none"] | None = None
    """Missing: by the cut-offs where there are some, else at the median (above it is high)."""
    levels: tuple[str, ...] = ()
    """Order of the levels of a marker that is a text; those not named follow in alphabetical order."""
    against: tuple[Name, ...] = ("response",)
    """``response`` (``response_endpoint``), ``change`` (every other time against ``timepoint``), or times of this protocol."""
    response_endpoint: Name | None = None
    """The rate whose successes are the responders; the first rate where missing."""
    set: Name | None = None
    """Analysis set; that of each endpoint where missing."""
    family: Name = "all"
    """Biomarkers of one family share the adjustment for multiplicity, by what they are set against."""
    landmark_months: Months | None = None
    """For a marker measured after baseline: times count from here, among those still without the event."""

    @property
    def splits_at(self) -> Literal["cutoffs", "median", "none"]:
        """How a number is split, with the default resolved."""
        return self.split or ("cutoffs" if self.cutoffs else "median")
