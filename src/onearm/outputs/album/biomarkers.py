"""Figures of biomarkers: responders beside the others, paired values, curves of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import polars as pl

from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.figures.boxes import Panel, draw_boxes
from onearm.outputs.figures.curves import curves_data, draw_curves
from onearm.outputs.figures.pairs import Pairs, draw_pairs
from onearm.outputs.format import say_p_value
from onearm.outputs.labels import curve_label, endpoint_label, start_label
from onearm.outputs.lookup import subgroup_rows
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.biomarkers import biomarker_label

if TYPE_CHECKING:
    from onearm.outputs.lookup import Block, Lookup

__all__ = ["biomarker_boxes", "biomarker_curves", "biomarker_pairs"]

_MOST_PANELS: Final = 16
_MOST_CURVES: Final = 12
T = TypeVar("T", Panel, Pairs)


def _values(trial: Trial, lookup: Lookup, name: str) -> pl.DataFrame:
    """Analysed values of a biomarker among the patients of a group."""
    rows = trial.datasets["adbm"].filter(
        (pl.col("PARAMCD") == name) & (pl.col("ANL01FL") == "Y") & pl.col("AVAL").is_not_null()
    )
    if lookup.group.level is None:
        return rows
    mine = trial.datasets["adsl"].filter(pl.col("COHORT") == lookup.group.level).select("USUBJID")
    return rows.join(mine, on="USUBJID", how="semi")


def _p_note(block: Block, variable: str, level: str | None = None) -> str:
    p, q = block.stat("p_value", variable, level), block.stat("q_value", variable, level)
    if p.value is None:
        return ""
    return "; ".join([say_p_value("P", p.value), *([say_p_value("Q", q.value)] if q else [])])


def _axis(trial: Trial, name: str) -> str:
    marker = trial.protocol.biomarker[name]
    return " ".join(part for part in (marker.unit, None if marker.transform == "none" else marker.transform) if part)


def _title(trial: Trial, name: str) -> str:
    return trial.protocol.biomarker[name].label or name


def biomarker_boxes(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the biomarkers of responders beside those of the others.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for every 16 biomarkers; none where none is set against response.
    """
    panels: list[Panel] = []
    methods: list[str] = []
    for block in lookup.blocks("biomarker_response"):
        name = str(block.paramcd)
        marker = trial.protocol.biomarker.get(name)
        if marker is None:
            continue
        rows = _values(trial, lookup, name).filter(pl.col("AVISIT").str.to_lowercase() == marker.timepoint.lower())
        groups = {
            label: rows.filter(pl.col("RSPFL") == flag)["AVAL"].to_list()
            for label, flag in (("Responders", "Y"), ("Others", "N"))
        }
        panels.append(Panel(_title(trial, name), groups, _p_note(block, "response"), _axis(trial, name)))
        methods += block.methods()
    for part, chosen in enumerate(_parts(panels)):
        yield make_picture(
            trial,
            draw_boxes(chosen),
            name=f"biomarkers_response{f'_{part + 1}' if part else ''}",
            section="biomarkers",
            title="Biomarkers by response",
            notes=[
                "Boxes: quartiles and median (from 5 patients on); whiskers: last value within 1.5 box heights; every "
                "patient a point.",
                *method_footnotes(m for m in methods if "quantile" not in m),
            ],
            alt="; ".join(f"{p.title}: {', '.join(f'{k} n = {len(v)}' for k, v in p.groups.items())}" for p in chosen)
            + ".",
            group=lookup.group,
            sources=["adbm AVAL RSPFL", "biomarker_response"],
        )


def _parts(panels: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(panels), _MOST_PANELS):
        yield panels[start : start + _MOST_PANELS]


def biomarker_pairs(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the values of each patient at two times.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for every 16 biomarkers and later times; none where none is set against change.
    """
    panels: list[Pairs] = []
    for block in lookup.blocks("biomarker_change"):
        name = str(block.paramcd)
        marker = trial.protocol.biomarker.get(name)
        for time in block.levels("change") if marker is not None else ():
            if time is None or marker is None:
                continue
            rows = _values(trial, lookup, name)
            first = rows.filter(pl.col("AVISIT").str.to_lowercase() == marker.timepoint.lower())
            both = first.select("USUBJID", B="AVAL").join(
                rows.filter(pl.col("AVISIT") == time).select("USUBJID", A="AVAL"), on="USUBJID"
            )
            note = _p_note(block, "change", time)
            times = (marker.timepoint, time)
            panels.append(
                Pairs(_title(trial, name), times, both["B"].to_list(), both["A"].to_list(), note, _axis(trial, name))
            )
    for part, chosen in enumerate(_parts(panels)):
        yield make_picture(
            trial,
            draw_pairs(chosen),
            name=f"biomarkers_change{f'_{part + 1}' if part else ''}",
            section="biomarkers",
            title="Biomarkers at two times",
            notes=[
                "One line per patient: orange rises, blue falls, grey stays. Black: medians. P by the signed-rank test."
            ],
            alt="; ".join(f"{p.title}, {p.times[1]}: {len(p.before)} pairs" for p in chosen) + ".",
            group=lookup.group,
            sources=["adbm AVAL", "biomarker_change"],
        )


def biomarker_curves(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the curves of the groups of each biomarker.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each biomarker and time, the first 12; the results table holds the others.
    """
    if not lookup.parameters("biomarker_groups"):
        return
    rows = subgroup_rows(trial.results.filter(pl.col("analysis") == "biomarker_curve"), lookup.group)
    for key in rows["paramcd"].unique(maintain_order=True).to_list()[:_MOST_CURVES]:
        name, target = str(key).split(" · ", 1)
        block = lookup.block("biomarker_groups", name)
        data = curves_data(rows.filter(pl.col("paramcd") == key))
        marker = trial.protocol.biomarker[name]
        landmark = "" if marker.landmark_months is None else f" after the landmark at {marker.landmark_months:g} months"
        lines = _heading(trial, block, target)
        label = endpoint_label(trial.protocol, target)
        yield make_picture(
            trial,
            draw_curves(
                data,
                y_label=curve_label(trial.protocol, target),
                x_label=f"Time since {start_label(trial.protocol, target)}{landmark} (months)",
                heading=lines,
                size=trial.size,
            ),
            name=f"biomarker_{file_name(name)}_{file_name(target)}",
            section="biomarkers",
            title=f"{label} by {_title(trial, name)}",
            notes=[
                f"Groups: {biomarker_label(trial.protocol, name)}. Ticks: censored.",
                *method_footnotes(block.methods()),
            ],
            alt=f"Kaplan-Meier curves of {label.lower()} in {data['group'].n_unique()} groups. {'; '.join(lines)}.",
            group=lookup.group,
            sources=[f"biomarker_curve {key}", f"biomarker_groups {name}"],
        )


def _heading(trial: Trial, block: Block, target: str) -> list[str]:
    printer = trial.printer
    lines = []
    for level in block.levels(target):
        if level is None:
            continue
        median, n, events = (block.stat(s, target, level) for s in ("median", "n", "events"))
        when = "not reached" if median.value is None else f"{printer.months(median.value)} months"
        lines.append(f"{level}: median {when}; {printer.number(events.value)} of {printer.number(n.value)} with event")
    ratios = [level for level in block.levels(target) if level and block.stat("conf_low", target, level)]
    if len(ratios) == 1:
        found = [block.stat(s, target, ratios[0]).value for s in ("hazard_ratio", "conf_low", "conf_high")]
        texts = [printer.number(value, 2) for value in found]
        lines.append(f"Hazard ratio {texts[0]} ({printer.coverage()} {printer.interval(texts[1], texts[2])})")
    p = block.stat("p_log_rank", target)
    return [*lines, say_p_value("Log-rank P", p.value)] if p.value is not None else lines
