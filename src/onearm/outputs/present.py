"""From results and datasets to tables, figures and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onearm.data import write_bytes, write_text
from onearm.outputs.album import Picture, compose_pictures, count_pictures
from onearm.outputs.format import printer_of
from onearm.outputs.lookup import Lookup, groups_of
from onearm.outputs.report import Contents, render_report
from onearm.outputs.tables import (
    count_findings,
    file_names,
    mark_synthetic_notes,
    mark_synthetic_rows,
    tabulate_baseline,
    tabulate_design,
    tabulate_disposition,
    tabulate_exposure,
    tabulate_findings,
    tabulate_patients,
    tabulate_phase_disposition,
    tabulate_phase_exposure,
    tabulate_response,
    tabulate_rest,
    tabulate_survival,
    write_csv,
    write_workbook,
)
from onearm.outputs.tables.adverse_events import tabulate_adverse_events
from onearm.outputs.tables.biomarkers import tabulate_biomarkers
from onearm.outputs.tables.deviations import tabulate_deviations
from onearm.outputs.tables.genomes import tabulate_genes, tabulate_signatures
from onearm.outputs.tables.laboratory import tabulate_laboratory
from onearm.outputs.tables.liver import tabulate_liver
from onearm.outputs.tables.omics import tabulate_features
from onearm.outputs.tables.sensitivity import tabulate_sensitivity
from onearm.outputs.tables.subgroups import tabulate_models, tabulate_subgroups
from onearm.outputs.tables.therapy import tabulate_therapy
from onearm.outputs.tables.tissue import tabulate_tissue

if TYPE_CHECKING:
    import polars as pl

    from onearm.outputs.tables import Table
    from onearm.protocol import Protocol

__all__ = ["present"]


def present(
    results: pl.DataFrame,
    datasets: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame,
    protocol: Protocol,
    manifest: Mapping[str, Any],
    folder: Path,
    *,
    progress: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """
    Write the tables, the figures and the report of a trial.

    Parameters
    ----------
    results : polars.DataFrame
        The results table; every computed number comes from it.
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs adtte adex``; the figures of single patients read them.
    findings : polars.DataFrame
        One row per finding in the data, with a column ``severity``; may be empty.
    protocol : Protocol
        The trial and its conventions.
    manifest : mapping
        Provenance of the run, printed at the end of the report.
    folder : Path
        An existing folder; ``report.html``, ``tables/`` and ``figures/`` are written into it.
    progress : callable, optional
        Called with a few words before each step, such as ``figure 2 of 7``.

    Returns
    -------
    tuple of Path
        Every file written, the report first. The same input gives the same bytes.
    """
    tell = progress or (lambda _: None)
    printer = printer_of(protocol)
    groups = groups_of(results, protocol)
    lookups = [Lookup(results, group) for group in groups]
    tables: dict[str, list[Table]] = {
        "flow": [tabulate_disposition(lookups, printer), tabulate_phase_disposition(lookups, protocol, printer)],
        "baseline": [tabulate_baseline(lookups, protocol, printer)],
        "response": [tabulate_response(lookups, protocol, printer)],
        "survival": [tabulate_survival(lookups, protocol, printer)],
        "subgroups": [
            *tabulate_subgroups(results, lookups, protocol, printer),
            *tabulate_models(results, protocol, printer),
        ],
        "sensitivity": [tabulate_sensitivity(results, protocol, printer)],
        "exposure": [
            tabulate_exposure(lookups, printer),
            *tabulate_phase_exposure(lookups, protocol, printer),
            tabulate_deviations(datasets),
        ],
        "safety": [
            *tabulate_adverse_events(lookups, protocol, printer),
            *tabulate_laboratory(lookups, protocol, printer),
            tabulate_liver(lookups, printer),
        ],
        "therapy": tabulate_therapy(lookups, protocol, printer),
        "biomarkers": [
            *tabulate_biomarkers(lookups, protocol, printer),
            *tabulate_tissue(lookups, protocol, printer),
            *tabulate_features(results, datasets, groups, protocol, printer),
            *tabulate_genes(results, lookups, protocol, printer),
            *tabulate_signatures(lookups, protocol, printer),
        ],
        "design": [tabulate_design(lookups, printer)],
        "further": [tabulate_rest(results, printer)],
    }
    counts = count_findings(findings)
    found = [tabulate_findings(findings, severity) for severity, n in counts.items() if n]
    patients = tabulate_patients(datasets, protocol, printer)
    expected = count_pictures(lookups)
    pictures, files = [], []
    for number, picture in enumerate(compose_pictures(results, datasets, protocol, printer, lookups), start=1):
        tell(f"figure {number} of {max(expected, number)}")
        pictures.append(picture)
        files += _write_picture(picture, folder / "figures")
    everything = [*(table for part in tables.values() for table in part), *found, patients]
    kept = [table for table in everything if table]
    files += _write_tables(kept, folder / "tables", is_synthetic=protocol.trial.synthetic)
    tell("report")
    contents = Contents(tables, pictures, found, counts, patients)
    report = folder / "report.html"
    write_text(render_report(contents, lookups, protocol, printer, manifest), report)
    return (report, *files)


def _write_picture(picture: Picture, target: Path) -> list[Path]:
    target.mkdir(exist_ok=True)
    files = [target / f"{picture.name}.svg", target / f"{picture.name}.png"]
    for path, content in zip(files, (picture.svg, picture.png), strict=True):
        write_bytes(content, path)
    return files


def _write_tables(kept: list[Table], target: Path, *, is_synthetic: bool) -> list[Path]:
    target.mkdir(exist_ok=True)
    lines = [mark_synthetic_rows(table) for table in kept] if is_synthetic else kept
    files = [write_csv(table, target / f"{name}.csv") for table, name in zip(lines, file_names(kept), strict=True)]
    noted = [mark_synthetic_notes(table) for table in kept] if is_synthetic else kept
    return [*files, write_workbook(noted, target / "tables.xlsx")] if kept else files
