"""Synthetic trials: ``onearm simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("simulate")(_simulate)


def _simulate(
    protocol: Annotated[str, typer.Argument(help="A trial folder, a protocol.toml, or the name of a shipped trial.")],
    out: Annotated[Path, typer.Option(help="Folder to write the synthetic trial to.")],
    patients: Annotated[int | None, typer.Option(min=1, help="Patients to enrol; missing: as assumed.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same trial.")] = 1,
    assumptions: Annotated[
        Path | None, typer.Option(help="Assumptions; missing: assumptions.toml beside the protocol.")
    ] = None,
) -> None:
    """Simulate a trial: source tables of patients who do not exist, as a trial folder."""
    from onearm.cli.progress import progress_bar
    from onearm.simulation import simulate_trial_folder

    with progress_bar() as progress:
        made = simulate_trial_folder(
            protocol,
            out,
            n=patients,
            seed=seed,
            assumptions=assumptions,
            progress=progress,
        )
    records = ", ".join(f"{name} {rows:,}" for name, rows in made.rows.items())
    print(f"{made.path}: a synthetic trial of {made.n:,} patients, seed {made.seed} ({records}).")
