"""ADBM: one row per patient, sample and biomarker, and the row of each time that is analysed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.data import Findings, Source
from onearm.data.assays import BASELINE, Assay
from onearm.derivations.adtr import study_day
from onearm.derivations.biomarkers.cells import measure_tissue
from onearm.derivations.biomarkers.features import measure_features
from onearm.derivations.biomarkers.groups import with_groups
from onearm.derivations.biomarkers.measured import Context, Measurer
from onearm.derivations.biomarkers.mutations import measure_mutations
from onearm.derivations.biomarkers.responders import with_responders, with_sample_responders
from onearm.derivations.biomarkers.table import measure_table
from onearm.derivations.schemas import ADBM
from onearm.errors import DataError
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.protocol.assays import Biomarker

__all__ = ["KINDS", "Biomarkers", "derive_biomarkers"]

KINDS: Final[Mapping[str, Measurer]] = MappingProxyType(
    {"table": measure_table, "cells": measure_tissue, "features": measure_features, "mutations": measure_mutations}
)
"""Kind of an assay to what takes its biomarkers out of it."""
_KEYS: Final = ("USUBJID", "PARAMCD", "AVISIT")


@dataclass(frozen=True)
class Biomarkers:
    """
    Datasets of the biomarkers, and what was found while deriving them.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adbm`` always; further ones by the kinds of the assays.
    findings : polars.DataFrame
        May be empty.
    """

    datasets: Mapping[str, pl.DataFrame]
    findings: pl.DataFrame


def derive_biomarkers(source: Source, adsl: pl.DataFrame, adrs: pl.DataFrame, protocol: Protocol) -> Biomarkers:
    """
    Derive the biomarkers of a protocol.

    Parameters
    ----------
    source : Source
        The assays.
    adsl : polars.DataFrame
        Patients, first dose and analysis sets.
    adrs : polars.DataFrame
        Who responded.
    protocol : Protocol
        ``[assay.NAME]`` and ``[biomarker.NAME]``.

    Returns
    -------
    Biomarkers
        ``ANL01FL`` marks the one row per patient, biomarker and time that is analysed: the sample's own where there is
        one sample, else a row of its own that says how several became one. ``ANLGRP`` is its group by cut-offs, median or
        level. ``RSPFL`` says whether the patient is a responder, missing where that cannot be judged.

    Raises
    ------
    DataError
        With every problem of every assay.
    """
    findings = Findings()
    rows = [empty(ADBM)]
    problems: list[str] = []
    datasets: dict[str, list[pl.DataFrame]] = {}
    for name, assay in source.assays.items():
        planned = {key: marker for key, marker in protocol.biomarker.items() if marker.assay == name}
        context = Context(protocol, adsl, findings)
        try:
            measured = KINDS[assay.kind](assay, planned, context)
        except DataError as error:
            problems += error.problems
            continue
        rows.append(_rows(measured.values, assay, adsl, protocol, findings))
        for dataset, table in measured.datasets.items():
            datasets.setdefault(dataset, []).append(table)
    if problems:
        raise DataError(*problems)
    adbm = _analysed(pl.concat(rows), protocol)
    adbm = with_responders(with_groups(adbm, protocol), adrs, adsl, protocol)
    further = {name: pl.concat(tables, how="diagonal_relaxed") for name, tables in datasets.items()}
    if "adsamq" in further:
        further["adsamq"] = with_sample_responders(further["adsamq"], adrs, adsl, protocol)
    return Biomarkers({"adbm": conform(adbm, ADBM), **further}, findings.frame())


def _rows(
    values: pl.DataFrame, assay: Assay, adsl: pl.DataFrame, protocol: Protocol, findings: Findings
) -> pl.DataFrame:
    """Put patient, time and unit beside each value."""
    samples = assay.tables["samples"].select(
        SAMPID="SAMPLE", USUBJID="USUBJID", AVISIT="TIMEPOINT", ADT="DATE", SRCROW="SRCROW"
    )
    strangers = samples.join(adsl.select("USUBJID"), on="USUBJID", how="anti", maintain_order="left")
    findings.add_rows("ASSAY-SUBJECT-UNKNOWN", strangers, domain=assay.name)
    starts = samples.join(adsl.select("USUBJID", "TRTSDT"), on="USUBJID", maintain_order="left")
    late = starts.filter((pl.col("AVISIT") == BASELINE) & (pl.col("ADT") > pl.col("TRTSDT")))
    findings.add_rows("ASSAY-BASELINE-LATE", late, domain=assay.name)
    markers = pl.DataFrame(
        [(name, marker.label or name, marker.unit) for name, marker in protocol.biomarker.items()],
        schema={"PARAMCD": pl.String, "PARAM": pl.String, "AVALU": pl.String},
        orient="row",
    )
    joined = (
        values.join(samples.drop("SRCROW"), on="SAMPID", how="inner", maintain_order="left")
        .join(adsl.select("USUBJID", "STUDYID", "TRTSDT"), on="USUBJID", how="inner", maintain_order="left")
        .join(markers, on="PARAMCD", how="left", maintain_order="left")
        .with_columns(
            ASSAY=pl.lit(assay.name),
            ADY=study_day("ADT", "TRTSDT"),
            ABLFL=pl.when(pl.col("AVISIT") == BASELINE).then(pl.lit("Y")),
            SRCDOM=pl.lit(assay.name),
            AVAL=_transformed(protocol.biomarker),
        )
    )
    return conform(joined.select([name for name in ADBM if name in joined.columns]), ADBM)


def _transformed(markers: Mapping[str, Biomarker]) -> pl.Expr:
    """Transform as planned; what has no logarithm is missing."""
    value = pl.col("AVAL")
    positive = pl.when(value > 0).then(value)
    by = {
        "log2": positive.log(2),
        "log10": positive.log10(),
        "log1p": pl.when(value > -1).then(value).log1p(),
    }
    chosen = value
    for name, marker in markers.items():
        if marker.transform != "none":
            chosen = pl.when(pl.col("PARAMCD") == name).then(by[marker.transform]).otherwise(chosen)
    return chosen


def _analysed(rows: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Mark the row of each time, and add one where a patient has several samples."""
    usable = rows.filter(pl.col("AVAL").is_not_null() | pl.col("AVALC").is_not_null())
    single = usable.filter(pl.len().over(_KEYS) == 1).with_columns(ANL01FL=pl.lit("Y"))
    several = usable.filter(pl.len().over(_KEYS) > 1)
    unusable = rows.filter(pl.col("AVAL").is_null() & pl.col("AVALC").is_null())
    made = [_combined(part, protocol.biomarker[str(name)]) for (name,), part in several.group_by("PARAMCD")]
    together = pl.concat([single, several, unusable, *made]).sort("PARAMCD", "USUBJID", "ADT", "AVISIT", "SAMPID")
    order = {name: i for i, name in enumerate(protocol.biomarker)}
    return together.sort(pl.col("PARAMCD").replace_strict(order, return_dtype=pl.Int64), maintain_order=True)


def _combined(part: pl.DataFrame, marker: Biomarker) -> pl.DataFrame:
    value, how = pl.col("AVAL"), marker.aggregate
    chosen = {
        "mean": value.mean(),
        "median": value.median(),
        "min": value.min(),
        "max": value.max(),
        "first": value.drop_nulls().first(),
        "last": value.drop_nulls().last(),
    }[how]
    text = pl.col("AVALC").drop_nulls()
    known = ("USUBJID", "PARAMCD", "AVISIT")
    same = [n for n in ADBM if n not in (*known, "SAMPID", "AVAL", "AVALC", "SRCSEQ", "RULE", "WHY", "ADT", "ADY")]
    grouped = (
        part.sort("ADT", "SAMPID", nulls_last=True)
        .group_by(*_KEYS, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in same),
            AVAL=chosen,
            AVALC=text.last() if how == "last" else text.first(),
            ADT=pl.col("ADT").min(),
            ADY=pl.col("ADY").min(),
            N=pl.len(),
        )
    )
    made = grouped.with_columns(
        ANL01FL=pl.lit("Y"),
        RULE=pl.lit(f"BIOMARKER-{how.upper()}"),
        WHY=pl.format(f"{how.capitalize()} of {{}} samples of that time.", "N"),
    )
    return conform(made.drop("N"), ADBM)
