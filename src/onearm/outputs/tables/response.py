"""Best overall response, response rates and change of tumour size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.labels import RESPONSE_LABELS, endpoint_label, group_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import Row, Table, heading, row, tabulate_missing
from onearm.protocol.prose import describe_rate

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Protocol

__all__ = ["tabulate_response"]

_FIRST: Final = ("CBOR", "BOR", "ICBOR", "IBOR")
_DECREASES: Final = {
    ("shrinkage", "any"): "Any decrease",
    ("shrinkage", "any, of the whole set"): "Any decrease, of all patients",
    ("initial_shrinkage", "any"): "Decrease at the first assessment",
}


def tabulate_response(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate best responses, the rates built on them, and the change of tumour size.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Labels of the endpoints.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group; without rows where there are no results.
    """
    rows: list[Row] = []
    parameters = dict.fromkeys(p for lookup in lookups for p in lookup.parameters("best_response"))
    for code in sorted(parameters, key=lambda p: (_FIRST.index(p) if p in _FIRST else 9, p)):
        rows += _best([lookup.block("best_response", code) for lookup in lookups], code, protocol, printer)
    rates = dict.fromkeys(p for lookup in lookups for p in lookup.parameters("response_rate"))
    order = [*(p for p in protocol.endpoint if p in rates), *(p for p in rates if p not in protocol.endpoint)]
    used = []
    for code in order:
        blocks = [lookup.block("response_rate", code) for lookup in lookups]
        used += blocks
        rows += _rate(blocks, code, protocol, printer)
    change = [lookup.block("tumour_change") for lookup in lookups]
    rows += _change(change, printer)
    methods = dict.fromkeys(m for block in used for m in block.methods())
    notes = [
        "Data are n (%) unless the line says otherwise.",
        *method_footnotes(methods),
        *_definitions(order, protocol),
    ]
    heads = tuple(
        group_label(lookup.group, _population(lookup), _denominator(lookup.block("best_response")))
        for lookup in lookups
    )
    return Table(
        "response",
        f"Response by {protocol.tumour.criteria}",
        ("", *heads),
        tuple(rows),
        (*notes, *tabulate_missing(rows)),
        ("best_response", "response_rate", "tumour_change"),
    )


def _population(lookup: Lookup) -> str | None:
    return lookup.block("best_response").population or lookup.block("response_rate").population


def _denominator(block: Block) -> float | None:
    return next((stats["N"].value for stats in block.cells.values() if "N" in stats), None)


def _best(blocks: Sequence[Block], code: str, protocol: Protocol, printer: Printer) -> list[Row]:
    rows = [heading(endpoint_label(protocol, code), len(blocks))]
    for level in dict.fromkeys(level for block in blocks for level in block.levels("response")):
        cells = [(block.stat("n", "response", level), block.stat("p", "response", level)) for block in blocks]
        if level == "NON-CR/NON-PD" and not any(n.value for n, _ in cells):
            continue
        texts = [(printer.count_percent(n.value, p.value), (n, p)) for n, p in cells]
        rows.append(row(RESPONSE_LABELS.get(str(level), str(level)), texts))
    return rows


def _rate(blocks: Sequence[Block], code: str, protocol: Protocol, printer: Printer) -> list[Row]:
    counts, intervals = [], []
    level = None
    for block in blocks:
        n, total, p = (block.stat(name) for name in ("n", "N", "p"))
        low, high = block.stat("conf_low"), block.stat("conf_high")
        level = low.conf_level or level
        shown = printer.count_percent(n.value, p.value)
        of = f" of {printer.number(total.value)}" if n.value is not None and total.value is not None else ""
        counts.append((shown.replace(" (", f"{of} (", 1) if " (" in shown else shown + of, (n, total, p)))
        intervals.append((printer.interval(printer.percent(low.value), printer.percent(high.value)), (low, high)))
    return [
        heading(endpoint_label(protocol, code), len(blocks)),
        row("Patients, n of N (%)", counts),
        row(f"{printer.coverage(level)}, %", intervals),
        *_posterior(blocks, printer),
    ]


def _posterior(blocks: Sequence[Block], printer: Printer) -> list[Row]:
    """Mean and credible interval, where the protocol names a prior."""
    found = [[block.stat(f"posterior_{name}") for name in ("mean", "low", "high")] for block in blocks]
    if all(mean.value is None for mean, _, _ in found):
        return []
    level = next(mean.conf_level for mean, _, _ in found if mean.value is not None)
    texts = []
    for mean, low, high in found:
        interval = printer.interval(printer.percent(low.value), printer.percent(high.value))
        texts.append((f"{printer.percent(mean.value)} ({interval})", (mean, low, high)))
    return [row(f"Posterior mean ({printer.coverage(level).replace('CI', 'credible interval')}), %", texts)]


def _change(blocks: Sequence[Block], printer: Printer) -> list[Row]:
    if not any(block.stats("best_change") for block in blocks):
        return []
    rows = [heading("Best change of the sum of target diameters", len(blocks))]
    measured = [block.stat("n", "best_change") for block in blocks]
    rows.append(row("Patients with a measured change, n", [(printer.number(n.value), (n,)) for n in measured]))
    for label, low, high in (("Median (range), %", "min", "max"), ("Interquartile range, %", "q1", "q3")):
        cells = []
        for block in blocks:
            stats = [block.stat(name, "best_change") for name in ("median", low, high)]
            middle, *ends = (printer.number(s.value, printer.percent_digits) for s in stats)
            text = printer.interval(*ends)
            cells.append((f"{middle} ({text})" if low == "min" else text, stats if low == "min" else stats[1:]))
        if any(s for _, stats in cells for s in stats):
            rows.append(row(label, cells))
    rows += _decreases(blocks, printer)
    return rows


def _decreases(blocks: Sequence[Block], printer: Printer) -> Iterator[Row]:
    """How many tumours became smaller at best, of the measured and of all patients, and at the first assessment."""
    for (variable, level), label in _DECREASES.items():
        found = [tuple(block.stat(stat, variable, level) for stat in ("n", "p")) for block in blocks]
        if any(n for n, _ in found):
            yield row(label, [(printer.count_percent(n.value, p.value), (n, p)) for n, p in found])


def _definitions(order: Sequence[str], protocol: Protocol) -> list[str]:
    found = []
    patients = protocol.source.patients
    for code in order:
        endpoint = protocol.rates.get(code)
        if endpoint is not None:
            of = f"{endpoint.of} best overall response of {_or(endpoint.success)}"
            if endpoint.rests_on_assessments:
                of = f"patients {describe_rate(endpoint)}"
            if patients is not None and code in patients.flags:
                of = f"as recorded, column {patients.flags[code].column}"
            found.append(f"{endpoint_label(protocol, code)}: {of}, in {endpoint.set}.")
    return found


def _or(words: Sequence[str]) -> str:
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} or {words[-1]}"
