"""Subgroups and multivariable models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from onearm.outputs.format import format_p_value, say_p_value
from onearm.outputs.labels import category_label, endpoint_label, planned_label
from onearm.outputs.lookup import subgroup_rows
from onearm.outputs.tables.model import NOT_REACHED, Cell, Row, Table, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Group, Lookup
    from onearm.protocol import Protocol

__all__ = ["tabulate_models", "tabulate_subgroups"]


def tabulate_subgroups(
    results: pl.DataFrame, lookups: Sequence[Lookup], protocol: Protocol, printer: Printer
) -> list[Table]:
    """
    Tabulate every endpoint over the subgroups.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    lookups : sequence of Lookup
        The groups (cohorts).
    protocol : Protocol
        Labels.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        One for each endpoint and group; none where the protocol names no subgroup.
    """
    return [
        table
        for lookup in lookups
        for code in protocol.endpoint
        if (table := _endpoint(results, lookup.group, code, protocol, printer))
    ]


def _endpoint(results: pl.DataFrame, group: Group, code: str, protocol: Protocol, printer: Printer) -> Table:
    mine = subgroup_rows(results, group).filter(pl.col("paramcd") == code)
    found = mine.filter(pl.col("analysis") == "subgroup")
    tests = {
        str(row["subgroup"]): row for row in mine.filter(pl.col("analysis") == "subgroup_test").iter_rows(named=True)
    }
    is_rate = code in protocol.rates
    coverage = printer.coverage()
    columns = (
        ("", "Success, n of N", f"% ({coverage})", "P")
        if is_rate
        else ("", "Events, n of N", f"Median, months ({coverage})", f"Hazard ratio ({coverage})", "P")
    )
    rows: list[Row] = []
    for (variable,), part in found.group_by("subgroup", maintain_order=True):
        rows.append(_head(planned_label(protocol, str(variable)), tests.get(str(variable)), len(columns)))
        for (level,), cell in part.group_by("subgroup_level", maintain_order=True):
            stats = {row["stat"]: row for row in cell.iter_rows(named=True)}
            texts = _rate(stats, printer) if is_rate else _time(stats, printer)
            rows.append(Row(category_label(str(variable), str(level)), tuple(map(Cell, texts)), depth=1))
    compared = (
        "Fisher's exact test"
        if is_rate
        else "the log-rank test over all levels; hazard ratios by univariable Cox models"
    )
    foot = (f"P by {compared}. Exploratory and not adjusted for multiplicity.",)
    name = f"subgroups_{code.lower()}" + (f"_{group.level}" if group.level else "")
    label = endpoint_label(protocol, code)
    title = f"{label} in subgroups" + (f", {group.label}" if group.level else "")
    return Table(name, title, columns, tuple(rows), foot, ("subgroup", "subgroup_test"))


def _head(label: str, test: dict[str, Any] | None, columns: int) -> Row:
    p = "" if test is None else (format_p_value(test["value"]) if test["value"] is not None else str(test["note"]))
    return Row(label, (*(Cell("") for _ in range(columns - 2)), Cell(p)), is_heading=True)


def _value(stats: dict[str, dict[str, Any]], name: str) -> float | None:
    return stats[name]["value"] if name in stats else None


def _rate(stats: dict[str, dict[str, Any]], printer: Printer) -> tuple[str, ...]:
    n, total, p, low, high = (_value(stats, name) for name in ("n", "N", "p", "conf_low", "conf_high"))
    inside = printer.interval(printer.percent(low), printer.percent(high))
    return (f"{printer.number(n)} of {printer.number(total)}", f"{printer.percent(p)} ({inside})", "")


def _time(stats: dict[str, dict[str, Any]], printer: Printer) -> tuple[str, ...]:
    months = [
        NOT_REACHED if (v := _value(stats, name)) is None else printer.months(v)
        for name in ("median", "median_low", "median_high")
    ]
    return (
        f"{printer.number(_value(stats, 'events'))} of {printer.number(_value(stats, 'n'))}",
        f"{months[0]} ({printer.interval(months[1], months[2])})",
        _ratio(stats, printer),
        "",
    )


def _ratio(stats: dict[str, dict[str, Any]], printer: Printer) -> str:
    ratio = stats.get("hazard_ratio")
    if ratio is None:
        return ""
    if ratio["note"]:
        return str(ratio["note"])
    texts = [printer.number(_value(stats, name), 2) for name in ("hazard_ratio", "conf_low", "conf_high")]
    return f"{texts[0]} ({printer.interval(texts[1], texts[2])})"


def tabulate_models(results: pl.DataFrame, protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate the multivariable Cox models.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    protocol : Protocol
        Labels.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        One for each model and cohort; none where the protocol names no model.
    """
    found = results.filter(pl.col("analysis") == "model").with_columns(
        _MODEL=pl.when(pl.col("group1") == "MODEL").then("group1_level").otherwise("group2_level"),
        _COHORT=pl.when(pl.col("group1") != "MODEL").then("group1_level"),
    )
    tables = []
    for (name, cohort), part in found.group_by("_MODEL", "_COHORT", maintain_order=True):
        code = str(part["paramcd"][0])
        rows = tuple(_terms(part, protocol, printer))
        title = f"{endpoint_label(protocol, code)}: multivariable Cox model{f', {cohort}' if cohort else ''}"
        columns = ("Covariate", f"Hazard ratio ({printer.coverage()})", "P")
        file = f"model_{str(name).lower()}" + (f"_{cohort}" if cohort else "")
        tables.append(Table(file, title, columns, rows, tuple(_quality(part, printer)), ("model",)))
    return tables


def _terms(part: pl.DataFrame, protocol: Protocol, printer: Printer) -> Iterator[Row]:
    references = dict(part.filter(pl.col("stat") == "reference").select("variable", "text").iter_rows())
    shown = part.filter(pl.col("stat").is_in(["hazard_ratio", "conf_low", "conf_high", "p_value"]) & _is_term())
    for (variable,), terms in shown.group_by("variable", maintain_order=True):
        reference = references.get(str(variable))
        if reference is not None:
            yield heading(
                f"{planned_label(protocol, str(variable))} (reference {category_label(str(variable), reference)})", 2
            )
        for (level,), cell in terms.group_by("variable_level", maintain_order=True):
            stats = {row["stat"]: row for row in cell.iter_rows(named=True)}
            p = _value(stats, "p_value")
            label = (
                planned_label(protocol, str(variable)) if level is None else category_label(str(variable), str(level))
            )
            yield Row(
                label,
                (Cell(_ratio(stats, printer)), Cell("" if p is None else format_p_value(p))),
                depth=int(level is not None),
            )


def _is_term() -> pl.Expr:
    return pl.col("variable").is_null() | ~pl.col("variable").is_in(["whole model", "proportional hazards"])


def _quality(part: pl.DataFrame, printer: Printer) -> Iterator[str]:
    """Footnotes: how large the model is, how well it holds."""
    rows = {(row["variable"], row["stat"]): row for row in part.iter_rows(named=True)}
    n, events = rows.get((None, "n")), rows.get((None, "events"))
    if n and events:
        yield f"{printer.number(n['value'])} patients, {printer.number(events['value'])} events." + (
            f" {n['note']}" if n["note"] else ""
        )
    each = rows.get((None, "events_per_coefficient"))
    if each and each["note"]:
        yield f"{printer.number(each['value'], 1)} events for each coefficient: {each['note']}."
    for variable, label in (
        ("whole model", "Whole model, likelihood ratio"),
        ("proportional hazards", "Proportional hazards, global"),
    ):
        row = rows.get((variable, "p_value"))
        if row and row["value"] is not None:
            yield f"{label}: {say_p_value('P', row['value'])}."
    for (variable, stat), row in rows.items():
        if stat == "p_interaction" and row["value"] is not None:
            yield f"Interaction of {variable}: {say_p_value('P', row['value'])}."
