"""TU and TR: the lesions that were identified, and what was seen of each at every scan."""

from __future__ import annotations

from typing import Final

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
    lesions, new = history.lesions, history.course.new_disease
    n, places = lesions.size.shape
    group = np.where(lesions.is_target, 0, np.where(lesions.is_non_target, 1, -1))
    found, found_at = _new_lesions(history)
    group = np.column_stack([group, np.where(found, 2, -1)])
    organs = (*lesions.organs, *assumptions.progression.new_organs)
    organ = np.column_stack([lesions.organ, len(lesions.organs) + new.organ])
    names, name = _names(group)
    day = np.column_stack([history.baseline_scan, history.course.schedule.day])
    first_seen = np.column_stack(
        [np.zeros((n, places), dtype=np.int64), np.broadcast_to(found_at[:, None], found.shape)]
    )

    row, place = np.nonzero(group >= 0)
    visit = first_seen[row, place]
    tu = domain(
        keys,
        "TU",
        row,
        {
            "TUTESTCD": "TUMIDENT",
            "TUTEST": "Tumor Identification",
            "TUORRES": texts(GROUPS, group[row, place]),
            "TUSTRESC": texts(GROUPS, group[row, place]),
            "TULOC": texts(organs, organ[row, place]),
            "TUMETHOD": METHOD,
            "TULNKID": texts(names, name[row, place]),
            "TUEVAL": protocol.tumour.assessor,
            **visit_columns(history.course.schedule.planned, visit),
            "TUDTC": dates(keys.first_dose[row] + day[row, visit]),
        },
    )
    return tu, _tr(
        protocol, assumptions, history, keys, group=group, names=names, name=name, day=day, found_at=found_at
    )


def _new_lesions(history: History) -> tuple[Bools, Ints]:
    """Which new lesions are recorded, and at which scan (the first after they appeared); baseline is scan 0."""
    new, visit = history.course.new_disease, history.course.progression_visit
    n_visits = history.is_scanned.shape[1]
    rows = np.arange(len(visit))
    at = np.minimum(visit, n_visits - 1)
    shown = (visit < n_visits) & history.is_scanned[rows, at]
    shown &= new.new_lesion <= history.course.schedule.day[rows, at]
    return shown[:, None] & (np.arange(MOST_NEW) < new.n_new[:, None]), at + 1


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


def _tr(
    protocol: Protocol,
    assumptions: Assumptions,
    history: History,
    keys: Keys,
    *,
    group: Ints,
    names: list[str],
    name: Ints,
    day: Ints,
    found_at: Ints,
) -> pl.DataFrame:
    lesions, measured = history.lesions, history.course.measured
    n, places = lesions.size.shape
    n_scans = day.shape[1]
    is_scanned = np.column_stack([np.ones(n, dtype=bool), history.is_scanned])
    is_new = (group == 2)[:, None] & (np.arange(n_scans)[None, :, None] == found_at[:, None, None])
    kept = is_scanned[:, :, None] & np.where((group == 2)[:, None], is_new, (group >= 0)[:, None])
    row, visit, place = np.nonzero(kept)
    kind = group[row, place]
    is_measured = kind == 0
    diameters = np.concatenate([lesions.size[:, None], measured.diameter], axis=1)
    old = np.minimum(place, places - 1)
    value = np.where(is_measured, diameters[row, visit, old], 0.0)
    state = _states(history, row, visit, np.where(kind == 1, place, 0), kind == 1)
    length, text = decimals(value, assumptions.lesions.digits), texts(STATES, state)
    nodal = np.concatenate([lesions.is_nodal, np.zeros(MOST_NEW, dtype=bool)])[place]
    test = np.where(is_measured, np.where(nodal, 1, 0), 2)
    shown = pl.Series(is_measured)
    chosen = pl.select(
        result=pl.when(shown).then(length).otherwise(text),
        number=pl.when(shown).then(pl.Series(value)).otherwise(None),
    )
    return domain(
        keys,
        "TR",
        row,
        {
            "TRGRPID": texts(GROUPS, kind),
            "TRLNKID": texts(names, name[row, place]),
            "TRTESTCD": texts(("LDIAM", "LPERP", "TUMSTATE"), test),
            "TRTEST": texts(("Longest Diameter", "Longest Perpendicular", "Tumor State"), test),
            "TRORRES": chosen["result"],
            "TRORRESU": texts(("mm", "mm", None), test),
            "TRSTRESC": chosen["result"],
            "TRSTRESN": chosen["number"],
            "TRSTRESU": texts(("mm", "mm", None), test),
            "TRMETHOD": METHOD,
            "TREVAL": protocol.tumour.assessor,
            **visit_columns(history.course.schedule.planned, visit),
            "TRDTC": dates(keys.first_dose[row] + day[row, visit]),
        },
    )


def _states(history: History, row: Ints, visit: Ints, place: Ints, is_non_target: Bools) -> Ints:
    """State of each non-target lesion; the first of them is the one that progresses."""
    course, lesions = history.course, history.lesions
    before = np.maximum(visit - 1, 0)
    absent = (visit > 0) & course.measured.is_absent[row, before, place]
    first = lesions.is_non_target.argmax(axis=1)[row]
    progresses = (visit > 0) & (course.new_disease.non_target[row] <= course.schedule.day[row, before])
    progresses &= place == first
    state = np.where(progresses, 2, np.where(absent, 1, 0))
    return np.where(is_non_target, state, 0)
