"""Statistics by hand: ``onearm ci``, ``onearm km``, ``onearm cox``."""

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
