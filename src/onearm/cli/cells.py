"""Cell tables by hand: ``onearm cells``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from onearm.data.assays.cells import CellTable
    from onearm.derivations.tissue import Measures

__all__ = ["register"]

HELP: Final = """
Measure cell tables of inForm, QuPath, HALO or CellProfiler: densities, shares, distances, scores.

`onearm cells *_cell_seg_data.txt --areas summary.txt -p CD8+ -p helper="CD3+ AND CD4+" --to CK+` prints percent, density and
distance of each phenotype; --measure "median distance from CD8+ to CK+ in tumour" asks for one thing; without either it
says what the tables hold. Sentences: docs/tissue.md.
"""
_MOST_CLASSES: Final = 20


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("cells", help=HELP, no_args_is_help=True)(cells_command)


def cells_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cell tables of one program.")],
    *,
    phenotype: Annotated[
        list[str] | None, typer.Option("--phenotype", "-p", help="CD8+, or NAME=EXPRESSION with AND, OR, NOT.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Cells to which distances are measured, such as CK+.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", "-m", help='A sentence, such as "density of CD8+ in tumour".')
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", "-t", help="MARKER=NUMBER or MARKER=NUMBER@nucleus; above is positive."),
    ] = None,
    areas: Annotated[list[Path] | None, typer.Option("--areas", "-a", help="Summaries with areas.")] = None,
    scores: Annotated[
        list[Path] | None, typer.Option("--scores", help="Score files of inForm, for thresholds.")
    ] = None,
    um_per_pixel: Annotated[float | None, typer.Option("--um-per-pixel", help="Microns per pixel.")] = None,
    software: Annotated[
        str | None, typer.Option("--software", help="inform, qupath, halo, cellprofiler or plain; else recognised.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="KEY=COLUMN: sample slide field cell x y tissue phenotype.")
    ] = None,
    field_um: Annotated[
        tuple[float, float] | None,
        typer.Option("--field-um", help="Width and height of a field, for edge corrections."),
    ] = None,
    by_field: Annotated[bool, typer.Option("--by-field", help="Print every field.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every field and finding as JSON.")] = False,
) -> None:
    """
    Read cell tables, measure them and print what was found.

    Parameters
    ----------
    files : list of Path
        Cell tables.
    phenotype, to, measure, threshold : list of str, str, list of str, list of str
        What to measure.
    areas, scores : list of Path, optional
        Areas and thresholds.
    um_per_pixel : float, optional
        Scale.
    software : str, optional
        Which program wrote the tables.
    column : list of str, optional
        Columns named by hand.
    field_um : tuple of two float, optional
        Window of every field, from 0; the box around its cells without it.
    by_field, as_json : bool
        What is printed.
    """
    import polars as pl

    from onearm.data.assays.cells import CellOptions, read_areas, read_many_cells, read_scores
    from onearm.data.findings import concat_findings
    from onearm.derivations.tissue import TissuePlan, measure_cells, parse_measure

    columns = dict(_pair(text, "--column") for text in column or [])
    options = CellOptions(software=_known_software(software), um_per_pixel=um_per_pixel, columns=columns)
    table = read_many_cells(files, options)
    stated = [read_areas(path, options) for path in areas or []]
    known = pl.concat([table.areas, *(part for part, _ in stated)])
    named, asked = _phenotypes(phenotype or [])
    limits = [_threshold(text) for text in threshold or []] + [read_scores(path) for path in scores or []]
    sentences = list(measure or []) or _sentences(asked, to, has_areas=known.height > 0)
    plan = TissuePlan(
        phenotypes=named, thresholds=pl.concat(limits, how="diagonal") if limits else None, field_um=field_um
    )
    made = measure_cells(table.cells, known, [parse_measure(text) for text in sentences], plan)
    findings = concat_findings([table.findings, *(found for _, found in stated), made.findings])
    print(_as_json(made, findings) if as_json else _as_text(table, made, findings, by_field=by_field))


def _known_software(name: str | None) -> Any:
    from onearm.errors import DataError, suggest

    known = ("inform", "qupath", "halo", "cellprofiler", "plain")
    if name is not None and name not in known:
        raise DataError(f"--software {name}: unknown.{suggest(name, known)}")
    return name


def _pair(text: str, option: str) -> tuple[str, str]:
    from onearm.errors import DataError

    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value.strip()):
        raise DataError(f"{option} {text}: write it as KEY=VALUE.")
    return key.strip(), value.strip()


def _phenotypes(texts: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Read ``NAME=EXPRESSION`` and bare expressions; a comparison such as CD8 >= 2 is no name."""
    import re

    named: dict[str, str] = {}
    asked = []
    for text in texts:
        match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*=(?!=)\s*(.+)", text)
        if match:
            named[match[1]] = match[2]
        asked.append(match[1] if match else text)
    return named, asked


def _threshold(text: str) -> pl.DataFrame:
    import polars as pl

    from onearm.errors import DataError

    marker, value = _pair(text, "--threshold")
    number, _, part = value.partition("@")
    try:
        limit = float(number)
    except ValueError as error:
        raise DataError(f"--threshold {text}: '{number}' is not a number.") from error
    schema = {"MARKER": pl.String, "COMPARTMENT": pl.String, "THRESHOLD": pl.Float64}
    return pl.DataFrame([(marker, part or None, limit)], schema=schema, orient="row")


def _sentences(asked: Sequence[str], to: str | None, *, has_areas: bool) -> list[str]:
    """Ask for the usual measures of each phenotype."""
    out = []
    for text in asked:
        out += [f"percent of {text}", *([f"density of {text}"] if has_areas else [])]
        if to is not None and text != to:
            out += [f"mean distance from {text} to {to}", f"median distance from {text} to {to}"]
    return out


def _as_text(table: CellTable, made: Measures, findings: pl.DataFrame, *, by_field: bool) -> str:
    lines = [_contents(table)]
    rows = (made.fields if by_field else made.samples).rows(named=True)
    width = max((len(row["MEASURE"]) for row in rows), default=0)
    last = None
    for row in rows:
        where = f"{row['SAMPLE']}, {row['FIELD']}" if by_field else row["SAMPLE"]
        if where != last:
            lines += ["", str(where)]
            last = where
        value = "missing" if row["VALUE"] is None else f"{row['VALUE']:.5g} {row['UNIT']}".rstrip()
        why = f"  {row['N_CELLS']} cells" if by_field else f"  {row['WHY']}"
        lines.append(f"  {row['MEASURE']:<{width}}  {value:<18}{why}".rstrip())
    said = [f"{row['severity'].capitalize()}: {row['message']} {row['fix']}" for row in findings.iter_rows(named=True)]
    return "\n".join([*lines, *([""] if said else []), *said])


def _contents(table: CellTable) -> str:
    """Say what the tables hold."""
    import polars as pl

    from onearm.derivations.tissue.values import in_fields

    cells = table.cells
    scale = "positions in microns" if table.um_per_pixel is None else f"{table.um_per_pixel:.4g} µm per pixel"
    markers = sorted({name.split("|")[0] for name in cells.columns if "|" in name})
    classes = cells["PHENOTYPE"].drop_nulls().value_counts(sort=True).head(_MOST_CLASSES)
    tissues = cells["TISSUE"].drop_nulls().value_counts(sort=True).head(_MOST_CLASSES)
    n_fields = cells.select(pl.struct("SLIDE", "FIELD").n_unique()).item()
    lines = [f"{cells.height:,} cells in {in_fields(n_fields)} ({table.software}, {scale})"]
    for title, counts in (("Classes", classes), ("Tissues", tissues)):
        if counts.height:
            lines.append(f"{title}: " + ", ".join(f"{name} {n:,}" for name, n in counts.iter_rows()))
    return "\n".join([*lines, *([f"Markers: {', '.join(markers)}"] if markers else [])])


def _as_json(made: Measures, findings: pl.DataFrame) -> str:
    import json

    parts = {"samples": made.samples, "fields": made.fields, "findings": findings}
    return json.dumps({name: frame.to_dicts() for name, frame in parts.items()}, indent=2, ensure_ascii=False)
