"""All checks of a paper: one finding for each statement, relation and design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from onearm.published.designs import check_design
from onearm.published.extract import extract_published
from onearm.published.model import Claims, Finding, Published, Statement
from onearm.published.outcome import Outcome, holds, merge, unchecked
from onearm.published.p_values import check_p_value
from onearm.published.rates import check_inside, check_rate
from onearm.published.relations import check_relation
from onearm.published.times import check_hazard_ratio, check_landmark, check_median

__all__ = ["Progress", "audit_published", "audit_text"]

Progress = Callable[[str, int, int], None]


def audit_published(published: Published, *, progress: Progress | None = None) -> tuple[Finding, ...]:
    """
    Check what a paper printed.

    Parameters
    ----------
    published : Published
        From `read_published` or from text.
    progress : callable, optional
        Called with a step, how many are done and how many there are.

    Returns
    -------
    tuple of Finding
        One for each statement that says something numeric, relation and design, in this order.

    Examples
    --------
    >>> from onearm.published.read import parse_csv
    >>> paper = parse_csv("statement,count,total,percent,low,high\\nORR,26,46,56.5,41.1,71.1\\nECOG 1,32,46,70.6,,")
    >>> [finding.verdict.value for finding in audit_published(paper)]
    ['holds', 'cannot_be_right']
    """
    by_id = {statement.id: statement for statement in published.statements if statement.id}
    total = len(published.statements) + len(published.relations) + len(published.designs)
    findings: list[Finding] = []
    for statement in published.statements:
        findings.append(merge(statement, _check(statement, published.claims)))
        if progress and len(findings) % 20 == 0:
            progress("checking", len(findings), total)
    findings += [check_relation(relation, by_id) for relation in published.relations]
    findings += [check_design(design) for design in published.designs]
    if progress:
        progress("checking", total, total)
    return tuple(findings)


def audit_text(text: str, *, progress: Progress | None = None) -> tuple[Finding, ...]:
    """
    Find the numeric statements of a paper and check them.

    Parameters
    ----------
    text : str
        Plain text or Markdown.
    progress : callable, optional
        As in `audit_published`.

    Returns
    -------
    tuple of Finding
        In the order of the text; each names its line.

    Examples
    --------
    >>> [finding] = audit_text("Of 46 patients, 26/46 responded (26/46, 56.5%; 95% CI 41.1-71.1).")
    >>> finding.place, finding.verdict.value
    ('line 1', 'holds')
    """
    if progress:
        progress("reading", 0, 1)
    return audit_published(extract_published(text), progress=progress)


def _check(statement: Statement, claims: Claims) -> list[Outcome]:
    return _CHECKS.get(statement.statistic, _only_inside)(statement, claims)


def _only_inside(statement: Statement, _claims: Claims) -> list[Outcome]:
    if outside := check_inside(statement, statement.value):
        return outside
    if statement.value and statement.low and statement.high:
        return [holds(f"{statement.low} ≤ {statement.value} ≤ {statement.high}")]
    return [unchecked(statement.note or "a single number; see the relations that name it")]


def _hazard_ratio(statement: Statement, _claims: Claims) -> list[Outcome]:
    return check_hazard_ratio(statement)


_CHECKS: Final[dict[str, Callable[[Statement, Claims], list[Outcome]]]] = {
    "rate": check_rate,
    "median": check_median,
    "landmark": check_landmark,
    "hazard_ratio": _hazard_ratio,
    "p_value": check_p_value,
}
