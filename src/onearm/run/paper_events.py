"""What a paper counts of adverse events, as targets of the reconstruction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from onearm.reconstruction.count_targets import AdverseEventTargets, TermTargets
from onearm.run.paper_setting import Builder, stated_count

__all__ = ["event_targets"]


def event_targets(builder: Builder) -> dict[str, AdverseEventTargets]:
    """
    Collect the counts of adverse events.

    Parameters
    ----------
    builder : Builder
        The paper.

    Returns
    -------
    dict of str to AdverseEventTargets
        By ``TRAE`` and ``TEAE``; deaths of `fatal` terms are not among the counts of a term.
    """
    fatal = list(builder.extra.get("fatal", {}))
    rows: dict[str, dict[str, TermTargets]] = defaultdict(dict)
    totals: dict[str, dict[str, int]] = defaultdict(dict)
    # a count goes before one that follows from a percentage
    stated = sorted(builder.about("adverse_event"), key=lambda pair: pair[0].count is None)
    for statement, meaning in stated:
        count = stated_count(statement)
        if count is None or meaning.name not in {"TRAE", "TEAE"}:
            continue
        if meaning.variable == "overview":
            totals[meaning.name].setdefault(meaning.level + (f" {meaning.grade}" if meaning.grade else ""), count)
        elif not meaning.variable and (fewer := fatal.count(meaning.level)) <= count and meaning.grade != "=5":
            count -= fewer
            row = rows[meaning.name].get(meaning.level, TermTargets(meaning.level))
            rows[meaning.name][meaning.level] = _graded(row, meaning.grade, count)
    for name, terms in builder.extra.get("terms", {}).items():
        for term, (count, severe) in terms.items():
            rows[name].setdefault(term, TermTargets(term, any_grade=count, grade_3=severe))
    n = int(builder.extra.get("n_safety", builder.extra["n"]))
    return {
        name: AdverseEventTargets(
            n=n,
            terms=tuple(rows[name].values()),
            any_event=totals[name].get("any", builder.extra.get("any_event", {}).get(name)),
            any_grade_3=totals[name].get("any 3", totals[name].get("grade 3 or more")),
            grades={int(key[-1]): count for key, count in totals[name].items() if key.startswith("any =")},
            flags={"SERIOUS": totals[name]["serious"]} if "serious" in totals[name] else {},
        )
        for name in {**rows, **totals}
    }


def _graded(row: TermTargets, grade: str, count: int) -> TermTargets:
    if not grade:
        return row if row.any_grade is not None else replace(row, any_grade=count)
    if grade.startswith("="):
        return replace(row, grades={int(grade[1:]): count, **row.grades})
    return row if row.grade_3 is not None else replace(row, grade_3=count)
