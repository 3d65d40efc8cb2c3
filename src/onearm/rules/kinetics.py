"""How fast and how far: depth of response, tumour growth rate, growth modulation index, extent of progression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from onearm.errors import MethodError
from onearm.frames import check_columns
from onearm.terms import DAYS_PER_MONTH

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "GrowthModulation",
    "benefit_at",
    "depth_of_response",
    "growth_modulation_index",
    "progression_extent",
    "tumour_growth_rate",
]

_KNOWN: Final = 1e-12


class GrowthModulation(NamedTuple):
    """
    Growth modulation index of each subject.

    Parameters
    ----------
    ratio : numpy.ndarray
        Shape ``(n,)``: time on study over time on the previous line; NaN where either is missing.
    is_at_least : numpy.ndarray
        Shape ``(n,)``: 1.0 if the index reaches the threshold for certain, 0.0 if it certainly does not, NaN if the
        time on study was censored before that could be seen.
    """

    ratio: NDArray[np.float64]
    is_at_least: NDArray[np.float64]


def growth_modulation_index(
    time: ArrayLike, event: ArrayLike, previous_time: ArrayLike, *, threshold: float = 1.33
) -> GrowthModulation:
    """
    Compare the time to progression on study with that on the previous line of the same patient.

    Parameters
    ----------
    time : array_like
        Shape ``(n,)``, in any unit: progression-free time on study; NaN is missing.
    event : array_like of bool
        Shape ``(n,)``: whether it ended with an event; else it is censored.
    previous_time : array_like
        Shape ``(n,)``, same unit: time to progression on the line before; must be positive.
    threshold : float, default 1.33
        What is taken as a sign of activity [1]_.

    Returns
    -------
    GrowthModulation
        The index, and whether it reaches the threshold. A censored time that has reached it already has; one that has
        not is unknown, since the patient may yet reach it.

    Raises
    ------
    MethodError
        If a previous time is 0 or negative, or a time negative.

    References
    ----------
    .. [1] Von Hoff DD (1998), Clin Cancer Res 4:1079-1086.
    .. [2] Penel N et al. (2013), Ann Oncol 24:537-542 (1.33 in sarcoma).

    Examples
    --------
    >>> found = growth_modulation_index([8.0, 3.0, 5.0], [True, False, True], [4.0, 4.0, 5.0])
    >>> found.ratio.tolist(), found.is_at_least.tolist()
    ([2.0, 0.75, 1.0], [1.0, nan, 0.0])
    """
    times = np.asarray(time, dtype=np.float64)
    events = np.asarray(event, dtype=bool)
    previous = np.asarray(previous_time, dtype=np.float64)
    if (previous <= 0).any() or (times < 0).any():
        raise MethodError(
            f"growth_modulation_index: found {int((previous <= 0).sum())} previous times of 0 or less and "
            f"{int((times < 0).sum())} negative times; leave those patients out, or correct them."
        )
    index = times / previous
    reached = index >= threshold - _KNOWN
    known = np.isfinite(index) & (events | reached)
    return GrowthModulation(index, np.where(known, reached.astype(np.float64), np.nan))


def tumour_growth_rate(first_mm: ArrayLike, second_mm: ArrayLike, days: ArrayLike) -> NDArray[np.float64]:
    """
    Growth of tumour volume per month between two sums of diameters.

    Parameters
    ----------
    first_mm, second_mm : array_like
        Shape ``(n,)``: sums of longest diameters in mm; 0 or missing gives NaN.
    days : array_like
        Shape ``(n,)``: days between the two; 0 or less gives NaN.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``: per cent change of volume per month of 30.4375 days.

    Notes
    -----
    The volume goes with the third power of the diameter, V = (4/3) pi (D/2)^3, and grows exponentially: with
    TG = 3 log(D2 / D1) / months, the rate is 100 (exp(TG) - 1).

    References
    ----------
    .. [1] Ferte C et al. (2014), Clin Cancer Res 20:246-252.

    Examples
    --------
    >>> tumour_growth_rate([50.0], [60.0], [30.4375]).round(1).tolist()
    [72.8]
    """
    first, second = np.asarray(first_mm, dtype=np.float64), np.asarray(second_mm, dtype=np.float64)
    waited = np.asarray(days, dtype=np.float64)
    possible = (first > 0) & (second > 0) & (waited > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = 3 * np.log(second / first) * DAYS_PER_MONTH / waited
    rate: NDArray[np.float64] = np.where(possible, 100 * np.expm1(growth), np.nan)
    return rate


def depth_of_response(sums: pl.DataFrame, *, until: pl.DataFrame | None = None) -> pl.DataFrame:
    """
    Find the greatest decrease, or least increase, of the sum of diameters.

    Parameters
    ----------
    sums : polars.DataFrame
        What `sum_of_diameters` returns.
    until : polars.DataFrame, optional
        ``subject, day``: the last day that counts, such as the first progression or a new therapy; a subject without
        a row, or with a missing day, has no limit.

    Returns
    -------
    polars.DataFrame
        One row per subject of ``sums``, sorted: ``subject, change_pct, day, visit`` of the first visit with the lowest
        change from baseline; missing without a complete sum after baseline.

    Raises
    ------
    DataError
        For a missing column.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, section 4.3.1.

    Examples
    --------
    >>> sums = pl.DataFrame({"subject": ["1"] * 3, "visit": [0, 1, 2], "day": [1, 43, 85]}).with_columns(
    ...     change_pct=pl.Series([0.0, -40.0, -10.0]), is_after_baseline=pl.Series([False, True, True])
    ... )
    >>> depth_of_response(sums).select("change_pct", "day").row(0)
    (-40.0, 43)
    """
    check_columns(sums, ("subject", "visit", "day", "change_pct", "is_after_baseline"), where="sums of diameters")
    after = sums.filter(pl.col("is_after_baseline") & pl.col("change_pct").is_not_null())
    if until is not None:
        after = after.join(until.select("subject", last_day="day"), on="subject", how="left")
        after = after.filter((pl.col("day") <= pl.col("last_day")).fill_null(True))
    best = after.sort("subject", "change_pct", "day").unique("subject", keep="first", maintain_order=True)
    return (
        sums.select("subject")
        .unique()
        .sort("subject")
        .join(best.select("subject", "change_pct", "day", "visit"), on="subject", how="left", maintain_order="left")
    )


def progression_extent(sites: pl.DataFrame, *, most_oligo: int = 2) -> pl.DataFrame:
    """
    Say whether progression was in few sites or systemic.

    Parameters
    ----------
    sites : polars.DataFrame
        One row per ``subject`` and ``site`` that progressed or was new at the progression; repeated sites count once.
    most_oligo : int, default 2
        Most sites of an oligoprogression.

    Returns
    -------
    polars.DataFrame
        One row per subject, sorted: ``subject, n_sites, extent`` ("oligo" or "systemic").

    Raises
    ------
    DataError
        For a missing column.

    References
    ----------
    .. [1] Benmelstobart, anlotinib and chemotherapy in esophageal carcinoma, NCT05013697: 1 to 2 sites, 3 or more.

    Examples
    --------
    >>> sites = pl.DataFrame({"subject": ["1", "1", "2"] + ["3"] * 3, "site": ["liver"] * 2 + ["lung", "a", "b", "c"]})
    >>> progression_extent(sites)["extent"].to_list()
    ['oligo', 'oligo', 'systemic']
    """
    check_columns(sites, ("subject", "site"), where="sites of progression")
    count = sites.drop_nulls("site").group_by("subject").agg(n_sites=pl.col("site").n_unique()).sort("subject")
    is_oligo = pl.col("n_sites") <= most_oligo
    return count.with_columns(extent=pl.when(is_oligo).then(pl.lit("oligo")).otherwise(pl.lit("systemic")))


def benefit_at(time: ArrayLike, event: ArrayLike, *, at: float) -> NDArray[np.float64]:
    """
    Say who was free of progression at a time: clinical benefit of 6 months, non-progression at 6 months.

    Parameters
    ----------
    time : array_like
        Shape ``(n,)``: progression-free time in any unit; NaN is missing.
    event : array_like of bool
        Shape ``(n,)``: whether it ended with an event; else it is censored.
    at : float
        The time in the same unit.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``: 1.0 if free of events up to ``at`` or longer (an event exactly then counts as free), 0.0 if an
        event came before, NaN if censored before or missing. Whether NaN counts as failure the analysis must say.

    References
    ----------
    .. [1] REGOMUNE, NCT03475953: 6-month non-progression.

    Examples
    --------
    >>> benefit_at([7.0, 3.0, 3.0, 6.0], [True, True, False, False], at=6.0).tolist()
    [1.0, 0.0, nan, 1.0]
    """
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=bool)
    reached = times >= at - 1e-9
    known = np.isfinite(times) & (reached | events)
    benefit: NDArray[np.float64] = np.where(known, reached.astype(np.float64), np.nan)
    return benefit
