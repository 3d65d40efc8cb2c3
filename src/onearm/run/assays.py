"""Reading the assays that a protocol names: each kind by its reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from onearm.data import Findings
from onearm.data.assays import (
    Assay,
    CellFiles,
    CellOptions,
    SampleOptions,
    TableOptions,
    find_files,
    read_cells_assay,
    read_table_assay,
)
from onearm.data.assays.genomes.read import MutationOptions, name_patients, read_mutation_assay
from onearm.data.assays.omics import FeatureOptions, read_features_assay
from onearm.data.files import find_file
from onearm.errors import DataError
from onearm.protocol import Protocol
from onearm.protocol.assay_genomes import MutationAssay
from onearm.protocol.assay_section import AssaySection
from onearm.protocol.assays import CellsAssay, FeaturesAssay, SampleSheet, TableAssay

__all__ = ["KINDS", "assay_files", "own_patients", "read_assays", "sample_options"]


def sample_options(sheet: SampleSheet | None) -> SampleOptions | None:
    """
    Say to a reader what a protocol says of a sample sheet.

    Parameters
    ----------
    sheet : SampleSheet or None
        ``[assay.NAME.samples]``.

    Returns
    -------
    SampleOptions or None
        The same.
    """
    return None if sheet is None else SampleOptions(**sheet.model_dump())


def _read_table(folder: Path, name: str, section: TableAssay, findings: Findings) -> Assay:
    own = section.model_dump(exclude={"kind", "label", "samples", "slope_change"})
    return read_table_assay(folder, name, TableOptions(**own, samples=sample_options(section.samples)), findings)


def _read_mutations(folder: Path, name: str, section: MutationAssay, findings: Findings) -> Assay:
    own = {key: getattr(section, key) for key in MutationOptions.__dataclass_fields__ if key != "samples"}
    options = MutationOptions(**own, samples=sample_options(section.samples))
    return read_mutation_assay(folder, name, options, findings)


def _read_cells(folder: Path, name: str, section: CellsAssay, findings: Findings) -> Assay:
    options = CellOptions(
        software=section.software,
        um_per_pixel=section.um_per_pixel,
        statistics=(section.statistic,),
        columns=section.columns,
        blank_class_is_negative=section.blank_class_is_negative,
    )
    files = CellFiles(
        section.files,
        section.areas,
        section.scores,
        options,
        tuple((marker, limit.compartment, limit.above) for marker, limit in section.thresholds.items()),
        section.sample_is,
        sample_options(section.samples),
    )
    return read_cells_assay(folder, name, files, findings)


def _read_features(folder: Path, name: str, section: FeaturesAssay, findings: Findings) -> Assay:
    own = {key: getattr(section, key) for key in FeatureOptions.__dataclass_fields__ if hasattr(section, key)}
    own |= {"samples": sample_options(section.samples), "has_mcp_counter": "mcp_counter" in section.scores}
    return read_features_assay(folder, name, FeatureOptions(**own), findings)


Reader = Callable[[Path, str, Any, Findings], Assay]  # each reader takes the section of its kind
KINDS: Final[Mapping[str, Reader]] = MappingProxyType(
    {"table": _read_table, "cells": _read_cells, "features": _read_features, "mutations": _read_mutations}
)
"""Kind of an assay to what reads it."""


def assay_files(protocol: Protocol) -> Collection[str]:
    """
    List the files that assays read.

    Parameters
    ----------
    protocol : Protocol
        ``[assay.NAME]``.

    Returns
    -------
    collection of str
        As the protocol names them.
    """
    found = []
    for section in protocol.assay.values():
        found += [str(value) for key, value in section.model_dump().items() if key == "file" and value]
        found += section.named_files() if isinstance(section, MutationAssay) else []
        found += [*section.files, *section.areas, *section.scores] if isinstance(section, CellsAssay) else []
        if isinstance(section, FeaturesAssay):
            found += [name for name in (section.runs, section.compounds, *section.gene_sets, section.limit) if name]
        found += [section.samples.file] if section.samples else []
    return found


def own_patients(
    assays: Mapping[str, Assay], protocol: Protocol, subjects: Sequence[str]
) -> tuple[dict[str, Assay], pl.DataFrame]:
    """
    Name the patients of the samples of sequencing assays that have no sample sheet.

    Parameters
    ----------
    assays : mapping of str to Assay
        By name.
    protocol : Protocol
        ``[assay.NAME]``.
    subjects : sequence of str
        Patients of the trial.

    Returns
    -------
    tuple of dict of str to Assay and polars.DataFrame
        By name; samples of nobody, and patients with several samples, as findings.
    """
    findings, named = Findings(), dict(assays)
    for name, section in protocol.assay.items():
        if isinstance(section, MutationAssay) and section.samples is None:
            named[name] = name_patients(assays[name], subjects, findings, by_prefix=section.barcode_prefix)
    return named, findings.frame()


def _absent_file(folder: Path, section: AssaySection) -> str | None:
    """Name the file of an assay that is not there, of several the first; None where all are."""
    if isinstance(section, CellsAssay):
        try:
            find_files(folder, section.files)
        except DataError:
            return section.files[0]
        return None
    file = getattr(section, "file", None)
    return None if file is None or find_file(folder, file).exists() else str(file)


def read_assays(folder: Path, protocol: Protocol) -> tuple[dict[str, Assay], pl.DataFrame]:
    """
    Read every assay.

    Parameters
    ----------
    folder : Path
        The trial folder.
    protocol : Protocol
        ``[assay.NAME]``.

    Returns
    -------
    tuple of dict of str to Assay and polars.DataFrame
        By name; findings. A pending assay whose file is not there is a finding, and the trial goes on without it.

    Raises
    ------
    DataError
        With all problems of all assays.
    """
    findings, problems, found = Findings(), [], {}
    for name, section in protocol.assay.items():
        pending = name in protocol.source.pending_assays
        if pending and (absent := _absent_file(folder, section)) is not None:
            findings.add("ASSAY-FILE-ABSENT", domain=name, file=absent)
            continue
        try:
            found[name] = KINDS[section.kind](folder, name, section, findings)
        except DataError as error:
            problems += [f"assay.{name}: {problem}" for problem in error.problems]
    if problems:
        raise DataError(*problems)
    return found, findings.frame()
