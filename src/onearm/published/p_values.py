"""Which test of a 2 x 2 table returns a printed p-value."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from onearm.published.model import Claims, PrintedP, Statement, Verdict
from onearm.published.outcome import Outcome, holds, unchecked
from onearm.published.rounding import fits, slips
from onearm.stats.contingency import chi_squared, fisher_exact
from onearm.stats.unconditional import barnard, boschloo

__all__ = ["TESTS", "check_p_value"]

TESTS: Final = (
    "fisher",
    "chi-squared",
    "yates",
    "fisher mid-p",
    "sas mid-p",
    "likelihood-ratio",
    "barnard",
    "boschloo",
    "fisher, one-sided",
    "chi-squared, one-sided",
)
"""Tests that are tried, the usual ones first."""

_LARGEST_UNCONDITIONAL: Final = 400
"""Patients up to which the unconditional tests are tried; above, all tests agree to the printed digits."""


@lru_cache(maxsize=1024)
def _all_tests(a: int, n1: int, b: int, n2: int) -> dict[str, float]:
    table = [[a, n1 - a], [b, n2 - b]]
    exact = fisher_exact(table)
    chi = chi_squared(table)
    found = {
        "fisher": exact.p_two_sided,
        "chi-squared": chi.p,
        "yates": chi.corrected_p,
        "fisher mid-p": exact.p_mid,
        "sas mid-p": exact.p_two_sided - exact.p_table / 2,
        "likelihood-ratio": chi.likelihood_ratio_p,
        "fisher, one-sided": min(exact.p_greater, exact.p_less),
        "chi-squared, one-sided": chi.p / 2,
    }
    if n1 + n2 <= _LARGEST_UNCONDITIONAL:
        found |= {"barnard": barnard(table).p_two_sided, "boschloo": boschloo(table).p_two_sided}
    return {name: found[name] for name in TESTS if name in found and math.isfinite(found[name])}


def check_p_value(statement: Statement, claims: Claims) -> list[Outcome]:
    """
    Find the test that returns a p-value.

    Parameters
    ----------
    statement : Statement
        Of statistic ``p_value``, with the two groups that it compares.
    claims : Claims
        Names the test, where the paper does.

    Returns
    -------
    list of Outcome
        One.
    """
    s = statement
    if s.p is None:
        return [unchecked("no p-value was printed")]
    if len(s.groups) != 2 or any(total == 0 for _, total in s.groups):
        return [unchecked("the two groups that it compares are not known")]
    (a, n1), (b, n2) = s.groups
    ps = _all_tests(a, n1, b, n2)
    table = f"{a}/{n1} against {b}/{n2}"
    claimed = s.method or claims.test
    agreeing = [name for name, p in ps.items() if _agrees(p, s.p, slip=False)]
    if claimed in agreeing or (agreeing and not claimed):
        name = claimed or agreeing[0]
        return [holds(f"{table}, {name}: p = {ps[name]:.4f}", ", ".join(agreeing))]
    if agreeing:
        working = f"{table}, {agreeing[0]}: p = {ps[agreeing[0]]:.4f}"
        working += f"; claimed {claimed}: p = {ps[claimed]:.4f}" if claimed in ps else ""
        closest = f"{ps[claimed]:.3f}" if claimed in ps else ""
        return [Outcome(Verdict.OTHER_METHOD, working, ", ".join(agreeing), closest, "warning")]
    listed = ", ".join(f"{name} {p:.4f}" for name, p in ps.items())
    near = claimed if claimed in ps else "fisher"
    slipping = [name for name, p in ps.items() if (name == claimed or claimed not in ps) and _agrees(p, s.p, slip=True)]
    if slipping:
        return [Outcome(Verdict.ROUNDING, f"{table}: {listed}", slipping[0], f"{ps[slipping[0]]:.4f}", "note")]
    return [Outcome(Verdict.IMPOSSIBLE, f"{table}: {listed}; printed P {s.p}", "", f"{ps[near]:.4f} ({near})", "error")]


def _agrees(p: float, shown: PrintedP, *, slip: bool) -> bool:
    if shown.sign == "<":
        return p < shown.number.value or (slip and fits(p, shown.number))
    if shown.sign == ">":
        return p > shown.number.value or (slip and fits(p, shown.number))
    return slips(p, shown.number) if slip else fits(p, shown.number)
