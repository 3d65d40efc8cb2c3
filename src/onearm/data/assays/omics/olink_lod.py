"""
Limits of detection of Olink Explore: from negative controls, or from Olink's file of fixed limits.

Either is an NPX, or, where the negative controls have hardly any counts, a number of counts that becomes an NPX by the
extension control of the sample and the plate controls of the plate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.read import read_table
from onearm.errors import DataError

__all__ = ["fixed_limits", "negative_control_limits", "place_limits"]

LEAST_CONTROLS: Final = 10
LEAST_COUNTS: Final = 150
_LEAST_SHIFT: Final = 0.2
_KEYS: Final = ("OlinkID", "DataAnalysisRefID")
_NEEDED: Final = (*_KEYS, "LODNPX", "LODCount", "LODMethod")


def negative_control_limits(table: pl.DataFrame, file: str, *, is_required: bool) -> pl.DataFrame | None:
    """
    Limits of detection from negative controls.

    Parameters
    ----------
    table : polars.DataFrame
        NPX file with the column names of Explore HT, ROLE and IS_CONTROL.
    file : str
        For the message.
    is_required : bool
        Whether too few controls are an error; else there are no limits.

    Returns
    -------
    polars.DataFrame or None
        ``OlinkID DataAnalysisRefID LODNPX LODCount LODMethod``: per protein and lot, the median of the controls plus the
        larger of 0.2 and three standard deviations; in counts, the larger of 150 and twice the most counts of a control. The
        counts are used where no control has more than 150.

    Raises
    ------
    DataError
        With fewer than ten negative controls that passed, or without counts, where limits are required.

    References
    ----------
    .. [1] Olink Proteomics, OlinkAnalyze: Calculating LOD from Olink Explore data (2024).
    """
    own = table.filter(
        (pl.col("ROLE") == "blank")
        & (pl.col("SampleQC") == "PASS")
        & ~pl.col("IS_CONTROL")
        & pl.col("NPX").is_not_null()
    )
    n = own["KEY"].n_unique()
    usable = n >= LEAST_CONTROLS and own["Count"].null_count() == 0
    if not usable:
        if is_required:
            raise DataError(
                f"{file}: limits of detection from negative controls need {LEAST_CONTROLS} of them that passed, with counts; "
                f"found {n}. Fix: use Olink's file of fixed limits."
            )
        return None
    npx = pl.coalesce("PCNormalizedNPX", "NPX")
    return own.group_by(_KEYS).agg(
        LODNPX=npx.median() + pl.max_horizontal(pl.lit(_LEAST_SHIFT), 3 * npx.std()),
        LODCount=pl.max_horizontal(pl.lit(float(LEAST_COUNTS)), 2 * pl.col("Count").max()),
        LODMethod=pl.when(pl.col("Count").max() > LEAST_COUNTS).then(pl.lit("lod_npx")).otherwise(pl.lit("lod_count")),
    )


def fixed_limits(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    """
    Read Olink's file of fixed limits.

    Parameters
    ----------
    path : Path
        Delimited text with ``OlinkID DataAnalysisRefID LODNPX LODCount LODMethod``.
    table : polars.DataFrame
        The NPX file, whose lots must be in it.

    Returns
    -------
    polars.DataFrame
        Of the lots of the NPX file.

    Raises
    ------
    DataError
        Where a column or a lot is absent.
    """
    found = read_table(path)
    if lost := [name for name in _NEEDED if name not in found.columns]:
        raise DataError(f"{path.name}: column '{lost[0]}' is missing; it is no file of fixed limits.")
    lots = table["DataAnalysisRefID"].drop_nulls().unique().sort().to_list()
    if absent := [lot for lot in lots if lot not in found["DataAnalysisRefID"].to_list()]:
        raise DataError(
            f"{path.name}: has no limits for the lot '{absent[0]}'. Fix: download the newest file of fixed limits."
        )
    return found.filter(pl.col("DataAnalysisRefID").is_in(lots)).select(
        *_KEYS, pl.col("LODNPX", "LODCount").cast(pl.Float64, strict=False), pl.col("LODMethod").cast(pl.String)
    )


def place_limits(table: pl.DataFrame, limits: pl.DataFrame) -> pl.Series:
    """
    Give every row of an NPX file its limit, on the scale of its NPX.

    Parameters
    ----------
    table : polars.DataFrame
        NPX file.
    limits : polars.DataFrame
        By protein and lot.

    Returns
    -------
    polars.Series
        In the order of the rows; missing where NPX is, or a count has no extension or plate control to be set against. Where
        NPX are intensity normalised, so is the limit: the median NPX of the plate's samples is taken off.

    References
    ----------
    .. [1] Olink Proteomics, OlinkAnalyze: Calculating LOD from Olink Explore data (2024).
    """
    plate = (
        table.filter(pl.col("ROLE") == "control")
        .group_by("OlinkID", "PlateID")
        .agg(PLATE_MEDIAN=pl.col("ExtNPX").median())
    )
    well = ("SampleID", "WellID", "Panel", "Block", "PlateID")
    extension = (
        table.filter(pl.col("AssayType").str.to_lowercase() == "ext_ctrl")
        .group_by(well)
        .agg(EXTENSION=pl.col("Count").first())
    )
    own = table.filter(pl.col("ROLE") == "sample").group_by("OlinkID", "PlateID").agg(
        SAMPLE_MEDIAN=pl.coalesce("PCNormalizedNPX", "NPX").median()
    )  # fmt: skip
    joined = (
        table.join(limits, on=_KEYS, how="left", maintain_order="left", nulls_equal=True)
        .join(plate, on=["OlinkID", "PlateID"], how="left", maintain_order="left", nulls_equal=True)
        .join(extension, on=well, how="left", maintain_order="left", nulls_equal=True)
        .join(own, on=["OlinkID", "PlateID"], how="left", maintain_order="left", nulls_equal=True)
    )
    by_count = (pl.col("LODCount") / pl.col("EXTENSION")).log(2) - pl.col("PLATE_MEDIAN")
    limit = pl.when(pl.col("LODMethod") == "lod_npx").then("LODNPX").otherwise(by_count)
    is_intensity = pl.col("Normalization").str.to_lowercase().str.starts_with("intensity").fill_null(value=False)
    limit = pl.when(is_intensity).then(limit - pl.col("SAMPLE_MEDIAN")).otherwise(limit)
    limit = pl.when(pl.col("NPX").is_not_null() & limit.is_finite()).then(limit)
    return joined.select(limit.alias("LIMIT")).to_series()
