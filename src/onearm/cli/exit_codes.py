"""What the command line exits with."""

from __future__ import annotations

from typing import Final

__all__ = ["FINDINGS", "UNUSABLE"]

FINDINGS: Final = 1
"""Findings of severity error, with ``--strict``."""
UNUSABLE: Final = 2
"""Input that cannot be used; every problem was printed."""
