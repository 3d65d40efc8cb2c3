"""The assessments of each subject as the best response reads them: switches, order, cuts and re-reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from onearm.errors import DataError, MethodError, suggest
from onearm.frames import check_columns, check_key
from onearm.rules.confirmation import confirm
from onearm.rules.days import day_number
from onearm.terms import RESPONSES

__all__ = ["BEST_RESPONSE_RULES", "BestResponseRules", "read_assessments"]


@dataclass(frozen=True)
class BestResponseRules:
    """
    Every choice of the best overall response that a protocol may make differently.

    Parameters
    ----------
    confirm_after_days : int, default 28
        A response is confirmed by a second one at least so many days later [1]_ section 4.4.3 (4 weeks).
    confirm_within_days : int, optional
        The confirming assessment must come at most so many days later; default no limit.
    stable_at_least_days : int, default 42
        An assessment counts as SD only so many days after the day of ``stable_from`` or later [1]_ section 4.6.1 (in
        general not less than 6 to 8 weeks; the protocol says).
    stable_from : str, default "reference_day"
        Column of the subjects from which SD is counted: ``reference_day`` (first dose), or another that the frame has,
        such as ``baseline_day`` or ``randomisation_day``.
    max_not_evaluable_between : int, default 1
        NE (or not done) assessments that may stand between a response and its confirmation [1]_ section 4.4.4
        (PR, NE, PR); admiralonco ``max_nr_ne``, default 0.
    max_stable_between : int, default 0
        SD assessments that may stand between a PR and its confirmation; some protocols allow 1 [2]_.
    after_complete : {"progression", "partial", "as_assessed"}, default "progression"
        PR, SD or NON-CR/NON-PD after CR: disease is back, so it is PD [1]_ Table 3, footnote a; or the CR, if it was
        not confirmed and the next is PR, was really PR (same footnote); or take each as it was assessed [2]_.
    hold_partial : bool, default False
        SD after PR, with the sum above -30 % but no progression, is still PR [3]_.
    before_reference : {"ignore", "count"}, default "ignore"
        Assessments before ``reference_day``: the best response is recorded from the start of treatment [1]_ section
        4.4; admiralonco counts them [2]_.
    after_progression : {"ignore", "count"}, default "ignore"
        Assessments after the first PD [1]_ section 4.4.
    new_therapy : {"ignore_after", "count"}, default "ignore_after"
        Assessments after the day in ``therapy_day`` (new anticancer therapy) [4]_.
    within_days : int, optional
        Only assessments at most so many days after ``reference_day`` count, as for a response rate by month 6 [5]_;
        default no limit. An assessment that confirms must be within them too.
    missing_as_not_evaluable : bool, default True
        A subject without any assessment is NE [1]_ section 4.9 (all patients are in the denominator); else MISSING.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247.
    .. [2] admiralonco 1.4.0, derive_param_bor, derive_param_confirmed_bor.
    .. [3] EORTC RECIST working group, questions and clarifications, recist.eortc.org: once PR is confirmed.
    .. [4] FDA (2007), Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics.
    .. [5] REGOMUNE, NCT03475953: objective response at 6 months.

    Examples
    --------
    >>> BestResponseRules(confirm_after_days=28, max_stable_between=1).stable_at_least_days
    42
    """

    confirm_after_days: int = 28
    confirm_within_days: int | None = None
    stable_at_least_days: int = 42
    stable_from: str = "reference_day"
    max_not_evaluable_between: int = 1
    max_stable_between: int = 0
    after_complete: Literal["progression", "partial", "as_assessed"] = "progression"
    hold_partial: bool = False
    before_reference: Literal["ignore", "count"] = "ignore"
    after_progression: Literal["ignore", "count"] = "ignore"
    new_therapy: Literal["ignore_after", "count"] = "ignore_after"
    within_days: int | None = None
    missing_as_not_evaluable: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers that have no meaning; raise MethodError with all of them."""
        lowest = {
            "confirm_after_days": 1,
            "stable_at_least_days": 0,
            "max_not_evaluable_between": 0,
            "max_stable_between": 0,
        }
        problems = [
            f"BestResponseRules.{name}: found {getattr(self, name)!r}; it must be {limit} or more."
            for name, limit in lowest.items()
            if getattr(self, name) < limit
        ]
        if self.confirm_within_days is not None and self.confirm_within_days < self.confirm_after_days:
            problems.append(
                f"BestResponseRules.confirm_within_days: found {self.confirm_within_days}; it must not be below "
                f"confirm_after_days = {self.confirm_after_days}."
            )
        if self.within_days is not None and self.within_days < 0:
            problems.append(f"BestResponseRules.within_days: found {self.within_days}; it must be 0 or more, or None.")
        if problems:
            raise MethodError(*problems)


BEST_RESPONSE_RULES: Final = BestResponseRules()
"""RECIST 1.1 with confirmation after 4 weeks and SD from 6 weeks."""

_LESS_THAN_CR: Final = ("PR", "SD", "NON-CR/NON-PD")
_NOT_EVALUABLE: Final = ("NE", "ND")


def read_assessments(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Order, cut and re-read the assessments as the best response needs them.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` (a term of RECIST 1.1; missing rows are left out) and,
        optionally, ``seq``, the identifier of the source row.
    subjects : polars.DataFrame
        One row per ``subject`` with ``reference_day`` (where it is missing, no assessment counts unless
        ``before_reference`` is "count") and, optionally, the column that ``rules.stable_from`` names,
        ``progression_day`` (a progression known from elsewhere) and ``therapy_day`` (new anticancer therapy).
    rules : BestResponseRules
        What to cut and what to read differently.

    Returns
    -------
    polars.DataFrame
        The assessments that count, sorted by subject and day: ``subject, day, response, as_assessed, seq``, where
        ``response`` is what is read and ``as_assessed`` what was given. Two on one day stand in the order of ``seq``.

    Raises
    ------
    DataError
        For a missing column, an unknown response, a subject that is not in ``subjects``, a missing day.

    Notes
    -----
    The order of the steps is: days before and long after the reference day, new therapy, first progression, hold a PR,
    CR and what follows it, and again the first progression.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 3, "day": [43, 85, 127], "response": ["CR", "PR", "PR"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> read_assessments(assessments, subjects)["response"].to_list()
    ['CR', 'PD']
    """
    check_columns(assessments, ("subject", "day", "response"), where="assessments")
    check_columns(subjects, ("subject", "reference_day", rules.stable_from), where="subjects")
    check_key(subjects, ("subject",), where="subjects")
    given = assessments.with_row_index("seq") if "seq" not in assessments.columns else assessments
    given = given.filter(pl.col("response").is_not_null()).select("subject", "day", "response", "seq")
    _check(given, subjects)
    optional = [name for name in ("progression_day", "therapy_day") if name in subjects.columns]
    rows = given.join(subjects.select("subject", "reference_day", *optional), on="subject", how="left")
    if rules.before_reference == "ignore":
        rows = rows.filter(pl.col("day") >= pl.col("reference_day"))
    if rules.within_days is not None:
        rows = rows.filter(day_number(pl.col("day")) - day_number(pl.col("reference_day")) <= rules.within_days)
    if rules.new_therapy == "ignore_after" and "therapy_day" in optional:
        rows = rows.filter((pl.col("day") <= pl.col("therapy_day")).fill_null(True))
    if rules.after_progression == "ignore" and "progression_day" in optional:
        rows = rows.filter((pl.col("day") <= pl.col("progression_day")).fill_null(True))
    rows = rows.sort("subject", "day", "seq").select("subject", "day", "response", "seq", as_assessed="response")
    rows = _cut(rows, rules)
    if rules.hold_partial:
        rows = _hold(rows)
    rows = _read_after_complete(rows, rules)
    return _cut(rows, rules).select("subject", "day", "response", "as_assessed", "seq")


def _check(given: pl.DataFrame, subjects: pl.DataFrame) -> None:
    """Raise DataError for unknown responses and subjects and for missing days, all at once."""
    known = set(RESPONSES)
    unknown = sorted(str(word) for word in given["response"].unique().to_list() if word not in known)
    problems = [f"assessments: unknown response '{word}'.{suggest(word, known)}" for word in unknown]
    strangers = given.select("subject").unique().join(subjects.select("subject"), on="subject", how="anti")
    if strangers.height:
        problems.append(
            f"assessments: {strangers.height} subjects are not among the subjects; "
            f"the first is {strangers['subject'].sort()[0]!r}."
        )
    undated = given.filter(pl.col("day").is_null())
    if undated.height:
        problems.append(
            f"assessments: {undated.height} rows have no day; the first is of subject {undated['subject'][0]!r}. "
            "Impute the date, or leave the row out."
        )
    if problems:
        raise DataError(*problems)


def _cut(rows: pl.DataFrame, rules: BestResponseRules) -> pl.DataFrame:
    """Leave out what comes after the day of the first progression."""
    if rules.after_progression == "count":
        return rows
    first = pl.col("day").filter(pl.col("response") == "PD").min().over("subject")
    return rows.filter((pl.col("day") <= first).fill_null(True))


def _before(condition: pl.Expr) -> pl.Expr:
    """Whether a condition held at any earlier assessment of the subject."""
    return condition.cum_max().shift(1, fill_value=False).over("subject")


def _hold(rows: pl.DataFrame) -> pl.DataFrame:
    """Read SD as PR from the first PR to the first progression."""
    held = _before(pl.col("response") == "PR") & ~_before(pl.col("response") == "PD") & (pl.col("response") == "SD")
    return rows.with_columns(response=pl.when(held).then(pl.lit("PR")).otherwise("response"))


def _read_after_complete(rows: pl.DataFrame, rules: BestResponseRules) -> pl.DataFrame:
    """Read PR, SD and NON-CR/NON-PD after CR by the rule, up to a progression."""
    response = pl.col("response")
    if rules.after_complete == "progression":
        fallen = response.is_in(_LESS_THAN_CR) & _before(response == "CR") & ~_before(response == "PD")
        return rows.with_columns(response=pl.when(fallen).then(pl.lit("PD")).otherwise(response))
    if rules.after_complete == "partial":
        rows = rows.with_columns(pl.Series("is_confirmed", confirm(rows, rules) >= 0))
        # what the next assessment says that is neither CR nor not evaluable
        follows = pl.when(~response.is_in(["CR", *_NOT_EVALUABLE])).then(response).backward_fill().over("subject")
        # a CR that was confirmed stands, and so does the one that confirmed it
        stands = ((response == "CR") & pl.col("is_confirmed")).cum_max().over("subject")
        was_partial = (response == "CR") & ~stands & (follows == "PR").fill_null(False)
        return rows.with_columns(response=pl.when(was_partial).then(pl.lit("PR")).otherwise(response))
    return rows
