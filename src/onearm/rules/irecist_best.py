"""iBOR and the day of progression by iRECIST, from timepoint responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

import polars as pl

from onearm.frames import check_columns
from onearm.rules.best_response import best_response, confirmed_best_response
from onearm.rules.best_response_rules import BEST_RESPONSE_RULES, BestResponseRules
from onearm.rules.days import shown_day
from onearm.rules.irecist import IMMUNE_TERMS

__all__ = ["confirmed_immune_best_response", "immune_best_response", "immune_progression"]

_PLAIN_TERMS: Final = {immune: plain for plain, immune in IMMUNE_TERMS.items()}
_BestResponse = Callable[[pl.DataFrame, pl.DataFrame, BestResponseRules], pl.DataFrame]


def immune_best_response(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Derive the best overall response by iRECIST (iBOR) where no confirmation of iCR and iPR is required.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` (iCR, iPR, iSD, NON-iCR/NON-iUPD, iUPD, iCPD, NE) and,
        optionally, ``seq``.
    subjects : polars.DataFrame
        As for `best_response`.
    rules : BestResponseRules
        As for `best_response`; ``after_complete`` is not used, since disease that is back is iUPD.

    Returns
    -------
    polars.DataFrame
        As `best_response`, with the terms of iRECIST.

    Raises
    ------
    DataError
        As `read_assessments`.

    Notes
    -----
    The best is taken from the start to the first iCPD: an iUPD that is not confirmed does not end it, so an iCR after
    iUPD counts. Best first: iCR, iPR, iSD, NON-iCR/NON-iUPD, iCPD, iUPD, NE.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152, Table 3.

    Examples
    --------
    >>> words = ["iUPD", "iPR", "iUPD", "iCPD", "iCR"]
    >>> assessments = pl.DataFrame({"subject": ["1"] * 5, "day": [56, 112, 168, 224, 280], "response": words})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> immune_best_response(assessments, subjects)["response"].item()
    'iPR'
    """
    return _immune(best_response, assessments, subjects, rules)


def confirmed_immune_best_response(
    assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules = BEST_RESPONSE_RULES
) -> pl.DataFrame:
    """
    Derive iBOR where iCR and iPR must be confirmed, as in a trial without a control.

    Parameters
    ----------
    assessments, subjects : polars.DataFrame
        As for `immune_best_response`.
    rules : BestResponseRules
        As for `confirmed_best_response`; an iUPD between a response and its confirmation forbids it.

    Returns
    -------
    polars.DataFrame
        As `confirmed_best_response`, with the terms of iRECIST.

    Raises
    ------
    DataError
        As `read_assessments`.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 2, "day": [56, 112], "response": ["iPR", "iPR"]})
    >>> subjects = pl.DataFrame({"subject": ["1"], "reference_day": [1]})
    >>> confirmed_immune_best_response(assessments, subjects).select("response", "confirming_day").row(0)
    ('iPR', 112)
    """
    return _immune(confirmed_best_response, assessments, subjects, rules)


def _immune(
    function: _BestResponse, assessments: pl.DataFrame, subjects: pl.DataFrame, rules: BestResponseRules
) -> pl.DataFrame:
    """Derive with the terms of RECIST 1.1, of which PD ends the course as iCPD does, and translate back."""
    check_columns(assessments, ("subject", "day", "response"), where="assessments")
    plain = assessments.with_columns(pl.col("response").replace(_PLAIN_TERMS))
    found = function(plain, subjects, replace(rules, after_complete="as_assessed"))
    why = (
        pl.col("why")
        .str.replace_all("NON-CR/NON-PD", "NON-iCR/NON-iUPD", literal=True)
        .str.replace_all(r"\b(CR|PR|SD)\b", "i$1")
        .str.replace_all("NON-iiCR", "NON-iCR", literal=True)
        .str.replace_all(r"\bPD\b", "iCPD")
    )
    rule = pl.col("rule").str.replace("RECIST1.1-CBOR-", "iRECIST-ICBOR-", literal=True)
    return found.with_columns(
        response=pl.col("response").replace(IMMUNE_TERMS),
        rule=rule.str.replace("RECIST1.1-BOR-", "iRECIST-IBOR-", literal=True),
        why=why,
    )


def immune_progression(assessments: pl.DataFrame, *, unconfirmed: Literal["event", "ignore"] = "event") -> pl.DataFrame:
    """
    Find the day of progression by iRECIST.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` (terms of iRECIST) and, optionally, ``seq``.
    unconfirmed : {"event", "ignore"}, default "event"
        An iUPD that was neither confirmed nor reset by the end: progression on its day [1]_, or none.

    Returns
    -------
    polars.DataFrame
        One row per subject with progression, sorted by subject: ``subject, day, seq`` (of the first iUPD of the
        progression that was confirmed, or of the iCPD itself where no iUPD was recorded), ``is_confirmed, rule, why``.

    Raises
    ------
    DataError
        For a missing column.

    Notes
    -----
    An iUPD is reset by iCR, iPR, iSD or NON-iCR/NON-iUPD; NE leaves it open.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152, section on progression-free survival.

    Examples
    --------
    >>> words = ["iUPD", "iSD", "iUPD", "NE", "iCPD"]
    >>> rows = pl.DataFrame({"subject": ["1"] * 5, "day": [56, 112, 168, 224, 280], "response": words})
    >>> immune_progression(rows).select("day", "is_confirmed").row(0)
    (168, True)
    """
    check_columns(assessments, ("subject", "day", "response"), where="assessments")
    rows = assessments.with_row_index("seq") if "seq" not in assessments.columns else assessments
    rows = rows.filter(pl.col("response").is_not_null()).sort("subject", "day", "seq")
    first_icpd = pl.col("day").filter(pl.col("response") == "iCPD").min().over("subject")
    resets = pl.col("response").is_in(["iCR", "iPR", "iSD", "NON-iCR/NON-iUPD"])
    rows = rows.with_columns(icpd_day=first_icpd).filter((pl.col("day") <= pl.col("icpd_day")).fill_null(True))
    # only what follows the last reset is the progression that is confirmed or still open
    rows = rows.filter(resets.cum_max(reverse=True).over("subject").not_())
    rows = rows.filter(pl.col("response").is_in(["iUPD", "iCPD"]))
    first = rows.unique("subject", keep="first", maintain_order=True).with_columns(
        is_confirmed=pl.col("icpd_day").is_not_null()
    )
    if unconfirmed == "ignore":
        first = first.filter("is_confirmed")
    confirmed = pl.format("progression on {}, confirmed on {}.", shown_day("day"), shown_day("icpd_day"))
    still_open = pl.format("progression on {}, neither confirmed nor reset later.", shown_day("day"))
    return first.select(
        "subject",
        "day",
        "seq",
        "is_confirmed",
        pl.when("is_confirmed").then(pl.lit("iRECIST-PD-CONFIRMED")).otherwise(pl.lit("iRECIST-PD-OPEN")).alias("rule"),
        pl.coalesce(confirmed, still_open).alias("why"),
    )
