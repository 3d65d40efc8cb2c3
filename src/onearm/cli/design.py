"""
Designs by hand: ``onearm design simon``, ``exact``, ``bayes``, ``survival``, ``basket`` and others.

Every command prints a table and a sentence ready for the protocol, or with ``--json`` every field. The commands stand in
``design_simon``, ``design_response``, ``design_bayes``, ``design_trials`` and ``design_baskets``.
"""

from __future__ import annotations

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
    from onearm.cli import design_baskets, design_bayes, design_response, design_simon, design_trials, monitor

    design = typer.Typer(
        help="Designs by hand: sizes, boundaries, exact properties, inference.",
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for theme in (design_simon, design_response, design_bayes, design_trials, design_baskets):
        theme.register(design)
    app.add_typer(design, name="design")
    monitor.register(app)
