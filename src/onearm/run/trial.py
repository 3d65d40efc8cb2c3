"""
From a trial folder to a run with datasets, results, figures and a report.

A run is written into a folder of its own, ``out/runs/<time>-<hash>``, that gets its name when it is complete; then the
link ``out/latest`` moves to it in one step. A run that is killed leaves the one before it whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from onearm.analyses import analyse
from onearm.data import write_marked, write_text
from onearm.protocol import Protocol, resolve_protocol
from onearm.results import concat_results
from onearm.run.check import Checked, check_trial
from onearm.run.folder import move_latest, unused_name
from onearm.run.manifest import make_manifest
from onearm.run.sensitivity import analyse_sensitivity
from onearm.run.source import Progress
from onearm.terms import Severity

__all__ = ["Run", "run_trial"]


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
    main = analyse(checked.derived.datasets, checked.protocol, progress=progress)
    results = concat_results([main, analyse_sensitivity(checked, main, progress=progress)])
    manifest = make_manifest(folder, checked)
    place = Path(out) if out is not None else folder / "out"
    name = f"{manifest['time'].replace(':', '').replace('-', '')}-{manifest['hash'][:8]}"
    final = unused_name(place / "runs" / name)
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
    move_latest(place, final)
    return Run(final, final / "report.html", checked.protocol, results, checked.findings)


def _write(draft: Path, checked: Checked, results: pl.DataFrame, manifest: Mapping[str, Any]) -> None:
    trial = checked.protocol.trial
    marks = {"onearm.trial": trial.id, "onearm.synthetic": "true" if trial.synthetic else "false"}
    (draft / "datasets").mkdir()
    for name, table in checked.derived.datasets.items():
        write_marked(table, draft / "datasets" / f"{name}.parquet", marks)
    write_marked(results, draft / "results.parquet", marks)
    write_marked(checked.findings, draft / "findings.parquet", marks)
    write_text(resolve_protocol(checked.protocol), draft / "protocol.json")
    write_text(json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n", draft / "manifest.json")
