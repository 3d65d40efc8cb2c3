"""Reading the data that a protocol points to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from onearm.data import (
    FlagColumn,
    PatientsMapping,
    ResponseColumn,
    SizesMapping,
    Source,
    TimeColumn,
    concat_findings,
    read_source,
)
from onearm.protocol import Protocol
from onearm.protocol.sources import PatientSource, SizeSource
from onearm.run.assays import assay_files, own_patients, read_assays

__all__ = ["Progress", "read_trial_source"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


def read_trial_source(folder: Path, protocol: Protocol, *, progress: Progress | None = None) -> Source:
    """
    Read the data that a protocol points to.

    Parameters
    ----------
    folder : Path
        The trial folder.
    protocol : Protocol
        ``[source]`` and the cut-off.
    progress : callable, optional
        Called while files are read.

    Returns
    -------
    Source
        Tables, findings, files.

    Raises
    ------
    DataError
        With all problems of all files.
    """
    section = protocol.source
    patients = None if section.patients is None else _mapping(section.patients, section.sizes)
    source = read_source(
        folder,
        files=section.files,
        patients=patients,
        elsewhere=assay_files(protocol),
        cutoff=protocol.trial.cutoff,
        progress=progress,
    )
    if not protocol.assay:
        return source
    assays, findings = read_assays(folder, protocol)
    people = source.tables.get("dm", source.tables.get("patients"))
    subjects = [] if people is None else people["USUBJID"].drop_nulls().unique(maintain_order=True).to_list()
    assays, unnamed = own_patients(assays, protocol, subjects)
    files = (*source.files, *(record for assay in assays.values() for record in assay.files))
    return Source(source.tables, concat_findings([source.findings, findings, unnamed]), files, assays)


def _mapping(patients: PatientSource, sizes: SizeSource | None) -> PatientsMapping:
    best = patients.best_response
    covariates = [*patients.covariates, *([patients.cohort] if patients.cohort else [])]
    mapping = PatientsMapping(
        file=patients.file,
        subject=patients.subject,
        sheet=patients.sheet,
        best_response=None if best is None else ResponseColumn(best.column, best.values),
        times={
            name: TimeColumn(t.time, t.unit, t.status, _texts(t.event), _texts(t.censored))
            for name, t in patients.times.items()
        },
        dates={k: v for k, v in (patients.dates.model_dump() if patients.dates else {}).items() if v is not None},
        date_format=patients.date_format,
        flags={name: FlagColumn(f.column, _texts(f.yes), _texts(f.no)) for name, f in patients.flags.items()},
        covariates=tuple(dict.fromkeys(covariates)),
        sizes=None
        if sizes is None
        else SizesMapping(
            sizes.file, sizes.subject, sizes.time, sizes.unit, sizes.change_percent, sizes.diameter_mm, sizes.sheet
        ),
    )
    if not patients.missing:
        return mapping
    return PatientsMapping(**{**mapping.__dict__, "missing": (*mapping.missing, *patients.missing)})


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, tuple) else (value,)
    return tuple(str(item) for item in items)
