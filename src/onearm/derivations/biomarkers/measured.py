"""What each kind of assay gives: values of the planned biomarkers by sample, and datasets of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from onearm.data import Findings
from onearm.data.assays import Assay
from onearm.protocol import Protocol

__all__ = ["MEASURED", "Context", "Measured", "Measurer"]

MEASURED: Final[dict[str, Any]] = {
    "PARAMCD": pl.String,
    "SAMPID": pl.String,
    "AVAL": pl.Float64,
    "AVALC": pl.String,
    "SRCSEQ": pl.Int64,
    "RULE": pl.String,
    "WHY": pl.String,
}
"""One row per biomarker and sample. AVAL is missing for a text, both where nothing could be measured (WHY says why)."""


@dataclass(frozen=True)
class Context:
    """
    What a kind of assay may look at besides its own tables.

    Parameters
    ----------
    protocol : Protocol
        The trial; ``protocol.assay[name]`` is the assay's section.
    adsl : polars.DataFrame
        One row per patient.
    findings : Findings
        Collects what is wrong with the assay's values.
    """

    protocol: Protocol
    adsl: pl.DataFrame
    findings: Findings


@dataclass(frozen=True)
class Measured:
    """
    What one assay gave.

    Parameters
    ----------
    values : polars.DataFrame
        Columns `MEASURED`.
    datasets : mapping of str to polars.DataFrame
        Further datasets by lower-case name; those of several assays are put below one another, so each has ``ASSAY``.
    """

    values: pl.DataFrame
    datasets: Mapping[str, pl.DataFrame] = field(default_factory=dict)


Measurer = Callable[[Assay, Mapping[str, Any], Context], Measured]
"""From an assay and the biomarkers planned on it (by name) to what they measured."""
