"""Measures of tissue against times by the change of slope, and beside values without alignment."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from onearm.analyses.biomarkers.members import analysed_values, each_biomarker, rank_p
from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.survival import months
from onearm.errors import MethodError
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results
from onearm.stats.cox import cox
from onearm.stats.cox_diagnostics import concordance
from onearm.stats.descriptive import quantile
from onearm.stats.ranks import rank_sum
from onearm.stats.slope_change import slope_change

__all__ = ["slope_change_groups", "tissue_alignment"]

_SEPARATED = "separated: no finite hazard ratio exists"


def slope_change_groups(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Split patients where the slope of their sorted times changes, as one paper does, and say what that split ignores.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adtte`` and ``adbm``.
    protocol : Protocol
        Biomarkers of assays with ``slope_change`` that are set against a time and measured before it began.

    Returns
    -------
    polars.DataFrame
        Analysis ``slope_change``, variable the endpoint. Without level: ``cut`` in months, ``undecided`` (patients called
        low although they had no event by then) and the paper's rank-sum test; level ``low`` and ``high``: number and
        quartiles of the marker. Level ``marker``: the honest alternative, which neither splits nor forgets censoring: the
        hazard ratio per standard deviation of the marker, and the concordance.
    """
    parts = []
    compared = {name for name, section in protocol.assay.items() if section.slope_change}
    for target in protocol.times:
        adtte = months(datasets["adtte"].filter(pl.col("PARAMCD") == target), protocol)
        times = adtte.select("USUBJID", "MONTHS", "EVENT")
        for name, marker, population, rows in each_biomarker(datasets, protocol, target):
            if marker.assay not in compared or marker.landmark_months is not None:
                continue
            known = analysed_values(rows, marker).join(times, on="USUBJID", how="inner", maintain_order="left")
            parts.append(_one(name, target, population, known.drop_nulls(["AVAL", "MONTHS"]), protocol))
    return concat_results(parts)


def _one(name: str, target: str, population: Population, known: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    out = population.rows("slope_change", "ADBM", name)
    time, event, value = (known[column].to_numpy() for column in ("MONTHS", "EVENT", "AVAL"))
    try:
        split = slope_change(time, event)
    except MethodError as error:
        out.add("cut", variable=target, unit="months", method="two lines", note=str(error))
        return out.frame()
    out.add("cut", split.cut, variable=target, unit="months", method="two lines")
    out.add("explained", split.explained, variable=target, unit="proportion", method="two lines")
    note = "censored before the cut: which side they belong to is not known"
    out.add("undecided", split.n_undecided, variable=target, unit="count", note=note if split.n_undecided else None)
    for level, chosen in (("low", ~split.is_high), ("high", split.is_high)):
        _quartiles(out, value[chosen], variable=target, level=level, protocol=protocol)
    test = rank_sum(value[split.is_high], value[~split.is_high])
    p, how = rank_p(test, protocol)
    same = "all values are equal" if math.isnan(p) else None
    out.add("p_value", p, variable=target, method=f"rank-sum, {how}", note=same)
    _alternative(out, target, (time, event, value), protocol)
    return out.frame()


def _alternative(out: Rows, target: str, data: tuple[np.ndarray, np.ndarray, np.ndarray], protocol: Protocol) -> None:
    """Add the hazard ratio per standard deviation and the concordance; neither needs a cut."""
    time, event, value = data
    spread = float(np.std(value, ddof=1)) if value.size > 1 else 0.0
    if not spread or not event.any():
        why = "all values are equal" if event.any() else "no events"
        out.add("hazard_ratio", variable=target, level="marker", method="cox", note=why)
        return
    level = protocol.conventions.level
    try:
        model = cox(time, event, (value / spread)[:, np.newaxis], ties=protocol.conventions.ties, level=level)
    except MethodError as error:
        out.add("hazard_ratio", variable=target, level="marker", method="cox", note=str(error))
        return
    if model.separation is not None:
        out.add("hazard_ratio", variable=target, level="marker", method="cox", note=_SEPARATED)
        return
    method = f"cox per standard deviation, {model.ties}"
    out.add("hazard_ratio", float(model.hazard_ratio[0]), variable=target, level="marker", method=method)
    for stat, bound in (("conf_low", model.low[0]), ("conf_high", model.high[0])):
        out.add(stat, float(bound), variable=target, level="marker", method=method, conf_level=level)
    out.add("p_value", float(model.p[0]), variable=target, level="marker", method=method)
    agreement = concordance(model)
    out.add("concordance", float(agreement.estimate), variable=target, level="marker", method="harrell")


def _quartiles(out: Rows, values: np.ndarray, *, variable: str, level: str, protocol: Protocol) -> None:
    out.add("n", values.size, variable=variable, level=level, unit="count")
    convention = protocol.conventions.quantile
    for stat, share in (("median", 0.5), ("q1", 0.25), ("q3", 0.75)) if values.size else ():
        made = float(quantile(values, share, convention=convention))
        out.add(stat, made, variable=variable, level=level, method=f"quantile, {convention}")


def tissue_alignment(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Set aligned values beside those without alignment, and list the shift of every slide.

    Parameters
    ----------
    datasets : Datasets
        With ``adtis`` and ``adshift``; without them, or where nothing was aligned, there are no results.
    protocol : Protocol
        Sets.

    Returns
    -------
    polars.DataFrame
        Analysis ``tissue_alignment``: ``paramcd`` a biomarker, variable ``fields``, level ``aligned`` and ``as recorded``
        (number and quartiles of the fields' values); and ``paramcd`` missing, variable the intensity, level the slide and
        landmark: ``landmark``, ``shift`` and ``confidence``.
    """
    shifts, fields = datasets.get("adshift"), datasets.get("adtis")
    if shifts is None or fields is None or shifts.is_empty():
        return concat_results([])
    parts = []
    for population in populations(datasets, protocol, protocol.main_set):
        mine = population.of(fields)
        for (name,), part in mine.group_by("PARAMCD", maintain_order=True):
            out = population.rows("tissue_alignment", "ADTIS", str(name))
            for level, column in (("aligned", "AVAL"), ("as recorded", "AVALRAW")):
                values = part[column].drop_nulls().to_numpy()
                _quartiles(out, values, variable="fields", level=level, protocol=protocol)
            parts.append(out.frame())
        slides = mine["SLIDE"].unique().implode()
        out = population.rows("tissue_alignment", "ADSHIFT", None)
        for row in shifts.filter(pl.col("SLIDE").is_in(slides)).iter_rows(named=True):
            level = f"{row['SLIDE']} · {row['BASE']:.3g}"
            for stat, column in (("landmark", "LANDMARK"), ("shift", "SHIFT"), ("confidence", "CONFID")):
                out.add(stat, row[column], variable=row["MARKER"], level=level, method="gaussNorm")
        parts.append(out.frame())
    return concat_results(parts)
