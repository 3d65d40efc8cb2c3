"""The figures of a trial: drawn, captioned and described for those who cannot see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onearm.outputs import figures as draw
from onearm.outputs.figures.patients import NOT_RECORDED, largest, shown_subjects
from onearm.outputs.figures.style import Size, stamp_synthetic
from onearm.outputs.format import format_number
from onearm.outputs.labels import curve_label, endpoint_label, planned_label, population_label, start_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.adverse_events import shown_terms
from onearm.outputs.tables.survival import print_times

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Group, Lookup
    from onearm.protocol import Protocol

__all__ = ["MOST_WIDE", "Picture", "compose_pictures", "count_pictures"]

_AXES = {"ratio": ": hazard ratio", "months": ": median (months)", "%": " (%)"}
_HEADS = {"ratio": "Hazard ratio", "months": "Months", "%": "%"}
_MOST_TERMS = 30
MOST_WIDE = 3
"""Groups up to which figures are two columns wide."""


@dataclass(frozen=True)
class Picture:
    """
    A figure ready to be printed anywhere.

    Parameters
    ----------
    name : str
        File name without its ending.
    section : str
        Part of the report that it stands in.
    title : str
        Caption: what, in whom.
    notes : tuple of str
        Population, method, what marks mean.
    alt : str
        What is seen, with its numbers.
    svg, png : bytes
        The drawing.
    width_mm : float
        Its width.
    sources : tuple of str
        Where the numbers come from.
    """

    name: str
    section: str
    title: str
    notes: tuple[str, ...]
    alt: str
    svg: bytes
    png: bytes
    width_mm: float
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Trial:
    """What every figure is made from."""

    results: pl.DataFrame
    datasets: Mapping[str, pl.DataFrame]
    protocol: Protocol
    printer: Printer
    size: Size | None = None


def compose_pictures(
    results: pl.DataFrame,
    datasets: Mapping[str, pl.DataFrame],
    protocol: Protocol,
    printer: Printer,
    lookups: Sequence[Lookup],
) -> Iterator[Picture]:
    """
    Draw every figure of a trial, one at a time.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs``.
    protocol : Protocol
        The trial.
    printer : Printer
        How numbers are printed.
    lookups : sequence of Lookup
        The results of each group.

    Yields
    ------
    Picture
        For each group: flow chart, waterfall, spider, swimmer, a curve for each time endpoint, forest plots, adverse
        events. With more than
        `MOST_WIDE` groups the figures are one column wide and can stand side by side.
    """
    size = Size(draw.ONE_COLUMN_MM, 78) if len(lookups) > MOST_WIDE else None
    trial = _Trial(results, datasets, protocol, printer, size)
    makers: tuple[Callable[[_Trial, Lookup], Iterator[Picture]], ...] = (
        _consort, _waterfall, _spider, _kinetics, _swimmer, _survival, _forest, _adverse_events,
    )  # fmt: skip
    for make in makers:
        for lookup in lookups:
            yield from make(trial, lookup)


def count_pictures(lookups: Sequence[Lookup]) -> int:
    """
    Say how many figures `compose_pictures` will draw, forest plots and adverse events aside.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.

    Returns
    -------
    int
        Number of figures.
    """
    return sum(4 + len(lookup.parameters("survival")) for lookup in lookups)


def _picture(
    trial: _Trial,
    figure: Figure,
    *,
    name: str,
    section: str,
    title: str,
    notes: Sequence[str],
    alt: str,
    group: Group,
    sources: Sequence[str],
) -> Picture:
    title = title if group.level is None else f"{title}: {group.label}"
    alt = alt if group.level is None else f"{group.label}. {alt}"
    if trial.protocol.trial.synthetic:
        stamp_synthetic(figure)
        notes = [*notes, "Synthetic data."]
    width = float(figure.get_size_inches()[0]) * 25.4
    svg, png = draw.to_svg(figure), draw.to_png(figure)
    return Picture(f"{name}{group.slug}", section, title, tuple(notes), alt, svg, png, width, tuple(sources))


def _consort(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    data = draw.consort_data(lookup)
    steps = [f"{row['title']} {row['n']:.0f}" for row in data.iter_rows(named=True) if row["n"] is not None]
    lines = [line for row in data.iter_rows(named=True) if row["box"] == "sets" for line in row["lines"]]
    alt = f"Flow of patients: {', '.join([*steps, *lines])}." if data.height else "No data."
    yield _picture(
        trial,
        draw.draw_consort(data, size=trial.size),
        name="flow",
        section="flow",
        title="Flow of patients",
        notes=["Everybody in the data, as CONSORT 2025 asks (Hopewell et al., BMJ 2025;388:e081123)."],
        alt=alt,
        group=lookup.group,
        sources=["disposition"],
    )


def _waterfall(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    data = draw.waterfall_data(trial.datasets, trial.protocol, lookup.group.level)
    total = _set_size(trial, lookup)
    notes = [
        f"{trial.protocol.main_set}; {data.height} of {total} patients with a measured change. Bars: largest decrease (or "
        f"smallest increase) of the sum of target diameters from baseline{_colours(data)}. Dashed lines: −30% and +20%."
    ]
    if (data["change"] > draw.WATERFALL_HIGHEST).any():
        notes.append(f"Bars are cut at +{draw.WATERFALL_HIGHEST:g}%.")
    yield _picture(
        trial,
        draw.draw_waterfall(data, size=trial.size, why_empty=_why_no_size(trial)),
        name="waterfall",
        section="change",
        title="Best change of tumour size",
        notes=notes,
        alt=_waterfall_alt(data, trial.printer),
        group=lookup.group,
        sources=["adtr SUMDIAM", "adrs CBOR NEWLES NTRGRESP"],
    )


def _waterfall_alt(data: pl.DataFrame, printer: Printer) -> str:
    if not data.height:
        return "Waterfall plot without data."
    change = data["change"].to_list()
    deep, grown = sum(c <= -30 for c in change), sum(c >= 20 for c in change)
    ends = f"{printer.number(change[0], 1)}% to {printer.number(change[-1], 1)}%"
    return (
        f"Waterfall plot of the best change of tumour size in {data.height} patients, from {ends}; "
        f"{deep} with a decrease of 30% or more, {grown} with an increase of 20% or more."
    )


def _spider(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    data = draw.spider_data(trial.datasets, trial.protocol, lookup.group.level)
    patients = data["USUBJID"].n_unique()
    last = trial.printer.number(largest(data["months"]), 1)
    alt = (
        f"Spider plot of the change of tumour size over time in {patients} patients, up to {last} months."
        if patients
        else "Spider plot without data."
    )
    yield _picture(
        trial,
        draw.draw_spider(data, size=trial.size, why_empty=_why_no_size(trial)),
        name="spider",
        section="change",
        title="Change of tumour size over time",
        notes=[
            f"{trial.protocol.main_set}; one line per patient{_colours(data)}, all assessments with a measured sum. "
            "Dashed lines: −30% and +20% from baseline."
        ],
        alt=alt,
        group=lookup.group,
        sources=["adtr SUMDIAM", "adrs CBOR NEWLES"],
    )


def _kinetics(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    """Draw the modelled size, where the protocol asks for a model."""
    curve = draw.kinetics_data(trial.results, lookup.group.level)
    if not curve.height:
        return
    measured = draw.measured_sizes(trial.datasets, trial.protocol, lookup.group.level)
    yield _picture(
        trial,
        draw.draw_kinetics(curve, measured, size=trial.size),
        name="kinetics",
        section="change",
        title="Modelled tumour size",
        notes=[
            f"{trial.protocol.main_set}; median and quartiles of the fitted sizes over the measured ones. "
            "Model: exponential decay and growth (Stein et al., Clin Cancer Res 2011;17:907-17)."
        ],
        alt=f"Median and quartiles of the modelled change of tumour size over {curve.height} months.",
        group=lookup.group,
        sources=["tumour_size_curve", "adtr SUMDIAM"],
    )


def _swimmer(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    data = draw.swimmer_data(trial.datasets, trial.protocol, lookup.group.level)
    lanes = data.lanes
    ongoing = int(lanes["ongoing"].sum())
    longest = trial.printer.number(largest(lanes["treated"]), 1)
    alt = (
        f"Swimmer plot of {lanes.height} patients; the longest treatment lasted {longest} months, {ongoing} ongoing."
        if lanes.height
        else "Swimmer plot without data."
    )
    yield _picture(
        trial,
        draw.draw_swimmer(data, size=trial.size),
        name="swimmer",
        section="course",
        title="Treatment, response and follow-up of each patient",
        notes=[
            f"{trial.protocol.main_set}; bars: time on treatment{_colours(lanes)}; grey lines: follow-up after treatment."
        ],
        alt=alt,
        group=lookup.group,
        sources=["adsl", "adrs OVR PD"],
    )


def _survival(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    known = lookup.parameters("survival")
    protocol, printer = trial.protocol, trial.printer
    for name in [*(p for p in protocol.endpoint if p in known), *(p for p in known if p not in protocol.endpoint)]:
        block = lookup.block("survival", name)
        label = endpoint_label(protocol, name)
        lines = _curve_heading(lookup, name, printer)
        notes = [
            f"{population_label(protocol, name, block.population)}. Line: Kaplan-Meier estimate; band: pointwise "
            f"{printer.coverage(_level(lookup, name))}; ticks: censored. Dashed: median."
        ]
        methods = [*lookup.block("survival_curve", name).methods(), *block.methods()]
        yield _picture(
            trial,
            draw.draw_kaplan_meier(
                draw.kaplan_meier_data(lookup, name),
                y_label=curve_label(protocol, name),
                x_label=f"Time since {start_label(protocol, name)} (months)",
                heading=lines,
                size=trial.size,
            ),
            name=f"kaplan_meier_{_file_name(name)}",
            section="survival",
            title=label,
            notes=[*notes, *method_footnotes(dict.fromkeys(methods))],
            alt=f"Kaplan-Meier curve of {label[:1].lower() + label[1:]}. {'; '.join(lines)}.",
            group=lookup.group,
            sources=[f"survival_curve {name}", f"survival_at_risk {name}", f"survival {name}"],
        )


def _curve_heading(lookup: Lookup, name: str, printer: Printer) -> list[str]:
    block = lookup.block("survival", name)
    events, n = block.stat("events"), block.stat("n")
    median, stats = print_times(block, "median", printer)
    head, _, bounds = median.partition(" (")
    interval = f" ({printer.coverage(stats[-1].conf_level)} {bounds}" if bounds else ""
    unit = "" if head in ("NR", "NE") else " months"
    head = {"NR": "not reached", "NE": "not estimable"}.get(head, head)
    interval = interval.replace("NR", "not reached")
    counts = f"{printer.number(events.value)} events in {printer.number(n.value)} patients"
    lines = [f"Median {head}{unit}{interval}; {counts}"]
    rates = lookup.block("survival_rate", name)
    parts = []
    for mark in rates.levels("time"):
        rate, low, high = (rates.stat(s, "time", mark) for s in ("rate", "rate_low", "rate_high"))
        if rate.value is not None:
            inside = printer.interval(printer.percent(low.value), printer.percent(high.value))
            parts.append(f"{mark} months: {printer.percent(rate.value, sign=True)} ({inside})")
    return [*lines, "; ".join(parts)] if parts else lines


def _level(lookup: Lookup, name: str) -> float | None:
    block = lookup.block("survival_curve", name)
    return next((s.conf_level for stats in block.cells.values() for s in stats.values() if s.conf_level), None)


def _forest(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    """Estimates over the subgroups, and over the readings of the protocol."""
    import polars as pl

    for analysis, section, title in (
        ("subgroup", "subgroups", "in subgroups"),
        ("sensitivity", "sensitivity", "under other readings of the protocol"),
    ):
        chosen = trial.results.filter(pl.col("analysis") == analysis)
        for name in chosen["paramcd"].drop_nulls().unique(maintain_order=True):
            data = draw.forest_data(trial.results, name, lookup.group, analysis=analysis)
            if analysis == "sensitivity" and data["estimate"].n_unique() < 2 and data["high"].n_unique() < 2:
                continue  # no reading of the protocol moves this endpoint
            if data.height:
                labels = [planned_label(trial.protocol, variable) for variable in data["variable"]]
                data = data.with_columns(subgroup=pl.Series(labels, dtype=pl.String))
                stats = chosen.filter(pl.col("paramcd") == name)["stat"]
                yield _one_forest(trial, lookup, name, data, stats, (analysis, section, title))


def _one_forest(
    trial: _Trial, lookup: Lookup, name: str, data: pl.DataFrame, stats: pl.Series, kind: tuple[str, str, str]
) -> Picture:
    analysis, section, title = kind
    is_ratio = bool(stats.is_in(["hazard_ratio", "odds_ratio"]).any())
    is_time = not is_ratio and bool((stats == "median").any())
    show = _ratio_text if is_ratio else trial.printer.months if is_time else trial.printer.percent
    printed = [_estimate(row, trial.printer, show) for row in data.iter_rows(named=True)]
    label = endpoint_label(trial.protocol, name)
    unit = "ratio" if is_ratio else "months" if is_time else "%"
    whole = lookup.block("survival", name).stat("median") if is_time else lookup.block("response_rate", name).stat("p")
    dashed = "ratio of 1" if is_ratio else "as planned" if analysis == "sensitivity" else "all patients"
    return _picture(
        trial,
        draw.draw_forest(
            data,
            printed=printed,
            heading=f"{_HEADS[unit]} ({trial.printer.coverage()})",
            x_label=f"{label}{_AXES[unit]}",
            reference=1.0 if is_ratio else whole.value,
            log=is_ratio,
        ),
        name=f"{'forest' if analysis == 'subgroup' else analysis}_{_file_name(name)}",
        section=section,
        title=f"{label} {title}",
        notes=[f"Area of a square: number of patients. Dashed line: {dashed}."],
        alt=f"Forest plot of {label} {title}, {data.height} lines.",
        group=lookup.group,
        sources=[f"{analysis} {name}"],
    )


def _adverse_events(trial: _Trial, lookup: Lookup) -> Iterator[Picture]:
    block = lookup.block("adverse_events", "TEAE")
    terms = shown_terms(block, trial.protocol)[:_MOST_TERMS]
    if not terms:
        return
    data = draw.adverse_events_data(lookup, terms)
    first = data.row(0, named=True)
    yield _picture(
        trial,
        draw.draw_adverse_events(data),
        name="adverse_events",
        section="safety",
        title="Adverse events by preferred term",
        notes=[
            f"{block.population}; the {len(terms)} most frequent terms of the table. Bars: patients with any grade, of these "
            "with grade 3 or more; left: all treatment-emergent events, right: those related to treatment."
        ],
        alt=f"Bars of {len(terms)} preferred terms; the most frequent is {first['term']}, "
        f"{trial.printer.percent(first['any_grade'] / 100, sign=True)} of patients.",
        group=lookup.group,
        sources=["adverse_events TEAE", "adverse_events TRAE"],
    )


def _ratio_text(value: float | None) -> str:
    return format_number(value, 2)


def _estimate(row: Mapping[str, Any], printer: Printer, show: Callable[[float | None], str]) -> str:
    if row["note"] == "reference":
        return "reference"
    texts = [show(row[name]) for name in ("estimate", "low", "high")]
    if row["estimate"] is None:
        return texts[0]
    return f"{texts[0]} ({printer.interval(texts[1], texts[2])})"


def _colours(data: pl.DataFrame) -> str:
    known = (data["response"] != NOT_RECORDED).any() or not data.height
    return ", coloured by best overall response" if known else "; best overall responses are not recorded"


def _set_size(trial: _Trial, lookup: Lookup) -> int:
    return shown_subjects(trial.datasets, trial.protocol, lookup.group.level).height


def _why_no_size(trial: _Trial) -> str:
    if not trial.datasets["adsl"].height:
        return "The data hold no patients."
    if not trial.datasets["adtr"].height:
        return "The data hold no tumour measurements."
    return "No patient has a measured change of tumour size: a sum is missing at baseline or at every later assessment."


def _file_name(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).lower()
