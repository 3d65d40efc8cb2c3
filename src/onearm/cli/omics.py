"""Omics by hand: ``onearm features``, ``difference`` and ``associate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from onearm.errors import DataError, MethodError, suggest

if TYPE_CHECKING:
    import polars as pl

    from onearm.data.assays.omics import FeatureMatrix

__all__ = ["open_matrix", "register", "show_table", "write_out"]

FEATURES_HELP: Final = """
Read an omics file or folder, say what it is and what is wrong with it.

`onearm features counts/` reads RSEM or HTSeq files, featureCounts, a plain matrix, Olink NPX, SomaScan ADAT, and LC-MS
tables of XCMS, MZmine and OpenMS; --out writes the matrix.
"""
DIFFERENCE_HELP: Final = """
Compare every feature between two groups of samples, or within patients.

`onearm difference counts.csv samples.csv --by response=R/NR` compares R against NR; with --pair patient each patient is
compared with themselves. Counts are compared by DESeq2's model, anything else by the moderated t test.
"""
ASSOCIATE_HELP: Final = """
Set every feature against a time, a score or a group of two.

`onearm associate npx.parquet samples.csv --time pfs --event pfs_event=1` fits one Cox model for each feature;
--score CRP gives Spearman's correlations; --by response=R/NR rank-sum tests.
"""
TESTS: Final = ("auto", "deseq2", "moderated", "wilcoxon")


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("features", help=FEATURES_HELP, no_args_is_help=True)(features_command)
    app.command("difference", help=DIFFERENCE_HELP, no_args_is_help=True)(difference_command)
    app.command("associate", help=ASSOCIATE_HELP, no_args_is_help=True)(associate_command)


Matrix = Annotated[
    Path, typer.Argument(metavar="MATRIX", help="File or folder of any format that `onearm features` reads.")
]
Sheet = Annotated[Path, typer.Argument(metavar="SAMPLES", help="Table with one row per sample.")]
Format = Annotated[str, typer.Option("--format", help="auto, matrix, rsem, htseq, featurecounts, olink, adat or lcms.")]
Unit = Annotated[str | None, typer.Option("--unit", help="Unit of a plain matrix: counts, log2, intensity …")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write every row to this table (.csv, .parquet, .xlsx …).")
]
Top = Annotated[int, typer.Option("--top", "-n", help="Rows to print.")]


def open_matrix(path: Path, *, kind: str = "auto", unit: str | None = None) -> FeatureMatrix:
    """
    Read a matrix and print its findings.

    Parameters
    ----------
    path : Path
        File or folder.
    kind : str
        Format.
    unit : str, optional
        Of a plain matrix.

    Returns
    -------
    FeatureMatrix
        Every run and feature.
    """
    from onearm.data import Findings
    from onearm.data.assays.omics import OmicsOptions, read_omics

    findings = Findings()
    matrix = read_omics(path, findings, options=OmicsOptions(format=kind, unit=unit))
    table = findings.frame()
    for line in table.head(12).iter_rows(named=True):
        place = "" if line["row"] is None else f", row {line['row']}"
        typer.echo(f"{line['severity']}: {line['file'] or path.name}{place}: {line['message']}", err=True)
    if table.height > 12:
        typer.echo(f"and {table.height - 12} further findings.", err=True)
    return matrix


def show_table(table: pl.DataFrame, top: int) -> str:
    """
    Print the first rows of a table as text.

    Parameters
    ----------
    table : polars.DataFrame
        Names and numbers.
    top : int
        Rows.

    Returns
    -------
    str
        Columns aligned, numbers with four significant digits.
    """
    rows = [[_cell(value) for value in row] for row in table.head(top).iter_rows()]
    widths = [max([len(name), *(len(row[i]) for row in rows)]) for i, name in enumerate(table.columns)]
    left = [dtype.is_numeric() for dtype in table.dtypes]

    def line(cells: list[str]) -> str:
        return "  ".join(
            c.rjust(w) if right else c.ljust(w) for c, w, right in zip(cells, widths, left, strict=True)
        ).rstrip()

    return "\n".join([line(table.columns), *map(line, rows)])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return "-" if value != value else f"{value:.4g}"  # noqa: PLR0124 - NaN differs from itself
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def write_out(table: pl.DataFrame, out: Path | None) -> None:
    """
    Write a table where one was asked for.

    Parameters
    ----------
    table : polars.DataFrame
        Every row.
    out : Path or None
        File.
    """
    if out is not None:
        from onearm.data import write_table

        write_table(table, out)
        typer.echo(f"{table.height} rows written to {out.name}.")


def features_command(
    matrix: Matrix,
    *,
    kind: Format = "auto",
    unit: Unit = None,
    out: Out = None,
) -> None:
    """
    Describe an omics file.

    Parameters
    ----------
    matrix : Path
        File or folder.
    kind, unit : str
        Format and unit.
    out : Path, optional
        Where to write features by samples.
    """
    import polars as pl

    found = open_matrix(matrix, kind=kind, unit=unit)
    print(repr(found))
    roles = found.samples["ROLE"].value_counts(sort=True)
    print("Samples: " + ", ".join(f"{n} {role}" for role, n in roles.iter_rows()))
    roles = found.features["ROLE"].value_counts(sort=True)
    print("Features: " + ", ".join(f"{n} {role}" for role, n in roles.iter_rows()))
    own = found.of_role()
    if own.limit is not None and own.values.size:
        from onearm.stats.omics.quality import detection_rate

        rate = detection_rate(own.usable, own.limit)
        print(
            f"Above the limit of detection in half of the samples: {int((rate >= 0.5).sum())} of {own.values.shape[1]}"
        )
    wide = pl.DataFrame(own.usable.T, schema=own.samples["SAMPLE"].to_list(), orient="row")
    write_out(pl.concat([own.features.select("FEATURE", "SYMBOL"), wide.fill_nan(None)], how="horizontal"), out)


def difference_command(
    matrix: Matrix,
    samples: Sheet,
    *,
    by: Annotated[str, typer.Option("--by", help="COLUMN=SECOND/FIRST, such as response=R/NR or time=C2D1/baseline.")],
    sample: Annotated[str, typer.Option("--sample", help="Column of the sample.")] = "sample",
    pair: Annotated[
        str | None, typer.Option("--pair", help="Column of the patient, for a comparison within patients.")
    ] = None,
    test: Annotated[str, typer.Option("--test", help="auto, deseq2, moderated or wilcoxon.")] = "auto",
    trend: Annotated[bool, typer.Option("--trend", help="Moderated t: the prior variance follows the mean.")] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="Moderated t: outlying variances keep more of their own.")
    ] = False,
    hyperparameters: Annotated[
        str, typer.Option("--hyperparameters", help="Moderated t: current (limma 3.61 on) or legacy.")
    ] = "current",
    kind: Format = "auto",
    unit: Unit = None,
    out: Out = None,
    picture: Annotated[Path | None, typer.Option("--volcano", help="Draw a volcano to this .png or .svg.")] = None,
    top: Top = 10,
) -> None:
    """
    Compare every feature between two groups.

    Parameters
    ----------
    matrix, samples : Path
        The matrix and its sample sheet.
    by, sample, pair : str
        Columns and the two groups.
    test : str
        Which test.
    trend, robust : bool
        Of the moderated t test.
    hyperparameters : str
        Of the moderated t test.
    kind, unit : str
        Format and unit of the matrix.
    out, picture : Path, optional
        Where to write every feature, and the volcano.
    top : int
        Rows to print.
    """
    from onearm.cli.omics_tests import Groups, groups_of, run_test

    if test not in TESTS:
        raise MethodError(f"--test {test}: unknown.{suggest(test, TESTS)}")
    found = open_matrix(matrix, kind=kind, unit=unit).of_role()
    groups: Groups = groups_of(found, samples, by, sample=sample, pair=pair)
    table, method, notes = run_test(found, groups, test, (trend, robust, hyperparameters))
    size = f"{groups.second_rows.size} {groups.second} against {groups.first_rows.size} {groups.first}"
    called = table.filter(table["q"] <= 0.05).height
    print(f"{method}: {size}; {table.height} features, {called} with q <= 0.05")
    print(show_table(table.drop("mean"), top))
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    write_out(table, out)
    if picture is not None:
        _draw(table, groups.first, groups.second, picture)


def _draw(table: pl.DataFrame, first: str, second: str, picture: Path) -> None:
    import polars as pl

    from onearm.data import write_bytes
    from onearm.outputs.figures import to_png, to_svg
    from onearm.outputs.figures.volcano import Volcano, draw_volcano

    if picture.suffix not in (".png", ".svg"):
        raise DataError(f"{picture.name}: a picture is .png or .svg.")
    way = pl.when(pl.col("q") <= 0.05).then(pl.col("effect").sign()).otherwise(0.0).fill_null(0.0).cast(pl.Int64)
    label = pl.coalesce("symbol", "feature")
    known = table.filter(pl.col("p").is_not_null() & pl.col("effect").is_not_null())
    shown = known.select(LABEL=label, EFFECT="effect", P="p", Q="q", WAY=way).sort("P")
    figure = draw_volcano(Volcano(shown, first, second, "Log₂ fold change", 0.05))
    write_bytes(to_png(figure) if picture.suffix == ".png" else to_svg(figure), picture)
    print(f"Volcano drawn to {picture.name}.")


def associate_command(
    matrix: Matrix,
    samples: Sheet,
    *,
    time: Annotated[str | None, typer.Option("--time", "-t", help="Column of a time.")] = None,
    event: Annotated[str | None, typer.Option("--event", "-e", help="What means event: COLUMN=VALUE.")] = None,
    score: Annotated[
        str | None, typer.Option("--score", help="Column of a number, for Spearman's correlation.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="COLUMN=SECOND/FIRST, for rank-sum tests.")] = None,
    sample: Annotated[str, typer.Option("--sample", help="Column of the sample.")] = "sample",
    kind: Format = "auto",
    unit: Unit = None,
    out: Out = None,
    top: Top = 10,
) -> None:
    """
    Set every feature against an outcome.

    Parameters
    ----------
    matrix, samples : Path
        The matrix and its sample sheet.
    time, event, score, by : str, optional
        The outcome.
    sample : str
        Column of the sample.
    kind, unit : str
        Format and unit of the matrix.
    out : Path, optional
        Where to write every feature.
    top : int
        Rows to print.
    """
    from onearm.cli.omics_tests import against_group, against_score, against_time

    chosen = [name for name, value in (("--time", time), ("--score", score), ("--by", by)) if value is not None]
    if len(chosen) != 1 or (time is None) != (event is None):
        raise MethodError("associate: give one outcome: --time with --event, --score, or --by.")
    found = open_matrix(matrix, kind=kind, unit=unit).of_role()
    if time is not None and event is not None:
        table, said = against_time(found, samples, time, event, sample=sample)
    elif score is not None:
        table, said = against_score(found, samples, score, sample=sample)
    else:
        assert by is not None
        table, said = against_group(found, samples, by, sample=sample)
    print(said)
    print(show_table(table, top))
    write_out(table, out)
