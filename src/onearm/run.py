"""
The only place where the stages meet: from a trial folder to a run with datasets, results, figures and a report.

A run is written into a folder of its own, ``out/runs/<time>-<hash>``, that gets its name when it is complete; then the
link ``out/latest`` moves to it in one step. A run that is killed leaves the one before it whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import polars as pl

from onearm.analyses import ANALYSES, analyse
from onearm.data import (
    FlagColumn,
    PatientsMapping,
    ResponseColumn,
    SizesMapping,
    Source,
    TimeColumn,
    concat_findings,
    read_source,
    write_table,
    write_text,
)
from onearm.derivations import Derived, derive
from onearm.errors import DataError
from onearm.protocol import Protocol, read_protocol, resolve_protocol
from onearm.protocol.sources import PatientSource, SizeSource
from onearm.terms import Severity

__all__ = ["Checked", "Run", "check_trial", "find_run", "read_results", "read_trial_source", "run_trial"]

Progress = Callable[[str, int, int], None]

_PACKAGES: Final = ("numpy", "scipy", "polars", "pydantic", "matplotlib", "jinja2", "pyreadstat")


@dataclass(frozen=True)
class Checked:
    """
    A trial folder whose protocol and data were read and derived.

    Parameters
    ----------
    protocol : Protocol
        What was planned.
    source : Source
        What was read.
    derived : Derived
        Datasets.
    findings : polars.DataFrame
        Everything that reading and deriving found.
    """

    protocol: Protocol
    source: Source
    derived: Derived
    findings: pl.DataFrame

    @property
    def n_errors(self) -> int:
        """Number of findings of severity error."""
        return self.findings.filter(pl.col("severity") == Severity.ERROR).height


@dataclass(frozen=True)
class Run:
    """
    A finished run.

    Parameters
    ----------
    folder : Path
        Where it lies.
    report : Path
        The page to open.
    protocol : Protocol
        What was planned.
    results : polars.DataFrame
        The results table.
    findings : polars.DataFrame
        Findings in the data.
    """

    folder: Path
    report: Path
    protocol: Protocol
    results: pl.DataFrame
    findings: pl.DataFrame

    @property
    def n_errors(self) -> int:
        """Number of findings of severity error."""
        return self.findings.filter(pl.col("severity") == Severity.ERROR).height


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
    return read_source(folder, files=section.files, patients=patients, cutoff=protocol.trial.cutoff, progress=progress)


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


def check_trial(folder: str | Path, *, progress: Progress | None = None) -> Checked:
    """
    Read a trial folder and derive its datasets, without analysing them.

    Parameters
    ----------
    folder : str or Path
        The trial folder, with ``protocol.toml``.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Returns
    -------
    Checked
        Protocol, data, datasets and findings.

    Raises
    ------
    OnearmError
        If protocol or data cannot be used.
    """
    folder = Path(folder)
    protocol = read_protocol(folder)
    source = read_trial_source(folder, protocol, progress=progress)
    derived = derive(source, protocol)
    return Checked(protocol, source, derived, concat_findings([source.findings, derived.findings]))


def run_trial(folder: str | Path, *, out: str | Path | None = None, progress: Progress | None = None) -> Run:
    """
    Turn a trial folder into a report.

    Parameters
    ----------
    folder : str or Path
        The trial folder.
    out : str or Path, optional
        Where runs are kept; ``out`` in the trial folder unless said otherwise.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Returns
    -------
    Run
        Where everything lies.

    Raises
    ------
    OnearmError
        If protocol or data cannot be used; nothing is written then.
    """
    from onearm.outputs import present  # matplotlib is loaded only when something is drawn

    folder = Path(folder)
    checked = check_trial(folder, progress=progress)
    results = analyse(checked.derived.datasets, checked.protocol, progress=progress)
    manifest = _manifest(folder, checked)
    place = Path(out) if out is not None else folder / "out"
    name = f"{manifest['time'].replace(':', '').replace('-', '')}-{manifest['hash'][:8]}"
    final = _unused(place / "runs" / name)
    draft = final.with_name(f".{final.name}-{uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        _write(draft, checked, results, manifest)
        tell = None if progress is None else (lambda step: progress(step, 1, 1))
        present(results, checked.derived.datasets, checked.findings, checked.protocol, manifest, draft, progress=tell)
        draft.rename(final)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _move_latest(place, final)
    return Run(final, final / "report.html", checked.protocol, results, checked.findings)


def _unused(folder: Path) -> Path:
    candidates = (folder if i == 0 else folder.with_name(f"{folder.name}-{i}") for i in range(1000))
    return next(candidate for candidate in candidates if not candidate.exists())


def _write(draft: Path, checked: Checked, results: pl.DataFrame, manifest: Mapping[str, Any]) -> None:
    (draft / "datasets").mkdir()
    for name, table in checked.derived.datasets.items():
        write_table(table, draft / "datasets" / f"{name}.parquet")
    write_table(results, draft / "results.parquet")
    write_table(checked.findings, draft / "findings.parquet")
    write_text(resolve_protocol(checked.protocol), draft / "protocol.json")
    write_text(json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n", draft / "manifest.json")


def _manifest(folder: Path, checked: Checked) -> dict[str, Any]:
    """Where every number comes from: hashes of all input, the resolved protocol, versions, cut-off."""
    resolved = resolve_protocol(checked.protocol)
    inputs = [
        {"domain": f.domain, "file": f.path.name, "sha256": f.sha256, "rows": f.n_rows, "format": f.format}
        for f in checked.source.files
    ]
    protocol_hash = hashlib.sha256(resolved.encode()).hexdigest()
    content = json.dumps([protocol_hash, inputs, version("onearm")], sort_keys=True)
    cutoff = checked.protocol.trial.cutoff
    return {
        "trial": checked.protocol.trial.id,
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "hash": hashlib.sha256(content.encode()).hexdigest(),
        "protocol": {
            "file": "protocol.toml",
            "sha256": hashlib.sha256((folder / "protocol.toml").read_bytes()).hexdigest(),
            "resolved_sha256": protocol_hash,
        },
        "inputs": inputs,
        "cutoff": None if cutoff is None else cutoff.isoformat(),
        "versions": {"onearm": version("onearm"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "methods": {name: analysis.reference for name, analysis in ANALYSES.items()},
    }


def _move_latest(place: Path, final: Path) -> None:
    """Let ``latest`` point to a run, in one step; where links cannot be made, a file names the run."""
    link = place / "latest"
    draft = place / f".latest-{uuid4().hex[:8]}"
    try:
        draft.symlink_to(Path("runs") / final.name, target_is_directory=True)
        os.replace(draft, link)
    except OSError:
        draft.unlink(missing_ok=True)
        write_text(final.name + "\n", place / "latest.txt")


def find_run(path: str | Path) -> Path:
    """
    Find a run by its folder, its trial folder or its results.

    Parameters
    ----------
    path : str or Path
        A run, a trial folder (its latest run is meant) or a ``results.parquet``.

    Returns
    -------
    Path
        Folder of the run.

    Raises
    ------
    DataError
        If there is no run there.
    """
    path = Path(path)
    for candidate in (path, path.parent, path / "latest", path / "out" / "latest"):
        if (candidate / "results.parquet").is_file():
            return candidate.resolve()
    for marker in (path / "latest.txt", path / "out" / "latest.txt"):
        if marker.is_file():
            return marker.parent / "runs" / marker.read_text(encoding="utf-8").strip()
    raise DataError(f"{path}: no run there. Fix: give a trial folder that was run, or a folder below out/runs.")


def read_results(path: str | Path) -> pl.DataFrame:
    """
    Read the results of a run.

    Parameters
    ----------
    path : str or Path
        As for `find_run`.

    Returns
    -------
    polars.DataFrame
        The results table.
    """
    return pl.read_parquet(find_run(path) / "results.parquet")
