"""Adverse events: an overview, terms by incidence, terms by class and grade, groups of interest, deaths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.format import ABSENT
from onearm.outputs.lookup import Statistic
from onearm.outputs.tables.model import Row, Table, row, tabulate_missing

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Protocol

__all__ = ["shown_terms", "tabulate_adverse_events"]

Printed = tuple[str, tuple[Statistic, ...]]
_ANALYSIS: Final = "adverse_events"
_OVERVIEW: Final = {
    "any": "Any event",
    "grade 3 or more": "Grade 3 or more",
    "serious": "Serious",
    "fatal": "Fatal",
    "leading to dose reduction": "Leading to dose reduction",
    "leading to interruption": "Leading to interruption",
    "leading to discontinuation": "Leading to discontinuation",
    "leading to any of these": "Leading to any of these",
}
_GRADES: Final = (1, 2, 3, 4, 5)
_ANY_AND_SEVERE: Final = ("", "_grade_3_or_more")


def tabulate_adverse_events(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate adverse events.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Cut-offs below which terms are not printed, and the windows.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        For each group: overview, terms by incidence, terms by class and worst grade, groups of interest, deaths. Tables
        without rows where there are no adverse events.
    """
    return [
        table
        for lookup in lookups
        if lookup.block(_ANALYSIS, "TEAE")
        for table in (
            _overview(lookup, protocol, printer),
            _terms(lookup, protocol, printer),
            _classes(lookup, protocol, printer),
            _groups(lookup, protocol, printer),
            *_immune(lookup, protocol, printer),
            _deaths(lookup, printer),
        )
    ]


def shown_terms(block: Block, protocol: Protocol) -> list[str]:
    """
    List the terms that reach the cut-offs of the protocol.

    Parameters
    ----------
    block : Block
        Treatment-emergent events.
    protocol : Protocol
        ``safety.least_percent`` and ``safety.least_percent_grade_3``.

    Returns
    -------
    list of str
        Most frequent first; of equal frequency those with more events of grade 3 or more, then by name.
    """
    safety = protocol.safety
    found = []
    for level in block.levels("term"):
        n, p, severe, share = (
            block.stat(name, "term", level).value or 0.0
            for name in ("n", "p", "n_grade_3_or_more", "p_grade_3_or_more")
        )
        if p * 100 >= safety.least_percent or (severe > 0 and share * 100 >= safety.least_percent_grade_3):
            found.append((-n, -severe, str(level)))
    return [name for _, _, name in sorted(found)]


def _title(text: str, lookup: Lookup) -> str:
    return text if lookup.group.level is None else f"{text}: {lookup.group.label}"


def _notes(block: Block, protocol: Protocol) -> list[str]:
    safety = protocol.safety
    n = block.stat("N", "overview", "any").value
    related = safety.related_days if safety.related_days is not None else safety.emergent_days
    window = f"{safety.emergent_days} days after the last dose"
    if related != safety.emergent_days:
        window += f" ({related} days if related to treatment)"
    return [
        f"Data are n (%) of patients. Population: {block.population}, N = {n or 0:.0f}.",
        f"Treatment-emergent: from the first dose to {window}. A patient counts once in each line, with the worst grade.",
    ]


def _cell(block: Block, printer: Printer, variable: str, level: str, kind: str = "") -> Printed:
    n, p = block.stat(f"n{kind}", variable, level), block.stat(f"p{kind}", variable, level)
    if n.value is None:
        return "0", ()
    return (printer.count_percent(n.value, p.value) if n.value else "0"), (n, p)


def _sets(lookup: Lookup) -> dict[str, Block]:
    names = [name for name in lookup.parameters(_ANALYSIS) if name.startswith(("TEAE", "TRAE"))]
    heads = {"TEAE": "Treatment-emergent", "TRAE": "Related"}
    return {heads.get(n, n.replace("TRAE ", "Related to ")): lookup.block(_ANALYSIS, n) for n in names}


def _overview(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    sets = _sets(lookup)
    block = next(iter(sets.values()))
    rows: list[Row] = []
    for level, label in _OVERVIEW.items():
        rows.append(row(label, [_cell(b, printer, "overview", level) for b in sets.values()], depth=0))
        if level == "any":
            for grade in _GRADES:
                rows.append(
                    row(f"Worst grade {grade}", [_grade(b, printer, "overview", level, grade) for b in sets.values()])
                )
    for stat, label in (("events", "Events, n"), ("rate", "Patients with an event per 100 patient-years at risk")):
        found = [b.stat(stat, "overview", "any") for b in sets.values()]
        rows.append(row(label, [(printer.measure(s.value) if s else ABSENT, (s,)) for s in found], depth=0))
    notes = (*_notes(block, protocol), *tabulate_missing(rows))
    title = _title("Overview of adverse events", lookup)
    return Table(f"ae_overview{lookup.group.slug}", title, ("", *sets), tuple(rows), notes, (_ANALYSIS,))


def _grade(block: Block, printer: Printer, variable: str, level: str, grade: int) -> Printed:
    n, total = block.stat(f"n_grade_{grade}", variable, level), block.stat("N", variable, level)
    if not n.value:
        return "0", ()
    return printer.count_percent(n.value, n.value / total.value if total.value else None), (n, total)


def _terms(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    emergent, related = (lookup.block(_ANALYSIS, name) for name in ("TEAE", "TRAE"))
    shown = shown_terms(emergent, protocol)
    lines = [("Any event", "overview", "any"), *((name, "term", name) for name in shown)]
    rows = tuple(
        row(
            label,
            [
                _cell(block, printer, v, level, kind)
                for block in (emergent, related)
                for kind in ("", "_grade_3_or_more")
            ],
            depth=0,
        )
        for label, v, level in lines
    )
    heads = ("Preferred term", "Any grade", "Grade 3 or more", "Related, any grade", "Related, grade 3 or more")
    safety = protocol.safety
    severe = (
        f"{safety.least_percent_grade_3:g}% with"
        if safety.least_percent_grade_3
        else "whenever one patient has it with"
    )
    hidden = len(emergent.levels("term")) - len(shown)
    cut = f"Terms in at least {safety.least_percent:g}% of patients with any grade, or {severe} grade 3 or more"
    notes = (*_notes(emergent, protocol), f"{cut}; {hidden} rarer terms are not shown.")
    title = _title("Adverse events by preferred term", lookup)
    return Table(f"ae_terms{lookup.group.slug}", title, heads, rows, notes, (_ANALYSIS,))


def _immune(lookup: Lookup, protocol: Protocol, printer: Printer) -> Iterator[Table]:
    """What the immune-related events were and what came of them, where the protocol says which they are."""
    emergent, related = (lookup.block(_ANALYSIS, name) for name in ("TEAE", "TRAE"))
    if not emergent.levels("immune_overview"):
        return
    lines = [(label, "immune_overview", level, 0) for level, label in _OVERVIEW.items()]
    lines += [(str(term), "immune_term", str(term), 1) for term in emergent.levels("immune_term")]
    rows = tuple(
        row(
            label,
            [_cell(block, printer, v, level, kind) for block in (emergent, related) for kind in _ANY_AND_SEVERE],
            depth=depth,
        )
        for label, v, level, depth in lines
    )
    heads = ("Immune-related event", "Any grade", "Grade 3 or more", "Related, any grade", "Related, grade 3 or more")
    column, terms = protocol.safety.immune_related_column, protocol.safety.immune_terms
    by = [
        *(["the investigator judged so"] if column else []),
        *(["the term is one of the protocol's list"] if terms else []),
    ]
    notes = (*_notes(emergent, protocol), f"Immune-related: {' or '.join(by)}.")
    title = _title("Immune-related adverse events", lookup)
    yield Table(f"ae_immune{lookup.group.slug}", title, heads, rows, notes, (_ANALYSIS,))


def _classes(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    block = lookup.block(_ANALYSIS, "TEAE")
    rows = [_graded("Any event", block, printer, "overview", "any", 0)]
    for soc in block.levels("class"):
        rows.append(_graded(str(soc), block, printer, "class", str(soc), 0))
        variable = f"class:{soc}"
        rows += [_graded(str(term), block, printer, variable, str(term), 1) for term in block.levels(variable)]
    heads = ("System organ class, preferred term", "Any grade", *(f"Grade {grade}" for grade in _GRADES))
    title = _title("Treatment-emergent adverse events by class, term and worst grade", lookup)
    notes = tuple(_notes(block, protocol))
    return Table(f"ae_classes{lookup.group.slug}", title, heads, tuple(rows), notes, (_ANALYSIS,))


def _graded(label: str, block: Block, printer: Printer, variable: str, level: str, depth: int) -> Row:
    cells = [_cell(block, printer, variable, level)]
    return row(label, [*cells, *(_grade(block, printer, variable, level, g) for g in _GRADES)], depth=depth)


def _groups(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    emergent, related = (lookup.block(_ANALYSIS, name) for name in ("TEAE", "TRAE"))
    rows = tuple(_group_row(str(level), emergent, related, printer) for level in emergent.levels("group"))
    heads = (
        "Events of interest",
        "Any grade",
        "Grade 3 or more",
        "Related, any grade",
        "Onset, days, median (range)",
        "Duration, days, median (range)",
        "Ongoing events",
    )
    notes = [*_notes(emergent, protocol), "Onset: first event of each patient, the day of the first dose being day 1."]
    notes.append("Duration: events that ended.")
    terms = [f"{name}: {', '.join(group.terms)}." for name, group in protocol.safety.group.items()]
    title = _title("Adverse events of special interest", lookup)
    table_notes = (*notes, *terms, *tabulate_missing(rows))
    return Table(f"ae_interest{lookup.group.slug}", title, heads, rows, table_notes, (_ANALYSIS,))


def _group_row(level: str, emergent: Block, related: Block, printer: Printer) -> Row:
    cells = [
        _cell(emergent, printer, "group", level),
        _cell(emergent, printer, "group", level, "_grade_3_or_more"),
        _cell(related, printer, "group", level),
    ]
    for stem in ("onset", "duration"):
        stats = tuple(emergent.stat(f"{stem}_{part}", "group", level) for part in ("median", "min", "max"))
        middle, low, high = (printer.measure(s.value) for s in stats)
        cells.append((f"{middle} ({printer.interval(low, high)})" if stats[0] else ABSENT, stats))
    ongoing = emergent.stat("ongoing", "group", level)
    cells.append((printer.number(ongoing.value) if ongoing else "0", (ongoing,)))
    return row(level, cells, depth=0)


def _deaths(lookup: Lookup, printer: Printer) -> Table:
    block = lookup.block(_ANALYSIS, "DEATH")
    rows = tuple(_death_rows(block, printer))
    title = _title("Deaths and their causes", lookup)
    notes = (
        f"Data are n (%) of patients. Population: {block.population}. A fatal treatment-emergent event is the cause.",
    )
    return Table(f"deaths{lookup.group.slug}", title, ("", "Patients"), rows, notes, (_ANALYSIS,))


def _death_rows(block: Block, printer: Printer) -> Iterator[Row]:
    for level in block.levels("deaths"):
        label = "Died" if level == "all" else f"Died {level}"
        yield row(label, [_cell(block, printer, "deaths", str(level))], depth=0)
    for level in block.levels("death_cause"):
        n = block.stat("n", "death_cause", level)
        yield row(str(level), [(printer.number(n.value), (n,))])
