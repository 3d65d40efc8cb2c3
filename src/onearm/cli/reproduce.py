"""The trials of papers, reproduced: ``onearm reproduce``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from onearm.run.comparison import Number
    from onearm.run.reproduce import Reproduction

__all__ = ["register"]

HELP = """
Reproduce the trial of a paper: paper beside onearm, for every printed number.

Raw records of synthetic patients are reconstructed from the printed numbers, and taken through the whole pipeline, which
knows nothing of the paper. Without TRIAL, every trial that ships is reproduced.
"""

_NAMES: Final = {
    "met": "met",
    "differs": "differs",
    "cannot_be_met": "cannot be met",
    "not_computable": "not computable",
}


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("reproduce", help=HELP)(reproduce)


def reproduce(
    trial: Annotated[str | None, typer.Argument(metavar="TRIAL", help="A trial that ships; missing: all.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the trial folders.")] = Path("reproduced"),
    seed: Annotated[int, typer.Option(min=0, help="Of whatever the paper leaves open.")] = 1,
    solve: Annotated[
        bool, typer.Option("--solve", help="Search for the cohort anew, and write solution.json.")
    ] = False,
    unmet: Annotated[bool, typer.Option("--unmet", help="List only the numbers that are not met.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every printed number as JSON.")] = False,
) -> None:
    """Reproduce the trial of a paper: paper beside onearm, for every printed number."""
    from onearm.cli.progress import progress_bar
    from onearm.run.reproduce import reproduce_trial, shipped_trials, write_page

    done = []
    for name in [trial] if trial else shipped_trials():
        with progress_bar() as progress:
            made = reproduce_trial(name, out / name, seed=seed, solve=solve, progress=progress)
        page = write_page(made)
        done.append(made)
        print_missing_figures(made)
        if not as_json:
            print_numbers(made.numbers, unmet=unmet)
            print_share(made)
            print(f"Page: {page}\nReport: {made.run.report}\n")
    if as_json:
        rows = [number.as_row() for made in done for number in made.numbers]
        print(json.dumps(rows, indent=2, ensure_ascii=False))


def print_numbers(numbers: Sequence[Number], *, unmet: bool) -> None:
    """
    Print the table of numbers.

    Parameters
    ----------
    numbers : sequence of Number
        Of one trial.
    unmet : bool
        Whether to leave out what is met.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [number for number in numbers if not unmet or number.verdict.value != "met"]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("place", "number", "printed", "onearm", "verdict", "note"):
        table.add_column(name, overflow="fold", justify="right" if name in {"printed", "onearm"} else "left")
    for number in shown:
        verdict = _NAMES[number.verdict.value]
        cells = (number.place, number.statistic, number.printed, number.computed, verdict, number.note)
        table.add_row(*(Text(cell) for cell in cells))
    console = Console(highlight=False)
    console.print(table, crop=False, soft_wrap=False)


def print_missing_figures(made: Reproduction) -> None:
    """
    List the figures that the page should show and that were not drawn, on the side of the errors.

    Parameters
    ----------
    made : Reproduction
        A reproduced trial.
    """
    for problem in made.missing_figures:
        print(f"{made.name}: {problem}", file=sys.stderr)


def print_share(made: Reproduction) -> None:
    """
    Print how many numbers are met.

    Parameters
    ----------
    made : Reproduction
        A reproduced trial.
    """
    counts = {name: sum(one.verdict.value == key for one in made.numbers) for key, name in _NAMES.items()}
    listed = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    print(f"\n{made.name}: {len(made.numbers)} printed numbers: {listed}. Synthetic: no patient behind them exists.")
    print(f"Of the {made.n_clinical} clinical ones {made.n_met} are met ({made.share:.1%}).")
