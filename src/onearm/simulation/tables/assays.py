"""Assays: a sample sheet and a table of values, as the protocol reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from onearm.errors import ProtocolError, suggest
from onearm.protocol import Protocol
from onearm.protocol.assays import TableAssay
from onearm.simulation.assumptions import Assay, Assumptions, Measure
from onearm.simulation.history import History
from onearm.simulation.randomness import Floats, Ints
from onearm.simulation.tables.columns import Keys, dates, texts

__all__ = ["ASSAY_PREFIX", "assay_files", "assay_tables"]

ASSAY_PREFIX = "assays/"
"""What the names of tables begin with that lie in ``data/assays/``."""


@dataclass(frozen=True)
class _Samples:
    """Samples of one assay; one entry per sample, sorted by patient and time."""

    row: Ints
    time: Ints
    """0: baseline; k: the k-th later timepoint."""
    names: tuple[str, ...]
    day: Ints
    batch: Ints


def assay_files(protocol: Protocol, assumptions: Assumptions) -> dict[str, str]:
    """
    Say which file each table of an assay goes to.

    Parameters
    ----------
    protocol : Protocol
        Names the files.
    assumptions : Assumptions
        Which assays are simulated.

    Returns
    -------
    dict
        Name of a table, as in `assay_tables`, to the name of its file.
    """
    files: dict[str, str] = {}
    for name in assumptions.assay:
        section = protocol.assay.get(name)
        if isinstance(section, TableAssay):
            files[f"{ASSAY_PREFIX}{name}"] = section.file
            if section.samples is not None:
                files[f"{ASSAY_PREFIX}{name} samples"] = section.samples.file
    return files


def assay_tables(
    rng: np.random.Generator, protocol: Protocol, assumptions: Assumptions, history: History, keys: Keys
) -> dict[str, pl.DataFrame]:
    """
    Lay out the assays.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    protocol : Protocol
        ``[assay.NAME]`` of kind ``table``, whose columns are written.
    assumptions : Assumptions
        Samples, measures and their links with the outcome.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    dict of str to polars.DataFrame
        ``assays/NAME`` and, where the protocol reads a sample sheet, ``assays/NAME samples``.

    Raises
    ------
    ProtocolError
        If the protocol has no such assay, or one of another kind.
    """
    found: dict[str, pl.DataFrame] = {}
    for name, model in assumptions.assay.items():
        section = protocol.assay.get(name)
        if not isinstance(section, TableAssay):
            raise ProtocolError(
                f"assumptions.toml, assay.{name}: the protocol has no table of that name.{suggest(name, protocol.assay)}"
            )
        samples = _draw_samples(rng, model, history)
        effect = rng.standard_normal(model.batches) * model.batch_sd
        values = {
            column: _values(rng, measure, history, samples, effect[samples.batch])
            for measure in model.measure
            for column in measure.names
        }
        found |= _written(name, section, model, samples, values, keys)
    return found


def _draw_samples(rng: np.random.Generator, model: Assay, history: History) -> _Samples:
    """Baseline before the first dose, later ones while treated and in follow-up."""
    n = len(history.stop)
    has = rng.random(n) < model.available
    has[:1] |= not has.any()  # an assay without any sample would have no measures
    day, taken = [history.baseline_scan], [has]
    for planned in model.later.values():
        at = np.full(n, planned)
        is_there = (at <= history.treatment_end) & (at <= history.follow_up_end) & (at < history.course.death)
        day.append(at)
        taken.append(has & is_there & (at <= history.horizon) & (rng.random(n) < model.paired))
    row, time = np.nonzero(np.column_stack(taken))
    return _Samples(
        row=row,
        time=time,
        names=("baseline", *model.later),
        day=np.column_stack(day)[row, time],
        batch=row % model.batches,
    )


def _values(
    rng: np.random.Generator,
    measure: Measure,
    history: History,
    samples: _Samples,
    batch: Floats,
) -> pl.Series:
    """One value per sample; the patient's own part is the same at every time."""
    n = len(history.stop)
    own = _linked(rng, measure, history)
    change = np.log(measure.change) + measure.change_sd * rng.standard_normal((n, len(samples.names)))
    change[:, 0] = 0.0
    if measure.of is not None:
        return _repeated(measure.of, history, samples)
    share = ndtr(own)
    if measure.levels is not None:
        weights = np.cumsum(list(measure.levels.values()))
        code = np.minimum(np.searchsorted(weights / weights[-1], share, side="right"), len(weights) - 1)
        return texts(tuple(measure.levels), code[samples.row])
    # above the share of zeros the rest of the patients have the whole law
    rest = np.clip((share - measure.zero) / (1 - measure.zero), 1e-12, 1 - 1e-12) if measure.zero < 1 else share
    value = np.exp(np.log(measure.median or 1.0) + measure.sd * ndtri(rest))
    value = np.where(share < measure.zero, 0.0, value)[samples.row] * np.exp(change[samples.row, samples.time] + batch)
    return pl.Series(np.round(np.minimum(value, measure.high or np.inf), measure.digits))


def _linked(rng: np.random.Generator, measure: Measure, history: History) -> Floats:
    """Standard normal, correlated with what decides on response and survival."""
    a, b = measure.with_resistance, measure.with_frailty
    noise = rng.standard_normal(len(history.stop))
    own: Floats = (
        a * history.course.resistance + b * history.course.frailty + np.sqrt(max(1 - a**2 - b**2, 0.0)) * noise
    )
    return own


def _repeated(name: str, history: History, samples: _Samples) -> pl.Series:
    numbers = history.subjects.numbers
    if name not in numbers:
        raise ProtocolError(f"assumptions.toml, assay measure of {name!r}: no such number.{suggest(name, numbers)}")
    return pl.Series(numbers[name][samples.row]).fill_nan(None)


def _written(
    name: str,
    section: TableAssay,
    model: Assay,
    samples: _Samples,
    values: Mapping[str, pl.Series],
    keys: Keys,
) -> dict[str, pl.DataFrame]:
    """In the columns that the protocol reads: values beside samples or patients, wide or long."""
    subject = keys.subject.gather(np.ascontiguousarray(samples.row))
    time = texts(samples.names, samples.time)
    sampled = dates(keys.first_dose[samples.row] + samples.day)
    own: pl.Series = pl.select(pl.format("{}-{}", subject, time.str.to_uppercase())).to_series()
    head: dict[str, Any] = {}
    if section.subject is not None:
        head = {section.subject: subject}
        head |= {section.timepoint: time} if section.timepoint else {}
        head |= {section.date: sampled} if section.date else {}
    if section.sample is not None:
        head = {section.sample: own, **head}
    wide = pl.DataFrame({**head, **values})
    table = wide
    if section.measure is not None and section.value is not None:
        texted = wide.with_columns(pl.col(column).cast(pl.String) for column in values)
        table = texted.unpivot(index=list(head), variable_name=section.measure, value_name=section.value)
        table = table.filter(pl.col(section.value).is_not_null())
    tables = {f"{ASSAY_PREFIX}{name}": table}
    if section.samples is not None:
        sheet = section.samples
        columns = {
            sheet.sample: own,
            sheet.subject: subject,
            sheet.timepoint: time,
            sheet.date: sampled,
            sheet.batch: texts([f"B{number:02d}" for number in range(1, model.batches + 1)], samples.batch),
            sheet.tissue: texts((model.tissue,), np.zeros(len(samples.row), dtype=np.int64)),
        }
        tables[f"{ASSAY_PREFIX}{name} samples"] = pl.DataFrame({key: value for key, value in columns.items() if key})
    return tables
