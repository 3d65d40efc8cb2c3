"""One row per patient: the table that ``[source.patients]`` of a protocol describes, and that of tumour sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from onearm.errors import ProtocolError, suggest
from onearm.protocol import Protocol
from onearm.protocol.endpoints import TimeEndpoint
from onearm.protocol.sources import PatientSource, TimeColumns
from onearm.simulation.assessment import BEST, Assessment, assess
from onearm.simulation.assumptions import Assumptions
from onearm.simulation.course import FAR
from onearm.simulation.history import Exit, History
from onearm.simulation.randomness import Ints
from onearm.simulation.tables.columns import Keys, optional_dates, texts
from onearm.terms import DAYS_PER_MONTH, DAYS_PER_YEAR

__all__ = ["patient_tables"]

DAYS: Final = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR}


def patient_tables(
    rng: np.random.Generator,
    protocol: Protocol,
    assumptions: Assumptions,
    history: History,
    *,
    keys: Keys,
    dm: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """
    Lay out what a retrospective study collects.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers for the last visit before the cut-off.
    protocol : Protocol
        With ``[source.patients]``, whose columns and values are written.
    assumptions : Assumptions
        Last visits, cycles.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled.
    dm : polars.DataFrame
        Their baseline characteristics, in the same order.

    Returns
    -------
    dict of str to polars.DataFrame
        ``patients``, and ``sizes`` where the protocol reads them: percent change or sum of diameters at every scan.

    Raises
    ------
    ProtocolError
        If the protocol reads a column that nothing here can fill.
    """
    source = protocol.source.patients
    assert source is not None  # asked by the caller
    assessed = assess(history, stable_at_least_days=protocol.tumour.stable_at_least_days)
    visit = _last_visit(rng, assumptions, history)
    days = _days(history, assessed, visit)
    columns: dict[str, Any] = {source.subject or "PATIENT": keys.subject}
    if source.best_response is not None:
        words = {term: word for word, term in reversed(source.best_response.values.items())}
        columns[source.best_response.column] = texts([words.get(term) for term in BEST], assessed.best)
    for name, column in ({} if source.dates is None else source.dates.model_dump()).items():
        if column is not None:
            columns[column] = _dates(name, days, keys, source.date_format)
    for name, time in source.times.items():
        columns |= _time(protocol.times.get(name), time, days)
    for name, flag in source.flags.items():
        success = protocol.rates[name].success if name in protocol.rates else ("CR", "PR")
        yes, no = (value[0] if isinstance(value, tuple) else value for value in (flag.yes, flag.no))
        columns[flag.column] = texts([str(yes if term in success else no) for term in BEST], assessed.best)
    columns |= _covariates(source, assumptions, history, dm)
    return {"patients": pl.DataFrame(columns), **_sizes(protocol, history, assessed, keys)}


def _last_visit(rng: np.random.Generator, assumptions: Assumptions, history: History) -> Ints:
    """Day on which each patient was last seen; the day of death for the dead."""
    before = rng.integers(0, assumptions.follow_up.last_contact_within_days, len(history.stop), endpoint=True)
    ongoing = np.maximum(history.horizon - before, np.maximum(history.last_dose, 0))
    return np.where(history.exit == Exit.ONGOING, np.minimum(ongoing, history.horizon), history.follow_up_end)


def _days(history: History, assessed: Assessment, visit: Ints) -> dict[str, Ints]:
    """Days from the first dose by what `DateColumns` calls them; `FAR`: none."""
    n = len(visit)
    day = np.column_stack([history.course.schedule.day, np.full(n, FAR)])
    rows = np.arange(n)
    return {
        "consent": history.consent,
        "enrolled": history.enrolment,
        "first_dose": np.zeros(n, dtype=np.int64),
        "last_dose": history.last_dose,
        "response": day[rows, assessed.response],
        "progression": day[rows, assessed.progression],
        "death": np.where(history.exit == Exit.DEATH, history.follow_up_end, FAR),
        "last_assessment": day[rows, assessed.last],  # -1, none after baseline, is the last column: no day
        "last_contact": visit,
        "new_anticancer_therapy": history.therapy_start,
    }


def _dates(name: str, days: Mapping[str, Ints], keys: Keys, date_format: str | None) -> pl.Series:
    if name not in days:
        raise ProtocolError(f"protocol.toml, source.patients.dates.{name}: cannot be simulated.{suggest(name, days)}")
    written = optional_dates(keys.first_dose + days[name], days[name] < FAR)
    return written if date_format is None else written.str.to_date().dt.strftime(date_format)


def _time(endpoint: TimeEndpoint | None, columns: TimeColumns, days: Mapping[str, Ints]) -> dict[str, pl.Series]:
    """Time to the first event of an endpoint, or to the last scan or visit, and its status."""
    events = [name for name in ("progression", "death") if endpoint is None or name in endpoint.event]
    event = np.min([days[name] for name in events], axis=0)
    at_scan = endpoint is not None and "last_adequate_assessment" in endpoint.censor
    scan = days["last_assessment"]
    known = np.where(scan < FAR, scan, 0) if at_scan else days["last_contact"]
    happened = event < FAR
    first = columns.event[0] if isinstance(columns.event, tuple) else columns.event
    other = columns.censored[0] if isinstance(columns.censored, tuple) else columns.censored
    if other is None:
        other = 0 if str(first) != "0" else 1
    time = np.round((np.where(happened, event, known) + 1) / DAYS[columns.unit], 2)
    return {
        columns.time: pl.Series(time),
        columns.status: texts([str(other), str(first)], happened.astype(np.int64)),
    }


def _covariates(
    source: PatientSource, assumptions: Assumptions, history: History, dm: pl.DataFrame
) -> dict[str, pl.Series]:
    """Baseline characteristics by the names that the protocol reads them under."""
    known = {name.upper(): dm[name] for name in dm.columns}
    visits = assumptions.visits
    if visits.cycle_column is not None:
        known[visits.cycle_column.upper()] = pl.Series(history.last_dose // visits.cycle_days + 1)
    wanted = [*source.covariates, *([source.cohort] if source.cohort else [])]
    absent = [name for name in wanted if name.upper() not in known]
    if absent:
        raise ProtocolError(
            *(
                f"protocol.toml, source.patients.covariates: assumptions.toml says nothing of {name!r}."
                f"{suggest(name, known)}"
                for name in absent
            )
        )
    return {name: known[name.upper()] for name in wanted}


def _sizes(protocol: Protocol, history: History, assessed: Assessment, keys: Keys) -> dict[str, pl.DataFrame]:
    source = protocol.source.sizes
    if source is None:
        return {}
    row, visit = np.nonzero(history.is_scanned)
    columns: dict[str, Any] = {
        source.subject: keys.subject.gather(np.ascontiguousarray(row)),
        source.time: pl.Series(np.round(history.course.schedule.day[row, visit] / DAYS[source.unit], 2)),
    }
    if source.unit == "days":
        columns[source.time] = columns[source.time].cast(pl.Int64)
    if source.change_percent is not None:
        columns[source.change_percent] = pl.Series(np.round(assessed.change[row, visit], 1))
    if source.diameter_mm is not None:
        lesions = history.lesions
        start = np.where(lesions.is_target, lesions.size, 0.0).sum(axis=1)
        total = (1 + assessed.change / 100) * start[:, None]
        columns[source.diameter_mm] = pl.Series(np.round(total[row, visit], 1))
        return {"sizes": _with_baseline(pl.DataFrame(columns), history, keys, source.diameter_mm, start)}
    return {"sizes": pl.DataFrame(columns)}


def _with_baseline(
    table: pl.DataFrame, history: History, keys: Keys, column: str, start: np.ndarray[Any, Any]
) -> pl.DataFrame:
    """Put the baseline scan before the others, at its own day."""
    subject, time = table.columns[:2]
    first = pl.DataFrame(
        {
            subject: keys.subject,
            time: pl.Series(history.baseline_scan).cast(table.schema[time]),
            column: np.round(start, 1),
        }
    )
    return pl.concat([first, table], how="diagonal").sort(subject, time, maintain_order=True)
