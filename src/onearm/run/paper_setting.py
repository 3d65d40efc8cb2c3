"""The circumstances of a cohort: what a paper and its reconstruction.toml say beside the numbers of a curve or a table."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from onearm.protocol import Protocol
from onearm.published import Published
from onearm.published.model import Statement
from onearm.published.numbers import Meaning, Meanings, statement_key
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.setting import Action, Exposure, Other, Setting
from onearm.run.paper_phases import paper_phases

__all__ = ["Builder", "paper_setting", "stated_count"]

_ACTIONS: Final = {
    "leading to dose reduction": "DOSE REDUCED",
    "leading to interruption": "DRUG INTERRUPTED",
    "leading to discontinuation": "DRUG WITHDRAWN",
}


@dataclass
class Builder:
    """
    A paper and what its numbers mean.

    Parameters
    ----------
    published : Published
        What was printed.
    meanings : Meanings
        What each number is a number of.
    protocol : Protocol
        What was planned.
    extra : dict
        ``[cohort]`` of reconstruction.toml.
    """

    published: Published
    meanings: Meanings
    protocol: Protocol
    extra: dict[str, Any] = field(default_factory=dict)

    def about(self, *kinds: str) -> Iterator[tuple[Statement, Meaning]]:
        """
        Give the statements about some kinds of numbers, without those that cannot be met or are not looked for.

        Parameters
        ----------
        *kinds : str
            Names of `onearm.published.numbers.KINDS`.

        Yields
        ------
        tuple of Statement and Meaning
            In the order of the file.
        """
        left_open = self.extra.get("left_open", ())
        for statement, meaning in self.meanings.statements(self.published, *kinds):
            is_sought = not any(fnmatchcase(statement_key(statement), pattern) for pattern in left_open)
            if is_sought and not self.meanings.why_unmet(statement):
                yield statement, meaning


def stated_count(statement: Statement) -> int | None:
    """
    Take the count of a statement, or the only one that gives its percentage.

    Parameters
    ----------
    statement : Statement
        Of the paper.

    Returns
    -------
    int or None
        None where neither was printed.
    """
    if statement.count is not None:
        return statement.count
    if statement.percent is None or not statement.total:
        return None
    return round(statement.percent.value * statement.total / 100)


def paper_setting(builder: Builder) -> Setting:
    """
    Collect dates, disposition, therapies and changes of doses.

    Parameters
    ----------
    builder : Builder
        The paper.

    Returns
    -------
    Setting
        With defaults where nothing says it.
    """
    extra, protocol = builder.extra, builder.protocol
    flow = {m.level or m.name: s.count for s, m in builder.about("flow") if s.count is not None and not m.phase}
    reasons = {
        m.level: s.count
        for s, m in builder.about("reason")
        if s.count is not None and m.name == "discontinued" and not m.phase
    }
    extents = {m.level: s.count for s, m in builder.about("progression_extent") if s.count is not None}
    therapies = {m.name: s.count for s, m in builder.about("later_therapy") if s.count is not None}
    again = therapies.pop("lines", 0)
    cutoff = protocol.trial.cutoff or extra.get("cutoff")
    if not isinstance(cutoff, dt.date):
        cutoff = extra["last_start"] + dt.timedelta(days=730)
    wanted = {line.variable for line in protocol.baseline} | {line.variable for line in protocol.subgroup}
    wanted |= {limit.variable for limit in protocol.eligibility if limit.variable is not None}
    wanted |= {name for model in protocol.model.values() for name in (*model.covariates, *model.strata)}
    wanted |= {"SEX", *(protocol.source.patients.covariates if protocol.source.patients else ())}
    return Setting(
        first_start=extra["first_start"],
        last_start=extra["last_start"],
        cutoff=cutoff,
        screened=int(flow.get("screened", extra.get("screened", 0))),
        sites=int(extra.get("sites", 1)),
        ongoing=flow.get("ongoing", extra.get("ongoing")),
        stop_reasons=_own(reasons, extra.get("other", ())) | extra.get("stop_reasons", {}),
        therapies={name: count for name, count in therapies.items() if name not in {"any", "none"}}
        | extra.get("therapies", {}),
        treated_again=again,
        treated_later=therapies.get("any", extra.get("treated_later")),
        actions=tuple(_with_rest(list(_actions(builder)), _modified(builder), protocol)),
        causes=extra.get("causes", {}),
        joined=extra.get("joined", {}),
        columns=tuple(sorted(wanted)),
        organs=extra.get("organs", {}),
        sites_column=extra.get("sites_column", ""),
        primary=extra.get("primary", "PRIMARY TUMOUR"),
        country=extra.get("country", "CHN"),
        race=extra.get("race", "ASIAN"),
        therapy_column=extra.get("therapy_column", ""),
        death_causes=extra.get("death_causes", {}),
        fatal=tuple((str(term), bool(related)) for term, related in extra.get("fatal", {}).items()),
        cohort=str(extra.get("name", "")),
        others=tuple(_other(table) for table in extra.get("other", ())),
        previous=extra.get("previous", {}),
        ends_at_last_visit=bool(extra.get("ends_at_last_visit", False)),
        shrunk=extra.get("shrunk"),
        exposures=tuple(_exposures(builder)),
        modified=_modified(builder),
        systemic=extents.get("SYSTEMIC"),
        phases=paper_phases(builder),
    )


def _own(reasons: dict[str, int], others: Any) -> dict[str, int]:
    """Reasons less those of the patients outside the analysis."""
    left = dict(reasons)
    for table in others:
        reason = table.get("stop_reason")
        if reason in left:
            left[reason] = max(0, left[reason] - int(table["patients"]))
    return left


def _other(table: dict[str, Any]) -> Other:
    return Other(
        patients=int(table["patients"]),
        columns=dict(table.get("columns", {})),
        deviation=str(table.get("deviation", "")),
        stop_reason=str(table.get("stop_reason", "WITHDRAWAL BY SUBJECT")),
        is_treated=bool(table.get("treated", True)),
    )


def _exposures(builder: Builder) -> Iterator[Exposure]:
    """Times on the drugs that were printed with quartiles or a range."""
    for statement, meaning in builder.about("exposure"):
        if meaning.variable == "duration" and not meaning.phase and statement.interval in {"iqr", "range"}:
            shown = {
                part: None if number is None else Printed(number.value, number.digits)
                for part, number in (("median", statement.value), ("low", statement.low), ("high", statement.high))
            }
            yield Exposure(meaning.name, **shown, spread="iqr" if statement.interval == "iqr" else "range")


def _modified(builder: Builder) -> dict[str, int]:
    """Patients with any change of a drug's dose."""
    return {
        meaning.name.partition(" ")[2]: statement.count
        for statement, meaning in builder.about("adverse_event")
        if meaning.level == "leading to any of these" and statement.count is not None
    }


def _with_rest(actions: list[Action], modified: dict[str, int], protocol: Protocol) -> Iterator[Action]:
    """Where no dose may be reduced, whoever had a change and did not stop was interrupted."""
    yield from actions
    for drug in protocol.treatment:
        mine = [action for action in actions if action.drug == drug.name]
        if len(drug.dose_levels) == 1 and drug.name in modified and {one.action for one in mine} <= {"DRUG WITHDRAWN"}:
            rest = modified[drug.name] - sum(one.patients for one in mine)
            yield Action("DRUG INTERRUPTED", rest, drug=drug.name)


def _actions(builder: Builder) -> Iterator[Action]:
    seen: set[tuple[str, str]] = set()
    for statement, meaning in builder.about("adverse_event"):
        action = _ACTIONS.get(meaning.level) if meaning.variable == "overview" else None
        count = stated_count(statement)
        drug = meaning.name.partition(" ")[2]
        if action and count is not None and (action, drug) not in seen:
            seen.add((action, drug))
            yield Action(action, count, drug=drug)
    levels: dict[str, list[int]] = defaultdict(list)
    for statement, meaning in builder.about("exposure"):
        count = stated_count(statement)
        if meaning.level.startswith("reduced to") and count is not None:
            levels[meaning.name].append(count)
    for drug, counts in levels.items():
        yield Action(
            "DOSE REDUCED",
            max(counts),
            drug=drug,
            again=builder.extra.get("reduced_again", {}).get(drug, min(counts) if len(counts) > 1 else 0),
        )
