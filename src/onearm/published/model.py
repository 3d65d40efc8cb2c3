"""
What a paper printed, number by number, with the digits it was printed with.

A statement is one sentence's or one cell's worth of numbers; a relation says which statements belong together. Nothing
here has to be consistent: the model holds what was printed, not what can be true.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = [
    "RELATIONS",
    "STATISTICS",
    "Claims",
    "Design",
    "Finding",
    "Printed",
    "PrintedP",
    "Published",
    "Relation",
    "Statement",
    "Verdict",
]


class Verdict(StrEnum):
    """What can be said about a printed number."""

    HOLDS = "holds"
    OTHER_METHOD = "holds_under_another_method"
    ROUNDING = "rounding_slip"
    IMPOSSIBLE = "cannot_be_right"
    UNCHECKED = "not_checkable"


class Printed(NamedTuple):
    """
    A number with its printed precision.

    Attributes
    ----------
    value : float
        The number.
    digits : int
        Decimals that were printed: 72.0 is not 72.
    """

    value: float
    digits: int

    def __str__(self) -> str:
        """As printed."""
        return f"{self.value:.{self.digits}f}"

    @property
    def unit(self) -> float:
        """One in the last printed place."""
        return 10.0**-self.digits


class PrintedP(NamedTuple):
    """
    A p-value as printed.

    Attributes
    ----------
    sign : str
        ``=``, ``<`` or ``>``.
    number : Printed
        The value or its bound.
    """

    sign: str
    number: Printed

    def __str__(self) -> str:
        """As printed."""
        return f"{'' if self.sign == '=' else self.sign}{self.number}"


STATISTICS: Final = {
    "rate": "a count, its total, a percentage, an interval of it: any of them",
    "count": "a number of patients, events or lesions",
    "median": "a time from a Kaplan-Meier curve",
    "landmark": "a rate from a Kaplan-Meier curve at `time`",
    "hazard_ratio": "a ratio with its interval and p",
    "p_value": "a p-value; with `groups` it can be checked",
    "range": "smallest to largest value, such as of the age, or quartiles",
    "date": "a date",
    "value": "any other number: a dose, a follow-up, a share that is no share of patients",
}
"""Kinds of statements of published.toml."""

RELATIONS: Final = {
    "sum": "the parts add up to the whole: disjoint categories, a flow chart",
    "at_most_sum": "the whole is not larger than the sum of its parts, which may overlap",
    "remainder": "the whole less its parts is the last of the parts",
    "at_most": "the first part is not larger than the whole",
    "same": "one number, printed several times",
    "curve": "the whole is the median of a curve, the parts its landmarks",
    "disjoint": "the labels of the parts are categories that must not overlap",
    "order": "dates, in the order in which they must lie",
    "one_date": "one date, printed several times",
    "within": "a time that cannot be longer than from the first to the last of the dates of the parts",
    "eligible": "the part is a range that must lie inside the whole, a range too",
}
"""Kinds of relations of published.toml."""


@dataclass(frozen=True)
class Statement:
    """
    One printed statement.

    Parameters
    ----------
    place : str
        Where it stands: a line, a table and row, a section and sentence.
    statistic : str
        A name of `STATISTICS`.
    id : str
        For relations; empty where none needs it.
    label : str
        What the number is about.
    text : str
        The fragment as printed; may be empty.
    sentence : tuple of str
        What stands before, in and after the fragment; empty unless extracted from text.
    group, population : str
        Of whom.
    count, total : int, optional
        Numerator and denominator.
    total_is_inferred : bool
        The denominator was not printed beside the count.
    largest_total : int, optional
        No denominator of the paper is larger, so none that was not printed can be.
    percent, value, low, high : Printed, optional
        As printed; a number that was printed as not reached or not estimable is missing and named in `open_limits`.
    open_limits : str
        What was printed as not reached or not estimable: ``value``, ``low``, ``high``, or several.
    interval : str
        ``ci``, ``credible``, ``range`` or ``iqr``.
    level : float
        Of the interval.
    method : str
        The interval or test that the paper claims for it; empty where it claims none.
    p : PrintedP, optional
        P-value.
    time : float, optional
        Months, of a landmark.
    unit : str
        Of `value`.
    prior : tuple of float
        Beta prior that is claimed for a credible interval; empty where none is.
    rounded_to : float, optional
        Unit to which the percentages were rounded before they were printed with more decimals: 1 for whole ones.
    groups : tuple of tuple of int
        Successes and totals of the groups that a p-value compares.
    events : int, optional
        Events behind a hazard ratio or median.
    sizes : tuple of int
        Patients in each group behind a hazard ratio.
    date : date, optional
        Of a date; a month alone is its first day, and `date_is_month` says so.
    date_is_month : bool
        The day was not printed.
    note : str
        What a reader should know.
    """

    place: str
    statistic: str
    id: str = ""
    label: str = ""
    text: str = ""
    sentence: tuple[str, str, str] = ("", "", "")
    group: str = ""
    population: str = ""
    count: int | None = None
    total: int | None = None
    total_is_inferred: bool = False
    largest_total: int | None = None
    percent: Printed | None = None
    value: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    open_limits: str = ""
    interval: str = "ci"
    level: float = 0.95
    method: str = ""
    p: PrintedP | None = None
    time: float | None = None
    unit: str = ""
    prior: tuple[float, ...] = ()
    rounded_to: float | None = None
    groups: tuple[tuple[int, int], ...] = ()
    events: int | None = None
    sizes: tuple[int, ...] = ()
    date: dt.date | None = None
    date_is_month: bool = False
    note: str = ""

    @property
    def shown(self) -> str:
        """The fragment, or the numbers written out."""
        return self.text or " ".join(part for part in (self.label, self.group, *_numbers(self)) if part)


def _numbers(statement: Statement) -> list[str]:
    s = statement
    share = f"{s.count}/{s.total}" if s.total is not None and not s.total_is_inferred else f"{s.count}"
    low = str(s.low) if s.low else "NE" if "low" in s.open_limits else ""
    high = str(s.high) if s.high else "NE" if "high" in s.open_limits else ""
    kind = f"{100 * s.level:g}% CI" if s.interval in {"ci", "credible"} else s.interval
    parts = [
        share if s.count is not None else "",
        f"{s.value} {s.unit}".strip() if s.value else "NR" if "value" in s.open_limits else "",
        f"({s.percent}%)" if s.percent and s.count is not None else f"{s.percent}%" if s.percent else "",
        f"({kind} {low}–{high})" if low or high else "",
        ("P" + ("=" if s.p.sign == "=" else "") + str(s.p)) if s.p else "",
        (s.date.strftime("%B %Y") if s.date_is_month else s.date.isoformat()) if s.date else "",
    ]
    return [part for part in parts if part]


@dataclass(frozen=True)
class Relation:
    """
    What must hold between statements.

    Parameters
    ----------
    kind : str
        A name of `RELATIONS`.
    place : str
        Where the relation is said or shown.
    whole : str
        Identifier of a statement; empty where the kind has none.
    parts : tuple of str
        Identifiers of statements.
    note : str
        Why they belong together.
    """

    kind: str
    place: str
    whole: str = ""
    parts: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Claims:
    """
    What the methods section says.

    Parameters
    ----------
    rate_interval : str
        A name of `onearm.stats.binomial.BINOMIAL_INTERVALS`; empty where the paper names none.
    rate_interval_for : str
        Label of the one rate that the paper names the interval for, such as ``ORR``; empty where it is for all.
    survival_interval : str
        ``plain``, ``log``, ``log-log``, ``logit`` or ``arcsine``; empty where the paper names none.
    test : str
        A name of the tests of 2 x 2 tables; empty where the paper names none.
    software : str
        Program that made the numbers.
    """

    rate_interval: str = ""
    rate_interval_for: str = ""
    survival_interval: str = ""
    test: str = ""
    software: str = ""


@dataclass(frozen=True)
class Design:
    """
    A design with the numbers that the paper printed for it; what is missing was not printed.

    Parameters
    ----------
    kind : str
        ``simon`` or ``log_rank``.
    place : str
        Where it stands.
    numbers : dict of str to float
        Printed numbers by name.
    """

    kind: str
    place: str
    numbers: dict[str, float]


@dataclass(frozen=True)
class Published:
    """
    What a paper printed.

    Parameters
    ----------
    trial : dict
        ``id``, ``title``, ``reference`` and whatever names the paper.
    claims : Claims
        Of the methods section.
    statements : tuple of Statement
        In the order of the file.
    relations : tuple of Relation
        Between statements.
    designs : tuple of Design
        Planned sizes and rules.
    """

    trial: dict[str, str] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)
    statements: tuple[Statement, ...] = ()
    relations: tuple[Relation, ...] = ()
    designs: tuple[Design, ...] = ()


@dataclass(frozen=True)
class Finding:
    """
    What was found about one statement.

    Parameters
    ----------
    place, statement : str
        Where it stands and what it says.
    verdict : Verdict
        What can be said about it.
    method : str
        What made the number, where that is known.
    working : str
        One line that a reader can follow with a pocket calculator.
    closest : str
        The nearest value that would be right; empty where the statement holds.
    severity : str
        ``error``: a count, an interval or a conclusion changes; ``warning``: a number is wrong, the conclusion stays;
        ``note``: the last digit or the name of a method; ``none``: nothing is wrong.
    sentence : tuple of str
        What stands before, in and after the fragment.
    """

    place: str
    statement: str
    verdict: Verdict
    method: str
    working: str
    closest: str
    severity: str
    sentence: tuple[str, str, str] = ("", "", "")
