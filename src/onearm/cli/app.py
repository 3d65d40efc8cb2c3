"""The application, its exit codes, and what becomes of an error."""

from __future__ import annotations

import sys

import typer

from onearm.cli.exit_codes import UNUSABLE
from onearm.errors import OnearmError

__all__ = ["main"]


def build() -> typer.Typer:
    """Build the application with all its commands."""
    from onearm.cli import (
        audit,
        cells,
        ci,
        cox,
        design,
        km,
        monitor,
        mutations,
        omics,
        omics_sets,
        reproduce,
        simulate,
        trial,
    )

    app = typer.Typer(
        name="onearm",
        help="A single-arm phase II oncology trial, from its protocol to its paper.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # rich help costs 0.1 s, a third of the budget of `onearm --help`
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for theme in (trial, reproduce, audit, monitor, simulate, ci, km, cox, design, cells, omics, omics_sets, mutations):
        theme.register(app)
    return app


def main() -> None:
    """Run the command line; an onearm error is printed without a stack trace and exits with 2."""
    try:
        build()()
    except OnearmError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(UNUSABLE)
