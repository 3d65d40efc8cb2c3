"""From the matrix of a file to what is analysed: normalised, filtered, on a logarithmic scale, with the fate of every feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays import Assay
from onearm.data.assays.omics import FeatureMatrix
from onearm.derivations.biomarkers.measured import Context
from onearm.errors import DataError, MethodError
from onearm.protocol.assays import FeaturesAssay
from onearm.stats.omics.accurate_mass import annotate_masses, formula_mass
from onearm.stats.omics.components import find_outliers, principal_components
from onearm.stats.omics.count_scale import cpm, judge_scale, size_factors
from onearm.stats.omics.normalise import correct_batches, correct_drift, median_centre_plates, quotient_normalise
from onearm.stats.omics.quality import above_blank, detection_rate, enough_counts, relative_spread

__all__ = ["Scaled", "scale_features"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST_QC = 3


@dataclass(frozen=True, eq=False)
class Scaled:
    """
    What is analysed of an assay.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_samples, n_features)
        On the scale of the analysis; NaN is missing.
    raw : numpy.ndarray, shape (n_samples, n_features)
        As in the file.
    samples : polars.DataFrame
        Rows of the sample sheet, in the order of the values.
    features : polars.DataFrame
        Those that passed every filter.
    unit, how : str
        Scale of the values, and what was done.
    fates : polars.DataFrame
        Every feature of the file: kept or why not.
    runs : polars.DataFrame
        Every run: its role, components and whether it stands apart.
    """

    values: Floats
    raw: Floats
    samples: pl.DataFrame
    features: pl.DataFrame
    unit: str
    how: str
    fates: pl.DataFrame
    runs: pl.DataFrame


def scale_features(matrix: FeatureMatrix, assay: Assay, section: FeaturesAssay, context: Context) -> Scaled:
    """
    Normalise, filter and transform a matrix.

    Parameters
    ----------
    matrix : FeatureMatrix
        Every run, every feature.
    assay : Assay
        Its sample sheet and compounds.
    section : FeaturesAssay
        What was planned.
    context : Context
        Collects samples that stand apart.

    Returns
    -------
    Scaled
        Samples of patients only; QC samples and blanks have done their work then.

    Raises
    ------
    DataError
        Where nothing is left, or a correction cannot be made.
    """
    unit = str(matrix.features["UNIT"][0])
    place = {name: i for i, name in enumerate(matrix.samples["SAMPLE"])}
    sheet = assay.tables["samples"]
    rows = np.array([place[name] for name in sheet["SAMPLE"]], dtype=np.int64)
    if not rows.size:
        raise DataError(f"assay.{assay.name}: no sample of the sheet is in the file.")
    kept, fates = _filter(matrix, rows, unit, section)
    if not kept.any():
        raise DataError(
            f"assay.{assay.name}: no feature passes the filters. Fix: look at least_known and least_detected."
        )
    try:
        scale, steps, label = _scale(matrix, rows, kept, unit, section)
    except MethodError as error:
        raise DataError(*(f"assay.{assay.name}: {problem}" for problem in error.problems)) from error
    if section.test == "deseq2" and (scale_of := judge_scale(matrix.values[rows])).kind not in (
        "counts",
        "expected counts",
    ):
        context.findings.add("OMICS-NOT-COUNTS", domain=assay.name, why=scale_of.why)
    features = _annotated(matrix.features.filter(pl.Series(kept)), assay, section)
    runs = _runs(assay, sheet, scale, context)
    named = features.select("FEATURE", "SYMBOL", "NAME")  # masses have got their names by now
    fates = fates.join(named, on="FEATURE", how="left", maintain_order="left", suffix="_NOW").with_columns(
        ASSAY=pl.lit(assay.name), SYMBOL=pl.coalesce("SYMBOL_NOW", "SYMBOL"), NAME=pl.coalesce("NAME_NOW", "NAME")
    )
    fates = fates.drop("SYMBOL_NOW", "NAME_NOW")
    return Scaled(scale, matrix.values[np.ix_(rows, np.flatnonzero(kept))], sheet, features, label, steps, fates, runs)


def _filter(
    matrix: FeatureMatrix, rows: NDArray[np.int64], unit: str, section: FeaturesAssay
) -> tuple[Flags, pl.DataFrame]:
    """Decide which features are analysed; the first reason against one is the reason given."""
    own = matrix.usable[rows]
    why = np.full(matrix.features.height, "", dtype=object)

    def drop(flags: Flags, reason: str) -> None:
        why[flags & (why == "")] = reason

    drop((matrix.features["ROLE"] != "analyte").to_numpy(), "control of the assay")
    known = detection_rate(own)
    drop(known == 0, "never measured")
    drop(known < section.least_known, f"known in less than {section.least_known:.0%} of the samples")
    detected = np.full(known.size, np.nan)
    if matrix.limit is not None:
        detected = detection_rate(own, matrix.limit[rows])
        drop(
            detected < section.least_detected,
            f"above its limit in less than {section.least_detected:.0%} of the samples",
        )
    if unit == "counts":
        drop(~enough_counts(np.nan_to_num(own)), "too few counts")
    role = matrix.samples["ROLE"].to_numpy()
    if "MZ" in matrix.features.columns:
        if (role == "blank").any():
            own_rows = np.isin(np.arange(role.size), rows)
            drop(
                ~above_blank(matrix.usable, role == "blank", own_rows, ratio=section.blank_ratio),
                "no more than in blanks",
            )
        if (role == "qc").sum() >= _LEAST_QC:
            spread = relative_spread(matrix.usable, role == "qc")
            drop(
                ~(spread <= section.most_qc_spread),
                f"varies by more than {section.most_qc_spread:.0%} in the QC samples",
            )
    fates = matrix.features.select("FEATURE", "SYMBOL", "NAME", "UNIT", "QC").with_columns(
        KEPTFL=pl.Series(["Y" if not reason else "N" for reason in why]),
        WHY=pl.Series([reason or None for reason in why], dtype=pl.String),
        KNOWN=pl.Series(known),
        DETECTED=pl.Series(detected).fill_nan(None),
    )
    return np.asarray(why == ""), fates


def _scale(
    matrix: FeatureMatrix, rows: NDArray[np.int64], kept: Flags, unit: str, section: FeaturesAssay
) -> tuple[Floats, str, str]:
    """Put the values on the scale of the analysis; corrections by QC samples see every run."""
    values, steps = matrix.usable[:, kept], []
    if unit == "counts":
        own = np.nan_to_num(values[rows])
        try:
            size_factors(own)
        except MethodError:
            steps.append("no gene has counts in every sample")
        return cpm(own), "; ".join(["log2 counts per million, prior count 2", *steps]), "log2 CPM"
    is_log = unit in ("NPX", "log2")
    role = matrix.samples["ROLE"].to_numpy()
    if "quotients" in section.normalise:
        linear, full = np.exp2(values) if is_log else values, role != "blank"  # blanks have no profile to be scaled to
        is_qc = (role == "qc")[full]
        scaled, _ = quotient_normalise(linear[full], is_reference=is_qc if is_qc.any() else None)
        values = np.full_like(values, np.nan)
        values[full] = np.log2(scaled) if is_log else scaled
        steps.append("probabilistic quotients")
    if not is_log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, np.log2(values), np.nan)
    batch = matrix.samples["PLATE"].fill_null("?").to_list()
    if "drift" in section.normalise:
        values = correct_drift(values, matrix.samples["ORDER"].cast(pl.Float64).to_numpy(), batch, role == "qc")
        steps.append("drift and batches by QC samples")
    elif "batches" in section.normalise:
        values = correct_batches(values, batch, role == "qc")
        steps.append("batches by QC samples")
    own = values[rows]
    if "plates" in section.normalise:
        own = median_centre_plates(own, [batch[i] for i in rows])
        steps.append("plates shifted to one median")
    label = unit if is_log else f"log2 {unit}"
    return own, "; ".join([label, *steps]), label


def _annotated(features: pl.DataFrame, assay: Assay, section: FeaturesAssay) -> pl.DataFrame:
    """Name LC-MS features by accurate mass: a unique match becomes the name, an ambiguous one lists all."""
    compounds = assay.tables.get("compounds")
    if compounds is None or "MZ" not in features.columns:
        return features
    low = {column.casefold(): column for column in compounds.columns}
    name = next((low[n] for n in ("name", "compound", "metabolite") if n in low), None)
    if name is None or not ({"formula", "mass"} & low.keys()):
        raise DataError(f"assay.{assay.name}.compounds: a column 'name' and one of 'formula' or 'mass' are needed.")
    try:
        if "mass" in low:
            masses = compounds[low["mass"]].cast(pl.Float64).to_numpy()
        else:
            masses = np.array([formula_mass(str(f)) for f in compounds[low["formula"]]])
        times = (
            compounds[low["rt"]].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
            if "rt" in low
            else None
        )
        found = annotate_masses(
            features["MZ"].to_numpy(), masses, adducts=section.adducts, ppm=section.ppm,
            retention=features["RT"].to_numpy(), compound_retention=times, retention_window=section.rt_window,
        )  # fmt: skip
    except MethodError as error:
        raise DataError(*(f"assay.{assay.name}.compounds: {problem}" for problem in error.problems)) from error
    names = compounds[name].cast(pl.String).to_list()
    titles: list[str | None] = [None] * features.height
    unique: list[str | None] = [None] * features.height
    for i, c, adduct, state in zip(found.feature, found.compound, found.adduct, found.status, strict=True):
        if c >= 0:
            said = f"{names[c]} {adduct}"
            titles[i] = said if titles[i] is None else f"{titles[i]} or {said}"
            unique[i] = names[c] if state == "unique" else None
    states = [
        None if t is None else "ambiguous" if u is None else "unique" for t, u in zip(titles, unique, strict=True)
    ]
    return features.with_columns(
        NAME=pl.Series(titles, dtype=pl.String),
        SYMBOL=pl.Series(unique, dtype=pl.String),
        ANNOTATED=pl.Series(states, dtype=pl.String),
    )


def _runs(assay: Assay, sheet: pl.DataFrame, values: Floats, context: Context) -> pl.DataFrame:
    """Components of every sample, and those that stand apart."""
    table = sheet.select(
        ASSAY=pl.lit(assay.name), SAMPID="SAMPLE", USUBJID="USUBJID", AVISIT="TIMEPOINT", BATCH="BATCH", TISSUE="TISSUE"
    )
    try:
        found = principal_components(values)
    except MethodError:
        return table
    apart = find_outliers(values, found)
    for i in np.flatnonzero(apart.is_outlier):
        parts = {"components": apart.distance[i], "median": abs(apart.median[i]), "spread": abs(apart.spread[i])}
        why = ", ".join(name for name, away in parts.items() if away > apart.limit)
        context.findings.add(
            "OMICS-OUTLIER",
            domain=assay.name,
            subject=table["USUBJID"][int(i)],
            sample=table["SAMPID"][int(i)],
            why=why,
        )
    columns = {f"PC{k + 1}": pl.Series(found.scores[:, k]) for k in range(found.scores.shape[1])}
    shares = {f"PC{k + 1}SHARE": pl.lit(float(found.explained[k])) for k in range(found.scores.shape[1])}
    return table.with_columns(**columns, **shares, OUTLFL=pl.Series(["Y" if x else "N" for x in apart.is_outlier]))
