"""What features are compared between: responders and others, two times, tumour and normal tissue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.analyses.omics.layout import Layout
from onearm.analyses.population import Datasets, Population
from onearm.analyses.response import judged_members, successes
from onearm.protocol import Protocol
from onearm.protocol.assays import FeaturesAssay
from onearm.stats.omics.count_scale import judge_scale
from onearm.stats.omics.deseq import deseq
from onearm.stats.omics.linear_fits import fit_linear
from onearm.stats.omics.moderated import EBayes, moderate, two_group_moderated_t
from onearm.stats.omics.screens import rank_sum_screen, signed_rank_screen

__all__ = ["Comparison", "Tested", "compare", "comparisons"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_LEAST = 2
"""Patients in each group, or pairs, below which nothing is tested."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    Two groups of samples.

    Parameters
    ----------
    name : str
        Such as ``response`` or ``change: C2D1``.
    first, second : str
        Names of the groups; effects are second less first.
    first_rows, second_rows : numpy.ndarray of int
        Rows of the layout; of pairs in the same order.
    is_paired : bool
        Whether they are pairs of the same patients.
    """

    name: str
    first: str
    second: str
    first_rows: Places
    second_rows: Places
    is_paired: bool

    @property
    def problem(self) -> str | None:
        """Why it cannot be made, or None."""
        smallest = min(self.first_rows.size, self.second_rows.size)
        if smallest >= _LEAST:
            return None
        what = "pairs" if self.is_paired else "patients in each group"
        return f"{smallest} {what}; {_LEAST} at least are needed"


@dataclass(frozen=True, eq=False)
class Tested:
    """
    A comparison of every feature.

    Parameters
    ----------
    effect, low, high, statistic, p, q : numpy.ndarray, shape (n_features,)
        Difference on the scale of the values, its interval, what to rank by, p and q.
    n : numpy.ndarray of int, shape (n_features,)
        Values, or pairs.
    method : str
        What was done.
    notes : tuple of str
        What to know.
    """

    effect: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats
    q: Floats
    n: NDArray[np.int64]
    method: str
    notes: tuple[str, ...] = ()


def comparisons(
    layout: Layout, section: FeaturesAssay, population: Population, datasets: Datasets, protocol: Protocol
) -> Iterator[Comparison]:
    """
    Go through the comparisons that an assay plans.

    Parameters
    ----------
    layout : Layout
        Patients by features.
    section : FeaturesAssay
        What is planned.
    population : Population
        Who.
    datasets : Datasets
        With ``adrs``.
    protocol : Protocol
        The rate that response means.

    Yields
    ------
    Comparison
        Also those that cannot be made; they say why.
    """
    at = layout.rows_at(section.timepoint)
    if "response" in section.against:
        yield _response(layout, at, section, population, datasets, protocol)
    if "change" in section.against:
        times = [
            t for t in layout.samples["AVISIT"].unique(maintain_order=True) if t.lower() != section.timepoint.lower()
        ]
        for time in times:
            first, second = _pairs(layout, at, layout.rows_at(time))
            yield Comparison(f"change: {time}", section.timepoint, time, first, second, is_paired=True)
    if "tissue" in section.against:
        normal = layout.rows_at(section.timepoint, is_normal=True)
        first, second = _pairs(layout, normal, at)
        if first.size >= max(_LEAST, min(normal.size, at.size) // 2):
            yield Comparison("tissue", "normal", "tumour", first, second, is_paired=True)
        else:
            yield Comparison("tissue", "normal", "tumour", normal, at, is_paired=False)


def _response(
    layout: Layout, at: Places, section: FeaturesAssay, population: Population, datasets: Datasets, protocol: Protocol
) -> Comparison:
    rate = section.response_endpoint or next(iter(protocol.rates))
    judged = judged_members(population.subjects.select("USUBJID"), datasets["adrs"], rate)["USUBJID"]
    members = set(judged)
    good = set(successes(datasets["adrs"], rate, protocol.rates[rate])["USUBJID"])
    who = np.array(layout.subjects(at), dtype=object)
    is_member = np.array([name in members for name in who], dtype=np.bool_)
    is_good = np.array([name in good for name in who], dtype=np.bool_)
    first, second = at[is_member & ~is_good], at[is_member & is_good]
    return Comparison("response", "others", "responders", first, second, is_paired=False)


def _pairs(layout: Layout, first: Places, second: Places) -> tuple[Places, Places]:
    """Rows of patients who have both."""
    later = dict(zip(layout.subjects(second), second.tolist(), strict=True))
    both = [(row, later[who]) for who, row in zip(layout.subjects(first), first.tolist(), strict=True) if who in later]
    pairs = np.array(both, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def compare(layout: Layout, comparison: Comparison, section: FeaturesAssay, *, level: float) -> Tested:
    """
    Test every feature.

    Parameters
    ----------
    layout : Layout
        Patients by features.
    comparison : Comparison
        One that can be made.
    section : FeaturesAssay
        The test that is planned.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Tested
        By DESeq2's model, the moderated t test, or rank tests.
    """
    rows = np.concatenate([comparison.first_rows, comparison.second_rows])
    is_second = np.r_[np.zeros(comparison.first_rows.size, bool), np.ones(comparison.second_rows.size, bool)]
    block = layout.subjects(rows) if comparison.is_paired else None
    wanted = section.test
    is_counts = layout.unit == "log2 CPM" and judge_scale(layout.raw[rows]).kind in ("counts", "expected counts")
    if is_counts and wanted in ("auto", "deseq2"):
        counted = deseq(layout.raw[rows], is_second, block=block, alpha=section.q)
        n = np.full(len(layout.names), rows.size)
        return Tested(
            counted.effect,
            counted.low,
            counted.high,
            counted.statistic,
            counted.p,
            counted.q,
            n,
            counted.method,
            counted.notes,
        )
    values = layout.values[rows]
    if wanted == "wilcoxon":
        return _ranks(values, is_second, comparison)
    how = EBayes(section.trend or layout.unit == "log2 CPM", section.robust, section.hyperparameters)
    if comparison.is_paired:
        half = comparison.first_rows.size
        difference = values[half:] - values[:half]
        known = (~np.isnan(values)).sum(axis=0)
        with np.errstate(invalid="ignore"):
            mean = np.where(np.isnan(values), 0.0, values).sum(axis=0) / known
        fits = fit_linear(difference, np.ones((half, 1)))
        # the trend runs along the level of a feature, not along its mean difference
        fits = type(fits)(fits.coefficients, fits.unscaled_sd, fits.variance, fits.df, mean, fits.n)
        found = moderate(fits, 0, how=how, level=level)
        name = found.method.replace("moderated t", "paired moderated t")
    else:
        found = two_group_moderated_t(values, is_second, how=how, level=level)
        name = found.method
    return Tested(found.effect, found.low, found.high, found.t, found.p, found.q, found.n, name)


def _ranks(values: Floats, is_second: NDArray[np.bool_], comparison: Comparison) -> Tested:
    if comparison.is_paired:
        half = comparison.first_rows.size
        found = signed_rank_screen(values[:half], values[half:])
    else:
        found = rank_sum_screen(values, is_second)
    nothing = np.full(found.p.size, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        signed = np.sign(found.effect) * -np.log10(np.maximum(found.p, 1e-300))
    return Tested(found.effect, nothing, nothing, signed, found.p, found.q, found.n, found.method)
