"""Figures of the treatment given: doses of everybody, and the course of patients with deviations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import polars as pl

from onearm.outputs import figures as draw
from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.figures.patients import shown_subjects

if TYPE_CHECKING:
    from onearm.outputs.lookup import Lookup

__all__ = ["doses", "hys_law", "timelines"]

_MOST_TIMELINES: Final = 8


def doses(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw every dose of every patient, by dose level.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        None where no dose is on record.
    """
    data = draw.dosing_data(trial.datasets, trial.protocol, lookup.group.level)
    if not data.subjects:
        return
    names = [drug.name for drug in data.drugs]
    reduced = data.bars.filter(pl.col("level") > 0)["USUBJID"].n_unique()
    yield make_picture(
        trial,
        draw.draw_dosing(data, size=trial.size),
        name="doses",
        section="exposure",
        title="Doses of each patient",
        notes=[
            f"{trial.protocol.main_set}; one line per patient, longest treatment above. A bar lasts from a dose to the day on "
            "which the next one was planned; what is blank between two bars is a break beyond the planned pause."
        ],
        alt=f"Doses of {', '.join(names)} in {len(data.subjects)} patients; {reduced} had a dose reduction.",
        group=lookup.group,
        sources=["adex"],
    )


def timelines(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the course of the patients with deviations of dosing.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each of the first eight such patients; `onearm explain-patient` draws any other.
    """
    addv = trial.datasets.get("addv")
    if addv is None:
        return
    members = shown_subjects(trial.datasets, trial.protocol, lookup.group.level).select("USUBJID")
    mine = addv.filter(pl.col("DVCAT") == "DOSING").join(members, on="USUBJID", how="semi", maintain_order="left")
    subjects = mine["USUBJID"].unique(maintain_order=True).to_list()
    for number, subject in enumerate(subjects[:_MOST_TIMELINES], start=1):
        data = draw.timeline_data(trial.datasets, trial.protocol, subject)
        more = f" {len(subjects)} patients have such deviations; {_MOST_TIMELINES} are drawn." if number == 1 else ""
        yield make_picture(
            trial,
            draw.draw_timeline(data),
            name=f"timeline_{file_name(subject)}",
            section="exposure",
            title=f"Planned and given treatment of {subject}",
            notes=[
                "Grey: as planned by the protocol from the first dose to the end of treatment; coloured: as recorded."
                + (more if len(subjects) > _MOST_TIMELINES else "")
            ],
            alt=f"Timeline of {subject} over {data.last} days with {data.deviations.height} deviations: "
            f"{'; '.join(data.deviations['rule'].unique(maintain_order=True))}.",
            group=lookup.group,
            sources=["adex", "adrs OVR", "addv"],
        )


def hys_law(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the peaks of transaminases and bilirubin.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        None where nobody has both tests.
    """
    data = draw.hys_law_data(trial.datasets, trial.protocol, lookup.group.level)
    if data.is_empty():
        return
    block = lookup.block("liver", "HYSLAW")
    n = trial.printer.number(block.stat("n", "quadrant", "Hy's law range").value)
    yield make_picture(
        trial,
        draw.draw_hys_law(data, size=trial.size),
        name="hys_law",
        section="safety",
        title="Hy's law: peak transaminase and peak bilirubin",
        notes=[
            f"{trial.protocol.safety_set}; highest values under treatment of {data.height} patients with both, in multiples "
            "of the upper limit of normal. Dashed: 3 times for ALT or AST, 2 times for bilirubin (FDA guidance 2009)."
        ],
        alt=f"Scatter plot of peak ALT or AST against peak bilirubin in {data.height} patients; {n} in the range of Hy's law.",
        group=lookup.group,
        sources=["adhy", "liver HYSLAW"],
    )
