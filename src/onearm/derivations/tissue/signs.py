"""Signs of markers and phenotypes of cells: thresholds first, then the program's calls, then its classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from onearm.data import Findings
from onearm.errors import MethodError
from onearm.rules.phenotypes import And, Class, Expression, Meaning, Named, Not, Or, label_signs, parse

__all__ = ["flag_phenotypes", "phenotype_column"]


def phenotype_column(text: str) -> str:
    """
    Name the column that says whether a cell is of a phenotype.

    Parameters
    ----------
    text : str
        Name or expression.

    Returns
    -------
    str
        ``IS:`` and the text.
    """
    return f"IS:{text}"


def flag_phenotypes(
    cells: pl.DataFrame,
    wanted: Iterable[str],
    named: Mapping[str, str],
    thresholds: pl.DataFrame | None,
    findings: Findings,
) -> pl.DataFrame:
    """
    Say of each cell of which phenotypes it is.

    Parameters
    ----------
    cells : polars.DataFrame
        A cell table.
    wanted : iterable of str
        Names or expressions; a name that is not defined is read as an expression.
    named : mapping of str to str
        Phenotypes of the plan.
    thresholds : polars.DataFrame or None
        ``MARKER COMPARTMENT THRESHOLD``, and ``FIELD`` where they differ.
    findings : Findings
        Collects phenotypes that cannot be known.

    Returns
    -------
    polars.DataFrame
        The cells with one Boolean column each, missing where it is not known; no column for a phenotype that cannot be known.
    """
    table, limits = _with_limits(cells, thresholds)
    classes = frozenset(table["PHENOTYPE"].drop_nulls().unique().to_list())
    known: dict[str, Expression] = {}
    for name, text in named.items():
        try:
            known[name] = parse(text)
        except MethodError as error:
            findings.add("TISSUE-PHENOTYPE-UNKNOWN", column=name, what=str(error))
    meaning = Meaning(_signs(table, limits, classes), _intensities(table, limits), known, classes)
    flags = []
    for text in dict.fromkeys(wanted):
        try:
            expression = known[text] if text in known else _as_class(parse(text), text, classes)
            flags.append(meaning.of(expression).cast(pl.Boolean).alias(phenotype_column(text)))
        except MethodError as error:
            findings.add("TISSUE-PHENOTYPE-UNKNOWN", column=text, what=f"'{text}': {error}")
    return table.with_columns(flags).drop([column for column in table.columns if column.startswith("LIMIT:")])


def _as_class(expression: Expression, text: str, classes: frozenset[str]) -> Expression:
    """Take a text that is a class of the program for that class, such as ``CD8+ PD1-`` where cells are called so."""
    return Class(text) if text in classes and isinstance(expression, (And, Or, Not, Named)) else expression


def _with_limits(cells: pl.DataFrame, thresholds: pl.DataFrame | None) -> tuple[pl.DataFrame, dict[str, str]]:
    """Put the threshold of each marker beside each cell; give the intensity that it is compared with."""
    if thresholds is None or thresholds.is_empty():
        return cells, {}
    table, compared = cells, {}
    for (marker,), rows in thresholds.group_by("MARKER", maintain_order=True):
        column = _intensity_column(cells.columns, str(marker), rows["COMPARTMENT"].drop_nulls().to_list())
        if column is None:
            continue
        compared[str(marker)] = column
        by_field = "FIELD" in rows.columns and rows["FIELD"].null_count() == 0
        if by_field:
            limit = rows.select("FIELD", pl.col("THRESHOLD").alias(f"LIMIT:{marker}")).unique("FIELD")
            table = table.join(limit, on="FIELD", how="left", maintain_order="left")
        else:
            table = table.with_columns(pl.lit(float(rows["THRESHOLD"][0])).alias(f"LIMIT:{marker}"))
    return table, compared


def _intensity_column(columns: list[str], marker: str, compartments: list[str]) -> str | None:
    """Find the intensity of a marker: in the compartment asked for, else in the whole cell, else in the only one."""
    mine = [name for name in columns if name.startswith(f"{marker}|") and not name.endswith("|call")]
    for compartment in [*compartments, "cell"]:
        for name in mine:
            if name.split("|")[1] == compartment:
                return name
    return mine[0] if len(mine) == 1 and not compartments else None


def _signs(cells: pl.DataFrame, limits: dict[str, str], classes: frozenset[str]) -> dict[str, pl.Expr]:
    """Say how the sign of each marker is known."""
    signs: dict[str, pl.Expr] = {}
    labels = {label: label_signs(label) for label in classes}
    for marker in {marker for found in labels.values() for marker in found}:
        positive = [label for label, found in labels.items() if found.get(marker)]
        # a cell that was given another class is not of this one; a cell without class is not known
        signs[marker] = pl.col("PHENOTYPE").is_in(positive)
    # QuPath joins the classes of several classifiers by a colon
    parts = {part.strip() for label in classes if ":" in label for part in label.split(":")}
    for part in parts - set(signs):
        holding = [label for label in classes if part in {p.strip() for p in label.split(":")}]
        signs[part.removesuffix("+")] = pl.col("PHENOTYPE").is_in(holding)
    signs |= {name.removesuffix("|call"): pl.col(name) for name in cells.columns if name.endswith("|call")}
    signs |= {marker: pl.col(column) > pl.col(f"LIMIT:{marker}") for marker, column in limits.items()}
    return signs


def _intensities(cells: pl.DataFrame, limits: dict[str, str]) -> dict[str, pl.Expr]:
    """Say which intensity a marker that is compared with a number has."""
    markers = {name.split("|")[0] for name in cells.columns if "|" in name and not name.endswith("|call")}
    found = {marker: limits.get(marker) or _intensity_column(cells.columns, marker, []) for marker in markers}
    return {marker: pl.col(column) for marker, column in found.items() if column is not None}
