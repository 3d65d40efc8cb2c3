"""The assessments of each subject as the best response reads them: order, cuts and re-reading."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.errors import DataError, suggest
from onearm.frames import check_columns, check_key
from onearm.rules.best_response_rules import BEST_RESPONSE_RULES, BestResponseRules
from onearm.rules.confirmation import confirm
from onearm.rules.days import day_number
from onearm.terms import RESPONSES

__all__ = ["read_assessments"]


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
