"""Who is a success of a rate, who is not, and of whom neither is known."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from onearm.terms import IMMUNE_BEST_RESPONSES

__all__ = ["NOT_ASSESSED", "best_response_name", "is_immune", "rate_successes", "without_answer"]

NOT_ASSESSED: Final = "RATE-NOT-ASSESSED"
"""Rule of a row without an answer: the patient is not in the denominator."""

_NAMES: Final = {"confirmed": "CBOR", "unconfirmed": "BOR"}


def is_immune(success: Collection[str]) -> bool:
    """
    Tell whether successes are responses of iRECIST.

    Parameters
    ----------
    success : collection of str
        Responses that count; NE is a term of both criteria and decides nothing.

    Returns
    -------
    bool
        True where any is a term of iRECIST only.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152.

    Examples
    --------
    >>> is_immune(["iCR", "iPR"]), is_immune(["CR", "PR", "NE"])
    (True, False)
    """
    return bool(set(success) & set(IMMUNE_BEST_RESPONSES) - {"NE"})


def best_response_name(success: Collection[str], of: str) -> str:
    """
    Name the best overall response that a rate reads.

    Parameters
    ----------
    success : collection of str
        Responses that count.
    of : {"confirmed", "unconfirmed"}
        Which best overall response.

    Returns
    -------
    str
        ``CBOR`` or ``BOR``, by iRECIST ``ICBOR`` or ``IBOR``.

    Examples
    --------
    >>> best_response_name(["CR", "PR"], "confirmed"), best_response_name(["iCR"], "unconfirmed")
    ('CBOR', 'IBOR')
    """
    return f"{'I' if is_immune(success) else ''}{_NAMES[of]}"


def rate_successes(rows: pl.DataFrame, rate: str, *, success: Collection[str], of: str) -> pl.DataFrame:
    """
    Find the subjects that are a success of a rate.

    Parameters
    ----------
    rows : polars.DataFrame
        ``subject parameter answer``.
    rate : str
        Name of the rate; where there are rows of it, their ``Y`` says who is a success.
    success : collection of str
        Otherwise the best overall responses that count: those by iRECIST where they are terms of iRECIST.
    of : {"confirmed", "unconfirmed"}
        Which best overall response.

    Returns
    -------
    polars.DataFrame
        ``subject``, one row per success, in the order of the rows. A subject without a response is no success.

    Examples
    --------
    >>> best = {"subject": ["1", "2"], "parameter": ["CBOR", "CBOR"], "answer": ["PR", "PD"]}
    >>> rate_successes(pl.DataFrame(best), "ORR", success=["CR", "PR"], of="confirmed")["subject"].to_list()
    ['1']
    """
    own = rows.filter(pl.col("parameter") == rate)
    found = (
        own.filter(pl.col("answer") == "Y")
        if own.height
        else rows.filter((pl.col("parameter") == best_response_name(success, of)) & pl.col("answer").is_in(success))
    )
    return found.select("subject").unique(maintain_order=True)


def without_answer(rows: pl.DataFrame, rate: str) -> pl.DataFrame:
    """
    Find the subjects of whom a rate says that nothing is known of them.

    Parameters
    ----------
    rows : polars.DataFrame
        ``subject parameter rule``.
    rate : str
        Name of the rate.

    Returns
    -------
    polars.DataFrame
        ``subject``: who is not in the denominator. Nobody, unless the protocol excludes those without an assessment.

    Examples
    --------
    >>> rows = {"subject": ["1", "2"], "parameter": ["PFR6", "PFR6"], "rule": ["RATE-EVENT", "RATE-NOT-ASSESSED"]}
    >>> without_answer(pl.DataFrame(rows), "PFR6")["subject"].to_list()
    ['2']
    """
    is_unknown = (pl.col("parameter") == rate) & (pl.col("rule") == NOT_ASSESSED)
    return rows.filter(is_unknown).select("subject").unique(maintain_order=True)
