"""The first thing a reader sees: what trial, and its primary result in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from onearm.outputs.format import format_date, format_number, printer_of
from onearm.outputs.labels import endpoint_label
from onearm.outputs.lookup import Lookup, groups_of
from onearm.outputs.methods import describe_method
from onearm.outputs.tables.survival import print_times

if TYPE_CHECKING:
    import polars as pl

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block
    from onearm.protocol import Protocol

__all__ = ["Headline", "headlines", "headlines_of", "key_facts"]


MOST_NAMED = 3
"""Groups up to which the numbers of patients are listed one by one."""


class Headline(NamedTuple):
    """
    The primary result of a group.

    Parameters
    ----------
    group : str
        Empty for everybody.
    sentence : str
        The result with its interval.
    decision : str
        What the design says about it; empty where there is no design.
    method : str
        How the interval was made.
    """

    group: str
    sentence: str
    decision: str
    method: str


def headlines(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Headline]:
    """
    Say the primary result of each group.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Names the primary endpoint; the first endpoint is taken where none is primary.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Headline
        Groups without a result are left out.
    """
    primary = [name for name, endpoint in protocol.endpoint.items() if endpoint.role == "primary"]
    names = primary or [next(iter(protocol.endpoint))]
    found = []
    for lookup in lookups:
        for name in names:
            made = _rate(lookup, name, protocol, printer) or _time(lookup, name, protocol, printer)
            if made:
                sentence, method = made
                label = "" if lookup.group.level is None else lookup.group.label
                found.append(Headline(label, sentence, _decision(lookup, name), method))
    return found


def headlines_of(results: pl.DataFrame, protocol: Protocol) -> list[Headline]:
    """
    Say the primary result of each group of a results table.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    protocol : Protocol
        Names the primary endpoint and the conventions of printing.

    Returns
    -------
    list of Headline
        As `headlines`.
    """
    lookups = [Lookup(results, group) for group in groups_of(results, protocol)]
    return headlines(lookups, protocol, printer_of(protocol))


def _rate(lookup: Lookup, name: str, protocol: Protocol, printer: Printer) -> tuple[str, str] | None:
    block = lookup.block("response_rate", name)
    n, total, p, low, high = (block.stat(s) for s in ("n", "N", "p", "conf_low", "conf_high"))
    if n.value is None or total.value is None:
        return None
    label = endpoint_label(protocol, name)
    if p.value is None:
        return f"{label}: {printer.number(n.value)} of {printer.number(total.value)} patients.", ""
    interval = printer.interval(printer.percent(low.value), printer.percent(high.value))
    sentence = (
        f"{label} {printer.percent(p.value, sign=True)} ({printer.number(n.value)} of {printer.number(total.value)} patients; "
        f"{printer.coverage(low.conf_level)} {interval})"
    )
    return sentence, "; ".join(describe_method(m) for m in block.methods())


def _time(lookup: Lookup, name: str, protocol: Protocol, printer: Printer) -> tuple[str, str] | None:
    block: Block = lookup.block("survival", name)
    if not block:
        return None
    text, stats = print_times(block, "median", printer)
    events, n = block.stat("events"), block.stat("n")
    text = text.replace("(", f"({printer.coverage(stats[-1].conf_level)} ", 1).replace("NR", "not reached")
    unit = "" if text.startswith("not reached") else " months"
    middle, _, rest = text.partition(" (")
    interval = f" ({rest}" if rest else ""
    sentence = (
        f"{endpoint_label(protocol, name)}: median {middle}{unit}{interval}; "
        f"{printer.number(events.value)} events in {printer.number(n.value)} patients"
    )
    return sentence, "; ".join(describe_method(m) for m in block.methods())


def _decision(lookup: Lookup, name: str) -> str:
    for block in lookup.blocks("design"):
        decision = next(iter(block.stats("decision").values()), None)
        if decision is not None and block.paramcd in (None, name):
            words = [text.strip().rstrip(".") for text in (decision.text, decision.note) if text]
            return "".join(f"{word[:1].upper()}{word[1:]}. " for word in words).strip()
    return ""


def key_facts(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[tuple[str, str]]:
    """
    List what a reader needs to place the trial.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        The trial.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of (str, str)
        Name and value.
    """
    trial = protocol.trial
    facts = [("Trial", trial.id), ("Data cut-off", format_date(trial.cutoff) if trial.cutoff else "none stated")]
    counts = {lookup.group.label: _patients(lookup, protocol) for lookup in lookups}
    known = {label: n for label, n in counts.items() if n is not None}
    if len(known) == 1:
        facts.append(("Patients", printer.number(next(iter(known.values())))))
    elif len(known) > MOST_NAMED:
        facts.append(("Patients", f"{printer.number(sum(known.values()))} in {len(known)} cohorts"))
    elif known:
        facts.append(("Patients", "; ".join(f"{label}: {printer.number(n)}" for label, n in known.items())))
    if protocol.treatment:
        facts.append(("Treatment", " plus ".join(_drug(t.name, t.dose_levels[0], t.unit) for t in protocol.treatment)))
    facts.append(("Design", describe_design(protocol, printer)))
    facts.append(("Response criteria", f"{protocol.tumour.criteria}, {protocol.tumour.assessor.lower()}"))
    if trial.reference:
        facts.append(("Reference", trial.reference))
    return facts


def _patients(lookup: Lookup, protocol: Protocol) -> float | None:
    flow = lookup.block("disposition")
    for step in ("enrolled", protocol.main_set):
        if (n := flow.stat("n", "step", step).value) is not None:
            return n
    return lookup.block("trial").stat("n", "subjects").value


def _drug(name: str, dose: float, unit: str) -> str:
    return f"{name} {dose:g} {unit}"


def describe_design(protocol: Protocol, printer: Printer) -> str:
    """
    Put the design into one line.

    Parameters
    ----------
    protocol : Protocol
        Has the design.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    str
        Kind, hypotheses and error rates.
    """
    design = protocol.design
    if design.kind == "none":
        return design.reason
    if design.kind == "one_sample_log_rank":
        return (
            f"one-sample log-rank test of {design.endpoint}: median {printer.number(design.median1_months, 1)} against "
            f"{printer.number(design.median0_months, 1)} months; α {format_number(design.alpha, 3).rstrip('0')}, "
            f"power {printer.percent(design.power, sign=True)}"
        )
    rates = f"{design.endpoint}, p0 {design.p0 * 100:g}%, p1 {design.p1 * 100:g}%"
    if design.kind == "bayes":
        return f"Bayesian monitoring; {rates}; {design.n} patients at most"
    words = f"Simon's two stages ({design.criterion})" if design.kind == "simon" else "exact single stage"
    return f"{words}; {rates}; α {design.alpha:g}, power {design.power * 100:g}%"
