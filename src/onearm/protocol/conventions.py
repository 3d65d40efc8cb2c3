"""``[conventions]``: choices that programs make in silence, named; a preset fills in what R, SAS or SPSS would do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from onearm.protocol.base import Level, Positive, ProportionInterval, Section
from onearm.terms import DAYS_PER_MONTH

__all__ = ["PRESETS", "Conventions", "with_preset"]

PRESETS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "r": {
            "survival_interval": "log",
            "median": "r",
            "quantile": "r",
            "ties": "efron",
            "rank_test": "r",
            "rounding": "half_even",
        },
        "sas": {
            "survival_interval": "log-log",
            "median": "sas",
            "quantile": "sas",
            "ties": "breslow",
            "rank_test": "corrected",
            "rounding": "half_away",
        },
        "spss": {
            "survival_interval": "plain",
            "median": "spss",
            "quantile": "spss",
            "ties": "breslow",
            "rank_test": "normal",
            "rounding": "half_away",
        },
    }
)


class Conventions(Section):
    """How numbers are estimated and printed where the methods section of a paper rarely says."""

    preset: Literal["r", "sas", "spss"] = "r"
    """Fills in what is not set below."""
    survival_interval: Literal["plain", "log", "log-log", "logit", "arcsine"] = "log"
    """Transformation behind the interval of a survival probability."""
    median: Literal["r", "r-print", "sas", "spss"] = "r"
    """What the median is on a flat step at 0.5, and how its interval is found; where a limit rises again, ``r`` is what
    quantile() gives and ``r-print`` what print(survfit) shows."""
    quantile: Literal["r", "sas", "spss"] = "r"
    """Definition of sample quartiles: Hyndman-Fan type 7 (R), 2 (SAS) or 6 (SPSS)."""
    ties: Literal["efron", "breslow", "exact"] = "efron"
    """Handling of tied events in Cox models."""
    rank_test: Literal["exact", "r", "corrected", "normal"] = "r"
    """P value of rank tests: exact, also with ties; as ``wilcox.test`` (exact below 50 without ties, else corrected); the
    normal approximation with continuity correction (SAS) or without (SPSS)."""
    rounding: Literal["half_even", "half_away"] = "half_even"
    """Rounding of printed numbers."""
    proportion_interval: ProportionInterval = "clopper-pearson"
    """Interval of a proportion where an endpoint does not name its own."""
    level: Level = 0.95
    """Coverage of every interval."""
    days_per_month: Positive = DAYS_PER_MONTH
    """Days in a month."""
    count_start_day: bool = True
    """Whether a time includes its first day (end - start + 1, as ADaM does) or not (end - start)."""
    event_date: Literal["first", "mid", "last"] = "first"
    """Which day stands for the unknown part of an event's date."""
    start_date: Literal["first", "mid", "last"] = "first"
    """Which day stands for the unknown part of a start date (first dose, enrolment)."""
    censor_date: Literal["first", "mid", "last"] = "first"
    """Which day stands for the unknown part of a date last known alive or assessed."""
    relative_dose_intensity: Literal["per_week", "planned_doses"] = "per_week"
    """Share of the plan: of the dose per week, from the first dose to the last and the planned pause after it; or of the
    doses that the calendar of the plan has from the first dose to the last, so that the end of treatment costs nothing."""
    percent_digits: int = 1
    """Decimals of printed percentages."""
    month_digits: int = 2
    """Decimals of printed months."""


def with_preset(section: Mapping[str, Any]) -> dict[str, Any]:
    """
    Fill in what the preset of a ``[conventions]`` table implies.

    Parameters
    ----------
    section : mapping
        The table as typed; may be empty.

    Returns
    -------
    dict
        With each convention of the preset that was not set by itself.

    Examples
    --------
    >>> with_preset({"preset": "sas", "ties": "exact"})["ties"], with_preset({"preset": "sas"})["median"]
    ('exact', 'sas')
    """
    preset = section.get("preset", "r")
    implied = PRESETS.get(preset, {}) if isinstance(preset, str) else {}
    return {**implied, **section}
