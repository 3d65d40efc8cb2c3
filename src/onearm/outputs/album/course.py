"""Figures of single patients: flow, waterfall, spider, modelled size, swimmer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from onearm.outputs import figures as draw
from onearm.outputs.album.picture import Picture, Trial, make_picture
from onearm.outputs.figures.patients import NOT_RECORDED, largest, shown_subjects

if TYPE_CHECKING:
    import polars as pl

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup

__all__ = ["flow", "modelled_size", "spider", "swimmer", "waterfall"]


def flow(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the flow of patients.

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
    data = draw.consort_data(lookup)
    steps = [f"{row['title']} {row['n']:.0f}" for row in data.iter_rows(named=True) if row["n"] is not None]
    lines = [line for row in data.iter_rows(named=True) if row["box"] == "sets" for line in row["lines"]]
    alt = f"Flow of patients: {', '.join([*steps, *lines])}." if data.height else "No data."
    yield make_picture(
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


def waterfall(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the best change of every patient.

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
    data = draw.waterfall_data(trial.datasets, trial.protocol, lookup.group.level)
    total = _set_size(trial, lookup)
    notes = [
        f"{trial.protocol.main_set}; {data.height} of {total} patients with a measured change. Bars: largest decrease (or "
        f"smallest increase) of the sum of target diameters from baseline{_colours(data)}. Dashed lines: −30% and +20%."
    ]
    if (data["change"] > draw.WATERFALL_HIGHEST).any():
        notes.append(f"Bars are cut at +{draw.WATERFALL_HIGHEST:g}%.")
    yield make_picture(
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


def spider(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the change over time of every patient.

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
    data = draw.spider_data(trial.datasets, trial.protocol, lookup.group.level)
    patients = data["USUBJID"].n_unique()
    last = trial.printer.number(largest(data["months"]), 1)
    alt = (
        f"Spider plot of the change of tumour size over time in {patients} patients, up to {last} months."
        if patients
        else "Spider plot without data."
    )
    yield make_picture(
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


def modelled_size(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the modelled size, where the protocol asks for a model.

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
    curve = draw.kinetics_data(trial.results, lookup.group.level)
    if not curve.height:
        return
    measured = draw.measured_sizes(trial.datasets, trial.protocol, lookup.group.level)
    yield make_picture(
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


def swimmer(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw treatment, response and follow-up of every patient.

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
    data = draw.swimmer_data(trial.datasets, trial.protocol, lookup.group.level)
    lanes = data.lanes
    ongoing = int(lanes["ongoing"].sum())
    longest = trial.printer.number(largest(lanes["treated"]), 1)
    alt = (
        f"Swimmer plot of {lanes.height} patients; the longest treatment lasted {longest} months, {ongoing} ongoing."
        if lanes.height
        else "Swimmer plot without data."
    )
    yield make_picture(
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


def _colours(data: pl.DataFrame) -> str:
    known = (data["response"] != NOT_RECORDED).any() or not data.height
    return ", coloured by best overall response" if known else "; best overall responses are not recorded"


def _set_size(trial: Trial, lookup: Lookup) -> int:
    return shown_subjects(trial.datasets, trial.protocol, lookup.group.level).height


def _why_no_size(trial: Trial) -> str:
    if not trial.datasets["adsl"].height:
        return "The data hold no patients."
    if not trial.datasets["adtr"].height:
        return "The data hold no tumour measurements."
    return "No patient has a measured change of tumour size: a sum is missing at baseline or at every later assessment."
