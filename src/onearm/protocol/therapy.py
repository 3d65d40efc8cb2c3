"""``[therapy]``: how lines of anticancer therapy after the study treatment are told apart."""

from __future__ import annotations

from typing import Literal

from onearm.protocol.base import Days, Section

__all__ = ["Therapy"]


class Therapy(Section):
    """``[therapy]``: what makes a line of anticancer therapy after the study treatment."""

    later_lines: Literal["auto", "recorded", "dates"] = "auto"
    """What tells later lines apart: the recorded number (CMLINE, or a number in CMGRPID) or the first days of the agents;
    "auto" takes the number of patients all of whose later therapies have one, and the days of the others."""
    same_line_within_days: Days = 28
    """Where days tell lines apart: agents that begin at most this many days after the first agent of a line belong to it."""
