"""Options that several design commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "P0",
    "P1",
    "Alpha",
    "Cluster",
    "Json",
    "Looks",
    "Plot",
    "Power",
    "Prior",
    "Rates",
    "Seed",
    "Simulate",
    "Workers",
]

P0 = Annotated[float, typer.Option("--p0", help="Response rate of no interest.")]
P1 = Annotated[float, typer.Option("--p1", help="Response rate worth finding.")]
Alpha = Annotated[float, typer.Option("--alpha", help="Largest one-sided type I error.")]
Power = Annotated[float, typer.Option("--power", help="Smallest power.")]
Json = Annotated[bool, typer.Option("--json", help="Print every field as JSON.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Write a picture to this file (.png, .svg, .pdf).")]
Looks = Annotated[str, typer.Option("--looks", help="Evaluable patients at each look: 10,15,20 or 10:50:5.")]
Prior = Annotated[str, typer.Option("--prior", help="Beta prior, two weights: 1,1.")]
Rates = Annotated[str, typer.Option("--rates", help="True rates to evaluate.")]
Simulate = Annotated[int, typer.Option("--simulate", help="Simulate this many trials as well.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the simulation.")]
Cluster = Annotated[str | None, typer.Option("--cluster", help="Address of a dask scheduler, tcp://host:8786.")]
Workers = Annotated[int | None, typer.Option("--workers", help="Local processes; the numbers do not depend on it.")]
