"""From printed counts of immune-related events to what the judgement of the investigators has to give."""

from __future__ import annotations

from typing import Final

from onearm.reconstruction.judgement import ImmuneTargets
from onearm.run.paper_setting import Builder, stated_count

__all__ = ["immune_targets"]

_SEVERE: Final = "3"


def immune_targets(builder: Builder) -> ImmuneTargets | None:
    """
    Collect the counts of events that were judged to be immune-related.

    Parameters
    ----------
    builder : Builder
        The paper. ``[cohort.immune]`` of reconstruction.toml may say which ``further`` terms may have been judged so, and
        how many patients at ``most`` with each.

    Returns
    -------
    ImmuneTargets or None
        None where the paper prints no such count, or the protocol lists such events by their terms, which leaves nothing
        to judge.
    """
    if builder.protocol.safety.immune_related_column is None:
        return None
    totals: dict[str, int] = {}
    terms: dict[str, dict[str, int]] = {"": {}, _SEVERE: {}}
    for statement, meaning in builder.about("adverse_event"):
        count = stated_count(statement)
        if count is None or meaning.grade not in terms:
            continue
        if (meaning.variable, meaning.level) in {("group", "Immune-related"), ("immune_overview", "any")}:
            totals.setdefault(meaning.grade, count)
        elif meaning.variable == "immune_term":
            terms[meaning.grade].setdefault(meaning.level, count)
    if not totals and not any(terms.values()):
        return None
    extra = builder.extra.get("immune", {})
    return ImmuneTargets(
        any_event=totals.get(""),
        any_grade_3=totals.get(_SEVERE),
        terms=terms[""],
        severe_terms=terms[_SEVERE],
        further=tuple(extra.get("further", ())),
        most_of_further=extra.get("most"),
    )
