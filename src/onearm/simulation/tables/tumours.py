"""TU and TR: the lesions that were identified, and what was seen of each at every scan."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions
from onearm.simulation.history import History
from onearm.simulation.randomness import Bools, Ints
from onearm.simulation.scans import MOST_NEW
from onearm.simulation.tables.columns import Keys, dates, decimals, domain, texts
from onearm.simulation.tables.visits import visit_columns

__all__ = ["tumour_tables"]

GROUPS: Final = ("TARGET", "NON-TARGET", "NEW")
TARGET: Final = 0
NEW: Final = 2
STATES: Final = ("PRESENT", "ABSENT", "UNEQUIVOCAL PROGRESSION")
METHOD: Final = "CT SCAN"


def tumour_tables(
    protocol: Protocol, assumptions: Assumptions, history: History, keys: Keys
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Lay out the lesions of a block.

    Parameters
    ----------
    protocol : Protocol
        Says who assesses.
    assumptions : Assumptions
        Locations of new lesions, decimals of a diameter.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled patients.

    Returns
    -------
    tuple of polars.DataFrame
        TU, one row per lesion on the day it was first seen; TR, one row per lesion and scan.
    """
    grid = _grid(assumptions, history)
    return _tu(protocol, history, keys, grid), _tr(protocol, history, keys, grid, digits=assumptions.lesions.digits)


class _Grid(NamedTuple):
    """All places for lesions, those at baseline and then those for new ones; arrays have shape (n, n_places)."""

    group: Ints
    """Position in `GROUPS`; -1: empty."""
    organ: Ints
    organs: tuple[str, ...]
    name: Ints
    names: list[str]
    day: Ints
    """Days of the scans, shape (n, 1 + n_visits); the first is the baseline."""
    found_at: Ints
    """Scan that finds the new lesions, shape (n,)."""


def _grid(assumptions: Assumptions, history: History) -> _Grid:
    lesions, new = history.lesions, history.course.new_disease
    found, found_at = _new_lesions(history)
    old = np.where(lesions.is_target, 0, np.where(lesions.is_non_target, 1, -1))
    group = np.column_stack([old, np.where(found, 2, -1)])
    names, name = _names(group)
    return _Grid(
        group=group,
        organ=np.column_stack([lesions.organ, len(lesions.organs) + new.organ]),
        organs=(*lesions.organs, *assumptions.progression.new_organs),
        name=name,
        names=names,
        day=np.column_stack([history.baseline_scan, history.course.schedule.day]),
        found_at=found_at,
    )


def _tu(protocol: Protocol, history: History, keys: Keys, grid: _Grid) -> pl.DataFrame:
    row, place = np.nonzero(grid.group >= 0)
    kind = grid.group[row, place]
    visit = np.where(kind == NEW, grid.found_at[row], 0)
    return domain(
        keys,
        "TU",
        row,
        {
            "TUTESTCD": "TUMIDENT",
            "TUTEST": "Tumor Identification",
            "TUORRES": texts(GROUPS, kind),
            "TUSTRESC": texts(GROUPS, kind),
            "TULOC": texts(grid.organs, grid.organ[row, place]),
            "TUMETHOD": METHOD,
            "TULNKID": texts(grid.names, grid.name[row, place]),
            "TUEVAL": protocol.tumour.assessor,
            **visit_columns(history.course.schedule.planned, visit),
            "TUDTC": dates(keys.first_dose[row] + grid.day[row, visit]),
        },
    )


def _tr(protocol: Protocol, history: History, keys: Keys, grid: _Grid, *, digits: int) -> pl.DataFrame:
    row, visit, place = _seen(history, grid)
    kind = grid.group[row, place]
    test = np.where(kind == TARGET, np.where(_is_nodal(history)[place], 1, 0), 2)
    result, number = _results(history, row, visit, np.where(kind == NEW, -1, place), digits=digits)
    return domain(
        keys,
        "TR",
        row,
        {
            "TRGRPID": texts(GROUPS, kind),
            "TRLNKID": texts(grid.names, grid.name[row, place]),
            "TRTESTCD": texts(("LDIAM", "LPERP", "TUMSTATE"), test),
            "TRTEST": texts(("Longest Diameter", "Longest Perpendicular", "Tumor State"), test),
            "TRORRES": result,
            "TRORRESU": texts(("mm", "mm", None), test),
            "TRSTRESC": result,
            "TRSTRESN": number,
            "TRSTRESU": texts(("mm", "mm", None), test),
            "TRMETHOD": METHOD,
            "TREVAL": protocol.tumour.assessor,
            **visit_columns(history.course.schedule.planned, visit),
            "TRDTC": dates(keys.first_dose[row] + grid.day[row, visit]),
        },
    )


def _seen(history: History, grid: _Grid) -> tuple[Ints, Ints, Ints]:
    """Patient, scan and place of every record: old lesions at every scan, new ones where they are found."""
    n, n_scans = grid.day.shape
    is_scanned = np.column_stack([np.ones(n, dtype=bool), history.is_scanned])
    is_new = (grid.group == NEW)[:, None]
    is_found = np.arange(n_scans)[None, :, None] == grid.found_at[:, None, None]
    kept = is_scanned[:, :, None] & np.where(is_new, is_found, (grid.group >= 0)[:, None])
    row, visit, place = np.nonzero(kept)
    return row, visit, place


def _is_nodal(history: History) -> Bools:
    return np.concatenate([history.lesions.is_nodal, np.zeros(MOST_NEW, dtype=bool)])


def _results(history: History, row: Ints, visit: Ints, place: Ints, *, digits: int) -> tuple[pl.Series, pl.Series]:
    """Result as text and as a number: the diameter of a target lesion, the state of any other; place -1: new."""
    lesions = history.lesions
    old = np.maximum(place, 0)
    is_measured = (place >= 0) & lesions.is_target[row, old]
    diameters = np.concatenate([lesions.size[:, None], history.course.measured.diameter], axis=1)
    value = np.where(is_measured, diameters[row, visit, old], 0.0)
    state = np.where((place >= 0) & ~is_measured, _states(history, row, visit, old), 0)
    shown = pl.Series(is_measured)
    chosen = pl.select(
        text=pl.when(shown).then(decimals(value, digits)).otherwise(texts(STATES, state)),
        number=pl.when(shown).then(pl.Series(value)).otherwise(None),
    )
    return chosen["text"], chosen["number"]


def _new_lesions(history: History) -> tuple[Bools, Ints]:
    """Which new lesions are recorded, and at which scan (the first after they appeared); baseline is scan 0."""
    new, visit = history.course.new_disease, history.course.progression_visit
    rows = np.arange(len(visit))
    # one more column: the scan that nobody reaches
    is_scanned = np.column_stack([history.is_scanned, np.zeros(len(visit), dtype=bool)])
    shown = is_scanned[rows, visit] & (new.new_lesion <= history.course.progression)
    return shown[:, None] & (np.arange(MOST_NEW) < new.n_new[:, None]), visit + 1


def _names(group: Ints) -> tuple[list[str], Ints]:
    """TULNKID: T01, NT01, NEW01 and so on, numbered within patient and group."""
    most = group.shape[1]
    stems = ("T", "NT", "NEW")
    names = [f"{stem}{number:02d}" for stem in stems for number in range(1, most + 1)]
    code = np.zeros_like(group)
    for position in range(len(stems)):
        here = group == position
        code = np.where(here, position * most + np.cumsum(here, axis=1) - 1, code)
    return names, code


def _states(history: History, row: Ints, visit: Ints, place: Ints) -> Ints:
    """State of each lesion as if it were a non-target lesion; the first of a patient's is the one that progresses."""
    course, lesions = history.course, history.lesions
    day = np.column_stack([history.baseline_scan, course.schedule.day])
    gone = np.concatenate([np.zeros_like(lesions.is_target)[:, None], course.measured.is_absent], axis=1)
    is_first = place == lesions.is_non_target.argmax(axis=1)[row]
    progresses = is_first & (course.new_disease.non_target[row] <= day[row, visit])
    return np.where(progresses, 2, np.where(gone[row, visit, place], 1, 0))
