"""AE and LB: adverse events and laboratory values."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions, Parameter
from onearm.simulation.history import History
from onearm.simulation.randomness import Bools, Floats, Ints
from onearm.simulation.tables.columns import Keys, dates, decimals, domain, optional_dates, texts
from onearm.simulation.tables.visits import visit_columns

__all__ = ["ae_table", "lb_table", "with_judgement"]

ACTIONS: Final = ("DOSE NOT CHANGED", "DOSE REDUCED", "DRUG INTERRUPTED", "DRUG WITHDRAWN", "NOT APPLICABLE")
"""AEACN by `Action`."""


def ae_table(
    rng: np.random.Generator, protocol: Protocol, assumptions: Assumptions, history: History, keys: Keys
) -> pl.DataFrame:
    """
    Lay out AE.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers for which severe events are serious.
    protocol : Protocol
        Names of the drugs.
    assumptions : Assumptions
        Terms, classes and how often a severe event is serious.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        One row per event; no end date where it went on when collection ended. AEACN is what was done to the drug that
        caused it, AERELTRT.
    """
    episodes, events = history.episodes, assumptions.toxicity.event
    serious = rng.random(episodes.onset.shape) < assumptions.toxicity.serious
    row, episode = np.nonzero(history.is_recorded)
    order = np.lexsort((episode, episodes.onset[row, episode], row))
    row, episode = row[order], episode[order]
    event, grade, drug = episodes.event[episode], episodes.grade[row, episode], episodes.drug[row, episode]
    end = episodes.end[row, episode]
    # an event that lasts beyond the last day of collection has no known end
    ended = end <= history.safety_end[row]
    is_serious = (grade >= 3) & serious[row, episode]
    terms = [one.term for one in events]
    no_yes = ("N", "Y")
    said = np.array([one.is_related for one in events], dtype=bool)
    return domain(
        keys,
        "AE",
        row,
        {
            "AETERM": texts(terms, event),
            "AEDECOD": texts(terms, event),
            "AEBODSYS": texts([one.soc for one in events], event),
            "AETOXGR": texts(("", "1", "2", "3", "4"), grade),
            "AESER": texts(no_yes, is_serious.astype(np.int64)),
            "AEREL": texts(("NOT RELATED", "RELATED"), ((drug >= 0) | said[event]).astype(np.int64)),
            "AERELTRT": texts([None, *(one.name for one in protocol.treatment)], drug + 1),
            "AEACN": texts(ACTIONS, history.changes.action[row, episode]),
            "AEOUT": texts(("NOT RECOVERED/NOT RESOLVED", "RECOVERED/RESOLVED"), ended.astype(np.int64)),
            "AESDTH": "N",
            "AESTDTC": dates(keys.first_dose[row] + episodes.onset[row, episode]),
            "AEENDTC": optional_dates(keys.first_dose[row] + end, ended),
        },
    )


def with_judgement(
    rng: np.random.Generator, protocol: Protocol, assumptions: Assumptions, ae: pl.DataFrame
) -> pl.DataFrame:
    """
    Let the investigator say which events are immune-related, where the protocol names the column for it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers of these judgements alone.
    protocol : Protocol
        ``safety.immune_related_column``.
    assumptions : Assumptions
        How often an event is judged so.
    ae : polars.DataFrame
        AE.

    Returns
    -------
    polars.DataFrame
        AE with Y or N in that column; an event that comes back is judged as before, and one that is not related to treatment
        is never judged so.
    """
    column = protocol.safety.immune_related_column
    if column is None:
        return ae
    shares = {event.term: event.immune_related for event in assumptions.toxicity.event}
    pairs = ae.select("USUBJID", "AEDECOD").unique(maintain_order=True)
    drawn = pairs.with_columns(_DRAW=pl.Series(rng.random(pairs.height)))
    share = pl.col("AEDECOD").replace_strict(shares, default=0.0, return_dtype=pl.Float64)
    is_judged = (pl.col("AEREL") == "RELATED") & (pl.col("_DRAW") < share)
    both = ae.join(drawn, on=["USUBJID", "AEDECOD"], how="left", maintain_order="left")
    said = pl.when(is_judged).then(pl.lit("Y")).otherwise(pl.lit("N"))
    return both.with_columns(said.alias(column.upper())).drop("_DRAW")


def lb_table(rng: np.random.Generator, assumptions: Assumptions, history: History, keys: Keys) -> pl.DataFrame:
    """
    Lay out LB.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    assumptions : Assumptions
        Parameters and their distribution.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        One row per visit and parameter: at enrolment, then while treated. A value lies in the range of the grade of the
        adverse event that it defines, while that event lasts.
    """
    model = assumptions.laboratory
    n = len(history.stop)
    longest = int(history.horizon.max(initial=0))
    planned = np.arange(model.every_days, longest + 1, model.every_days)
    day = np.column_stack([history.enrolment, np.broadcast_to(planned, (n, len(planned)))])
    last = np.minimum(history.treatment_end, np.minimum(history.follow_up_end, history.course.death - 1))
    is_due = (day <= last[:, None]) & (np.arange(day.shape[1]) < len(planned) + 1)
    is_due[:, 0] = True
    value = np.stack([_values(rng, one, assumptions, history, day) for one in model.parameter], axis=2)
    row, visit, which = np.nonzero(np.repeat(is_due[:, :, None], len(model.parameter), axis=2))
    result = value[row, visit, which]
    low, high = (np.array([getattr(one, name) for one in model.parameter])[which] for name in ("low", "high"))
    digits = np.array([one.digits for one in model.parameter])[which]
    text = _written(result, digits)
    unit = texts([one.unit for one in model.parameter], which)
    return domain(
        keys,
        "LB",
        row,
        {
            "LBTESTCD": texts([one.code for one in model.parameter], which),
            "LBTEST": texts([one.test for one in model.parameter], which),
            "LBCAT": texts([one.category for one in model.parameter], which),
            "LBORRES": text,
            "LBORRESU": unit,
            "LBSTRESC": text,
            "LBSTRESN": pl.Series(result),
            "LBSTRESU": unit,
            "LBSTNRLO": pl.Series(low),
            "LBSTNRHI": pl.Series(high),
            "LBNRIND": texts(("LOW", "NORMAL", "HIGH"), np.where(result < low, 0, np.where(result > high, 2, 1))),
            "LBBLFL": texts(("Y", None), np.where(visit == 0, 0, 1)),
            **visit_columns(planned, visit),
            "LBDTC": dates(keys.first_dose[row] + day[row, visit]),
        },
    )


def _values(
    rng: np.random.Generator, parameter: Parameter, assumptions: Assumptions, history: History, day: Ints
) -> Floats:
    """Inside the normal range, unless the adverse event that the parameter shows is going on."""
    n = len(day)
    own = parameter.sd_between * rng.standard_normal((n, 1)) + parameter.sd_within * rng.standard_normal(day.shape)
    step = 10.0**-parameter.digits
    value = np.clip(np.round(parameter.mean * np.exp(own), parameter.digits), parameter.low, parameter.high)
    place = rng.random(day.shape)
    if parameter.grade_limits is None or parameter.event is None:
        return value
    is_low = parameter.grade_limits[0] < parameter.low
    edges = np.array([parameter.low if is_low else parameter.high, *parameter.grade_limits])
    worst = _grade_on(parameter.event, assumptions, history, day)
    near, far = edges[np.maximum(worst - 1, 0)], edges[np.maximum(worst, 1)]
    # a value on an edge belongs to the milder grade; stay one step inside the graver one
    graded = np.round(near + np.sign(far - near) * np.maximum(place * np.abs(far - near), step), parameter.digits)
    return np.where(worst > 0, graded, value)


def _grade_on(event: str, assumptions: Assumptions, history: History, day: Ints) -> Ints:
    episodes = history.episodes
    terms = [one.term for one in assumptions.toxicity.event]
    worst = np.zeros(day.shape, dtype=np.int64)
    for column in np.flatnonzero(episodes.event == (terms.index(event) if event in terms else -1)):
        is_on: Bools = history.is_recorded[:, column, None] & (episodes.onset[:, column, None] <= day)
        is_on &= day < episodes.end[:, column, None]
        worst = np.maximum(worst, np.where(is_on, episodes.grade[:, column, None], 0))
    return worst


def _written(values: Floats, digits: Ints) -> pl.Series:
    """Decimals differ between parameters, so each number of decimals is written by itself."""
    written = pl.select(pl.repeat(None, len(values), dtype=pl.String)).to_series()
    for count in np.unique(digits):
        here = np.flatnonzero(digits == count)
        written = written.scatter(here, decimals(values[here], int(count)))
    return written
