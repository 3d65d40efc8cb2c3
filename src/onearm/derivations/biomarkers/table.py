"""Biomarkers whose values stand in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from onearm.data.assays import Assay
from onearm.derivations.biomarkers.measured import MEASURED, Context, Measured
from onearm.errors import DataError, suggest
from onearm.frames import conform, empty
from onearm.protocol.assays import Biomarker

__all__ = ["measure_table"]

_MOSTLY: Final = 0.5
"""A measure is a number where at least this share of its values are."""


def measure_table(assay: Assay, planned: Mapping[str, Biomarker], context: Context) -> Measured:
    """
    Take the planned measures out of a table of values.

    Parameters
    ----------
    assay : Assay
        Tables ``samples`` and ``values``.
    planned : mapping of str to Biomarker
        By name.
    context : Context
        Collects findings.

    Returns
    -------
    Measured
        One row per biomarker and sample. A measure of which most values are numbers is a number; what is none then is
        a finding and missing.

    Raises
    ------
    DataError
        Naming every measure that the table does not have.
    """
    values = assay.tables["values"]
    known = values["MEASURE"].unique(maintain_order=True).to_list()
    spelled = {name.casefold(): name for name in reversed(known)}
    absent = {name: marker.measure for name, marker in planned.items() if marker.measure.casefold() not in spelled}
    if absent:
        raise DataError(
            *(
                f"biomarker.{name}.measure: the assay '{assay.name}' has no '{measure}'.{suggest(measure, known)}"
                for name, measure in absent.items()
            )
        )
    parts = [_one(name, spelled[m.measure.casefold()], values, assay, context) for name, m in planned.items()]
    return Measured(pl.concat(parts) if parts else empty(MEASURED))


def _one(name: str, measure: str, values: pl.DataFrame, assay: Assay, context: Context) -> pl.DataFrame:
    rows = values.filter(pl.col("MEASURE") == measure)
    number = rows["TEXT"].str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    number = number.set(number.is_infinite() | number.is_nan(), None)
    texts = rows["TEXT"].drop_nulls().len()
    if not texts:
        context.findings.add("ASSAY-MEASURE-EMPTY", domain=assay.name, column=measure, measure=measure)
    is_number = texts > 0 and number.drop_nulls().len() >= _MOSTLY * texts
    wrong = rows.filter(pl.col("TEXT").is_not_null() & number.is_null())
    if is_number and wrong.height:
        context.findings.add("ASSAY-VALUE-TEXT", domain=assay.name, column=measure, measure=measure, n=wrong.height)
    found = rows.select(
        SAMPID="SAMPLE",
        AVAL=number if is_number else pl.lit(None, dtype=pl.Float64),
        AVALC=pl.lit(None, dtype=pl.String) if is_number else pl.col("TEXT"),
        SRCSEQ="SRCROW",
    ).with_columns(
        PARAMCD=pl.lit(name), RULE=pl.lit("BIOMARKER-AS-RECORDED"), WHY=pl.lit(f"{measure} as it stands in the table.")
    )
    return conform(found.select(list(MEASURED)), MEASURED)
