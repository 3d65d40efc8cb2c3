"""EX and CM: doses given, drugs against adverse events, and later anticancer therapy."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions, DoseGiving
from onearm.simulation.course import FAR
from onearm.simulation.history import History
from onearm.simulation.phases import number_phases, phase_starts
from onearm.simulation.randomness import Ints
from onearm.simulation.tables.columns import Keys, dates, domain, optional_dates, repeated, texts

__all__ = ["SUBSEQUENT", "cm_table", "ex_table"]

SUBSEQUENT: Final = "SUBSEQUENT ANTI-CANCER THERAPY"
"""CMCAT of therapy after the trial's own."""

CONCOMITANT: Final = "CONCOMITANT MEDICATION"


def ex_table(protocol: Protocol, assumptions: Assumptions, history: History, keys: Keys) -> pl.DataFrame:
    """
    Lay out EX.

    Parameters
    ----------
    protocol : Protocol
        Drugs and dose levels.
    assumptions : Assumptions
        Route and form of each drug.
    history : History
        What was given.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        One row per drug and stretch of dosing days; EXADJ says why a dose is lower than the one before,
        EPOCH to which phase of treatment it belongs where the protocol has phases.
    """
    widest = max((drug.start.shape[1] for drug in history.doses), default=0)
    n, k = len(history.stop), len(history.doses)
    given = np.zeros((n, widest, k), dtype=bool)
    start, end, level = (np.zeros((n, widest, k), dtype=np.int64) for _ in range(3))
    for d, doses in enumerate(history.doses):
        width = doses.start.shape[1]
        given[:, :width, d] = doses.is_given
        start[:, :width, d], end[:, :width, d], level[:, :width, d] = doses.start, doses.end, doses.level
    row, place, drug = np.nonzero(given)
    table, offset = _levels(protocol)
    used = level[row, place, drug]
    before = np.concatenate([np.zeros((n, 1, k), dtype=np.int64), np.maximum.accumulate(level * given, axis=1)], axis=1)
    is_lower = used > before[row, place, drug]
    ways = _ways(protocol, assumptions)
    return domain(
        keys,
        "EX",
        row,
        {
            "EXTRT": texts([treatment.name for treatment in protocol.treatment], drug),
            "EXDOSE": pl.Series(table[offset[drug] + used]),
            "EXDOSU": texts([treatment.unit for treatment in protocol.treatment], drug),
            "EXDOSFRM": texts([way.form if way else None for way in ways], drug),
            "EXDOSFRQ": texts([way.frequency if way else None for way in ways], drug),
            "EXROUTE": texts([way.route if way else None for way in ways], drug),
            "EXADJ": texts((None, "ADVERSE EVENT"), is_lower.astype(np.int64)),
            **_epochs(protocol, history, row, start[row, place, drug]),
            "EXSTDTC": dates(keys.first_dose[row] + start[row, place, drug]),
            "EXENDTC": dates(keys.first_dose[row] + end[row, place, drug]),
        },
    )


def _epochs(protocol: Protocol, history: History, row: Ints, start: Ints) -> dict[str, pl.Series]:
    """EPOCH of each dose where treatment has phases."""
    if not protocol.phase:
        return {}
    numbers = number_phases(start, row, phase_starts(protocol, history))
    return {"EPOCH": texts([phase.epoch for phase in protocol.phase], numbers)}


def _levels(protocol: Protocol) -> tuple[np.ndarray, Ints]:
    """All dose levels in one array, and where those of each drug begin."""
    levels = [list(drug.dose_levels) for drug in protocol.treatment]
    offset = np.cumsum([0, *(len(one) for one in levels)])[:-1].astype(np.int64)
    return np.array([dose for one in levels for dose in one], dtype=np.float64), offset


def _ways(protocol: Protocol, assumptions: Assumptions) -> list[DoseGiving | None]:
    by_drug = {way.drug: way for way in assumptions.dose}
    return [by_drug.get(drug.name) for drug in protocol.treatment]


def cm_table(rng: np.random.Generator, assumptions: Assumptions, history: History, keys: Keys) -> pl.DataFrame:
    """
    Lay out CM.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers for the drugs against adverse events.
    assumptions : Assumptions
        Those drugs, and later regimens.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        One row per therapy; no end date where it went on.
    """
    parts = [_later_therapy(assumptions, history, keys)]
    terms = [event.term for event in assumptions.toxicity.event]
    for medication in assumptions.toxicity.medication:
        meant = terms.index(medication.event) if medication.event in terms else -1
        column = np.flatnonzero(history.episodes.event == meant)
        recorded = history.is_recorded[:, column]
        row, which = np.nonzero(recorded & (rng.random(recorded.shape) < medication.probability))
        episode = column[which]
        end = history.episodes.end[row, episode]
        parts.append(
            _part(
                row,
                texts((medication.name,), np.zeros(len(row), dtype=np.int64)),
                (CONCOMITANT, medication.event, medication.route),
                dates(keys.first_dose[row] + history.episodes.onset[row, episode]),
                optional_dates(keys.first_dose[row] + end, end <= history.safety_end[row]),
            )
        )
    rows = pl.concat(parts).sort("row", "CMSTDTC", maintain_order=True)
    return domain(keys, "CM", rows["row"].to_numpy(), {name: rows[name] for name in rows.columns if name != "row"})


def _later_therapy(assumptions: Assumptions, history: History, keys: Keys) -> pl.DataFrame:
    row = np.flatnonzero(history.therapy_start < FAR)
    return _part(
        row,
        texts(tuple(assumptions.subsequent_therapy.regimens), history.regimen[row]),
        (SUBSEQUENT, "DISEASE UNDER STUDY", None),
        dates(keys.first_dose[row] + history.therapy_start[row]),
        repeated(None, len(row)),
    )


def _part(
    row: Ints, name: pl.Series, kind: tuple[str, str, str | None], start: pl.Series, end: pl.Series
) -> pl.DataFrame:
    category, indication, route = kind
    return pl.DataFrame(
        {
            "row": pl.Series(row, dtype=pl.Int64),
            "CMTRT": name,
            "CMDECOD": name,
            "CMCAT": repeated(category, len(row)),
            "CMINDC": repeated(indication, len(row)),
            "CMROUTE": repeated(route, len(row)),
            "CMSTDTC": start,
            "CMENDTC": end,
        }
    )
