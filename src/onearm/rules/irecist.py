"""iRECIST timepoint responses from the same components as RECIST 1.1, with both tracks side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import polars as pl

from onearm.errors import MethodError
from onearm.frames import check_columns
from onearm.rules.days import shown_day
from onearm.rules.recist import EPSILON, RECIST_1_1, RecistRules
from onearm.rules.recist_timepoint import combined_response, timepoint_response

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["IRECIST", "IRecistRules", "immune_timepoint_response"]


@dataclass(frozen=True)
class IRecistRules:
    """
    Every choice of iRECIST that a protocol may make differently.

    Parameters
    ----------
    confirm_after_days : int, default 28
        Unconfirmed progression is confirmed so many days later at the earliest [1]_ (4 to 8 weeks).
    confirm_within_days : int or None, default None
        And so many at the latest; an increase that is seen later is a new unconfirmed progression. 56 is the end of the
        4 to 8 weeks [1]_; by default a late scan confirms too, since a scan that was not made (NE) does not reset.
    increase_mm : float, default 5
        Further increase of the target sum, or of the sum of measured new lesions, that confirms [1]_.
    increase_since : {"first", "previous"}, default "first"
        Further than at the first timepoint of the unconfirmed progression, so that slow growth adds up [2]_, or than at
        the last one with progression [1]_ Table 2 ("from last timepoint").
    non_target_confirmation : {"further_increase", "repeated"}, default "further_increase"
        Non-target progression is confirmed by a lesion that is larger than at the last visit (state "increased") [1]_,
        or by unequivocal progression that is recorded again.
    unchanged_new_lesion : {"improvement", "iUPD"}, default "improvement"
        A new lesion that is still there but no larger: the bar is reset if the other lesions have come to a better
        response than they had at the progression ([1]_ scenario B [2]_), and the lesion then counts again only if
        others come or it grows by the criteria of PD; or the progression stays unconfirmed while it is there [1]_
        Table 2.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152.
    .. [2] EORTC RECIST working group, iRECIST, questions and clarifications, recist.eortc.org.

    Examples
    --------
    >>> IRecistRules(confirm_within_days=56).increase_mm
    5.0
    """

    confirm_after_days: int = 28
    confirm_within_days: int | None = None
    increase_mm: float = 5.0
    increase_since: Literal["first", "previous"] = "first"
    non_target_confirmation: Literal["further_increase", "repeated"] = "further_increase"
    unchanged_new_lesion: Literal["improvement", "iUPD"] = "improvement"

    def __post_init__(self) -> None:
        """Refuse numbers that have no meaning; raise MethodError with all of them."""
        problems = [
            f"IRecistRules.{name}: found {getattr(self, name)!r}; it must be 0 or more."
            for name in ("confirm_after_days", "increase_mm")
            if getattr(self, name) < 0
        ]
        if self.confirm_within_days is not None and self.confirm_within_days < self.confirm_after_days:
            problems.append(
                f"IRecistRules.confirm_within_days: found {self.confirm_within_days}; it must not be below "
                f"confirm_after_days = {self.confirm_after_days}."
            )
        if problems:
            raise MethodError(*problems)


IRECIST: Final = IRecistRules()
"""iRECIST as published."""

IMMUNE_TERMS: Final = {
    "CR": "iCR",
    "PR": "iPR",
    "SD": "iSD",
    "NON-CR/NON-PD": "NON-iCR/NON-iUPD",
    "PD": "iCPD",
}
"""Term of RECIST 1.1 to term of iRECIST; a progression is iCPD only once it is confirmed."""

_KEY: Final = ("subject", "visit")
_RANKS: Final = {"CR": 0, "PR": 1, "SD": 2, "NON-CR/NON-PD": 2, "NED": 2, "PD": 3}
_UNKNOWN: Final = 9
# outcomes of a timepoint, in the order of _CASES
_AS_RECIST, _FIRST, _OPEN, _EARLY, _LATE, _CONFIRMED, _RESET, _NOT_EVALUABLE, _AFTER = range(9)
_CASES: Final = (
    ("AS-RECIST", "no progression"),
    ("IUPD-FIRST", "progression that is not yet confirmed"),
    ("IUPD-UNCHANGED", "no further increase since {ref_day}, so it is still unconfirmed"),
    ("IUPD-TOO-EARLY", "a further increase, but only {waited} days after {ref_day}, too early to confirm"),
    ("IUPD-TOO-LATE", "a further increase, but {waited} days after {ref_day}, too late to confirm; it counts anew"),
    ("ICPD", "the progression of {ref_day} is confirmed {waited} days later by {what}"),
    ("RESET", "the progression of {ref_day} was not confirmed, and the bar is reset"),
    ("NE-IUPD-OPEN", "not evaluable; the progression of {ref_day} is still unconfirmed"),
    ("AFTER-ICPD", "after confirmed progression"),
)


def immune_timepoint_response(
    target: pl.DataFrame | None = None,
    non_target: pl.DataFrame | None = None,
    new_lesion: pl.DataFrame | None = None,
    rules: IRecistRules = IRECIST,
    *,
    recist: RecistRules = RECIST_1_1,
) -> pl.DataFrame:
    """
    Derive the iRECIST response of each timepoint beside that of RECIST 1.1.

    Parameters
    ----------
    target : polars.DataFrame, optional
        What `target_response` returns; ``measured_mm`` is used to see a further increase.
    non_target : polars.DataFrame, optional
        What `non_target_response` returns; ``n_increased`` is used.
    new_lesion : polars.DataFrame, optional
        What `new_lesion_response` returns; ``n_new, n_increased, new_mm`` are used. A new lesion that is still there
        needs a row at every visit: where it has none, it has gone.
    rules : IRecistRules
        How progression is confirmed.
    recist : RecistRules
        For the RECIST 1.1 track.

    Returns
    -------
    polars.DataFrame
        The rows and columns of `timepoint_response`, and ``i_response`` (iCR, iPR, iSD, NON-iCR/NON-iUPD, iUPD, iCPD,
        NE, NED), ``is_reset`` (the bar was reset here), ``iupd_day`` (first day of the unconfirmed progression that is
        open, confirmed or reset here), ``i_rule, i_why``.

    Raises
    ------
    DataError
        For a missing column.
    MethodError
        If no component is given.

    Notes
    -----
    Progression by RECIST 1.1 is iUPD first. At the next evaluable timepoint it is confirmed (iCPD) if the target sum
    that had progressed rose by 5 mm or more, or a non-target that had progressed increased further, or new lesions
    increased in number or size (5 mm in sum if measured, any if not), or a kind of lesion progressed that had not
    before. If there is progression but no more of it, it stays iUPD; with none, the bar is reset: the response is
    iCR, iPR or iSD against the same baseline and nadir, and the next progression is iUPD again. While a new lesion is
    there that no longer counts, the best is iPR.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152, Tables 1 and 2.

    Examples
    --------
    >>> target = pl.DataFrame({"subject": ["1"] * 3, "visit": [1, 2, 3], "day": [43, 85, 127]}).with_columns(
    ...     target=pl.Series(["PD", "PD", "PD"]), measured_mm=pl.Series([60.0, 62.0, 67.0])
    ... )
    >>> immune_timepoint_response(target)["i_response"].to_list()
    ['iUPD', 'iUPD', 'iCPD']
    """
    points = timepoint_response(target, non_target, new_lesion, recist)
    for frame, columns, names in (
        (target, ("measured_mm",), ("target_mm",)),
        (non_target, ("n_increased",), ("n_non_target_increased",)),
        (new_lesion, ("n_new", "new_mm", "n_increased"), ("n_new", "new_mm", "n_new_increased")),
    ):
        if frame is None:
            points = points.with_columns(pl.lit(0.0).alias(name) for name in names)
            continue
        check_columns(frame, (*_KEY, *columns), where="components of iRECIST")
        chosen = [pl.col(column).cast(pl.Float64).alias(name) for column, name in zip(columns, names, strict=True)]
        points = points.join(frame.select(*_KEY, *chosen), on=_KEY, how="left", maintain_order="left")
    without = points.with_columns(new_lesion=pl.lit("no")).select(combined_response()).to_series()
    # a new lesion that no longer counts is still no complete response
    is_new = points["new_lesion"] == "yes"
    points = points.with_columns(other=pl.when((without == "CR") & is_new).then(pl.lit("PR")).otherwise(without))
    course = _Course(points, rules, recist)
    for rows in course.steps():
        course.judge(rows)
    return _with_words(points, course)


class _Course:
    """State of every subject while all of them go from timepoint to timepoint together."""

    def __init__(self, points: pl.DataFrame, rules: IRecistRules, recist: RecistRules) -> None:
        """Lay the timepoints out as arrays; they are sorted by subject and day."""
        n = points.height
        self.rules, self.recist = rules, recist
        self.subject = points["subject"].rle_id().to_numpy().astype(np.int64)
        self.day = points["day"].to_physical().cast(pl.Int64).to_numpy()
        self.rank = points["other"].replace_strict(_RANKS, default=_UNKNOWN, return_dtype=pl.Int64).to_numpy()
        self.progressed = np.column_stack(
            [
                (points["target"] == "PD").fill_null(False).to_numpy(),
                (points["non_target"] == "PD").fill_null(False).to_numpy(),
                (points["new_lesion"] == "yes").to_numpy(),
            ]
        )
        self.values = np.column_stack(
            [points[name].fill_null(np.nan).to_numpy() for name in ("target_mm", "n_new", "new_mm")]
        )
        self.increased = np.column_stack(
            [(points[name].fill_null(0) > 0).to_numpy() for name in ("n_non_target_increased", "n_new_increased")]
        )
        n_subjects = int(self.subject[-1]) + 1 if n else 0
        self.is_open = np.zeros(n_subjects, dtype=bool)
        self.is_confirmed = np.zeros(n_subjects, dtype=bool)
        self.kinds = np.zeros((n_subjects, 3), dtype=bool)
        self.reference = np.full((n_subjects, 3), np.nan)
        self.reference_day = np.zeros(n_subjects, dtype=np.int64)
        self.reference_rank = np.zeros(n_subjects, dtype=np.int64)
        self.first_day = np.zeros(n_subjects, dtype=np.int64)
        # number and size of new lesions that no longer count as progression; NaN where there are none
        self.accepted = np.full((n_subjects, 2), np.nan)
        # what is concluded for each timepoint
        self.case = np.zeros(n, dtype=np.int64)
        self.iupd_day = np.full(n, np.iinfo(np.int64).min)
        self.compared_day = np.zeros(n, dtype=np.int64)
        self.by = np.zeros((n, 4), dtype=bool)

    def steps(self) -> list[NDArray[np.int64]]:
        """Rows of all first timepoints, of all second ones, and so on."""
        if not self.subject.size:
            return []
        starts = np.searchsorted(self.subject, self.subject)
        place = np.arange(self.subject.size) - starts
        order = np.argsort(place, kind="stable")
        return np.split(order, np.cumsum(np.bincount(place))[:-1])

    def judge(self, rows: NDArray[np.int64]) -> None:
        """Conclude one timepoint of every subject and carry the state on."""
        who = self.subject[rows]
        self._leave_out_accepted(rows, who)
        progressed = self.progressed[rows]
        is_pd = progressed.any(axis=1)
        only_new = progressed[:, 2] & ~progressed[:, :2].any(axis=1)
        improved = only_new & (self.rank[rows] < self.reference_rank[who])
        improved &= self.rules.unchanged_new_lesion == "improvement"
        was_open = self.is_open[who]
        by = self._further(rows, who)
        waited = self.day[rows] - self.reference_day[who]
        latest = np.inf if self.rules.confirm_within_days is None else self.rules.confirm_within_days
        is_worse = by.any(axis=1)
        case = np.select(
            [
                self.is_confirmed[who],
                ~was_open & ~is_pd,
                ~was_open,
                is_worse & (waited < self.rules.confirm_after_days),
                is_worse & (waited > latest),
                is_worse,
                improved,
                is_pd,
                self.rank[rows] < _UNKNOWN,
            ],
            [_AFTER, _AS_RECIST, _FIRST, _EARLY, _LATE, _CONFIRMED, _RESET, _OPEN, _RESET],
            _NOT_EVALUABLE,
        )
        self.case[rows], self.by[rows], self.compared_day[rows] = case, by, self.reference_day[who]
        self._carry(rows, who, case)

    def _leave_out_accepted(self, rows: NDArray[np.int64], who: NDArray[np.int64]) -> None:
        """Count new lesions that were accepted only if others came or they grew by the criteria of progression."""
        number, size = self.values[rows, 1], self.values[rows, 2]
        known_number, least = self.accepted[who, 0], self.accepted[who, 1]
        is_accepted = ~np.isnan(known_number)
        with np.errstate(invalid="ignore"):
            rise = size - least
            grown = (rise >= self.recist.progression_mm - EPSILON) & (
                rise >= self.recist.progression_pct / 100 * least - EPSILON
            )
            more = number > known_number
        counts = self.progressed[rows, 2] & (~is_accepted | grown | more)
        gone = is_accepted & ~self.progressed[rows, 2]
        self.progressed[rows, 2] = counts
        self.accepted[who, 1] = np.fmin(least, size)
        self.accepted[who[gone | (counts & is_accepted)]] = np.nan

    def _further(self, rows: NDArray[np.int64], who: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of target, non-target, new lesions and another kind of lesion got worse since the reference."""
        kinds, progressed = self.kinds[who], self.progressed[rows]
        with np.errstate(invalid="ignore"):
            rise = self.values[rows] - self.reference[who]
            target = kinds[:, 0] & progressed[:, 0] & (rise[:, 0] >= self.rules.increase_mm - EPSILON)
            grown = (rise[:, 1] > 0) | (rise[:, 2] >= self.rules.increase_mm - EPSILON) | self.increased[rows, 1]
        repeated = progressed[:, 1] if self.rules.non_target_confirmation == "repeated" else np.zeros(len(rows), bool)
        non_target = kinds[:, 1] & (self.increased[rows, 0] | repeated)
        new = kinds[:, 2] & progressed[:, 2] & grown
        other = (progressed & ~kinds).any(axis=1)
        return np.column_stack([target, non_target, new, other]) & self.is_open[who][:, None]

    def _carry(self, rows: NDArray[np.int64], who: NDArray[np.int64], case: NDArray[np.int64]) -> None:
        """Update the state of each subject by what was concluded."""
        begins = np.isin(case, [_FIRST, _LATE])
        moves = begins | ((case == _OPEN) & (self.rules.increase_since == "previous"))
        self.first_day[who[begins]] = self.day[rows[begins]]
        # from an unknown response nothing is an improvement
        self.reference_rank[who[begins]] = np.where(self.rank[rows] == _UNKNOWN, -1, self.rank[rows])[begins]
        accepts = (case == _RESET) & self.progressed[rows, 2]
        self.accepted[who[accepts]] = self.values[rows[accepts], 1:]
        self.kinds[who[begins]] = False
        known = self.values[rows]
        # a sum that was not measured here leaves the older one to compare with
        kept = np.where(np.isnan(known) & ~begins[:, None], self.reference[who], known)
        self.reference[who[moves]] = kept[moves]
        self.reference_day[who[moves]] = self.day[rows[moves]]
        grows = begins | (case == _OPEN)
        self.kinds[who[grows]] |= self.progressed[rows[grows]]
        has_iupd = np.isin(case, [_FIRST, _OPEN, _EARLY, _LATE, _CONFIRMED, _RESET, _NOT_EVALUABLE])
        has_iupd &= self.is_open[who] | begins
        self.iupd_day[rows[has_iupd]] = self.first_day[who[has_iupd]]
        self.is_open[who[begins]] = True
        self.is_open[who[np.isin(case, [_RESET, _CONFIRMED])]] = False
        self.is_confirmed[who[case == _CONFIRMED]] = True


_WHAT: Final = (
    "a further increase of the target sum",
    "a further increase of non-targets",
    "more or larger new lesions",
    "progression of another kind of lesion",
)


def _with_words(points: pl.DataFrame, course: _Course) -> pl.DataFrame:
    """Put the conclusions into terms, rules and sentences."""
    kind = points.schema["day"]
    case = pl.col("_case")
    unset = np.iinfo(np.int64).min
    points = points.with_columns(
        pl.Series("_case", course.case),
        pl.Series("iupd_day", course.iupd_day).replace(unset, None).cast(pl.Int32).cast(kind),
        pl.Series("_ref_day", course.compared_day).cast(pl.Int32).cast(kind),
        pl.Series("_waited", course.day - course.compared_day).cast(pl.String),
        pl.concat_str(
            *(pl.when(pl.Series(course.by[:, place])).then(pl.lit(words)) for place, words in enumerate(_WHAT)),
            separator=" and ",
            ignore_nulls=True,
        ).alias("_what"),
    )
    as_recist = pl.col("other").replace(IMMUNE_TERMS)
    i_response = (
        pl.when(case.is_in([_FIRST, _OPEN, _EARLY, _LATE]))
        .then(pl.lit("iUPD"))
        .when(case.is_in([_CONFIRMED, _AFTER]))
        .then(pl.lit("iCPD"))
        .otherwise(as_recist)
    )
    rule = case.replace_strict(list(range(9)), [name for name, _ in _CASES], return_dtype=pl.String)
    why = case.replace_strict(list(range(9)), [words for _, words in _CASES], return_dtype=pl.String)
    marks = {"{ref_day}": shown_day("_ref_day"), "{waited}": pl.col("_waited"), "{what}": pl.col("_what")}
    for mark, text in marks.items():
        why = why.str.replace(mark, text, literal=True)
    return points.with_columns(
        i_response=i_response,
        is_reset=case == _RESET,
        i_rule=pl.lit("iRECIST-TP-") + rule,
    ).select(
        *_KEY,
        *("day", "target", "non_target", "new_lesion", "response", "rule", "why"),
        *("i_response", "is_reset", "iupd_day", "i_rule"),
        pl.format("{}: {} (RECIST 1.1 {}).", pl.col("i_response"), why, pl.col("response")).alias("i_why"),
    )
