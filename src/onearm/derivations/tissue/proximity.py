"""Measures that look from one kind of cells to another: distances, neighbours, G and K."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onearm.data import Findings
from onearm.derivations.tissue.fields import Fields
from onearm.derivations.tissue.plan import Measure, TissuePlan
from onearm.derivations.tissue.values import FieldValues, Pooled, in_fields
from onearm.errors import MethodError
from onearm.stats.cross_k import cross_k
from onearm.stats.neighbours import count_within, nearest
from onearm.stats.windows import border_distance, nearest_distribution, typical_distance

__all__ = ["measure_proximity"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def measure_proximity(measure: Measure, layout: Fields, plan: TissuePlan, findings: Findings) -> FieldValues:
    """
    Measure distances, shares and counts of neighbours, G or K.

    Parameters
    ----------
    measure : Measure
        Sources ``of`` and targets ``to``, both of the tissue where one is named.
    layout : Fields
        The cells.
    plan : TissuePlan
        Least number of cells, what coincident cells are.
    findings : Findings
        Collects fields without enough targets.

    Returns
    -------
    FieldValues
        Fields with fewer sources or targets than the plan asks for are missing, never 0 and never infinite.
    """
    inside = layout.within(measure.tissue)
    is_from, is_to = (layout.phenotypes[text][0] & inside for text in (measure.of, measure.to))
    n_from, n_to = layout.count(is_from), layout.count(is_to)
    usable = (n_from >= max(plan.least_cells, 1)) & (n_to >= max(plan.least_cells, 1))
    lacking = n_to < max(plan.least_cells, 1)
    if lacking.any():
        findings.add(
            "TISSUE-NO-TARGET",
            column=measure.to,
            what=measure.to,
            n=int(lacking.sum()),
            fields=layout.n,
            least=max(plan.least_cells, 1),
            measure=measure.text,
        )
    sources = np.flatnonzero(is_from & usable[layout.code])
    targets = np.flatnonzero(is_to & usable[layout.code])
    if measure.kind == "k":
        return _k(measure, layout, (sources, targets), usable)
    per_cell = _per_cell(measure, layout, plan, (sources, targets))
    return _by_field(measure, layout, plan, (sources, per_cell, usable, n_from, n_to))


def _per_cell(measure: Measure, layout: Fields, plan: TissuePlan, pair: tuple[Integers, Integers]) -> Floats:
    """Give each source its distance, whether a target is within the radius, or how many are."""
    sources, targets = pair
    place = np.full(layout.code.size, -1, dtype=np.int64)
    place[targets] = np.arange(targets.size)
    groups = (layout.code[sources], layout.code[targets])
    xy, to = layout.xy[sources], layout.xy[targets]
    if measure.kind == "count":
        return count_within(xy, to, measure.radius, groups=groups, own=place[sources], workers=plan.workers).astype(
            np.float64
        )
    found = nearest(
        xy,
        to,
        groups=groups,
        own=place[sources],
        reach=measure.radius if measure.kind == "share" else np.inf,
        positive_only=plan.coincident_is_self,
        workers=plan.workers,
    )
    return np.isfinite(found.distance).astype(np.float64) if measure.kind == "share" else found.distance


def _by_field(
    measure: Measure,
    layout: Fields,
    plan: TissuePlan,
    per: tuple[Integers, Floats, NDArray[np.bool_], Integers, Integers],
) -> FieldValues:
    """Summarise the sources of each field, and of all fields of a sample together."""
    sources, value, usable, n_from, n_to = per
    known = np.isfinite(value)  # a cell alone of its kind has no nearest other
    sources, value = sources[known], value[known]
    code = layout.code[sources]
    border = np.full(value.size, np.inf)
    if measure.edge != "none":
        border = _borders(layout, sources)
    starts = np.searchsorted(code, np.arange(layout.n + 1))  # cells are sorted by field
    window = layout.windows[0] if layout.windows else None

    def summary(chosen: Floats, edges: Floats) -> float:
        if not chosen.size:
            return np.nan
        if measure.kind in ("share", "count"):
            return float(chosen.mean() * (100 if measure.kind == "share" else 1))
        if measure.kind == "distance":
            return typical_distance(chosen, edges, correction=measure.edge_of_distance)[int(measure.is_median)]
        assert window is not None  # there are sources, so there is a field
        g = nearest_distribution(chosen, edges, [measure.radius], window=window)
        chosen_g = {"none": g.raw, "reduced sample": g.reduced_sample, "kaplan-meier": g.kaplan_meier}[measure.edge]
        return float(chosen_g[0])

    def pool(of: Integers) -> Pooled:
        with_cells = of[usable[of]]
        parts = [slice(starts[i], starts[i + 1]) for i in with_cells]
        chosen = np.concatenate([value[part] for part in parts]) if parts else value[:0]
        edges = np.concatenate([border[part] for part in parts]) if parts else border[:0]
        if not chosen.size:
            return Pooled(np.nan, 0, int(n_from[of].sum()), _why_not(measure, plan, (n_from, n_to), of))
        made = summary(chosen, edges)
        return Pooled(
            made, with_cells.size, chosen.size, _why(measure, chosen.size, int(n_to[with_cells].sum()), with_cells.size)
        )

    by_field = np.array([pool(np.array([i])).value for i in range(layout.n)])
    return FieldValues(by_field, n_from, n_to, np.full(layout.n, np.nan), pool)


def _borders(layout: Fields, sources: Integers) -> Floats:
    """Distances of sources from the borders of their fields."""
    border = np.empty(sources.size)
    starts = np.searchsorted(layout.code[sources], np.arange(layout.n + 1))
    for i, window in enumerate(layout.windows):
        mine = slice(starts[i], starts[i + 1])
        border[mine] = border_distance(layout.xy[sources[mine]], window)
    return border


def _why(measure: Measure, n: int, n_to: int, n_fields: int) -> str:
    edge = f", edge correction {measure.edge}" if measure.edge != "none" else ""
    return f"{n} cells against {n_to} in {in_fields(n_fields)}{edge}"


def _why_not(measure: Measure, plan: TissuePlan, counts: tuple[Integers, Integers], of: Integers) -> str:
    """Say which cells there are too few of."""
    least = max(plan.least_cells, 1)
    for text, count in ((measure.of, counts[0]), (measure.to, counts[1])):
        if (count[of] < least).all():
            few = "no" if least == 1 else f"fewer than {least}"
            return f"{few} '{text}' in any field{f' within {measure.tissue}' if measure.tissue else ''}"
    return f"no field has both '{measure.of}' and another '{measure.to}'"


def _k(measure: Measure, layout: Fields, pair: tuple[Integers, Integers], usable: NDArray[np.bool_]) -> FieldValues:
    """K by field; of several fields the mean weighted by their sources."""
    sources, targets = pair
    value = np.full(layout.n, np.nan)
    why = ""
    codes = np.arange(layout.n + 1)
    begin, start = (np.searchsorted(layout.code[cells], codes) for cells in pair)
    for i in np.flatnonzero(usable).tolist():
        mine, theirs = sources[begin[i] : begin[i + 1]], targets[start[i] : start[i + 1]]
        if np.intersect1d(mine, theirs).size:
            why = "a cell is of both phenotypes; K is between two kinds"
            continue
        try:
            k = cross_k(layout.xy[mine], layout.xy[theirs], [measure.radius], window=layout.windows[i])
        except MethodError as error:
            why = str(error)
            continue
        chosen = {"none": k.uncorrected, "border": k.border, "translation": k.translation, "isotropic": k.isotropic}
        value[i] = chosen[measure.edge][0]
    n_from, n_to = (
        np.bincount(layout.code[sources], minlength=layout.n),
        np.bincount(layout.code[targets], minlength=layout.n),
    )

    def pool(of: Integers) -> Pooled:
        known = of[np.isfinite(value[of])]
        if not known.size:
            return Pooled(
                np.nan, 0, int(n_from[of].sum()), why or f"no field has both '{measure.of}' and '{measure.to}'"
            )
        weight = n_from[known]
        made = float((value[known] * weight).sum() / weight.sum())
        return Pooled(
            made, known.size, int(weight.sum()), _why(measure, int(weight.sum()), int(n_to[known].sum()), known.size)
        )

    return FieldValues(value, n_from, n_to, np.full(layout.n, np.nan), pool)
