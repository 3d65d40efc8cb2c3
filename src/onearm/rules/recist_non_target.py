"""Non-target response and new lesions of RECIST 1.1."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.frames import check_key
from onearm.rules.lesion_rows import check_lesion_rows
from onearm.rules.recist import RECIST_1_1, RecistRules

__all__ = ["NEW_LESION_STATES", "NON_TARGET_STATES", "new_lesion_response", "non_target_response"]

NON_TARGET_STATES: Final = ("present", "increased", "progression", "absent", "not_evaluable", "not_done")
"""What may be said of a non-target; "increased" is larger than at the last visit but not unequivocal progression."""
NEW_LESION_STATES: Final = ("unequivocal", "increased", "equivocal", "none")
"""What may be said of a new lesion; "increased" is unequivocal and larger than at the last visit, "none" that it is not
there."""

_KEY: Final = ("subject", "visit")


_NON_TARGET: Final = {
    "PD": ("RECIST1.1-NTL-PD", "unequivocal progression of {progressed} of {n} non-targets"),
    "CR": ("RECIST1.1-NTL-CR", "all {n} non-targets are gone and nodes are normal"),
    "NON-CR/NON-PD": ("RECIST1.1-NTL-NON-CR-NON-PD", "{left} of {n} non-targets are still present"),
    "NE": ("RECIST1.1-NTL-NE", "{missing} of {n} non-targets are missing or not evaluable"),
}


def non_target_response(lesions: pl.DataFrame, rules: RecistRules = RECIST_1_1) -> pl.DataFrame:
    """
    Derive the response of the non-target lesions at every visit.

    Parameters
    ----------
    lesions : polars.DataFrame
        One row per ``subject``, ``visit`` and ``lesion`` (non-targets only), with ``day`` and ``state`` (one of
        `NON_TARGET_STATES`; missing means not evaluable). Optional: ``is_baseline`` (default: the earliest visit of
        each subject), and ``is_node`` with ``diameter_mm``: a node that is present with a short axis below
        ``normal_node_mm`` counts as absent. Ascites, effusions and tumour markers can be lesions too: a marker is
        "absent" when it is normal, as CR requires.
    rules : RecistRules
        ``partial_non_target`` and ``normal_node_mm`` are used.

    Returns
    -------
    polars.DataFrame
        One row per ``subject`` and ``visit``, sorted by subject and day: ``subject, visit, day, first_day, last_day,
        is_baseline, n_lesions`` (at baseline) ``, n_missing, n_left, n_increased`` (larger than at the last visit)
        ``, non_target`` (CR, NON-CR/NON-PD, PD, NE; missing at baseline and before), ``rule, why``.

    Raises
    ------
    DataError
        For a missing column, an unknown state, a repeated lesion, a missing subject, visit or day.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, sections 4.3.3 and 4.3.4.

    Examples
    --------
    >>> lesions = pl.DataFrame(
    ...     {"subject": ["1"] * 3, "visit": [0, 1, 2], "day": [1, 43, 85], "lesion": ["N1"] * 3}
    ...     | {"state": ["present", "absent", "progression"]}
    ... )
    >>> non_target_response(lesions)["non_target"].to_list()
    [None, 'CR', 'PD']
    """
    check_lesion_rows(lesions, NON_TARGET_STATES, where="non-target lesions")
    check_key(lesions, (*_KEY, "lesion"), where="non-target lesions")
    lesions = _mark_baseline(lesions)
    baseline = lesions.filter("_at_baseline").select("subject", "lesion", _is_known=pl.lit(True))
    lesions = lesions.join(baseline, on=("subject", "lesion"), how="left", nulls_equal=True)
    state = _node_state(lesions, rules)
    is_seen = state.is_in(["absent", "present", "increased", "progression"])
    visits = lesions.group_by(_KEY).agg(
        pl.col("day").min().alias("first_day"),
        pl.col("day").max().alias("last_day"),
        pl.col("_at_baseline").any().alias("is_baseline"),
        state.is_in(["present", "increased", "progression"]).sum().alias("n_left"),
        (state == "progression").sum().alias("n_progressed"),
        (state == "increased").sum().alias("n_increased"),
        # a lesion that was not there at baseline does not stand in for one that is missing
        (is_seen & pl.col("_is_known").fill_null(False)).sum().alias("n_seen"),
        pl.len().alias("n_rows"),
    )
    at_baseline = visits.filter("is_baseline").select(
        "subject", pl.col("n_rows").alias("n_lesions"), pl.col("first_day").alias("baseline_day")
    )
    check_key(at_baseline, ("subject",), where="baseline visits of non-target lesions")
    visits = visits.join(at_baseline, on="subject", how="left").sort("subject", "first_day", "last_day", "visit")
    return _conclude(visits, rules)


def _mark_baseline(lesions: pl.DataFrame) -> pl.DataFrame:
    """Mark the rows of the baseline visit: the one that is stated, else the earliest of each subject."""
    if "is_baseline" in lesions.columns:
        return lesions.with_columns(_at_baseline=pl.col("is_baseline").fill_null(False).any().over(_KEY))
    days = lesions.group_by(_KEY).agg(_first=pl.col("day").min(), _last=pl.col("day").max())
    first = days.sort("subject", "_first", "_last", "visit").unique("subject", keep="first")
    first = first.select(*_KEY, _at_baseline=pl.lit(True))
    return lesions.join(first, on=_KEY, how="left").with_columns(pl.col("_at_baseline").fill_null(False))


def _node_state(lesions: pl.DataFrame, rules: RecistRules) -> pl.Expr:
    """State of a lesion, where a normal node is absent."""
    state = pl.col("state").fill_null("not_evaluable")
    if not {"is_node", "diameter_mm"} <= set(lesions.columns):
        return state
    is_normal = pl.col("is_node") & (pl.col("diameter_mm") < rules.normal_node_mm) & (state == "present")
    return pl.when(is_normal.fill_null(False)).then(pl.lit("absent")).otherwise(state)


def _conclude(visits: pl.DataFrame, rules: RecistRules) -> pl.DataFrame:
    """Apply the rules to the counts of each visit."""
    visits = visits.with_columns(
        n_missing=(pl.col("n_lesions").cast(pl.Int64) - pl.col("n_seen").cast(pl.Int64)).clip(lower_bound=0)
    )
    is_partial = (
        (pl.col("n_missing") > 0)
        if rules.partial_non_target == "NE"
        else ((pl.col("n_missing") > 0) & (pl.col("n_left") == 0))
    )
    response = (
        pl.when(pl.col("is_baseline") | (pl.col("first_day") < pl.col("baseline_day")).fill_null(False))
        .then(None)
        .when(pl.col("n_progressed") > 0)
        .then(pl.lit("PD"))
        .when(is_partial | pl.col("n_lesions").is_null())
        .then(pl.lit("NE"))
        .when(pl.col("n_left") == 0)
        .then(pl.lit("CR"))
        .otherwise(pl.lit("NON-CR/NON-PD"))
    )
    rule = {name: words[0] for name, words in _NON_TARGET.items()}
    reason = {name: words[1] for name, words in _NON_TARGET.items()}
    why = pl.col("non_target").replace_strict(reason, default=None, return_dtype=pl.String)
    numbers = {"{progressed}": "n_progressed", "{n}": "n_lesions", "{left}": "n_left", "{missing}": "n_missing"}
    for mark, column in numbers.items():
        why = why.str.replace(mark, pl.col(column).cast(pl.String).fill_null("?"), literal=True)
    return visits.with_columns(non_target=response).select(
        *_KEY,
        pl.col("first_day").alias("day"),
        "first_day",
        "last_day",
        "is_baseline",
        "n_lesions",
        "n_missing",
        "n_left",
        "n_increased",
        "non_target",
        pl.col("non_target").replace_strict(rule, default=None, return_dtype=pl.String).alias("rule"),
        why.alias("why"),
    )


def new_lesion_response(lesions: pl.DataFrame, rules: RecistRules = RECIST_1_1) -> pl.DataFrame:
    """
    Say for every visit whether there are new lesions.

    Parameters
    ----------
    lesions : polars.DataFrame
        One row per ``subject``, ``visit`` and new ``lesion``, with ``day`` and ``state`` (one of `NEW_LESION_STATES`;
        missing means unequivocal). Optional: ``diameter_mm`` of those that are measured.
    rules : RecistRules
        With ``backdate_equivocal``, a lesion that becomes unequivocal was there from the first scan that showed it.

    Returns
    -------
    polars.DataFrame
        One row per ``subject`` and ``visit``, sorted by subject and day: ``subject, visit, day, first_day, last_day,
        new_lesion`` ("yes", "equivocal" or "no"), ``n_new`` (unequivocal ones) ``, n_increased, new_mm`` (sum of the
        measured ones) ``, is_backdated, rule, why``.

    Raises
    ------
    DataError
        For a missing column, an unknown state, a repeated lesion, a missing subject, visit or day.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, section 4.3.5.

    Examples
    --------
    >>> lesions = pl.DataFrame(
    ...     {"subject": ["1"] * 2, "visit": [1, 2], "day": [43, 85], "lesion": ["X1"] * 2}
    ...     | {"state": ["equivocal", "unequivocal"]}
    ... )
    >>> new_lesion_response(lesions)["new_lesion"].to_list()
    ['yes', 'yes']
    """
    check_lesion_rows(lesions, NEW_LESION_STATES, where="new lesions")
    check_key(lesions.drop_nulls("lesion"), (*_KEY, "lesion"), where="new lesions")
    measured = pl.col("diameter_mm").cast(pl.Float64) if "diameter_mm" in lesions.columns else pl.lit(0.0)
    stated = lesions.with_columns(state=pl.col("state").fill_null("unequivocal"), _mm=measured.fill_null(0.0))
    is_sure = pl.col("state").is_in(["unequivocal", "increased"])
    stated = stated.with_columns(
        _backdated=pl.lit(rules.backdate_equivocal)
        & (pl.col("state") == "equivocal")
        & pl.col("lesion").is_not_null()
        & (pl.when(is_sure).then("day").max().over("subject", "lesion") > pl.col("day")).fill_null(False)
    ).with_columns(_is_sure=is_sure | pl.col("_backdated"))
    sure, equivocal = pl.col("_is_sure"), (pl.col("state") == "equivocal") & ~pl.col("_is_sure")
    visits = stated.group_by(_KEY).agg(
        # scans that show nothing new do not date a new lesion
        pl.coalesce(pl.col("day").filter(sure).min(), pl.col("day").min()).alias("first_day"),
        pl.col("day").max().alias("last_day"),
        sure.sum().alias("n_new"),
        equivocal.sum().alias("n_equivocal"),
        (pl.col("state") == "increased").sum().alias("n_increased"),
        pl.col("_mm").filter(sure).sum().alias("new_mm"),
        pl.col("_backdated").any().alias("is_backdated"),
    )
    number = pl.col("n_new").cast(pl.String) + pl.when(pl.col("n_new") == 1).then(pl.lit(" new lesion")).otherwise(
        pl.lit(" new lesions")
    )
    is_new, is_equivocal = pl.col("n_new") > 0, pl.col("n_equivocal") > 0
    return visits.sort("subject", "first_day", "visit").select(
        *_KEY,
        pl.col("first_day").alias("day"),
        "first_day",
        "last_day",
        pl.when(is_new)
        .then(pl.lit("yes"))
        .when(is_equivocal)
        .then(pl.lit("equivocal"))
        .otherwise(pl.lit("no"))
        .alias("new_lesion"),
        "n_new",
        "n_increased",
        "new_mm",
        "is_backdated",
        pl.when(is_new & pl.col("is_backdated"))
        .then(pl.lit("RECIST1.1-NL-BACKDATED"))
        .when(is_new)
        .then(pl.lit("RECIST1.1-NL"))
        .when(is_equivocal)
        .then(pl.lit("RECIST1.1-NL-EQUIVOCAL"))
        .otherwise(pl.lit("RECIST1.1-NL-NONE"))
        .alias("rule"),
        pl.when(is_new & pl.col("is_backdated"))
        .then(number + pl.lit(", equivocal at this scan and confirmed later"))
        .when(is_new)
        .then(number)
        .when(is_equivocal)
        .then(pl.lit("a new lesion that is still equivocal"))
        .otherwise(pl.lit("no new lesion"))
        .alias("why"),
    )
