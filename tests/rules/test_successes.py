"""Who is a success of a rate, on rows written out by hand."""

from __future__ import annotations

import polars as pl
import pytest

from onearm.rules.successes import rate_successes, without_answer

ROWS = pl.DataFrame(
    [
        ("1", "BOR", "PR", "BOR-PR"),
        ("1", "CBOR", "SD", "CBOR-SD"),
        ("1", "IBOR", "iPR", "IBOR-iPR"),
        ("2", "BOR", "CR", "BOR-CR"),
        ("2", "CBOR", "CR", "CBOR-CR"),
        ("3", "CBOR", "NE", "CBOR-NE"),
        ("3", "ICBOR", "NE", "ICBOR-NE"),
        ("2", "PFR6", "N", "RATE-EVENT"),
        ("3", "PFR6", "Y", "RATE-PROGRESSION-FREE"),
        ("4", "PFR6", None, "RATE-NOT-ASSESSED"),
    ],
    schema=["subject", "parameter", "answer", "rule"],
    orient="row",
)


@pytest.mark.parametrize(
    ("rate", "success", "of", "expected"),
    [
        ("ORR", ["CR", "PR"], "confirmed", ["2"]),
        ("ORR", ["CR", "PR"], "unconfirmed", ["1", "2"]),
        ("ORR", ["iCR", "iPR"], "unconfirmed", ["1"]),
        ("ORR", ["CR", "NE"], "confirmed", ["2", "3"]),  # NE is a term of both criteria: RECIST 1.1 is read
        ("PFR6", ["CR"], "confirmed", ["3"]),  # rows of the rate itself decide
    ],
)
def test_who_is_a_success(rate: str, success: list[str], of: str, expected: list[str]) -> None:
    assert rate_successes(ROWS, rate, success=success, of=of)["subject"].to_list() == expected


def test_who_is_not_in_the_denominator() -> None:
    assert without_answer(ROWS, "PFR6")["subject"].to_list() == ["4"]
    assert without_answer(ROWS, "ORR").is_empty()
