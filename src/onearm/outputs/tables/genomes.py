"""Genes against outcome, and composite signatures with what the search for them is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from onearm.outputs.format import ABSENT, format_p_value
from onearm.outputs.labels import endpoint_label
from onearm.outputs.lookup import Statistic
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import NOT_REACHED, Row, Table, heading, row

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Protocol

__all__ = ["tabulate_genes", "tabulate_signatures"]

_MOST: Final = 25
"""Genes that a table lists; the results table holds all."""
_NONE: Final = Statistic()


def tabulate_genes(
    results: pl.DataFrame, lookups: Sequence[Lookup], protocol: Protocol, printer: Printer
) -> list[Table]:
    """
    Tabulate genes against each outcome, smallest P first.

    Parameters
    ----------
    results : polars.DataFrame
        The results table; it holds a row for each gene that `Lookup` leaves out.
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Labels.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        One for each assay, outcome and group.
    """
    tables = []
    for lookup in lookups:
        rows = results.filter(pl.col("analysis") == "feature_genes")
        if lookup.group.level is None:
            rows = rows.filter(pl.col("group1").is_null())
        else:
            rows = rows.filter((pl.col("group1") == "COHORT") & (pl.col("group1_level") == lookup.group.level))
        for (assay, target), part in rows.group_by("paramcd", "variable", maintain_order=True):
            tables.append(_genes(lookup, str(assay), str(target), part, protocol, printer))
    return tables


def _genes(lookup: Lookup, assay: str, target: str, part: pl.DataFrame, protocol: Protocol, printer: Printer) -> Table:
    ranked = (
        part.filter(pl.col("stat") == "p_value")
        .sort("value", nulls_last=True, maintain_order=True)["variable_level"]
        .to_list()
    )
    by_gene: dict[str, dict[str, Statistic]] = {}
    for line in part.filter(pl.col("variable_level").is_in(ranked[:_MOST])).iter_rows(named=True):
        trace = f"feature_genes {assay} {target} {line['variable_level']} {line['stat']} = {line['value']}"
        by_gene.setdefault(line["variable_level"], {})[line["stat"]] = Statistic(
            line["value"], line["text"], line["unit"], line["method"], line["note"], line["conf_level"], trace
        )
    effect = "odds_ratio" if target == "response" else "hazard_ratio"
    counted = (
        ("n", "N", "n_unaltered", "N_unaltered")
        if target == "response"
        else ("events", "n", "events_unaltered", "n_unaltered")
    )
    rows: list[Row] = []
    for gene in ranked[:_MOST]:
        stats = by_gene[gene]
        told = [stats.get(name, _NONE) for name in counted]
        ratio = [stats.get(name, _NONE) for name in (effect, "conf_low", "conf_high")]
        cells = [
            (f"{printer.number(told[0].value)} of {printer.number(told[1].value)}", told[:2]),
            (f"{printer.number(told[2].value)} of {printer.number(told[3].value)}", told[2:]),
            (_ratio(ratio, printer), ratio),
            *((_p(stats.get(name, _NONE)), [stats.get(name, _NONE)]) for name in ("p_value", "q_value", "p_max_t")),
        ]
        rows.append(row(gene, cells, depth=0))
    label = "response" if target == "response" else endpoint_label(protocol, target).lower()
    block = next((b for b in lookup.blocks("gene_association", assay)), None)
    n, tested, altered, least = (
        block.stat("n", target, level) if block else _NONE
        for level in ("patients", "genes tested", "genes altered", "least patients")
    )
    notes = [
        f"{printer.number(n.value)} patients; {printer.number(altered.value)} genes are altered in any of them, "
        f"{printer.number(tested.value)} in at least {printer.number(least.value)}"
        + (f" (the {_MOST} with the smallest P are shown)." if len(ranked) > _MOST else "."),
        "Q: share of false discoveries; P max-T: probability that any of these genes would look as different by chance.",
        *(
            []
            if target == "response"
            else [
                "With few carriers the P of the log-rank test, which holds for large samples, is too small, and Q with it."
            ]
        ),
        *(
            ["*: with Firth's penalty, because all events lie in one group."]
            if any("*" in r.cells[2].text for r in rows)
            else []
        ),
        *method_footnotes(dict.fromkeys(m for m in part["method"].drop_nulls().unique(maintain_order=True))),
    ]
    what = "Responders" if target == "response" else "Events"
    kind = "Odds ratio" if target == "response" else "Hazard ratio"
    columns = ("", f"{what}, altered", f"{what}, unaltered", f"{kind} ({printer.coverage()})", "P", "Q", "P max-T")
    title = f"Genes and {label}" + ("" if lookup.group.level is None else f": {lookup.group.label}")
    return Table(
        f"genes_{assay}_{target}{lookup.group.slug}".lower(),
        title,
        columns,
        tuple(rows),
        tuple(notes),
        ("feature_genes",),
    )


def _p(stat: Statistic) -> str:
    return format_p_value(stat.value) if stat.value is not None else (stat.note or ABSENT)


def _ratio(stats: Sequence[Statistic], printer: Printer) -> str:
    if stats[0].value is None:
        return stats[0].note or ABSENT
    texts = [
        ABSENT if s.value is None else "∞" if s.value == float("inf") else printer.number(s.value, 2) for s in stats
    ]
    mark = "*" if stats[0].note and "Firth" in stats[0].note else ""
    return f"{texts[0]}{mark} ({printer.interval(texts[1], texts[2])})"


def tabulate_signatures(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate composite signatures.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Labels.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        For each group what each signature is set against, and what the search for it is worth.
    """
    tables = []
    for lookup in lookups:
        blocks = [block for block in lookup.blocks("signature") if block.paramcd in protocol.signature]
        if blocks:
            tables += [_effects(lookup, blocks, protocol, printer), _search(lookup, blocks, protocol, printer)]
    return [table for table in tables if table]


def _name(protocol: Protocol, name: str | None) -> str:
    plan = protocol.signature[str(name)]
    return plan.label or f"{name}: {plan.composite}"


def _effects(lookup: Lookup, blocks: Sequence[Block], protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    notes: list[str] = []
    methods: list[str] = []
    for block in blocks:
        plan = protocol.signature[str(block.paramcd)]
        rows.append(heading(_name(protocol, block.paramcd), 4))
        notes.append(f"{_name(protocol, block.paramcd)} is positive where {plan.composite}.")
        methods += [m for m in block.methods() if not m.startswith(("bootstrap", "max-T", "permutation"))]
        for target in plan.against:
            if target in block.variables():
                rows += _response(block, printer) if target == "response" else _time(block, target, protocol, printer)
                rows += _adjusted(block, target, protocol, printer)
                unknown = block.stat("unknown", target)
                if unknown.value:
                    rows.append(
                        row("Not known", [(printer.number(unknown.value), [unknown]), *[(ABSENT, [])] * 3], depth=2)
                    )
    columns = ("", "n of N", "Rate or median", f"Ratio ({printer.coverage()})", "P")
    title = "Composite signatures" + ("" if lookup.group.level is None else f": {lookup.group.label}")
    return Table(
        f"signatures{lookup.group.slug}",
        title,
        columns,
        tuple(rows),
        (*notes, *method_footnotes(dict.fromkeys(methods))),
        ("signature",),
    )


def _response(block: Block, printer: Printer) -> list[Row]:
    rows = []
    for level in ("positive", "negative"):
        n, total, p, low, high = (block.stat(s, "response", level) for s in ("n", "N", "p", "conf_low", "conf_high"))
        if total.value is None:
            continue
        inside = printer.interval(printer.percent(low.value), printer.percent(high.value))
        count = f"{printer.number(n.value)} of {printer.number(total.value)}"
        rate = f"{printer.percent(p.value, sign=True)} ({inside})"
        rows.append(row(f"Response, {level}", [(count, [n, total]), (rate, [p, low, high]), *[(ABSENT, [])] * 2]))
    odds = [block.stat(s, "response") for s in ("odds_ratio", "odds_low", "odds_high")]
    test = block.stat("p_value", "response")
    rows.append(row("Odds ratio", [*[(ABSENT, [])] * 2, (_ratio(odds, printer), odds), (_p(test), [test])]))
    return rows


def _time(block: Block, target: str, protocol: Protocol, printer: Printer) -> list[Row]:
    rows = []
    label = endpoint_label(protocol, target)
    for level in ("positive", "negative"):
        n, events = (block.stat(s, target, level) for s in ("n", "events"))
        times = [block.stat(s, target, level) for s in ("median", "median_low", "median_high")]
        if n.value is None:
            continue
        texts = [NOT_REACHED if s.value is None else printer.months(s.value) for s in times]
        count = f"{printer.number(events.value)} of {printer.number(n.value)}"
        unit = "" if times[0].value is None else " months"
        median = f"{texts[0]}{unit} ({printer.interval(texts[1], texts[2])})"
        rows.append(row(f"{label}, {level}", [(count, [events, n]), (median, times), *[(ABSENT, [])] * 2]))
    ratio = [block.stat(s, target) for s in ("hazard_ratio", "conf_low", "conf_high")]
    test = block.stat("p_log_rank", target)
    rows.append(
        row("Hazard ratio, log-rank test", [*[(ABSENT, [])] * 2, (_ratio(ratio, printer), ratio), (_p(test), [test])])
    )
    return rows


def _adjusted(block: Block, target: str, protocol: Protocol, printer: Printer) -> list[Row]:
    variable = f"{target}, adjusted"
    if variable not in block.variables():
        return []
    rows = []
    for level in block.levels(variable):
        ratio = [block.stat(s, variable, level) for s in ("hazard_ratio", "conf_low", "conf_high")]
        test = block.stat("p_value", variable, level)
        if level is None:
            few = block.stat("events_per_coefficient", variable)
            if ratio[0].note:
                rows.append(row("Adjusted", [*[(ABSENT, [])] * 2, (ratio[0].note, ratio), (ABSENT, [])]))
            if few.value is not None:
                text = f"{printer.number(few.value, 1)} events for each coefficient" + (": few" if few.note else "")
                rows.append(row(text, [*[(ABSENT, [few])] * 4], depth=2))
            continue
        label = f"Adjusted: {_term(str(level), protocol)}"
        rows.append(row(label, [*[(ABSENT, [])] * 2, (_ratio(ratio, printer), ratio), (_p(test), [test])], depth=2))
    return sorted(rows, key=lambda one: "events for each" in one.label)


def _term(text: str, protocol: Protocol) -> str:
    name, _, level = text.removesuffix("]").partition("[")
    marker, plan = protocol.biomarker.get(name), protocol.signature.get(name)
    own = next((subgroup.label for subgroup in protocol.subgroup if subgroup.variable == name), None)
    label = (marker.label if marker else plan.label if plan else own) or name
    return f"{label}, {level}" if level else label


def _search(lookup: Lookup, blocks: Sequence[Block], protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    methods: list[str] = []
    failed: list[str] = []
    for block in blocks:
        plan = protocol.signature[str(block.paramcd)]
        for target in plan.against:
            variable = f"{target}, search"
            if variable not in block.variables():
                continue
            label = "response" if target == "response" else endpoint_label(protocol, target).lower()
            rows.append(heading(f"{_name(protocol, block.paramcd)}: {label}", 1))
            rows += _found(block, variable, printer)
            why = block.stat("p_best", variable).note
            failed += [f"Not searched: {why}"] if why else []
            methods += [m for m in block.methods() if m.startswith(("bootstrap", "max-T", "permutation"))]
    title = "What the search for the signature is worth" + (
        "" if lookup.group.level is None else f": {lookup.group.label}"
    )
    notes = (
        "The signature was found in these data. The adjusted P asks how often the best of all composites of its form would "
        "separate permuted outcomes as much. Optimism: by how much the best of a search looks better where it was found.",
        *dict.fromkeys(failed),
        *method_footnotes(dict.fromkeys(methods)),
    )
    return Table(f"signature_search{lookup.group.slug}", title, ("", "Value"), tuple(rows), notes, ("signature",))


def _found(block: Block, variable: str, printer: Printer) -> list[Row]:
    form, best = block.stat("text", variable, "form"), block.stat("text", variable, "best")
    failed = block.stat("p_best", variable)
    genes, composites = (block.stat("n", variable, level) for level in ("genes", "composites"))
    rows = [
        row("Form", [(form.text or ABSENT, [form])]),
        row("Genes searched", [(printer.number(genes.value), [genes])]),
    ]
    if failed.note:
        return [*rows, row("Composites", [("not searched, see below", [failed])])]
    better = block.stat("n", variable, "composites that separate more")
    rows += [
        row("Composites of this form", [(printer.number(composites.value), [composites])]),
        row("Those that separate more than the signature", [(printer.number(better.value), [better])]),
        row("Best of them", [(best.text or ABSENT, [best])]),
    ]
    for stat, level, label in (
        ("p_value", "signature", "P by permutation, as if the signature had been named before looking"),
        ("p_max_t", "signature", "P adjusted for the search, signature"),
        ("p_max_t", "best", "P adjusted for the search, best of them"),
    ):
        found = block.stat(stat, variable, level)
        rows.append(row(label, [(format_p_value(found.value), [found])]))
    measure = block.stat("apparent", variable, "best").unit or ""
    for stat in ("apparent", "optimism", "corrected"):
        found = block.stat(stat, variable, "best")
        rows.append(
            row(f"{measure[:1].upper()}{measure[1:]} of the best, {stat}", [(printer.number(found.value, 3), [found])])
        )
    same = block.stat("same", variable, "best")
    rows.append(row("Bootstrap samples in which it wins again", [(printer.percent(same.value, sign=True), [same])]))
    return rows
