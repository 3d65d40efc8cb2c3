"""Printed numbers, with expected values rounded by hand."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outputs.sample import PROTOCOL

from onearm.outputs.format import Printer, format_date, format_number, format_p_value, printer_of
from onearm.protocol import parse_protocol

EVEN, AWAY = Printer("half_even"), Printer("half_away")


@pytest.mark.parametrize(
    ("value", "digits", "even", "away"),
    [
        (0.5, 0, "0", "1"),
        (1.5, 0, "2", "2"),
        (2.5, 0, "2", "3"),
        (-2.5, 0, "−2", "−3"),
        (0.25, 1, "0.2", "0.3"),
        (0.35, 1, "0.4", "0.4"),  # the double below 0.35 is 0.34999…; in decimal it is a tie and goes to 4 both ways
        (2.675, 2, "2.68", "2.68"),  # the double is 2.67499…; binary rounding would print 2.67
        (1.005, 2, "1.00", "1.01"),
        (-0.04, 1, "0.0", "0.0"),
        (-0.05, 1, "0.0", "−0.1"),
        (15.745, 2, "15.74", "15.75"),
        (1234567.0, 0, "1234567", "1234567"),
        (12.0, 2, "12.00", "12.00"),
    ],
)
def test_ties_go_where_the_convention_says(value: float, digits: int, even: str, away: str) -> None:
    assert EVEN.number(value, digits) == even
    assert AWAY.number(value, digits) == away


def test_noise_of_sums_does_not_break_ties() -> None:
    assert 0.1 + 0.2 + 0.05 != 0.35
    assert format_number(0.1 + 0.2 + 0.05, 1) == "0.4"
    assert format_number(3 * 0.85, 1) == "2.6"  # 2.55, a tie that goes to the even 6; the product is 2.5499999999999998
    assert format_number(3 * 0.95, 1) == "2.8"  # 2.85, a tie that goes to the even 8; the product is 2.8499999999999996


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_cannot_be_estimated_is_ne(value: float | None) -> None:
    assert format_number(value, 2) == "NE"
    assert EVEN.percent(value) == "NE"
    assert EVEN.months(value) == "NE"
    assert format_p_value(value) == "NE"


@pytest.mark.parametrize(
    ("x", "n", "even", "away"),
    [
        (26, 46, "26 (56.5)", "26 (56.5)"),  # 56.5217…
        (1, 16, "1 (6.2)", "1 (6.3)"),  # 6.25
        (3, 16, "3 (18.8)", "3 (18.8)"),  # 18.75
        (0, 46, "0 (0.0)", "0 (0.0)"),
        (46, 46, "46 (100.0)", "46 (100.0)"),
        (1, 5000, "1 (<0.1)", "1 (<0.1)"),  # 0.02
        (4999, 5000, "4999 (>99.9)", "4999 (>99.9)"),  # 99.98
        (57, 200, "57 (28.5)", "57 (28.5)"),  # 0.285 * 100 is 28.499999999999996 in binary
    ],
)
def test_count_with_percent(x: int, n: int, even: str, away: str) -> None:
    assert EVEN.count_percent(x, x / n) == even
    assert AWAY.count_percent(x, x / n) == away


def test_decimals_follow_the_protocol() -> None:
    said = PROTOCOL + '[conventions]\npreset = "sas"\npercent_digits = 0\nmonth_digits = 1\nlevel = 0.9\n'
    printer = printer_of(parse_protocol(said))
    assert printer == Printer("half_away", 0, 1, 0.9)
    assert printer.percent(0.285) == "29"  # 28.5 away from zero
    assert printer.months(15.75) == "15.8"
    assert printer.coverage() == "90% CI"
    assert printer.count_percent(1, 1 / 500) == "1 (<1)"  # 0.2


def test_without_a_denominator_only_the_count_is_printed() -> None:
    assert EVEN.count_percent(0, None) == "0"
    assert EVEN.count_percent(None, None) == "–"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.001"),
        (0.000999, "<0.001"),
        (0.001, "0.001"),
        (0.0465, "0.046"),
        (0.0995, "0.100"),
        (0.473, "0.473"),
        (0.999, "0.999"),
        (0.9991, ">0.999"),
        (1.0, ">0.999"),
    ],
)
def test_p_values(p: float, text: str) -> None:
    assert format_p_value(p) == text


def test_intervals_are_never_read_as_subtractions() -> None:
    assert EVEN.interval("1.0", "2.0") == "1.0–2.0"
    assert EVEN.interval("−1.0", "2.0") == "−1.0 to 2.0"


def test_dates_name_their_month() -> None:
    assert format_date(dt.date(2024, 3, 2)) == "2 Mar 2024"
    assert format_date("2024-12-31") == "31 Dec 2024"
    assert format_date("unknown") == "unknown"
    assert format_date(None) == "–"


@given(
    st.integers(0, 400), st.integers(1, 400), st.sampled_from([0, 1, 2]), st.sampled_from(["half_even", "half_away"])
)
def test_percent_is_nearest_to_the_exact_fraction(x: int, extra: int, digits: int, rounding: str) -> None:
    n = x + extra
    exact = Fraction(100 * x, n)
    printed = Fraction(Printer(rounding, percent_digits=digits).percent(x / n))  # type: ignore[arg-type]  # literal
    step = Fraction(1, 10**digits)
    assert abs(printed - exact) <= step / 2
    if abs(printed - exact) == step / 2:
        is_even = (printed / step) % 2 == 0
        assert printed > exact if rounding == "half_away" else is_even


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_zero_has_no_sign(value: float, digits: int) -> None:
    text = format_number(value, digits)
    assert text.startswith("−") == (float(text.replace("−", "-")) < 0)
