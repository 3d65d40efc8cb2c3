"""The switches of RECIST 1.1, each with its default and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from onearm.errors import MethodError

__all__ = ["EPSILON", "RECIST_1_1", "RecistRules"]

EPSILON: Final = 1e-9
"""Percentages and millimetres that differ by less are equal: 35 mm from 50 mm is -30 % in spite of floating point."""


@dataclass(frozen=True)
class RecistRules:
    """
    Every choice of RECIST 1.1 that a protocol may make differently.

    Parameters
    ----------
    max_targets : int, default 5
        Target lesions per patient [1]_ section 4.2; RECIST 1.0 allowed 10.
    max_targets_per_organ : int, default 2
        Target lesions per organ [1]_ section 4.2; RECIST 1.0 allowed 5. Lymph nodes count as one organ [2]_.
    measurable_mm : float, default 10
        Smallest longest diameter of a measurable lesion on CT [1]_ section 3.1.1.
    measurable_node_mm : float, default 15
        Smallest short axis of a node that can be a target [1]_ section 3.1.1.
    normal_node_mm : float, default 10
        A node with a smaller short axis is normal [1]_ section 4.3.1.
    too_small_mm : float, default 5
        Diameter of a lesion that is seen but too small to measure [1]_ section 4.3.2.
    response_pct : float, default 30
        Decrease of the sum from baseline, in per cent, for PR [1]_ section 4.3.1.
    progression_pct : float, default 20
        Increase of the sum from the nadir, in per cent, for PD [1]_ section 4.3.1.
    progression_mm : float, default 5
        Increase of the sum from the nadir, in mm, that PD needs as well [1]_ section 4.3.1; RECIST 1.0 had none (0).
    partial_progression : bool, default True
        Where targets are missing, PD if those measured alone already reach it [1]_ section 4.4.2; else always NE.
    reappearance : {"PD", "target", "sum"}, default "PD"
        Lesions that are back: PD at any size after an overall CR [1]_ Table 3, footnote a [2]_; already after all
        targets were gone, whatever the non-targets were; or by the sum alone. From a nadir of 0 the sum needs
        ``progression_mm``.
    partial_non_target : {"NE", "NON-CR/NON-PD"}, default "NE"
        Non-targets of which some are present and others not evaluated: "not all evaluated" [1]_ Tables 1 and 2, or
        present all the same.
    backdate_equivocal : bool, default True
        A new lesion that was equivocal and is confirmed later counts from the scan that first showed it [1]_ section
        4.3.5.
    progression_day : {"earliest_scan", "triggering_scan", "by_component", "latest_scan"}, default "earliest_scan"
        Day of a PD whose scans were on several days: the first scan of the timepoint; the first of the components that
        showed PD; by the component, where new lesions and non-targets count from the first scan and targets from the
        last, which completes their sum [3]_ appendix 2; or the last scan.
    response_day : {"latest_scan", "earliest_scan"}, default "latest_scan"
        Day of any other response whose scans were on several days: all of them were needed to conclude it.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247.
    .. [2] EORTC RECIST working group, questions and clarifications, recist.eortc.org.
    .. [3] FDA (2007), Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics.

    Examples
    --------
    >>> RecistRules(progression_mm=0).progression_pct
    20.0
    """

    max_targets: int = 5
    max_targets_per_organ: int = 2
    measurable_mm: float = 10.0
    measurable_node_mm: float = 15.0
    normal_node_mm: float = 10.0
    too_small_mm: float = 5.0
    response_pct: float = 30.0
    progression_pct: float = 20.0
    progression_mm: float = 5.0
    partial_progression: bool = True
    reappearance: Literal["PD", "target", "sum"] = "PD"
    partial_non_target: Literal["NE", "NON-CR/NON-PD"] = "NE"
    backdate_equivocal: bool = True
    progression_day: Literal["earliest_scan", "triggering_scan", "by_component", "latest_scan"] = "earliest_scan"
    response_day: Literal["latest_scan", "earliest_scan"] = "latest_scan"

    def __post_init__(self) -> None:
        """Refuse numbers that have no meaning; raise MethodError with all of them."""
        problems = [
            f"RecistRules.{name}: found {getattr(self, name)!r}; it must be {limit} or more."
            for name, limit in _LOWEST.items()
            if getattr(self, name) < limit
        ]
        if self.response_pct > 100:
            problems.append(
                f"RecistRules.response_pct: found {self.response_pct!r}; a sum cannot fall by more than 100."
            )
        if problems:
            raise MethodError(*problems)


_LOWEST: Final[dict[str, float]] = {
    "max_targets": 1,
    "max_targets_per_organ": 1,
    "measurable_mm": 0,
    "measurable_node_mm": 0,
    "normal_node_mm": 0,
    "too_small_mm": 0,
    "response_pct": 0,
    "progression_pct": 0,
    "progression_mm": 0,
}

RECIST_1_1: Final = RecistRules()
"""RECIST 1.1 as published."""
