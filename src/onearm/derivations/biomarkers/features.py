"""Assays of many features: what is analysed of them, on which scale, and the biomarkers that are taken out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays import Assay
from onearm.data.assays.omics import FeatureMatrix, assay_matrix, find_feature
from onearm.derivations.biomarkers.feature_scale import Scaled, scale_features
from onearm.derivations.biomarkers.measured import MEASURED, Context, Measured
from onearm.errors import DataError, suggest
from onearm.frames import conform
from onearm.protocol.assays import Biomarker, FeaturesAssay
from onearm.stats.omics.single_sample import mean_scores, membership, ssgsea

__all__ = ["ADFEAT", "ADSCOR", "measure_features"]

Floats = NDArray[np.float64]

ADFEAT: Final[dict[str, Any]] = {
    "ASSAY": pl.String,
    "USUBJID": pl.String,
    "SAMPID": pl.String,
    "AVISIT": pl.String,
    "TISSUE": pl.String,
    "FEATURE": pl.String,
    "SYMBOL": pl.String,
    "AVAL": pl.Float64,
    "AVALU": pl.String,
    "RAW": pl.Float64,
}
"""
One row per sample and analysed feature, samples by features, so that it can be laid out as a matrix. AVAL is on the scale of the
analysis, missing where nothing was measured or its quality control failed; RAW is what the file says.
"""
ADSCOR: Final[dict[str, Any]] = {**{k: v for k, v in ADFEAT.items() if k not in ("RAW", "SYMBOL")}}
"""Scores of gene sets, laid out as ADFEAT; FEATURE is the set with its method."""


def measure_features(assay: Assay, planned: Mapping[str, Biomarker], context: Context) -> Measured:
    """
    Scale an assay of many features and take the planned measures out of it.

    Parameters
    ----------
    assay : Assay
        Read by `onearm.data.assays.omics.read_features_assay`.
    planned : mapping of str to Biomarker
        By name. A measure is a feature (its name, gene symbol or identifier), ``ssgsea:SET``, ``mcp_counter:POPULATION``,
        ``mean:SET``, ``z:SET`` or ``ratio:FEATURE/FEATURE``.
    context : Context
        Protocol and findings.

    Returns
    -------
    Measured
        Values, and the datasets ``adfeat`` (values of features), ``adscor`` (scores), ``adfeaq`` (what became of each feature),
        ``adsamq`` (samples) and ``adgset`` (gene sets).

    Raises
    ------
    DataError
        Naming every measure that the assay does not have.
    """
    section = context.protocol.assay[assay.name]
    assert isinstance(section, FeaturesAssay)
    matrix = assay_matrix(assay)
    scaled = scale_features(matrix, assay, section, context)
    if "change" in section.against:
        _report_pairs(assay, section, context)
    sets = _sets(assay.tables["sets"])
    values, problems = [], []
    for name, marker in planned.items():
        try:
            values.append(_marker(name, marker, scaled, matrix, sets))
        except DataError as error:
            problems += [f"biomarker.{name}.measure: {problem}" for problem in error.problems]
    if problems:
        raise DataError(*problems)
    datasets = {"adfeat": _long(assay, scaled), "adfeaq": scaled.fates, "adsamq": scaled.runs, "adgset": _gset(assay)}
    if section.scores:
        datasets["adscor"] = _scores(assay, scaled, section, context)
    parts = [conform(part, MEASURED) for part in values]
    return Measured(pl.concat(parts) if parts else pl.DataFrame(schema=MEASURED), datasets)


def _report_pairs(assay: Assay, section: FeaturesAssay, context: Context) -> None:
    """Name the patients who lack one of the two samples of a paired comparison."""
    samples = assay.tables["samples"].with_columns(AT=pl.col("TIMEPOINT").str.to_lowercase())
    times = samples["TIMEPOINT"].unique(maintain_order=True).to_list()
    for who, part in samples.group_by("USUBJID", maintain_order=True):
        here = set(part["AT"])
        has_first = section.timepoint.lower() in here
        lacking = [t for t in times if t.lower() not in here and (has_first or t.lower() == section.timepoint.lower())]
        for time in lacking:
            row = int(part["SRCROW"][0]) if part["SRCROW"][0] is not None else None
            context.findings.add(
                "OMICS-PAIR-INCOMPLETE", domain=assay.name, row=row, subject=str(who[0]), timepoint=time
            )


def _sets(table: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    grouped = table.group_by("GENESET", maintain_order=True).agg("GENE")
    return {name: tuple(genes) for name, genes in grouped.iter_rows()}


def _gset(assay: Assay) -> pl.DataFrame:
    return assay.tables["sets"].with_columns(ASSAY=pl.lit(assay.name)).select("ASSAY", "COLLECTION", "GENESET", "GENE")


def _long(assay: Assay, scaled: Scaled) -> pl.DataFrame:
    """Lay the matrix out, samples by features."""
    n, p = scaled.values.shape
    samples, features = scaled.samples, scaled.features
    return conform(
        pl.DataFrame(
            {
                "ASSAY": pl.repeat(assay.name, n * p, eager=True),
                **{name: _each(samples[source], p) for name, source in _SAMPLE_COLUMNS.items()},
                "FEATURE": _tiled(features["FEATURE"], n),
                "SYMBOL": _tiled(features["SYMBOL"], n),
                "AVAL": pl.Series(scaled.values.ravel()).fill_nan(None),
                "AVALU": pl.repeat(scaled.unit, n * p, eager=True),
                "RAW": pl.Series(scaled.raw.ravel()).fill_nan(None),
            }
        ),
        ADFEAT,
    )


_SAMPLE_COLUMNS: Final = {"USUBJID": "USUBJID", "SAMPID": "SAMPLE", "AVISIT": "TIMEPOINT", "TISSUE": "TISSUE"}


def _each(values: pl.Series, times: int) -> pl.Series:
    return values.gather(np.repeat(np.arange(len(values)), times))


def _tiled(values: pl.Series, times: int) -> pl.Series:
    return values.gather(np.tile(np.arange(len(values)), times))


def by_symbol(values: Floats, features: pl.DataFrame) -> tuple[Floats, list[str]]:
    """
    Keep one feature for each gene symbol: the one that varies most.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_samples, n_features)
        On the scale of the analysis.
    features : polars.DataFrame
        With ``SYMBOL``.

    Returns
    -------
    tuple of numpy.ndarray and list of str
        Values and symbols.
    """
    known = ~np.isnan(values)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / n
    spread = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / n
    symbols = features["SYMBOL"].to_list()
    best: dict[str, int] = {}
    for i in np.argsort(-spread, kind="stable"):
        if symbols[i] is not None:
            best.setdefault(symbols[i], int(i))
    kept = sorted(best.values())
    return values[:, kept], [symbols[i] for i in kept]


def _marker(
    name: str, marker: Biomarker, scaled: Scaled, matrix: FeatureMatrix, sets: Mapping[str, tuple[str, ...]]
) -> pl.DataFrame:
    kind, colon, rest = marker.measure.partition(":")
    if colon and kind in _SCORES:
        column, why = _scored(kind, rest, scaled, sets)
    elif colon and kind == "ratio":
        column, why = _ratio(rest, scaled)
    else:
        place = find_feature(scaled.features, marker.measure) if scaled.features.height else None
        assert place is not None
        key = scaled.features["FEATURE"][place]
        column, why = scaled.values[:, place], f"{key} of the {matrix.source} file, {scaled.how}."
    return pl.DataFrame(
        {"SAMPID": scaled.samples["SAMPLE"], "AVAL": pl.Series(column).fill_nan(None)}
    ).with_columns(PARAMCD=pl.lit(name), RULE=pl.lit("BIOMARKER-FEATURE"), WHY=pl.lit(why))  # fmt: skip


@dataclass(frozen=True)
class _Score:
    label: str
    make: Callable[[Floats, list[str], Mapping[str, tuple[str, ...]]], Floats]


_SCORES: Final[dict[str, _Score]] = {
    "ssgsea": _Score("ssGSEA", lambda values, names, sets: ssgsea(values, names, sets).scores),
    "mcp_counter": _Score("MCP-counter", lambda values, names, sets: mean_scores(values, names, sets).scores),
    "mean": _Score("mean", lambda values, names, sets: mean_scores(values, names, sets).scores),
    "z": _Score("mean z score", lambda values, names, sets: mean_scores(values, names, sets, kind="z").scores),
}


def _scored(kind: str, wanted: str, scaled: Scaled, sets: Mapping[str, tuple[str, ...]]) -> tuple[Floats, str]:
    known = {name.casefold(): name for name in sets}
    if wanted.casefold() not in known:
        fix = " Fix: name its file in gene_sets, or 'mcp_counter' in scores." if not sets else suggest(wanted, sets)
        raise DataError(f"no gene set is called '{wanted}'.{fix}")
    name = known[wanted.casefold()]
    values, symbols = by_symbol(scaled.values, scaled.features)
    score = _SCORES[kind]
    found = score.make(values, symbols, {name: sets[name]})[:, 0]
    n = int(membership(symbols, {name: sets[name]}).sum())
    return found, f"{score.label} of {n} measured of {len(sets[name])} members of {name}."


def _ratio(text: str, scaled: Scaled) -> tuple[Floats, str]:
    """Ratio of two features on the original scale: a difference of logarithms."""
    parts = [part.strip() for part in text.split("/")]
    if len(parts) != 2 or not all(parts):
        raise DataError(f"'ratio:{text}' names no two features; write ratio:A/B.")
    top, bottom = (find_feature(scaled.features, part) for part in parts)
    return scaled.values[:, top] - scaled.values[:, bottom], f"log2 of {parts[0]} over {parts[1]}."


def _scores(assay: Assay, scaled: Scaled, section: FeaturesAssay, context: Context) -> pl.DataFrame:
    """Score every set by the methods planned."""
    values, symbols = by_symbol(scaled.values, scaled.features)
    parts, names = [], []
    for kind in section.scores:
        is_mcp = pl.col("COLLECTION") == "MCP-counter"
        sets = _sets(assay.tables["sets"].filter(is_mcp if kind == "mcp_counter" else ~is_mcp))
        found = _SCORES[kind].make(values, symbols, sets)
        for column, name in enumerate(sets):
            if np.isnan(found[:, column]).all():
                context.findings.add("OMICS-SCORE-EMPTY", domain=assay.name, name=name)
        parts.append(found)
        names += [f"{_SCORES[kind].label}: {name}" for name in sets]
    table = np.column_stack(parts)
    n, p = table.shape
    return conform(
        pl.DataFrame(
            {
                "ASSAY": pl.repeat(assay.name, n * p, eager=True),
                **{name: _each(scaled.samples[source], p) for name, source in _SAMPLE_COLUMNS.items()},
                "FEATURE": _tiled(pl.Series(names), n),
                "AVAL": pl.Series(table.ravel()).fill_nan(None),
                "AVALU": pl.repeat("score", n * p, eager=True),
            }
        ),
        ADSCOR,
    )
