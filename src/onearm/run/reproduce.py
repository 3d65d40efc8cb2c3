"""
A trial of a paper, reproduced: synthetic patients from its printed numbers, taken through the whole pipeline as records.

The reconstruction writes source tables and nothing else. From there on the trial is like any other: it is read, derived,
analysed and reported without a word about what the result should be; only then are the results set beside the paper.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from onearm.data import write_table, write_text
from onearm.errors import OnearmError, suggest
from onearm.protocol import Protocol, parse_protocol
from onearm.published import Published, read_published
from onearm.published.numbers import Meanings, read_meanings
from onearm.reconstruction import Reconstruction, reconstruct
from onearm.reconstruction.stored import read_solution, write_solution
from onearm.run.comparison import Agreement, Number, compare_numbers
from onearm.run.paper_targets import paper_targets
from onearm.run.source import Progress
from onearm.run.trial import Run, run_trial
from onearm.simulation.folder import mark_synthetic

__all__ = [
    "Reproduction",
    "Shipped",
    "number_rows",
    "read_shipped",
    "reconstruct_trial",
    "reproduce_trial",
    "shipped_trials",
    "write_page",
]

README = """\
This trial is SYNTHETIC. No patient in it exists: every record in data/ was reconstructed by onearm from the numbers that
{reference} printed, so that the pipeline computes those numbers from them (onearm reproduce {name}, seed {seed}).
What the paper does not print was drawn at random. Nothing here is evidence about any treatment.
"""


@dataclass(frozen=True)
class Shipped:
    """
    A trial that ships with onearm and can be reproduced.

    Parameters
    ----------
    name : str
        Of its folder.
    protocol_text : str
        As typed.
    protocol : Protocol
        What was planned.
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of.
    solution : str
        Times and characteristics that were found before; empty where none ship.
    """

    name: str
    protocol_text: str
    protocol: Protocol
    published: Published
    meanings: Meanings
    solution: str = ""


@dataclass(frozen=True)
class Reproduction:
    """
    A reproduced trial.

    Parameters
    ----------
    name : str
        Of the trial.
    folder : Path
        Trial folder with the reconstructed records.
    run : Run
        Of the pipeline over them.
    numbers : tuple of Number
        Every printed number beside the computed one.
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of.
    """

    name: str
    folder: Path
    run: Run
    numbers: tuple[Number, ...]
    published: Published
    meanings: Meanings

    @property
    def n_clinical(self) -> int:
        """Printed numbers that a patient's record can show: all but plans, assays of tissue and what reads no record."""
        return sum(number.is_clinical for number in self.numbers)

    @property
    def n_met(self) -> int:
        """Clinical numbers that are met."""
        return sum(number.is_clinical and number.verdict is Agreement.MET for number in self.numbers)

    @property
    def share(self) -> float:
        """Share of the clinical numbers that are met; those that contradict others count as not met."""
        return self.n_met / self.n_clinical if self.n_clinical else 0.0

    @property
    def missing_figures(self) -> tuple[str, ...]:
        """What is said of each figure that reconstruction.toml names and that was not drawn."""
        drawn = sorted(path.stem for path in (self.run.folder / "figures").glob("*.svg"))
        return tuple(
            f"reconstruction.toml, figure: no such figure: {name}.{suggest(name, drawn)}"
            for name in (figure["file"] for figure in self.meanings.figures)
            if name not in drawn
        )

    def count(self, verdict: Agreement) -> int:
        """
        Count the numbers with a verdict.

        Parameters
        ----------
        verdict : Agreement
            The verdict.

        Returns
        -------
        int
            Numbers.
        """
        return sum(number.verdict is verdict for number in self.numbers)


def shipped_trials() -> list[str]:
    """
    Name the trials that can be reproduced.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> "alter_e_003" in shipped_trials()
    True
    """
    folder = resources.files("onearm").joinpath("trials")
    return sorted(item.name for item in folder.iterdir() if item.joinpath("reconstruction.toml").is_file())


def read_shipped(name: str) -> Shipped:
    """
    Read what ships of a trial.

    Parameters
    ----------
    name : str
        Of its folder.

    Returns
    -------
    Shipped
        Protocol, printed numbers and their meanings.

    Raises
    ------
    OnearmError
        If there is no such trial, or a file has problems.
    """
    known = shipped_trials()
    if name not in known:
        raise OnearmError(f"no trial '{name}' can be reproduced.{suggest(name, known)} Known: {', '.join(known)}.")
    folder = Path(str(resources.files("onearm").joinpath("trials", name)))
    text = (folder / "protocol.toml").read_text(encoding="utf-8")
    meanings, stored = read_meanings(folder / "reconstruction.toml"), folder / "solution.json"
    found = stored.read_text(encoding="utf-8") if stored.is_file() else ""
    return Shipped(name, text, parse_protocol(text), read_published(folder), meanings, found)


def reconstruct_trial(shipped: Shipped, folder: Path, *, seed: int = 1, solve: bool = False) -> Reconstruction:
    """
    Reconstruct the records of a trial and write them as a trial folder.

    Parameters
    ----------
    shipped : Shipped
        The trial.
    folder : Path
        Made if absent; the data of an earlier reconstruction are replaced.
    seed : int
        Of whatever the paper leaves open.
    solve : bool
        Whether to search anew even where a solution ships; it is then written beside the records as ``solution.json``.

    Returns
    -------
    Reconstruction
        Tables, and what the solvers say about each target.
    """
    targets = paper_targets(shipped.published, shipped.meanings, shipped.protocol)
    known = read_solution(shipped.solution, targets.cohort, seed=seed) if shipped.solution and not solve else None
    made = reconstruct(
        targets.cohort,
        targets.events,
        targets.setting,
        shipped.protocol,
        immune=targets.immune,
        solution=known,
        search=shipped.meanings.cohort.get("search", {}),
        seed=seed,
    )
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for old in data.glob("*"):
        old.unlink()
    for name, table in made.tables.items():
        write_table(table, data / f"{name}.csv")
    write_text(mark_synthetic(shipped.protocol_text), folder / "protocol.toml")
    reference = shipped.published.trial.get("reference", shipped.name)
    if solve:
        write_text(write_solution(made.solution, targets.cohort, seed=seed), folder / "solution.json")
    write_text(README.format(reference=reference, name=shipped.name, seed=seed), folder / "README.txt")
    return made


def reproduce_trial(
    name: str, folder: str | Path, *, seed: int = 1, solve: bool = False, progress: Progress | None = None
) -> Reproduction:
    """
    Reconstruct a trial, run it, and set the results beside what was printed.

    Parameters
    ----------
    name : str
        Of a trial that ships with onearm.
    folder : str or Path
        Trial folder to write.
    seed : int
        Of whatever the paper leaves open.
    solve : bool
        Whether to search anew where a solution ships.
    progress : callable, optional
        Called while the trial is run.

    Returns
    -------
    Reproduction
        With every printed number.

    Raises
    ------
    OnearmError
        If there is no such trial.
    """
    shipped = read_shipped(name)
    if progress:
        progress("reconstructing", 0, 1)
    place = Path(folder)
    made = reconstruct_trial(shipped, place, seed=seed, solve=solve)
    run = run_trial(place, progress=progress)
    numbers = compare_numbers(name, shipped.published, shipped.meanings, run.results, conflicts=made.conflicts)
    return Reproduction(name, place, run, numbers, shipped.published, shipped.meanings)


def number_rows(made: Reproduction) -> list[dict[str, str]]:
    """
    Give every number as JSON wants it.

    Parameters
    ----------
    made : Reproduction
        A reproduced trial.

    Returns
    -------
    list of dict
        ``trial place statistic printed computed verdict note data``; ``data`` is ``synthetic``, so that a row taken out of
        the file still says so.
    """
    return [{**number.as_row(), "data": "synthetic"} for number in made.numbers]


def write_page(made: Reproduction) -> Path:
    """
    Write the page with paper beside onearm, and its numbers as JSON, into the trial folder.

    Parameters
    ----------
    made : Reproduction
        A reproduced trial.

    Returns
    -------
    Path
        The page.
    """
    from onearm.outputs.reproduction_page import write_reproduction_page

    rows = number_rows(made)
    page = made.folder / "reproduction.html"
    write_reproduction_page(
        page,
        title=made.published.trial.get("title", made.name),
        reference=made.published.trial.get("reference", ""),
        rows=rows,
        figures=made.meanings.figures,
        drawn=made.run.folder / "figures",
    )
    write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", made.folder / "reproduction.json")
    return page
