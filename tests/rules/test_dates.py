"""Partial dates, worked out by hand from the rule and from ISO 8601."""

from __future__ import annotations

import calendar
import datetime
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.rules.dates import DATE_SCHEMA, impute_dates


def _one(text: str | None, **options: object) -> tuple[object, ...]:
    return impute_dates(pl.Series([text], dtype=pl.String), **options).select("date", "imputed", "is_impossible").row(0)


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("2014-02-12", "first", (date(2014, 2, 12), None, False)),
        ("2014-02-12", "last", (date(2014, 2, 12), None, False)),
        ("2014-02-12T23:59:59", "first", (date(2014, 2, 12), None, False)),
        ("2014-02-12T", "first", (date(2014, 2, 12), None, False)),
        ("2014-02-12 08:00", "first", (date(2014, 2, 12), None, False)),
        (" 2014-02-12 ", "first", (date(2014, 2, 12), None, False)),
        ("2014-02", "first", (date(2014, 2, 1), "D", False)),
        ("2014-02", "mid", (date(2014, 2, 15), "D", False)),
        ("2014-02", "last", (date(2014, 2, 28), "D", False)),
        ("2016-02", "last", (date(2016, 2, 29), "D", False)),
        ("2014-04", "last", (date(2014, 4, 30), "D", False)),
        ("2014-02-UN", "last", (date(2014, 2, 28), "D", False)),
        ("2014-02--", "last", (date(2014, 2, 28), "D", False)),
        ("2014", "first", (date(2014, 1, 1), "M", False)),
        ("2014", "mid", (date(2014, 6, 30), "M", False)),
        ("2014", "last", (date(2014, 12, 31), "M", False)),
        ("2014---12", "first", (date(2014, 1, 1), "M", False)),
        ("2014-UNK-UNK", "first", (date(2014, 1, 1), "M", False)),
        ("--02-12", "first", (None, None, False)),
        ("", "first", (None, None, False)),
        (None, "first", (None, None, False)),
        ("2014-02-30", "first", (None, None, True)),
        ("2015-02-29", "last", (None, None, True)),
        ("2014-13", "first", (None, None, True)),
        ("2014-00-01", "first", (None, None, True)),
        ("12/02/2014", "first", (None, None, True)),
        ("February 2014", "first", (None, None, True)),
        ("14-02-12", "first", (None, None, True)),
    ],
)
def test_a_date_by_the_rule(text, rule, expected):
    assert _one(text, rule=rule) == expected


def test_only_the_day_may_be_imputed():
    assert _one("2014-02", highest="D") == (date(2014, 2, 1), "D", False)
    assert _one("2014", highest="D") == (None, None, False)


def test_a_bound_that_is_possible_is_used():
    # a progression in February cannot be before the scan of 12 February that showed none
    assert _one("2014-02", not_before=date(2014, 2, 12)) == (date(2014, 2, 12), "D", False)
    assert _one("2014-02", rule="last", not_after=date(2014, 2, 20)) == (date(2014, 2, 20), "D", False)


def test_a_bound_that_is_not_possible_is_not_used():
    assert _one("2014-02", not_before=date(2014, 3, 1)) == (date(2014, 2, 1), "D", False)
    assert _one("2014-02", rule="last", not_after=date(2014, 1, 31)) == (date(2014, 2, 28), "D", False)


def test_a_complete_date_is_never_moved():
    assert _one("2014-02-12", not_before=date(2014, 2, 20)) == (date(2014, 2, 12), None, False)


def test_bounds_may_differ_by_row():
    bounds = pl.Series([date(2014, 2, 5), None])
    assert impute_dates(pl.Series(["2014-02"] * 2), not_before=bounds)["date"].to_list() == [
        date(2014, 2, 5),
        date(2014, 2, 1),
    ]


def test_a_whole_date_is_imputed_only_where_asked_and_bounded():
    assert _one(None, highest="Y", not_before=date(2014, 2, 12)) == (date(2014, 2, 12), "Y", False)
    assert _one(None, highest="Y", rule="last", not_after=date(2014, 2, 12)) == (date(2014, 2, 12), "Y", False)
    assert _one(None, highest="Y") == (None, None, False)
    assert _one("2014-02-30", highest="Y", not_before=date(2014, 2, 12)) == (None, None, True)


def test_possible_days_are_given():
    frame = impute_dates(pl.Series(["2016-02", "2014", "2014-02-12", None]))
    assert frame.select("earliest", "latest").rows() == [
        (date(2016, 2, 1), date(2016, 2, 29)),
        (date(2014, 1, 1), date(2014, 12, 31)),
        (date(2014, 2, 12), date(2014, 2, 12)),
        (None, None),
    ]


def test_no_rows():
    assert dict(impute_dates(pl.Series([], dtype=pl.String)).schema) == DATE_SCHEMA


def test_an_unknown_rule_is_refused():
    with pytest.raises(MethodError, match="'first', 'mid' or 'last'"):
        impute_dates(pl.Series(["2014"]), rule="middle")


@settings(deadline=None)
@given(
    day=st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 12, 31)),
    known=st.integers(1, 3),
    rule=st.sampled_from(["first", "mid", "last"]),
)
def test_an_imputed_day_is_one_of_the_possible_days(day, known, rule):
    text = "-".join(day.isoformat().split("-")[:known])
    found, imputed, _ = _one(text, rule=rule)
    last = calendar.monthrange(day.year, day.month)[1]
    low = {1: date(day.year, 1, 1), 2: day.replace(day=1), 3: day}[known]
    high = {1: date(day.year, 12, 31), 2: day.replace(day=last), 3: day}[known]
    assert low <= found <= high
    assert imputed == {1: "M", 2: "D", 3: None}[known]
    assert rule == "mid" or found == (low if rule == "first" else high)
