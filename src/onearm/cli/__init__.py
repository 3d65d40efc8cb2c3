"""
The command line: speaks to people, imports what a command needs when it runs.

Each file of this room holds the commands of one theme and a function ``register(app)`` that adds them. A command checks
its arguments, calls one function of the floors below and prints; it never computes.
"""

from __future__ import annotations

from onearm.cli.app import main

__all__ = ["main"]
