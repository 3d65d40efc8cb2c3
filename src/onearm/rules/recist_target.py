"""Sum of diameters and target response of RECIST 1.1."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.errors import DataError
from onearm.frames import check_columns, check_key
from onearm.rules.lesion_rows import check_lesion_rows
from onearm.rules.recist import EPSILON, RECIST_1_1, RecistRules

__all__ = ["TARGET_STATES", "sum_of_diameters", "target_response"]

TARGET_STATES: Final = ("measured", "too_small", "absent", "merged", "not_evaluable", "not_done")
"""What may be said of a target lesion at a visit; a missing state means "measured" where there is a diameter."""

_KEY: Final = ("subject", "visit")


def sum_of_diameters(lesions: pl.DataFrame, rules: RecistRules = RECIST_1_1) -> pl.DataFrame:
    """
    Add up the target lesions of every visit and compare with baseline and nadir.

    Only lesions of the baseline visit are counted: a lesion that first appears later is a new lesion. A lesion of the
    baseline that has no row at a later visit is missing there.

    Parameters
    ----------
    lesions : polars.DataFrame
        One row per ``subject``, ``visit`` and ``lesion`` (target lesions only), with ``day`` of the scan, ``is_node``,
        ``diameter_mm`` (longest diameter, short axis of a node; missing or negative means not evaluable) and ``state``
        (one of `TARGET_STATES`). Optional: ``is_baseline`` (default: the earliest visit of each subject) and
        ``parent``: of a fragment, the lesion that it split from, to which its diameter is added; a lesion that merged
        into another has the state "merged" and adds nothing, since the other's diameter holds both.
    rules : RecistRules
        ``too_small_mm`` and ``normal_node_mm`` are used.

    Returns
    -------
    polars.DataFrame
        One row per ``subject`` and ``visit``, sorted by ``subject`` and ``day``:
        ``subject, visit, day, first_day, last_day`` (first and last scan; ``day`` is the first),
        ``is_baseline, is_after_baseline, n_lesions`` (at baseline) ``, n_missing``,
        ``measured_mm`` (sum of what was measured), ``sum_mm`` (the same where nothing is missing, else missing),
        ``baseline_mm, nadir_mm`` (smallest complete sum before this visit, baseline included),
        ``change_pct, change_from_nadir_mm, change_from_nadir_pct`` (missing where the reference is 0),
        ``non_node_mm`` (the part that is not in nodes) and ``is_gone`` (nothing left but normal nodes).

    Raises
    ------
    DataError
        For a missing column, an unknown state, a repeated lesion, a missing subject, visit or day.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, sections 4.2 and 4.3.

    Examples
    --------
    >>> lesions = pl.DataFrame(
    ...     {
    ...         "subject": ["1"] * 4,
    ...         "visit": [0, 0, 1, 1],
    ...         "day": [1, 1, 43, 43],
    ...         "lesion": ["T1", "T2"] * 2,
    ...         "is_node": [False, True] * 2,
    ...         "diameter_mm": [30.0, 20.0, 21.0, 9.0],
    ...         "state": ["measured"] * 4,
    ...     }
    ... )
    >>> sum_of_diameters(lesions).select("visit", "sum_mm", "change_pct").rows()
    [(0, 50.0, 0.0), (1, 30.0, -40.0)]
    """
    check_lesion_rows(lesions, TARGET_STATES, where="target lesions", columns=("is_node", "diameter_mm"))
    check_key(lesions, (*_KEY, "lesion"), where="target lesions")
    valued = lesions.with_columns(mm=_diameter(rules))
    visits = _visits(valued)
    whole = _join_fragments(valued)
    baseline = whole.join(visits.filter("is_baseline").select(_KEY), on=_KEY, how="semi")
    counted = whole.join(baseline.select("subject", "lesion"), on=("subject", "lesion"), how="semi")
    at_baseline = baseline.group_by("subject").agg(
        n_lesions=pl.len(),
        baseline_mm=pl.when(pl.col("mm").null_count() == 0).then(pl.col("mm").sum()),
    )
    sums = (
        visits.join(_add_up(counted, rules), on=_KEY, how="left")
        .join(at_baseline, on="subject", how="left")
        .sort("subject", "first_day", "last_day", "visit")
    )
    return _compare(sums)


def _diameter(rules: RecistRules) -> pl.Expr:
    """Millimetres that a lesion adds to the sum; missing where it could not be evaluated."""
    state = pl.col("state").fill_null("measured")
    mm = pl.col("diameter_mm").cast(pl.Float64)
    return (
        pl.when(state == "measured")
        .then(pl.when(mm >= 0).then(mm))
        .when(state == "too_small")
        .then(mm.fill_null(rules.too_small_mm))
        .when(state.is_in(["absent", "merged"]))
        .then(0.0)
    )


def _visits(lesions: pl.DataFrame) -> pl.DataFrame:
    """One row per visit with its days and whether it is the baseline."""
    marked = "is_baseline" in lesions.columns
    mark = [pl.col("is_baseline").any()] if marked else []
    visits = lesions.group_by(_KEY).agg(
        pl.col("day").min().alias("first_day"), pl.col("day").max().alias("last_day"), *mark
    )
    if not marked:
        first = visits.sort("first_day", "last_day", "visit").unique("subject", keep="first").select(_KEY)
        visits = visits.join(first.with_columns(is_baseline=True), on=_KEY, how="left").with_columns(
            pl.col("is_baseline").fill_null(False)
        )
    several = visits.filter("is_baseline").filter(pl.col("subject").is_duplicated())
    if several.height:
        raise DataError(f"target lesions: subject {several['subject'][0]!r} has more than one baseline visit.")
    start = visits.filter("is_baseline").select("subject", baseline_day="first_day")
    return (
        visits.join(start, on="subject", how="left")
        .with_columns(
            # without any baseline every visit is after it, and not evaluable
            is_after_baseline=~pl.col("is_baseline") & (pl.col("first_day") >= pl.col("baseline_day")).fill_null(True)
        )
        .drop("baseline_day")
    )


def _join_fragments(lesions: pl.DataFrame) -> pl.DataFrame:
    """Add fragments to the lesion that they split from."""
    if "parent" not in lesions.columns or lesions["parent"].null_count() == lesions.height:
        return lesions.select(*_KEY, "lesion", "is_node", "mm")
    # a merged lesion may name the one that took it in; it stays itself, with 0 mm
    parent = pl.when(pl.col("state") != "merged").then(pl.col("parent"))
    return (
        lesions.with_columns(pl.coalesce(parent, "lesion").alias("lesion"))
        .group_by(*_KEY, "lesion")
        .agg(pl.col("is_node").first(), pl.when(pl.col("mm").null_count() == 0).then(pl.col("mm").sum()).alias("mm"))
    )


def _add_up(lesions: pl.DataFrame, rules: RecistRules) -> pl.DataFrame:
    """Sums of each visit."""
    node = pl.col("is_node").fill_null(False)
    return (
        lesions.with_columns(
            non_node=pl.when(~node).then("mm").otherwise(0.0),
            left=pl.when(node).then(pl.col("mm") >= rules.normal_node_mm).otherwise(pl.col("mm") > 0),
        )
        .group_by(_KEY)
        .agg(
            n_measured=pl.col("mm").count(),
            measured_mm=pl.col("mm").sum(),
            non_node_mm=pl.col("non_node").sum(),
            n_left=pl.col("left").sum(),
        )
    )


def _compare(sums: pl.DataFrame) -> pl.DataFrame:
    """Set each sum against the baseline and the nadir; the rows are sorted by subject and day."""
    n_measured = pl.col("n_measured").fill_null(0)
    counts = pl.col("is_baseline") | pl.col("is_after_baseline")
    sums = sums.with_columns(
        n_lesions=pl.col("n_lesions").fill_null(0),
        n_missing=pl.col("n_lesions").fill_null(0).cast(pl.Int64) - n_measured.cast(pl.Int64),
        measured_mm=pl.when(n_measured > 0).then("measured_mm"),
    ).with_columns(sum_mm=pl.when((pl.col("n_missing") == 0) & (pl.col("n_lesions") > 0)).then("measured_mm"))
    lowest = pl.when(counts).then("sum_mm").fill_null(float("inf")).cum_min().shift(1).over("subject")
    baseline, nadir, total = pl.col("baseline_mm"), pl.col("nadir_mm"), pl.col("sum_mm")
    return (
        sums.with_columns(nadir_mm=pl.when(pl.col("is_after_baseline") & lowest.is_finite()).then(lowest))
        .with_columns(
            change_pct=pl.when(counts & (baseline > 0)).then(100 * ((total - baseline) / baseline)),
            change_from_nadir_mm=total - nadir,
            change_from_nadir_pct=pl.when(nadir > 0).then(100 * ((total - nadir) / nadir)),
            is_gone=(pl.col("n_missing") == 0) & (pl.col("n_lesions") > 0) & (pl.col("n_left") == 0),
        )
        .select(
            *_KEY,
            pl.col("first_day").alias("day"),
            "first_day",
            "last_day",
            "is_baseline",
            "is_after_baseline",
            "n_lesions",
            "n_missing",
            "measured_mm",
            "sum_mm",
            "baseline_mm",
            "nadir_mm",
            "change_pct",
            "change_from_nadir_mm",
            "change_from_nadir_pct",
            "non_node_mm",
            "is_gone",
        )
    )


_CASES: Final = (
    ("NE", "RECIST1.1-TL-NE-BASELINE", "the baseline sum is not known"),
    ("PD", "RECIST1.1-TL-PD-PARTIAL", "{missing} of {n} targets are missing, and the others alone reach progression"),
    ("NE", "RECIST1.1-TL-NE-MISSING", "{missing} of {n} targets are missing or not evaluable"),
    ("CR", "RECIST1.1-TL-CR", "all targets are gone and nodes are normal"),
    ("PD", "RECIST1.1-TL-PD-REAPPEARED", "a target is back after all were gone"),
    ("PD", "RECIST1.1-TL-PD-20", "the sum rose from the nadir by at least {pd_pct} % and {pd_mm} mm"),
    ("PR", "RECIST1.1-TL-PR-30", "the sum fell from baseline by at least {pr_pct} %"),
    ("SD", "RECIST1.1-TL-SD", "neither enough decrease for PR nor enough increase for PD"),
)
"""Response, rule and reason, in the order in which they are tried."""


def target_response(sums: pl.DataFrame, rules: RecistRules = RECIST_1_1) -> pl.DataFrame:
    """
    Derive the response of the target lesions at every visit after baseline.

    Parameters
    ----------
    sums : polars.DataFrame
        What `sum_of_diameters` returns.
    rules : RecistRules
        The percentages and what to do with missing targets and reappearance are used.

    Returns
    -------
    polars.DataFrame
        The rows and columns of ``sums`` with ``target`` (CR, PR, SD, PD, NE; missing at baseline and before), ``rule``
        and ``why``.

    Raises
    ------
    DataError
        For a missing column.

    Notes
    -----
    The order is: no baseline, missing targets, CR, PD, PR, SD. What is back after an overall CR is judged in
    `timepoint_response`, which knows the other lesions too. A sum that is both 30 % below baseline and 20 % above
    its nadir is PD, and nodes that are all normal are CR although they may have grown from 4 to 9 mm.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, sections 4.3.1, 4.3.2 and 4.4.2.

    Examples
    --------
    >>> sums = pl.DataFrame(
    ...     {"subject": ["1"] * 2, "visit": [0, 1], "is_after_baseline": [False, True], "n_lesions": [1, 1]}
    ...     | {"n_missing": [0, 0], "measured_mm": [50.0, 60.0], "sum_mm": [50.0, 60.0], "baseline_mm": [50.0, 50.0]}
    ...     | {"nadir_mm": [None, 50.0], "change_pct": [0.0, 20.0], "non_node_mm": [50.0, 60.0]}
    ...     | {"is_gone": [False, False]}
    ... )
    >>> print(target_response(sums)["why"][1])
    the sum rose from the nadir by at least 20 % and 5 mm: sum 60 mm, baseline 50 mm (+20 %), nadir 50 mm (+20 %)
    """
    needed = (
        "n_lesions",
        "n_missing",
        "measured_mm",
        "baseline_mm",
        "nadir_mm",
        "change_pct",
        "non_node_mm",
        "is_gone",
    )
    check_columns(sums, ("subject", "visit", "is_after_baseline", *needed), where="sums of diameters")
    missing = pl.col("n_missing") > 0
    grown = _is_progression(rules)
    gone_before = pl.col("is_gone").cum_max().shift(1, fill_value=False).over("subject")
    back = gone_before & (pl.col("non_node_mm") > 0) & pl.lit(rules.reappearance == "target")
    conditions = (
        pl.col("baseline_mm").is_null(),
        missing & (grown | back) & pl.lit(rules.partial_progression),
        missing,
        pl.col("is_gone"),
        back,
        grown,
        pl.col("change_pct") <= -rules.response_pct + EPSILON,
    )
    case = pl.lit(len(conditions), dtype=pl.UInt8)
    for number, condition in reversed(list(enumerate(conditions))):
        case = pl.when(condition.fill_null(False)).then(pl.lit(number, dtype=pl.UInt8)).otherwise(case)
    numbered = sums.with_columns(_case=pl.when("is_after_baseline").then(case))
    responses, names, reasons = zip(*_CASES, strict=True)
    reason = _fill(_look_up("_case", reasons), rules)
    return numbered.with_columns(
        target=_look_up("_case", responses),
        rule=_look_up("_case", names),
        why=pl.when(pl.col("_case").is_not_null()).then(reason + ": " + _numbers()),
    ).drop("_case")


def _is_progression(rules: RecistRules) -> pl.Expr:
    """Whether what was measured is progression from the nadir; from a nadir of 0 there is no percentage."""
    rise = pl.col("measured_mm") - pl.col("nadir_mm")
    percent = 100 * rise / pl.col("nadir_mm")
    enough = (percent >= rules.progression_pct - EPSILON) & (rise >= rules.progression_mm - EPSILON)
    from_zero = (rise > 0) & (rise >= rules.progression_mm - EPSILON)
    return pl.when(pl.col("nadir_mm") > 0).then(enough).otherwise(from_zero)


def _look_up(column: str, words: tuple[str, ...]) -> pl.Expr:
    """Word that stands at the number in a column; missing stays missing."""
    return pl.col(column).replace_strict(list(range(len(words))), list(words), default=None, return_dtype=pl.String)


def _fill(reason: pl.Expr, rules: RecistRules) -> pl.Expr:
    """Put the numbers of the rule and of the row into the reason."""
    for name, number in (
        ("{pd_pct}", rules.progression_pct),
        ("{pd_mm}", rules.progression_mm),
        ("{pr_pct}", rules.response_pct),
    ):
        reason = reason.str.replace(name, f"{number:g}", literal=True)
    return reason.str.replace("{missing}", pl.col("n_missing").cast(pl.String), literal=True).str.replace(
        "{n}", pl.col("n_lesions").cast(pl.String), literal=True
    )


def _numbers() -> pl.Expr:
    """Say the sum, the baseline and the nadir with the changes from them."""
    measured, baseline, nadir = pl.col("measured_mm"), pl.col("baseline_mm"), pl.col("nadir_mm")
    is_whole = pl.col("n_missing") == 0
    # the fall of an incomplete sum means nothing; its rise does
    said = pl.when(is_whole | (measured > nadir)).then(measured)
    return pl.format(
        "{} {}, baseline {}{}, nadir {}{}",
        pl.when(is_whole).then(pl.lit("sum")).otherwise(pl.lit("measured")),
        _mm(measured),
        _mm(baseline),
        _percent(said, baseline),
        _mm(nadir),
        _percent(said, nadir),
    )


def _mm(value: pl.Expr) -> pl.Expr:
    text = value.round(1).cast(pl.String).str.strip_suffix(".0")
    return pl.when(value.is_null()).then(pl.lit("not known")).otherwise(text + " mm")


def _percent(value: pl.Expr, reference: pl.Expr) -> pl.Expr:
    change = (100 * (value - reference) / reference).round(1)
    sign = pl.when(change > 0).then(pl.lit("+")).otherwise(pl.lit(""))
    text = pl.format(" ({}{} %)", sign, change.cast(pl.String).str.strip_suffix(".0"))
    return pl.when((reference > 0) & value.is_not_null()).then(text).otherwise(pl.lit(""))
