"""Forest plots: estimates over the subgroups, and over the readings of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from onearm.outputs import figures as draw
from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.format import format_number
from onearm.outputs.labels import endpoint_label, planned_label

if TYPE_CHECKING:
    import polars as pl

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup

__all__ = ["forest"]

_AXES: Final = {"ratio": ": hazard ratio", "months": ": median (months)", "%": " (%)"}
_HEADS: Final = {"ratio": "Hazard ratio", "months": "Months", "%": "%"}


def forest(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw estimates over the subgroups, and over the readings of the protocol.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        None where there is nothing to draw.
    """
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
    trial: Trial, lookup: Lookup, name: str, data: pl.DataFrame, stats: pl.Series, kind: tuple[str, str, str]
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
    return make_picture(
        trial,
        draw.draw_forest(
            data,
            printed=printed,
            heading=f"{_HEADS[unit]} ({trial.printer.coverage()})",
            x_label=f"{label}{_AXES[unit]}",
            reference=1.0 if is_ratio else whole.value,
            log=is_ratio,
        ),
        name=f"{'forest' if analysis == 'subgroup' else analysis}_{file_name(name)}",
        section=section,
        title=f"{label} {title}",
        notes=[f"Area of a square: number of patients. Dashed line: {dashed}."],
        alt=f"Forest plot of {label} {title}, {data.height} lines.",
        group=lookup.group,
        sources=[f"{analysis} {name}"],
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
