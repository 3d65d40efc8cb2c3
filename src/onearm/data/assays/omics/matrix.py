"""The one matrix of all omics: samples by features, with the unit of each feature and a mask of what may be analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.errors import DataError, suggest

__all__ = ["FEATURES", "MATRIX_SAMPLES", "FeatureMatrix", "find_feature", "number_matrix"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MATRIX_SAMPLES: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "ROLE": pl.String,
    "PLATE": pl.String,
    "ORDER": pl.Float64,
    "QC": pl.String,
}
"""
First columns of the samples of a matrix. ROLE is ``sample``, ``qc`` (pooled or control plasma, measured again and again),
``blank`` (nothing but the method) or ``control`` (calibrators, plate controls); QC is the instrument's verdict: ``PASS``,
``WARN`` or ``FAIL``.
"""
FEATURES: Final[dict[str, Any]] = {
    "FEATURE": pl.String,
    "SYMBOL": pl.String,
    "NAME": pl.String,
    "UNIT": pl.String,
    "ROLE": pl.String,
    "QC": pl.String,
    "SRCROW": pl.Int64,
}
"""
First columns of the features of a matrix. FEATURE is unique; SYMBOL is the gene, where there is one; ROLE is ``analyte`` or
``control``; SRCROW is the row of the file.
"""
_NAMED: Final = 5
_MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "nd", "-"})


@dataclass(frozen=True, eq=False)  # arrays cannot be compared by ==
class FeatureMatrix:
    """
    What was measured in samples.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_samples, n_features)
        NaN where nothing was measured.
    is_valid : numpy.ndarray of bool, shape (n_samples, n_features)
        The mask: values that may be analysed. False where nothing was measured and where the quality control of the instrument
        failed.
    samples : polars.DataFrame
        One row per sample, first the columns of `MATRIX_SAMPLES`, then those of the instrument.
    features : polars.DataFrame
        One row per feature, first the columns of `FEATURES`, then those of the instrument.
    source : str
        Format of the file, such as ``Olink Explore HT``.
    limit : numpy.ndarray, shape (n_samples, n_features), optional
        Limit of detection in the unit of the feature; NaN where it is not known.
    """

    values: Floats
    is_valid: Flags
    samples: pl.DataFrame
    features: pl.DataFrame
    source: str
    limit: Floats | None = None

    def __post_init__(self) -> None:
        """Keep the parts of one size."""
        shape = (self.samples.height, self.features.height)
        parts = [self.values, self.is_valid] + ([] if self.limit is None else [self.limit])
        assert all(part.shape == shape for part in parts), "the parts of a matrix do not fit"

    def __repr__(self) -> str:
        """Name size, unit and format."""
        units = ", ".join(self.features["UNIT"].unique().drop_nulls().sort().to_list())
        usable = f"{self.is_valid.mean():.1%} usable" if self.values.size else "empty"
        return f"FeatureMatrix({self.samples.height} samples x {self.features.height} features, {units}, {usable}; {self.source})"

    @property
    def names(self) -> list[str]:
        """Features in order."""
        return self.features["FEATURE"].to_list()

    @property
    def usable(self) -> Floats:
        """Values with NaN where the mask forbids them."""
        return np.where(self.is_valid, self.values, np.nan)

    def take(self, *, samples: Flags | None = None, features: Flags | None = None) -> FeatureMatrix:
        """
        Keep some samples and features.

        Parameters
        ----------
        samples, features : numpy.ndarray of bool, optional
            What to keep; all where left out.

        Returns
        -------
        FeatureMatrix
            In the same order.
        """
        rows = np.ones(self.samples.height, dtype=np.bool_) if samples is None else samples
        columns = np.ones(self.features.height, dtype=np.bool_) if features is None else features
        where = np.ix_(rows, columns)
        return replace(
            self,
            values=self.values[where],
            is_valid=self.is_valid[where],
            samples=self.samples.filter(pl.Series(rows)),
            features=self.features.filter(pl.Series(columns)),
            limit=None if self.limit is None else self.limit[where],
        )

    def of_role(self, role: str = "sample") -> FeatureMatrix:
        """
        Keep the samples of one role, and the analytes.

        Parameters
        ----------
        role : str, default "sample"
            As in `MATRIX_SAMPLES`.

        Returns
        -------
        FeatureMatrix
            In the same order.
        """
        return self.take(
            samples=(self.samples["ROLE"] == role).to_numpy(), features=(self.features["ROLE"] == "analyte").to_numpy()
        )


def number_matrix(table: pl.DataFrame, columns: Sequence[str], *, where: str) -> Floats:
    """
    Turn columns of text into numbers.

    Parameters
    ----------
    table : polars.DataFrame
        Features in rows, samples in columns.
    columns : sequence of str
        Columns to turn.
    where : str
        File, for the message.

    Returns
    -------
    numpy.ndarray, shape (n_rows, n_columns)
        NaN where the cell is empty or says that it is missing.

    Raises
    ------
    DataError
        Naming row and column of the first cells that hold no number.
    """
    parts, problems = [], []
    for column in columns:
        series = table[column]
        if series.dtype != pl.String:
            parts.append(series.cast(pl.Float64).fill_null(float("nan")).to_numpy())
            continue
        number = series.cast(pl.Float64, strict=False)
        if number.null_count() > series.null_count():
            text = series.str.strip_chars()
            blank = text.is_null() | text.str.to_lowercase().is_in(list(_MISSING))
            comma = text.str.replace(",", ".", literal=True)
            number = pl.select(pl.when(blank).then(None).otherwise(comma)).to_series().cast(pl.Float64, strict=False)
            wrong = (number.is_null() & ~blank).arg_true()
            problems += [
                f"{where}, row {row + 1}, column '{column}': holds no number. Fix: correct it, or leave the cell empty."
                for row in wrong[:_NAMED].to_list()
            ]
        values = number.fill_null(float("nan")).to_numpy()
        parts.append(np.where(np.isinf(values), np.nan, values))
    if problems:
        more = (
            [f"{where}: and {len(problems) - _NAMED} further cells without numbers."] if len(problems) > _NAMED else []
        )
        raise DataError(*problems[:_NAMED], *more)
    return np.column_stack(parts).astype(np.float64) if parts else np.empty((table.height, 0))


def find_feature(features: pl.DataFrame, wanted: str) -> int:
    """
    Find a feature by its key, its gene symbol or an identifier of the instrument.

    Parameters
    ----------
    features : polars.DataFrame
        With at least the columns of `FEATURES`.
    wanted : str
        Whatever a person calls it; upper and lower case are the same.

    Returns
    -------
    int
        Its row.

    Raises
    ------
    DataError
        If there is none, or several have this name.
    """
    low = wanted.casefold()
    for column in [
        name for name, dtype in features.schema.items() if dtype == pl.String and name not in ("UNIT", "ROLE", "QC")
    ]:
        found = [i for i, name in enumerate(features[column].to_list()) if name is not None and name.casefold() == low]
        if len(found) == 1:
            return found[0]
        if found:
            keys = ", ".join(features["FEATURE"][i] for i in found[:_NAMED])
            raise DataError(
                f"'{wanted}' is the {column.lower()} of {len(found)} features: {keys}. Fix: name one of them."
            )
    raise DataError(f"no feature is called '{wanted}'.{suggest(wanted, features['FEATURE'].to_list())}")
