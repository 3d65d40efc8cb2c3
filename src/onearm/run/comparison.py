"""What a paper printed beside what the pipeline computed, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from onearm.published import Published, audit_published
from onearm.published.model import Finding, Printed, Statement, Verdict
from onearm.published.numbers import Meaning, Meanings, statement_key
from onearm.published.rounding import fits
from onearm.reconstruction.solutions import Conflict
from onearm.run.lookup import Found, Index, find_number, index_results
from onearm.run.proved import proved_impossible

__all__ = ["Agreement", "Number", "compare_numbers"]


class Agreement(StrEnum):
    """How a printed number stands to the computed one."""

    MET = "met"
    DIFFERS = "differs"
    CANNOT = "cannot_be_met"
    NOT_COMPUTABLE = "not_computable"


@dataclass(frozen=True)
class Number:
    """
    One printed number and what became of it.

    Parameters
    ----------
    trial : str
        Name of the trial.
    place : str
        Where the number stands in the paper.
    statistic : str
        What it is: the label of its statement and its part.
    printed : str
        As printed.
    computed : str
        What the pipeline computed from the reconstructed records, with one more decimal than was printed.
    verdict : Agreement
        How the two stand.
    note : str
        Why, where it is not met.
    is_clinical : bool
        Whether a patient's record can show it.
    """

    trial: str
    place: str
    statistic: str
    printed: str
    computed: str
    verdict: Agreement
    note: str = ""
    is_clinical: bool = True

    def as_row(self) -> dict[str, str]:
        """
        Give the number as JSON wants it.

        Returns
        -------
        dict of str to str
            ``trial, place, statistic, printed, computed, verdict, note``.
        """
        return {name: str(value) for name, value in asdict(self).items() if name != "is_clinical"}


def compare_numbers(
    trial: str,
    published: Published,
    meanings: Meanings,
    results: pl.DataFrame,
    *,
    conflicts: Sequence[Conflict] = (),
) -> tuple[Number, ...]:
    """
    Compare every printed number with the results of a run.

    Parameters
    ----------
    trial : str
        Name of the trial.
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of.
    results : polars.DataFrame
        Results of the run.
    conflicts : sequence of Conflict
        What the solvers found about numbers that cannot hold together; only what is proved excuses a number.

    Returns
    -------
    tuple of Number
        In the order of the file. A number that contradicts others in the paper cannot be met; the audit says why.
    """
    index = index_results(results)
    wrong = _contradictions(published)
    proved = proved_impossible(published, meanings, conflicts)
    return tuple(
        number
        for statement in published.statements
        for number in _statement(
            trial, statement, meanings, index, wrong.get(_identity(statement)) or proved.get(statement, "")
        )
    )


def _identity(statement: Statement) -> tuple[str, str]:
    return statement.place, statement_key(statement)


def _contradictions(published: Published) -> dict[tuple[str, str], str]:
    """Say by statement what the audit found wrong, in itself or with others."""
    findings = audit_published(published)
    wrong: dict[tuple[str, str], str] = {}
    own = len(published.statements)
    for statement, finding in zip(published.statements, findings[:own], strict=True):
        if finding.verdict in {Verdict.IMPOSSIBLE, Verdict.ROUNDING, Verdict.OTHER_METHOD}:
            wrong[_identity(statement)] = _why(finding)
    by_id = {statement.id: statement for statement in published.statements if statement.id}
    for relation, finding in zip(published.relations, findings[own:], strict=False):
        if finding.verdict in {Verdict.IMPOSSIBLE, Verdict.ROUNDING}:
            for key in (relation.whole, *relation.parts):
                if key in by_id:
                    wrong.setdefault(_identity(by_id[key]), _why(finding))
    return wrong


def _why(finding: Finding) -> str:
    closest = f"; right would be {finding.closest}" if finding.closest else ""
    return f"{finding.working}{closest}"


def _statement(trial: str, statement: Statement, meanings: Meanings, index: Index, wrong: str) -> Iterator[Number]:
    meaning = meanings.of(statement)
    outside = meanings.why_outside(statement)
    wrong = "; ".join(part for part in (wrong, statement.note) if part) if wrong else wrong
    for part, shown in _parts(statement):
        label = " ".join(dict.fromkeys(word for word in (statement.label, statement.group) if word))
        name = f"{label}, {_PART_NAMES.get(part, part)}"
        if outside:
            verdict = Agreement.CANNOT if wrong else Agreement.NOT_COMPUTABLE
            yield Number(trial, statement.place, name, shown, "", verdict, wrong or outside, is_clinical=False)
            continue
        if meaning is None:
            silent = "reconstruction.toml does not say what it is a number of"
            note = meanings.why_uncomputed(statement) or silent
            yield Number(trial, statement.place, name, shown, "", Agreement.NOT_COMPUTABLE, wrong or note)
            continue
        yield _judge(
            Number(trial, statement.place, name, shown, "", Agreement.DIFFERS),
            statement,
            part,
            meaning,
            index,
            wrong or meanings.why_part_unmet(statement, part),
        )


_PART_NAMES: Final = {"low": "lower limit", "high": "upper limit", "p": "p"}


def _parts(statement: Statement) -> Iterator[tuple[str, str]]:
    """The printed numbers of a statement; a denominator that a table prints once, in its head, is not one of each row."""
    if statement.count is not None:
        yield "count", str(statement.count)
        if statement.total is not None and not statement.total_is_inferred and not statement.place.startswith("Table"):
            yield "total", str(statement.total)
    for part in ("value", "percent", "low", "high"):
        number = getattr(statement, part)
        if number is not None:
            yield part, f"{number}{'%' if part == 'percent' else ''}"
        elif part in statement.open_limits:
            yield part, "NE"
    if statement.p is not None:
        yield "p", str(statement.p)
    if statement.date is not None:
        yield "date", statement.date.strftime("%Y-%m") if statement.date_is_month else statement.date.isoformat()


def _judge(number: Number, statement: Statement, part: str, meaning: Meaning, index: Index, excuse: str) -> Number:
    found = find_number(index, meaning, statement, part)
    changed = asdict(number)
    if found is None:
        verdict = Agreement.CANNOT if excuse else Agreement.NOT_COMPUTABLE
        return Number(**{**changed, "verdict": verdict, "note": excuse or "no result of the run says it"})
    changed["computed"] = _shown(found, statement, part)
    if _agrees(found, statement, part):
        unit = None if part in {"count", "total"} else statement.rounded_to
        note = "" if unit is None else f"rounded to {unit:g} before it was printed"
        return Number(**{**changed, "verdict": Agreement.MET, "note": meaning.note or note})
    verdict = Agreement.CANNOT if excuse else Agreement.DIFFERS
    return Number(**{**changed, "verdict": verdict, "note": excuse or found.note or ""})


def _number_of(statement: Statement, part: str) -> Printed | None:
    if part == "p":
        return statement.p.number if statement.p else None
    if part in {"count", "total"}:
        whole = getattr(statement, part)
        return None if whole is None else Printed(float(whole), 0)
    return getattr(statement, part, None)


def _agrees(found: Found, statement: Statement, part: str) -> bool:
    if part == "date":
        assert statement.date is not None
        said = statement.date.isoformat()
        return found.text is not None and (
            found.text[:7] == said[:7] if statement.date_is_month else found.text == said
        )
    shown = _number_of(statement, part)
    if shown is None:
        return found.value is None or not math.isfinite(found.value)
    if found.value is None:
        return False
    if part == "p" and statement.p is not None and statement.p.sign != "=":
        return found.value < shown.value if statement.p.sign == "<" else found.value > shown.value
    return fits(found.value, shown, unit=statement.rounded_to)


def _shown(found: Found, statement: Statement, part: str) -> str:
    if found.value is None:
        return found.text or ("NE" if part != "date" else "")
    shown = _number_of(statement, part)
    if part in {"count", "total"}:
        return f"{found.value:g}"
    digits = (shown.digits if shown else 1) + 1
    return f"{found.value:.{digits}f}{'%' if part == 'percent' else ''}"
