"""What is a date and what is a number."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.data.coerce import Place, number_column, parsed_number
from onearm.data.dates import date_state, normal_date
from onearm.data.findings import Findings


def state(text: str | None) -> str | None:
    frame = pl.DataFrame({"D": [text]}, schema={"D": pl.String})
    return frame.select(S=date_state(normal_date(pl.col("D"))))["S"][0]


# SDTMIG 4.4.1 and 4.4.2: complete, reduced from the right, and with hyphens for what is unknown
@pytest.mark.parametrize(
    "text",
    ["2024-02-29", "2003-12-15T13:14", "2003-12-15T13:14:17", "2003-12-15T13:14:17.25", "2003-12-15T13:14Z",
     "2003-12-15T13:14:17+02:00", "2003-12-15T13", "2003-12-15T24:00",
     "2003-12-15T-:15", "2003-12-15T13:-:17",
     "2003-12-15 13:14:17", " 2003-12-15 "],
)  # fmt: skip
def test_complete_dates(text):
    assert state(text) == "complete"


@pytest.mark.parametrize(
    "text", ["2003", "2003-12", "2003---15", "--12-15", "2003---15T13:14", "2003-12--", "----15", "-----T07:15"]
)
def test_partial_dates(text):
    assert state(text) == "partial"


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2023-02-29", "2024-13-01", "2024-13", "2024-00", "2024-01-00", "2024-04-31", "1024-01-01",
     "0202-01-01", "2024-01-01T25:00", "2024-01-01T12:61", "1024"],
)  # fmt: skip
def test_impossible_dates(text):
    assert state(text) == "impossible"


@pytest.mark.parametrize(
    "text",
    [
        "29FEB2024",
        "02/29/2024",
        "29.02.2024",
        "2024-UN-UN",
        "2024-2-29",
        "20240229",
        "unknown",
        "2024-02-UNK",
        "24-02-29",
    ],
)
def test_other_text(text):
    assert state(text) == "format"


def test_missing_stays_missing():
    assert state(None) is None


@settings(deadline=None)
@given(st.dates(min_value=dt.date(1850, 1, 1)))
def test_every_day_of_the_calendar_is_complete(day):
    assert state(day.isoformat()) == "complete"


@settings(deadline=None)
@given(st.integers(1850, 2100), st.integers(0, 99), st.integers(0, 99))
def test_a_written_day_is_complete_exactly_where_the_calendar_has_it(year, month, day):
    try:
        dt.date(year, month, day)
        want = "complete"
    except ValueError:
        want = "impossible"
    assert state(f"{year}-{month:02d}-{day:02d}") == want


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), ("-1.5", -1.5), ("+2", 2.0), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1,5", 1.5), (",5", 0.5),
     ("1 000", None), ("1.000,5", None), ("1,000.5", None), ("<5", None), ("5 mm", None), ("inf", None), ("nan", None),
     ("1,2,3", None), ("0x10", None), ("", None)],
)  # fmt: skip
def test_what_is_a_number(text, number):
    assert pl.DataFrame({"X": [text]}).select(N=parsed_number(pl.col("X")))["N"][0] == number


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_written_with_point_or_comma_is_itself(value):
    for text in (repr(value), repr(value).replace(".", ",") if "e" not in repr(value) else repr(value)):
        assert pl.DataFrame({"X": [text]}).select(N=parsed_number(pl.col("X")))["N"][0] == value


def numbers(*texts: str) -> tuple[list, list]:
    frame = pl.DataFrame({"SRCROW": range(1, len(texts) + 1), "USUBJID": ["1"] * len(texts), "X": list(texts)})
    findings = Findings()
    parsed = number_column(frame, "X", Place("lb", "lb.csv"), findings)
    return parsed["X"].to_list(), findings.frame().select("rule", "row").rows()


def test_a_comma_before_three_digits_is_doubtful_only_where_nothing_else_tells():
    assert numbers("1,234") == ([1.234], [("DATA-NUMBER-AMBIGUOUS", 1)])
    assert numbers("1,234", "2,5") == ([1.234, 2.5], [])


def test_what_is_no_number_is_named_by_its_row():
    assert numbers("1", "1.234,5", "x") == ([1.0, None, None], [("DATA-NUMBER-INVALID", 2), ("DATA-NUMBER-INVALID", 3)])
