"""Biomarkers that are measured in cells: values by sample, by field, and the fields that are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from onearm.data.assays import Assay
from onearm.derivations.biomarkers.measured import MEASURED, Context, Measured
from onearm.derivations.tissue.drawn import drawn_cells
from onearm.derivations.tissue.measures import Measures, measure_cells
from onearm.derivations.tissue.plan import Measure, PdL1Plan, Structures, TissuePlan, parse_measure
from onearm.derivations.tissue.register import Shifts, register_markers
from onearm.errors import DataError
from onearm.frames import conform, empty
from onearm.protocol.assay_tissue import CellsAssay
from onearm.protocol.assays import Biomarker

__all__ = ["measure_tissue", "tissue_plan"]

_MOST_FIELDS: Final = 200_000
"""Rows of ADTIS up to which every field is kept."""


def tissue_plan(section: CellsAssay, thresholds: pl.DataFrame | None) -> TissuePlan:
    """
    Say to the measures what a protocol says of an assay.

    Parameters
    ----------
    section : CellsAssay
        ``[assay.NAME]``.
    thresholds : polars.DataFrame or None
        As read.

    Returns
    -------
    TissuePlan
        The same.
    """
    return TissuePlan(
        phenotypes=section.phenotypes,
        thresholds=thresholds,
        tissues=section.tissues,
        field_um=section.field_um,
        least_cells=section.least_cells,
        coincident_is_self=section.coincident_is_self,
        structures=Structures(**section.structures.model_dump()),
        pd_l1=PdL1Plan(**section.pd_l1.model_dump()),
    )


def measure_tissue(assay: Assay, planned: Mapping[str, Biomarker], context: Context) -> Measured:
    """
    Measure the planned biomarkers in cells.

    Parameters
    ----------
    assay : Assay
        Tables ``samples``, ``cells``, ``areas`` and ``thresholds``.
    planned : mapping of str to Biomarker
        By name; ``measure`` is a sentence such as ``density of CD8+ in tumour``.
    context : Context
        Collects findings.

    Returns
    -------
    Measured
        One row per biomarker and sample. Datasets: ``adtis`` (one row per biomarker and field), ``adcell`` (cells of the
        fields that are drawn), ``adshift`` (how far each slide's intensities were shifted; no rows without normalisation).

    Raises
    ------
    DataError
        Naming every measure that is not understood.
    """
    section = context.protocol.assay[assay.name]
    assert isinstance(section, CellsAssay)  # the registry chose by kind
    measures = _parsed(planned)
    plan = tissue_plan(section, assay.tables["thresholds"])
    cells, areas = assay.tables["cells"], assay.tables["areas"]
    shifts = register_markers(cells, section.normalise) if section.normalise else None
    made = measure_cells(cells if shifts is None else shifts.cells, areas, list(measures.values()), plan)
    raw = made if shifts is None else measure_cells(cells, areas, list(measures.values()), plan)
    for found in (made.findings, *([shifts.findings] if shifts else [])):
        context.findings.frames.append(found.with_columns(domain=pl.lit(assay.name)))
    values = [_values(name, measure, made, raw, is_registered=shifts is not None) for name, measure in measures.items()]
    owners = assay.tables["samples"].select("SAMPLE", "USUBJID")
    datasets = {
        "adtis": _fields(measures, made, raw, assay.name, owners),
        "adcell": drawn_cells(made.layout, section, owners).with_columns(ASSAY=pl.lit(assay.name)),
        "adshift": _shifts(shifts, assay.name),
    }
    return Measured(pl.concat([empty(MEASURED), *values]), datasets)


def _parsed(planned: Mapping[str, Biomarker]) -> dict[str, Measure]:
    """Read the sentences; all that are not understood are reported at once."""
    measures, problems = {}, []
    for name, marker in planned.items():
        try:
            measures[name] = parse_measure(marker.measure)
        except DataError as error:
            problems += [f"biomarker.{name}: {problem}" for problem in error.problems]
    if problems:
        raise DataError(*problems)
    return measures


def _values(name: str, measure: Measure, made: Measures, raw: Measures, *, is_registered: bool) -> pl.DataFrame:
    """Lay the values of one biomarker out; beside a normalised value stands the one without, in the sentence."""
    rows = made.samples.filter(pl.col("MEASURE") == measure.text).unique("SAMPLE", maintain_order=True)
    why = pl.format("{}: {}.", pl.lit(measure.text), pl.col("WHY"))
    if is_registered:
        before = raw.samples.filter(pl.col("MEASURE") == measure.text).select("SAMPLE", BEFORE="VALUE").unique("SAMPLE")
        rows = rows.join(before, on="SAMPLE", how="left", maintain_order="left")
        without = pl.col("BEFORE").round_sig_figs(4).cast(pl.String).fill_null("missing")
        why = pl.format("{} Without normalisation {}.", why, without)
    found = rows.select(
        PARAMCD=pl.lit(name),
        SAMPID="SAMPLE",
        AVAL="VALUE",
        RULE=pl.lit(f"TISSUE-{measure.kind.upper()}"),
        WHY=why,
    )
    return conform(found, MEASURED)


def _fields(
    measures: Mapping[str, Measure], made: Measures, raw: Measures, assay: str, owners: pl.DataFrame
) -> pl.DataFrame:
    """Lay the values by field out, with those without normalisation beside them."""
    texts = {name: measure.text for name, measure in measures.items()}
    codes = pl.DataFrame(
        {"PARAMCD": list(texts), "MEASURE": list(texts.values())}, schema={"PARAMCD": pl.String, "MEASURE": pl.String}
    )
    key = ["SAMPLE", "SLIDE", "FIELD", "MEASURE"]
    before = raw.fields.select(*key, AVALRAW="VALUE").unique(key)
    joined = (
        made.fields.unique(key, maintain_order=True)
        .join(before, on=key, how="left", nulls_equal=True, maintain_order="left")
        .join(codes, on="MEASURE", maintain_order="left")
        .join(owners, on="SAMPLE", how="left", maintain_order="left")
    )
    return joined.select(
        "USUBJID",
        ASSAY=pl.lit(assay),
        SAMPID="SAMPLE",
        SLIDE="SLIDE",
        FIELD="FIELD",
        PARAMCD="PARAMCD",
        AVAL="VALUE",
        AVALRAW="AVALRAW",
        AVALU="UNIT",
        NCELL="N_CELLS",
        NTARGET="N_TARGETS",
        AREAMM2="AREA_MM2",
    ).head(_MOST_FIELDS)


def _shifts(shifts: Shifts | None, assay: str) -> pl.DataFrame:
    schema = {
        "ASSAY": pl.String,
        "SLIDE": pl.String,
        "MARKER": pl.String,
        "LANDMARK": pl.Float64,
        "BASE": pl.Float64,
        "SHIFT": pl.Float64,
        "CONFID": pl.Float64,
    }
    return empty(schema) if shifts is None else conform(shifts.table.with_columns(ASSAY=pl.lit(assay)), schema)
