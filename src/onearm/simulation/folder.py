"""A synthetic trial as a folder: protocol.toml, data/ and a README.txt that say that it is synthetic."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data import write_table, write_text
from onearm.errors import DataError, ProtocolError, suggest
from onearm.protocol import Protocol, parse_protocol, read_protocol
from onearm.simulation.assumptions import Assumptions, parse_assumptions
from onearm.simulation.screening import Screening, plan_screening
from onearm.simulation.simulate import Tables, simulate, simulate_block
from onearm.simulation.tables.assays import ASSAY_PREFIX, assay_files

__all__ = [
    "LARGEST_CSV",
    "Planned",
    "TrialFolder",
    "mark_synthetic",
    "read_planned",
    "simulate_trial_folder",
    "write_trial",
]

LARGEST_CSV: Final = 2000
"""Patients up to whom tables are written as CSV, for people to open; larger trials are Parquet."""

README: Final = """\
This trial is SYNTHETIC. No patient in it exists: every record in data/ was drawn at random by onearm
(simulate, {n} patients, seed {seed}) from protocol.toml and assumptions.toml.
Nothing in it is evidence about any treatment.
"""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


@dataclass(frozen=True)
class Planned:
    """
    What a synthetic trial is made from.

    Parameters
    ----------
    protocol_text, assumptions_text : str
        The files as typed.
    protocol : Protocol
        The protocol.
    assumptions : Assumptions
        The assumptions.
    """

    protocol_text: str
    assumptions_text: str
    protocol: Protocol
    assumptions: Assumptions


@dataclass(frozen=True)
class TrialFolder:
    """
    A synthetic trial that was written.

    Parameters
    ----------
    path : Path
        The folder.
    n, seed : int
        Patients enrolled, and the seed.
    rows : dict of str to int
        Records of each table.
    """

    path: Path
    n: int
    seed: int
    rows: dict[str, int]


def read_planned(trial: str | Path, *, assumptions: str | Path | None = None) -> Planned:
    """
    Read the protocol and assumptions of a trial.

    Parameters
    ----------
    trial : str or Path
        Name of a trial that ships with onearm, or a trial folder or protocol.toml; assumptions.toml lies beside it.
    assumptions : str or Path, optional
        Another file of assumptions.

    Returns
    -------
    Planned
        Both, checked.

    Raises
    ------
    ProtocolError
        If there is no such trial, or a file has problems.

    Examples
    --------
    >>> read_planned("alter_e_003").protocol.trial.id
    'NCT05038813'
    """
    path = Path(trial)
    shipped = resources.files("onearm").joinpath("trials")
    if path.exists():
        file = path / "protocol.toml" if path.is_dir() else path
        read_protocol(file)
        beside = file.parent / "assumptions.toml"
        protocol_text = file.read_text(encoding="utf-8")
    elif shipped.joinpath(str(trial), "protocol.toml").is_file():
        protocol_text = shipped.joinpath(str(trial), "protocol.toml").read_text(encoding="utf-8")
        beside = Path(str(shipped.joinpath(str(trial), "assumptions.toml")))
    else:
        known = [item.name for item in shipped.iterdir() if item.joinpath("protocol.toml").is_file()]
        raise ProtocolError(f"{trial}: neither a file or folder nor a trial that ships.{suggest(str(trial), known)}")
    source = Path(assumptions) if assumptions is not None else beside
    if not source.is_file():
        raise ProtocolError(
            f"{source}: no such file. A synthetic trial needs assumptions.toml beside protocol.toml; "
            "docs/simulation.md says how to write one."
        )
    text = source.read_text(encoding="utf-8")
    return Planned(protocol_text, text, parse_protocol(protocol_text), parse_assumptions(text, name=source.name))


def mark_synthetic(protocol_text: str) -> str:
    """
    Write ``synthetic = true`` into the ``[trial]`` table of a protocol, and leave all else as typed.

    Parameters
    ----------
    protocol_text : str
        TOML.

    Returns
    -------
    str
        TOML with the same comments.

    Raises
    ------
    ProtocolError
        If there is no ``[trial]`` header to write it under.

    Examples
    --------
    >>> print(mark_synthetic('[trial]  # what it is\\nid = "A"'))
    [trial]  # what it is
    synthetic = true                # no patient in this trial exists
    id = "A"
    """
    lines = protocol_text.splitlines()
    header = next((i for i, line in enumerate(lines) if re.match(r"\s*\[\s*trial\s*\]", line)), None)
    if header is None:
        raise ProtocolError("protocol.toml: a [trial] header of its own is needed to mark the copy as synthetic.")
    end = next((i for i in range(header + 1, len(lines)) if re.match(r"\s*\[", lines[i])), len(lines))
    body = [line for line in lines[header + 1 : end] if not re.match(r"\s*synthetic\s*=", line)]
    mark = "synthetic = true                # no patient in this trial exists"
    return "\n".join([*lines[: header + 1], mark, *body, *lines[end:]]) + ("\n" if protocol_text.endswith("\n") else "")


def simulate_trial_folder(
    trial: str | Path,
    out: str | Path,
    *,
    n: int | None = None,
    seed: int = 1,
    assumptions: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> TrialFolder:
    """
    Simulate a trial and write it as a trial folder.

    Parameters
    ----------
    trial : str or Path
        Name of a trial that ships with onearm, or a trial folder or protocol.toml.
    out : str or Path
        Folder to write; made if absent. Data of an earlier synthetic trial in it are replaced.
    n : int, optional
        Patients to enrol; as the assumptions say, where missing.
    seed : int
        0 or more.
    assumptions : str or Path, optional
        Another file of assumptions than the one beside the protocol.
    workers : int, optional
        Blocks of patients made at once; the number of processors, where missing. The result does not depend on it.
    progress : callable, optional
        Called as blocks of patients are done.

    Returns
    -------
    TrialFolder
        Where it is and what it holds.

    Raises
    ------
    DataError
        If ``out`` holds a trial that is not synthetic.
    ProtocolError
        If protocol or assumptions have problems.
    """
    planned = read_planned(trial, assumptions=assumptions)
    size = planned.assumptions.size.enrolled if n is None else n
    if size <= LARGEST_CSV:
        tables = simulate(planned.protocol, planned.assumptions, n=size, seed=seed)
        return write_trial(tables, planned, out, n=size, seed=seed)
    screening = plan_screening(planned.protocol, planned.assumptions, n=size, seed=seed)
    folder = _prepare(Path(out))
    with _scratch(folder) as scratch:
        rows = _write_parts(planned, screening, scratch, seed=seed, workers=workers, progress=progress)
        for name in rows:
            part = _part_name(name)
            parts = pl.scan_parquet(sorted(scratch.glob(f"{part}-??????.parquet")))
            whole, file = scratch / f"{part}.parquet", _table_file(planned, folder, name, is_large=True)
            parts.sink_parquet(whole, compression="zstd", compression_level=1)
            os.replace(whole, file)
            _remove_others(file)
    _write_texts(planned, folder, n=size, seed=seed)
    return TrialFolder(folder, size, seed, rows)


def write_trial(tables: Tables, planned: Planned, folder: str | Path, *, n: int, seed: int) -> TrialFolder:
    """
    Write a simulated trial as a trial folder.

    Parameters
    ----------
    tables : dict of str to polars.DataFrame
        As `onearm.simulation.simulate` gives them.
    planned : Planned
        What they were made from; copied, and marked as synthetic.
    folder : str or Path
        Made if absent.
    n, seed : int
        What the README says.

    Returns
    -------
    TrialFolder
        CSV up to `LARGEST_CSV` patients, else Parquet.

    Raises
    ------
    DataError
        If the folder holds a trial that is not synthetic.
    """
    path = _prepare(Path(folder))
    for name, table in tables.items():
        file = _table_file(planned, path, name, is_large=n > LARGEST_CSV)
        write_table(table, file)
        _remove_others(file)
    _write_texts(planned, path, n=n, seed=seed)
    return TrialFolder(path, n, seed, {name: table.height for name, table in tables.items()})


def _prepare(folder: Path) -> Path:
    """Refuse to write over what somebody collected."""
    protocol = folder / "protocol.toml"
    is_real = protocol.exists() and not re.search(r"(?m)^\s*synthetic\s*=\s*true", protocol.read_text(encoding="utf-8"))
    if is_real or (not protocol.exists() and any((folder / "data").glob("*"))):
        raise DataError(f"{folder}: holds a trial that is not synthetic. Fix: name another folder.")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Files are made beside their place and moved there whole."""
    scratch = Path(tempfile.mkdtemp(prefix=".simulate-", dir=folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove_others(file: Path) -> None:
    """Leave no table of an earlier trial in another format."""
    for other in file.parent.glob(f"{file.stem}.*"):
        if other != file:
            other.unlink()


def _named_files(planned: Planned) -> dict[str, str]:
    """Files that the protocol names, by table."""
    source = planned.protocol.source
    single = {"patients": source.patients, "sizes": source.sizes}
    files = {**source.files, **{name: section.file for name, section in single.items() if section is not None}}
    return {**files, **assay_files(planned.protocol, planned.assumptions)}


def _table_file(planned: Planned, folder: Path, name: str, *, is_large: bool) -> Path:
    """Where a table goes: to the file that the protocol names; a large one is Parquet whatever the name says."""
    file = Path(Path(_named_files(planned).get(name, f"{name}.csv")).name)
    place = folder / "data" / ("assays" if name.startswith(ASSAY_PREFIX) else "")
    place.mkdir(parents=True, exist_ok=True)
    return place / (file.with_suffix(".parquet") if is_large else file)


def _large_names(planned: Planned) -> str:
    """Let a protocol name the files of a large trial: Parquet, under the same names."""
    text = planned.protocol_text
    for file in _named_files(planned).values():
        text = text.replace(f'"{file}"', f'"{Path(file).with_suffix(".parquet")}"')
    return text


def _write_texts(planned: Planned, folder: Path, *, n: int, seed: int) -> None:
    text = _large_names(planned) if n > LARGEST_CSV else planned.protocol_text
    write_text(mark_synthetic(text), folder / "protocol.toml")
    write_text(planned.assumptions_text, folder / "assumptions.toml")
    write_text(README.format(n=n, seed=seed), folder / "README.txt")


def _write_parts(
    planned: Planned,
    screening: Screening,
    scratch: Path,
    *,
    seed: int,
    workers: int | None,
    progress: Progress | None,
) -> dict[str, int]:
    n_blocks = screening.n_blocks
    rows: dict[str, int] = {}
    # threads: NumPy and Polars release the interpreter lock, and processes take longer to start than a block takes
    with ThreadPoolExecutor(max_workers=workers or os.cpu_count()) as pool:
        jobs = [
            pool.submit(_write_block, planned, screening.block(block), scratch, seed=seed, block=block)
            for block in range(n_blocks)
        ]
        for done, job in enumerate(as_completed(jobs), start=1):
            for name, height in job.result().items():
                rows[name] = rows.get(name, 0) + height
            if progress:
                progress("patients", done, n_blocks)
    return rows


def _part_name(table: str) -> str:
    return table.replace("/", "_").replace(" ", "_")


def _write_block(planned: Planned, screening: Screening, scratch: Path, *, seed: int, block: int) -> dict[str, int]:
    tables = simulate_block(planned.protocol, planned.assumptions, screening, seed=seed, block=block)
    for name, table in tables.items():
        table.write_parquet(scratch / f"{_part_name(name)}-{block:06d}.parquet", compression="lz4")
    return {name: table.height for name, table in tables.items()}
