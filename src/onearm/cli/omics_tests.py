"""What the omics commands do between reading and printing: match samples, run the test, lay the table out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cli.columns import number_series, parse_event, survival_columns
from onearm.data.read import read_table
from onearm.errors import DataError, suggest
from onearm.frames import check_columns
from onearm.stats.cox_screen import cox_screen
from onearm.stats.omics.count_scale import cpm, judge_scale
from onearm.stats.omics.deseq import deseq
from onearm.stats.omics.linear_fits import fit_linear
from onearm.stats.omics.moderated import EBayes, moderate, two_group_moderated_t
from onearm.stats.omics.quality import enough_counts
from onearm.stats.omics.screens import rank_sum_screen, signed_rank_screen, spearman_screen

if TYPE_CHECKING:
    from onearm.data.assays.omics import FeatureMatrix

__all__ = [
    "Groups",
    "against_group",
    "against_score",
    "against_time",
    "groups_of",
    "log_values",
    "run_test",
    "sheet_of",
]

Floats = NDArray[np.float64]
Options = tuple[bool, bool, str]


class Groups(NamedTuple):
    """
    Two groups of samples.

    Attributes
    ----------
    first, second : str
        Their names; effects are second less first.
    first_rows, second_rows : numpy.ndarray of int
        Rows of the matrix, of pairs in the same order.
    is_paired : bool
        Whether they are pairs.
    patients : tuple of str
        Of pairs, in their order.
    """

    first: str
    second: str
    first_rows: NDArray[np.int64]
    second_rows: NDArray[np.int64]
    is_paired: bool
    patients: tuple[str, ...]


def sheet_of(matrix: FeatureMatrix, path: Path, *, sample: str) -> pl.DataFrame:
    """
    Read a sample sheet and match it with a matrix.

    Parameters
    ----------
    matrix : FeatureMatrix
        The matrix.
    path : Path
        The sheet.
    sample : str
        Column of the sample, in any case.

    Returns
    -------
    polars.DataFrame
        Rows whose sample is in the matrix, with ``AT``, its row there.

    Raises
    ------
    DataError
        Naming every sample of the sheet that the matrix lacks, or where there is no such column.
    """
    sheet = read_table(path)
    column = next((c for c in sheet.columns if c.casefold() == sample.casefold()), None)
    if column is None:
        check_columns(sheet, [sample], where=path.name)
    assert column is not None
    names = sheet[column].cast(pl.String).str.strip_chars()
    place = {name: i for i, name in enumerate(matrix.samples["SAMPLE"])}
    lost = [(row, name) for row, name in enumerate(names, start=1) if name is not None and name not in place]
    if lost:
        raise DataError(
            *(
                f"{path.name}, row {row}: sample '{name}' is not in the matrix.{suggest(name, place)}"
                for row, name in lost[:8]
            )
        )
    twice = names.filter(names.is_duplicated() & names.is_not_null()).unique(maintain_order=True).to_list()
    if twice:
        raise DataError(*(f"{path.name}: sample '{name}' stands on more than one row." for name in twice[:8]))
    return sheet.with_columns(AT=names.replace_strict(place, default=None, return_dtype=pl.Int64)).drop_nulls("AT")


def groups_of(matrix: FeatureMatrix, path: Path, by: str, *, sample: str, pair: str | None) -> Groups:
    """
    Find the samples of two groups.

    Parameters
    ----------
    matrix : FeatureMatrix
        The matrix.
    path : Path
        The sample sheet.
    by : str
        ``COLUMN=SECOND/FIRST``.
    sample : str
        Column of the sample.
    pair : str or None
        Column of the patient.

    Returns
    -------
    Groups
        Of pairs only the complete ones.

    Raises
    ------
    DataError
        Where a group has no sample, or patients lack one of the two.
    """
    column, _, levels = by.partition("=")
    second, _, first = levels.partition("/")
    if not (column and second and first):
        raise DataError(f"--by {by}: write COLUMN=SECOND/FIRST, such as response=R/NR.")
    sheet = sheet_of(matrix, path, sample=sample)
    check_columns(sheet, [name for name in (column, pair) if name is not None], where=path.name)
    text = sheet[column].cast(pl.String).str.strip_chars()
    known = text.drop_nulls().unique().sort().to_list()
    if lost := [level for level in (second, first) if level not in known]:
        raise DataError(
            *(f"{path.name}, column '{column}': no sample has '{level}'.{suggest(level, known)}" for level in lost)
        )
    rows = {level: sheet.filter(text == level) for level in (first, second)}
    if pair is None:
        found = {level: part["AT"].to_numpy() for level, part in rows.items()}
        return Groups(first, second, found[first], found[second], is_paired=False, patients=())
    who = {level: dict(part.select(pl.col(pair).cast(pl.String), "AT").iter_rows()) for level, part in rows.items()}
    for level, part in rows.items():
        if len(who[level]) != part.height:
            raise DataError(f"{path.name}: a patient has more than one sample of '{level}'; keep one of them.")
    patients = [p for p in who[first] if p in who[second]]
    lone = sorted({*who[first], *who[second]} - set(patients))
    if lone:
        import typer

        for patient in lone:
            has, lacks = (first, second) if patient in who[first] else (second, first)
            typer.echo(
                f"note: {path.name}: patient {patient} has a sample of {has} and none of {lacks}; left out.", err=True
            )
    if not patients:
        raise DataError(f"{path.name}: no patient has a sample of both '{first}' and '{second}'.")
    at = {level: np.array([who[level][p] for p in patients], dtype=np.int64) for level in (first, second)}
    return Groups(first, second, at[first], at[second], is_paired=True, patients=tuple(patients))


def log_values(matrix: FeatureMatrix) -> tuple[Floats, str]:
    """
    Put a matrix on a logarithmic scale.

    Parameters
    ----------
    matrix : FeatureMatrix
        Samples by features.

    Returns
    -------
    tuple of numpy.ndarray and str
        log2 counts per million, log2, or the values themselves where they are logarithms; and which.
    """
    unit, values = str(matrix.features["UNIT"][0]), matrix.usable
    if unit == "counts":
        return cpm(np.nan_to_num(values)), "log2 counts per million"
    if unit in ("NPX", "log2"):
        return values, unit
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log2(values), np.nan), f"log2 {unit}"


def run_test(matrix: FeatureMatrix, groups: Groups, test: str, options: Options) -> tuple[pl.DataFrame, str, list[str]]:
    """
    Compare every feature.

    Parameters
    ----------
    matrix : FeatureMatrix
        Samples by features.
    groups : Groups
        Which samples.
    test : str
        ``auto``, ``deseq2``, ``moderated`` or ``wilcoxon``.
    options : tuple
        Trend, robust and hyperparameters of the moderated t test.

    Returns
    -------
    tuple of polars.DataFrame, str and list of str
        Features, smallest p first; the method; what to know.
    """
    rows = np.concatenate([groups.first_rows, groups.second_rows])
    is_second = np.arange(rows.size) >= groups.first_rows.size
    notes: list[str] = []
    raw = matrix.usable[rows]
    scale = judge_scale(raw)
    is_counts = str(matrix.features["UNIT"][0]) == "counts" and scale.kind in ("counts", "expected counts")
    if test in ("auto", "deseq2") and is_counts:
        kept = enough_counts(np.nan_to_num(raw), is_second)
        notes.append(f"{int((~kept).sum())} features with too few counts were not tested.")
        block = groups.patients * 2 if groups.is_paired else None
        found = deseq(np.nan_to_num(raw[:, kept]), is_second, block=block)
        columns = {
            "mean": found.mean,
            "effect": found.effect,
            "low": found.low,
            "high": found.high,
            "statistic": found.statistic,
        }
        return _table(matrix, kept, {**columns, "p": found.p, "q": found.q}), found.method, [*notes, *found.notes]
    if test == "deseq2":
        notes.append(f"DESeq2's model needs counts, but {scale.why} The moderated t test was made instead.")
    every = np.ones(matrix.values.shape[1], dtype=np.bool_)
    values, unit = log_values(matrix)
    if unit.startswith("log2 counts"):
        every = enough_counts(np.nan_to_num(raw), is_second)
    part = values[rows][:, every]
    notes.append(f"Effects are differences of {unit}.")
    if test == "wilcoxon":
        half = groups.first_rows.size
        ranks = signed_rank_screen(part[:half], part[half:]) if groups.is_paired else rank_sum_screen(part, is_second)
        empty = np.full(ranks.p.size, np.nan)
        columns = {"mean": empty, "effect": ranks.effect, "low": empty, "high": empty, "statistic": ranks.statistic}
        return _table(matrix, every, {**columns, "p": ranks.p, "q": ranks.q}), ranks.method, notes
    trend, robust, version = options
    how = EBayes(trend, robust, version)  # type: ignore[arg-type]  # checked there, with the names that are known
    if groups.is_paired:
        half = groups.first_rows.size
        tested = moderate(fit_linear(part[half:] - part[:half], np.ones((half, 1))), 0, how=how)
    else:
        tested = two_group_moderated_t(part, is_second, how=how)
    columns = {
        "mean": tested.mean,
        "effect": tested.effect,
        "low": tested.low,
        "high": tested.high,
        "statistic": tested.t,
    }
    name = f"paired {tested.method}" if groups.is_paired else tested.method
    return _table(matrix, every, {**columns, "p": tested.p, "q": tested.q}), name, notes


def _table(matrix: FeatureMatrix, kept: NDArray[np.bool_], columns: dict[str, Any]) -> pl.DataFrame:
    names = matrix.features.filter(pl.Series(kept)).select(feature="FEATURE", symbol="SYMBOL")
    numbers = {name: pl.Series(np.asarray(column, dtype=np.float64)).fill_nan(None) for name, column in columns.items()}
    return names.with_columns(**numbers).sort("p", "feature", nulls_last=True)


def against_time(matrix: FeatureMatrix, path: Path, time: str, event: str, *, sample: str) -> tuple[pl.DataFrame, str]:
    """
    Fit one Cox model for each feature.

    Parameters
    ----------
    matrix : FeatureMatrix
        Samples by features.
    path : Path
        The sample sheet.
    time, event : str
        Columns, as in ``onearm km``.
    sample : str
        Column of the sample.

    Returns
    -------
    tuple of polars.DataFrame and str
        Features, smallest p first; what was done.
    """
    sheet = sheet_of(matrix, path, sample=sample)
    taken = survival_columns(sheet, time=time, event=parse_event(event), by="AT", where=path.name).table
    rows = taken["group"].cast(pl.Int64).to_numpy()
    values, unit = log_values(matrix)
    found = cox_screen(taken["time"].to_numpy(), taken["event"].to_numpy(), values[rows], names=matrix.names)
    columns: dict[str, Any] = {
        "n": found.n,
        "events": found.n_events,
        "hazard_ratio": found.hazard_ratio,
        "low": found.low,
        "high": found.high,
    }
    every = np.ones(len(matrix.names), dtype=np.bool_)
    table = _table(matrix, every, {**columns, "p": found.p, "q": found.q})
    events = int(taken["event"].sum())
    return (
        table,
        f"Cox models, one per feature, per unit of {unit}: {taken.height} samples, {events} events; likelihood ratio",
    )


def against_score(matrix: FeatureMatrix, path: Path, score: str, *, sample: str) -> tuple[pl.DataFrame, str]:
    """
    Correlate every feature with a number.

    Parameters
    ----------
    matrix : FeatureMatrix
        Samples by features.
    path : Path
        The sample sheet.
    score : str
        Column of the number.
    sample : str
        Column of the sample.

    Returns
    -------
    tuple of polars.DataFrame and str
        Features, smallest p first; what was done.
    """
    sheet = sheet_of(matrix, path, sample=sample)
    check_columns(sheet, [score], where=path.name)
    other = number_series(sheet[score], where=path.name).fill_null(float("nan")).to_numpy()
    values, _ = log_values(matrix)
    found = spearman_screen(values[sheet["AT"].to_numpy()], other, names=matrix.names)
    every = np.ones(len(matrix.names), dtype=np.bool_)
    return _table(
        matrix, every, {"n": found.n, "rho": found.rho, "p": found.p, "q": found.q}
    ), f"Spearman's correlation with {score}"


def against_group(matrix: FeatureMatrix, path: Path, by: str, *, sample: str) -> tuple[pl.DataFrame, str]:
    """
    Compare every feature between two groups by rank-sum tests.

    Parameters
    ----------
    matrix : FeatureMatrix
        Samples by features.
    path : Path
        The sample sheet.
    by : str
        ``COLUMN=SECOND/FIRST``.
    sample : str
        Column of the sample.

    Returns
    -------
    tuple of polars.DataFrame and str
        Features, smallest p first; what was done.
    """
    groups = groups_of(matrix, path, by, sample=sample, pair=None)
    rows = np.concatenate([groups.first_rows, groups.second_rows])
    values, _ = log_values(matrix)
    is_second = np.arange(rows.size) >= groups.first_rows.size
    found = rank_sum_screen(values[rows], is_second, names=matrix.names)
    every = np.ones(len(matrix.names), dtype=np.bool_)
    table = _table(matrix, every, {"n": found.n, "effect": found.effect, "auc": found.auc, "p": found.p, "q": found.q})
    return (
        table,
        f"{found.method}: {groups.second_rows.size} {groups.second} against {groups.first_rows.size} {groups.first}",
    )
