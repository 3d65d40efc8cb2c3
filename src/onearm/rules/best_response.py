"""Best overall response, unconfirmed and confirmed, first response and clinical benefit."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from onearm.rules.best_response_rules import BEST_RESPONSE_RULES, BestResponseRules
from onearm.rules.confirmation import confirm
from onearm.rules.days import day_number, shown_day
from onearm.rules.response_sequence import read_assessments

__all__ = [
    "BEST_RESPONSE_RULES",
    "BestResponseRules",
    "best_response",
    "clinical_benefit",
    "confirmed_best_response",
    "confirmed_response",
    "first_response",
]

_ORDER: Final = ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "iUPD", "NE", "ND", "MISSING")
"""Best first: where a subject has several, the first of these is the best response."""

_REASONS: Final = {
    "CR": "CR",
    "PR": "PR",
    "SD": "SD, {waited} days after the start and so not before day {least}",
    "SD-UNCONFIRMED": "{given} that was not confirmed, {waited} days after the start and so not before day {least}",
    "NON-CR-NON-PD": "NON-CR/NON-PD, {waited} days after the start and so not before day {least}",
    "NED": "NED",
    "PD": "PD",
    "PD-AFTER-CR": "{given} after CR is progression",
    "NE": "NE",
    "NE-EARLY": "{given} only {waited} days after the start, before day {least}, is too early for SD",
    "ND": "the assessment was not done",
}


def best_response(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Derive the best overall response where no confirmation is required.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` and, optionally, ``seq``; see `read_assessments`.
    subjects : polars.DataFrame
        One row per ``subject`` with ``reference_day`` and, optionally, ``progression_day``, ``therapy_day`` and the
        column that ``rules.stable_from`` names.
    rules : BestResponseRules
        The switches.

    Returns
    -------
    polars.DataFrame
        One row per row of ``subjects``, in their order: ``subject, response`` (CR, PR, SD, NON-CR/NON-PD, NED, PD, NE,
        ND or MISSING), ``day`` and ``seq`` of the first assessment with it (missing without assessments),
        ``confirming_day`` and ``confirming_seq`` (always missing here), ``rule`` and ``why``.

    Raises
    ------
    DataError
        As `read_assessments`.

    Notes
    -----
    CR, PR and PD count at any time; SD and NON-CR/NON-PD from ``stable_at_least_days`` on, earlier ones are NE. An
    early SD followed by PD is therefore PD.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, sections 4.4 and 4.5.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 3, "day": [43, 85, 127], "response": ["SD", "PR", "PD"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> best_response(assessments, subjects).select("response", "day").row(0)
    ('PR', 85)
    """
    rows = _timed(read_assessments(assessments, subjects, rules), subjects, rules)
    given, is_early = pl.col("response"), pl.col("is_early")
    is_stable = given.is_in(["SD", "NON-CR/NON-PD"])
    rows = rows.with_columns(
        category=pl.when(is_stable & is_early).then(pl.lit("NE")).otherwise(given),
        reason=pl.when(is_stable & is_early)
        .then(pl.lit("NE-EARLY"))
        .when((given == "PD") & (pl.col("as_assessed") != "PD"))
        .then(pl.lit("PD-AFTER-CR"))
        .otherwise(given.str.replace_all("/", "-", literal=True)),
        confirming_row=pl.lit(-1, dtype=pl.Int64),
    )
    return _best(rows, subjects, rules, prefix="BOR")


def confirmed_best_response(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Derive the best overall response where CR and PR must be confirmed.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` and, optionally, ``seq``; see `read_assessments`.
    subjects : polars.DataFrame
        One row per ``subject`` with ``reference_day`` and, optionally, ``progression_day``, ``therapy_day`` and the
        column that ``rules.stable_from`` names.
    rules : BestResponseRules
        The switches.

    Returns
    -------
    polars.DataFrame
        As `best_response`; with CR and PR, ``confirming_day`` and ``confirming_seq`` are of the assessment that
        confirmed, and ``day`` is of the response itself.

    Raises
    ------
    DataError
        As `read_assessments`.

    Notes
    -----
    A CR or PR that is not confirmed is SD where it is late enough for SD, else NE.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, Table 3.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 3, "day": [43, 85, 127], "response": ["PR", "CR", "PD"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> confirmed_best_response(assessments, subjects).select("response", "day", "confirming_day").row(0)
    ('PR', 43, 85)
    """
    rows = _timed(read_assessments(assessments, subjects, rules), subjects, rules)
    rows = rows.with_columns(confirming_row=pl.Series(confirm(rows, rules), dtype=pl.Int64))
    given, is_early = pl.col("response"), pl.col("is_early")
    is_response = given.is_in(["CR", "PR"])
    is_confirmed = is_response & (pl.col("confirming_row") >= 0)
    is_stable = (is_response & ~is_confirmed) | given.is_in(["SD", "NON-CR/NON-PD"])
    rows = rows.with_columns(
        category=pl.when(is_stable & is_early)
        .then(pl.lit("NE"))
        .when(is_response & ~is_confirmed)
        .then(pl.lit("SD"))
        .otherwise(given),
        reason=pl.when(is_stable & is_early)
        .then(pl.lit("NE-EARLY"))
        .when(is_response & ~is_confirmed)
        .then(pl.lit("SD-UNCONFIRMED"))
        .when((given == "PD") & (pl.col("as_assessed") != "PD"))
        .then(pl.lit("PD-AFTER-CR"))
        .otherwise(given.str.replace_all("/", "-", literal=True)),
    )
    return _best(rows, subjects, rules, prefix="CBOR")


def _timed(rows: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules) -> pl.DataFrame:
    """Add how long after the start each assessment was, and whether that is too early for SD."""
    start = subjects.select("subject", start_day=rules.stable_from)
    rows = rows.join(start, on="subject", how="left", maintain_order="left")
    waited = day_number(pl.col("day")) - day_number(pl.col("start_day"))
    # without a start nothing can be shown to be late enough
    return rows.with_columns(waited=waited, is_early=(waited < rules.stable_at_least_days).fill_null(True))


def _best(rows: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules, *, prefix: str) -> pl.DataFrame:
    """Take the first assessment of the best category of each subject."""
    rank = pl.col("category").replace_strict(
        {word: number for number, word in enumerate(_ORDER)}, default=len(_ORDER), return_dtype=pl.Int64
    )
    rows = rows.with_row_index("row").with_columns(order=rank * rows.height + pl.col("row").cast(pl.Int64))
    confirming = rows.select(
        confirming_row=pl.col("row").cast(pl.Int64),
        confirming_response="response",
        confirming_day="day",
        confirming_seq="seq",
    )
    chosen = (
        rows.filter(pl.col("order") == pl.col("order").min().over("subject"))
        .join(confirming, on="confirming_row", how="left")
        .with_columns(rule=pl.lit(f"RECIST1.1-{prefix}-") + pl.col("reason"), why=_why(rules))
    )
    none = "NE" if rules.missing_as_not_evaluable else "MISSING"
    return (
        subjects.select("subject")
        .join(chosen.drop("response"), on="subject", how="left", maintain_order="left")
        .select(
            "subject",
            pl.col("category").fill_null(none).alias("response"),
            "day",
            "seq",
            "confirming_day",
            "confirming_seq",
            pl.col("rule").fill_null(f"RECIST1.1-{prefix}-NO-ASSESSMENT"),
            pl.col("why").fill_null(f"{none}: there is no assessment that counts."),
        )
    )


def _why(rules: BestResponseRules) -> pl.Expr:
    """One sentence with the assessment that decided and the one that confirmed it."""
    reason = pl.col("reason").replace_strict(_REASONS, default=pl.col("reason"), return_dtype=pl.String)
    reason = (
        reason.str.replace("{given}", pl.col("as_assessed"), literal=True)
        .str.replace("{waited}", pl.col("waited").cast(pl.String).fill_null("an unknown number of"), literal=True)
        .str.replace("{least}", str(rules.stable_at_least_days), literal=True)
    )
    waited = day_number(pl.col("confirming_day")) - day_number(pl.col("day"))
    confirmed = pl.format(
        ", confirmed by {} on {}, {} days later",
        pl.col("confirming_response"),
        shown_day("confirming_day"),
        waited,
    )
    return pl.format("{}: {} on {}{}.", pl.col("category"), reason, shown_day("day"), confirmed.fill_null(""))


def first_response(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Find the first CR or PR of each subject, confirmed or not.

    Parameters
    ----------
    assessments, subjects : polars.DataFrame
        As for `best_response`.
    rules : BestResponseRules
        Which assessments count.

    Returns
    -------
    polars.DataFrame
        One row per row of ``subjects``: ``subject, is_responder, response`` (CR or PR), ``day, seq, confirming_day,
        confirming_seq`` (always missing here), ``rule, why``.

    Raises
    ------
    DataError
        As `read_assessments`.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 2, "day": [43, 85], "response": ["SD", "PR"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> first_response(assessments, subjects).select("is_responder", "day").row(0)
    (True, 85)
    """
    rows = read_assessments(assessments, subjects, rules)
    return _first(rows, subjects, np.full(rows.height, -1), pl.col("response").is_in(["CR", "PR"]), prefix="RSP")


def confirmed_response(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Find the first CR or PR of each subject that is confirmed later.

    Parameters
    ----------
    assessments, subjects : polars.DataFrame
        As for `best_response`.
    rules : BestResponseRules
        Which assessments count, and what confirms.

    Returns
    -------
    polars.DataFrame
        As `first_response`; ``day`` is of the response itself, ``confirming_day`` of the one that confirmed it.

    Raises
    ------
    DataError
        As `read_assessments`.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 2, "day": [43, 85], "response": ["PR", "PR"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> confirmed_response(assessments, subjects).select("is_responder", "day", "confirming_day").row(0)
    (True, 43, 85)
    """
    rows = read_assessments(assessments, subjects, rules)
    return _first(rows, subjects, confirm(rows, rules), pl.col("confirming_row") >= 0, prefix="CRSP")


def _first(
    rows: pl.DataFrame, subjects: pl.DataFrame, confirming: np.ndarray, condition: pl.Expr, *, prefix: str
) -> pl.DataFrame:
    """Take the first assessment of each subject for which a condition holds."""
    later = rows.with_row_index("confirming_row").select(
        pl.col("confirming_row").cast(pl.Int64),
        confirming_response="response",
        confirming_day="day",
        confirming_seq="seq",
    )
    first = (
        rows.with_columns(confirming_row=pl.Series(confirming, dtype=pl.Int64))
        .filter(condition)
        .unique("subject", keep="first", maintain_order=True)
        .join(later, on="confirming_row", how="left", maintain_order="left")
    )
    confirmed = pl.format(", confirmed by {} on {}", pl.col("confirming_response"), shown_day("confirming_day"))
    yes = pl.format("first {} on {}{}.", pl.col("response"), shown_day("day"), confirmed.fill_null(""))
    return (
        subjects.select("subject")
        .join(first, on="subject", how="left", maintain_order="left")
        .select(
            "subject",
            pl.col("response").is_not_null().alias("is_responder"),
            "response",
            "day",
            "seq",
            "confirming_day",
            "confirming_seq",
            pl.lit(f"RECIST1.1-{prefix}").alias("rule"),
            yes.fill_null("no response." if prefix == "RSP" else "no response that was confirmed.").alias("why"),
        )
    )


def clinical_benefit(
    assessments: pl.DataFrame,
    subjects: pl.DataFrame,
    rules: BestResponseRules = BEST_RESPONSE_RULES,
    *,
    values: tuple[str, ...] = ("CR", "PR", "SD", "NON-CR/NON-PD"),
) -> pl.DataFrame:
    """
    Find the first sign of clinical benefit: a response, or disease control for long enough.

    Parameters
    ----------
    assessments, subjects : polars.DataFrame
        As for `best_response`; ``subjects`` may have ``response_day``, the day of the response that counts. Without
        that column it is the first CR or PR.
    rules : BestResponseRules
        Which assessments count, and ``stable_at_least_days``.
    values : tuple of str, default ("CR", "PR", "SD", "NON-CR/NON-PD")
        Responses that are a benefit from ``stable_at_least_days`` on.

    Returns
    -------
    polars.DataFrame
        One row per row of ``subjects``: ``subject, has_benefit, day`` (the earlier of the response and the first
        assessment that is late enough), ``rule, why``.

    Raises
    ------
    DataError
        As `read_assessments`.

    References
    ----------
    .. [1] admiralonco 1.4.0, derive_param_clinbenefit.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 2, "day": [22, 64], "response": ["SD", "SD"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> clinical_benefit(assessments, subjects).select("has_benefit", "day").row(0)
    (True, 64)
    """
    rows = _timed(read_assessments(assessments, subjects, rules), subjects, rules)
    late = rows.filter(pl.col("response").is_in(values) & ~pl.col("is_early"))
    table = subjects.select("subject").join(
        late.group_by("subject").agg(late_day=pl.col("day").min()), on="subject", how="left", maintain_order="left"
    )
    if "response_day" in subjects.columns:
        table = table.with_columns(subjects["response_day"])
    else:
        response = rows.filter(pl.col("response").is_in(["CR", "PR"])).group_by("subject")
        table = table.join(
            response.agg(response_day=pl.col("day").min()), on="subject", how="left", maintain_order="left"
        )
    table = table.with_columns(day=pl.min_horizontal("late_day", "response_day"))
    controlled = pl.format(
        "disease control on {}, not before day {}.", shown_day("late_day"), rules.stable_at_least_days
    )
    responded = pl.format("response on {}.", shown_day("response_day"))
    is_response = (pl.col("response_day") == pl.col("day")).fill_null(False)
    nothing = f"no response, and no disease control from day {rules.stable_at_least_days} on."
    return table.select(
        "subject",
        pl.col("day").is_not_null().alias("has_benefit"),
        "day",
        pl.lit("RECIST1.1-CB").alias("rule"),
        pl.coalesce(pl.when(is_response).then(responded).otherwise(controlled), pl.lit(nothing)).alias("why"),
    )
