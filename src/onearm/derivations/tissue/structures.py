"""Tertiary lymphoid structures: dense clusters of B cells, mature where they hold CD23+ cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onearm.data import Findings
from onearm.derivations.tissue.fields import Fields, tissue_word
from onearm.derivations.tissue.plan import Measure, TissuePlan
from onearm.derivations.tissue.values import FieldValues, Pooled, in_fields
from onearm.stats.density_clusters import density_clusters
from onearm.stats.neighbours import nearest

__all__ = ["measure_structures"]

Integers = NDArray[np.int64]


def measure_structures(measure: Measure, layout: Fields, plan: TissuePlan, findings: Findings) -> FieldValues:  # noqa: ARG001 - as all measures
    """
    Count tertiary lymphoid structures.

    Parameters
    ----------
    measure : Measure
        ``of`` is ``mature`` where only mature ones count, ``to`` is ``per mm2`` for a density.
    layout : Fields
        The cells.
    plan : TissuePlan
        What is called a structure.
    findings : Findings
        Not used.

    Returns
    -------
    FieldValues
        Numbers by field; none is 0 where B cells were looked for.
    """
    rule = plan.structures
    is_b = layout.phenotypes[rule.b_cells][0] & layout.within(measure.tissue)
    only_mature = bool(measure.of)
    is_mature = layout.phenotypes[rule.mature][0] if only_mature else np.zeros(layout.code.size, dtype=bool)
    count = np.array(
        [_count_in(layout, i, (is_b, is_mature), plan, only_mature) for i in range(layout.n)], dtype=np.int64
    )
    area = layout.areas.get(tissue_word(measure.tissue) if measure.tissue else "", np.full(layout.n, np.nan))
    has_area = area > 0
    how = f"{rule.b_cells} with {rule.neighbours} within {rule.radius_um:g} µm, at least {rule.least_cells}" + (
        f", with {rule.mature_least_cells} {rule.mature}" if only_mature else ""
    )

    def pool(of: Integers) -> Pooled:
        if not measure.to:
            return Pooled(
                float(count[of].sum()),
                of.size,
                int(count[of].sum()),
                f"{count[of].sum()} in {in_fields(of.size)} ({how})",
            )
        usable = of[has_area[of]]
        if not usable.size:
            return Pooled(np.nan, 0, int(count[of].sum()), "no field has an area")
        total, n = float(area[usable].sum()), int(count[usable].sum())
        return Pooled(n / total, usable.size, n, f"{n} in {total:.4g} mm² ({how})")

    by_field = np.where(has_area, count / np.where(has_area, area, 1.0), np.nan) if measure.to else count.astype(float)
    return FieldValues(by_field, layout.count(is_b), layout.count(is_mature), np.where(has_area, area, np.nan), pool)


def _count_in(
    layout: Fields, i: int, kinds: tuple[NDArray[np.bool_], NDArray[np.bool_]], plan: TissuePlan, only_mature: bool
) -> int:
    """Count the structures of one field."""
    rule = plan.structures
    mine = slice(*np.searchsorted(layout.code, [i, i + 1]))  # cells are sorted by field
    b_cells = layout.xy[mine][kinds[0][mine]]
    labels = density_clusters(b_cells, radius=rule.radius_um, at_least=rule.neighbours)
    sizes = np.bincount(labels[labels >= 0])
    large = np.flatnonzero(sizes >= rule.least_cells)
    if not only_mature or not large.size:
        return int(large.size)
    members = np.isin(labels, large)
    found = nearest(layout.xy[mine][kinds[1][mine]], b_cells[members], reach=rule.radius_um, workers=1)
    near = labels[members][found.index[found.index >= 0]]
    return int((np.bincount(near, minlength=sizes.size)[large] >= rule.mature_least_cells).sum())
