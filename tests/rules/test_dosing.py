"""Dosing rules: one record at each side of each limit."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from onearm.rules.dosing import DosingPlan
from onearm.rules.dosing_checks import check_dosing

DAY1 = dt.date(2024, 1, 1)


def _doses(*records: tuple[int, int, float], progression: int | None = None) -> pl.DataFrame:
    """Records of one subject as first day, last day (from 1), dose."""
    day = [DAY1 + dt.timedelta(days=n - 1) for n in range(2000)]
    return pl.DataFrame(
        {
            "subject": ["1"] * len(records),
            "start": [day[start] for start, _, _ in records],
            "end": [day[end] for _, end, _ in records],
            "dose": [dose for _, _, dose in records],
            "seq": list(range(1, len(records) + 1)),
            "progression": [None if progression is None else day[progression]] * len(records),
        },
        schema_overrides={"start": pl.Date, "end": pl.Date, "progression": pl.Date, "dose": pl.Float64},
    )


def _plan(**limits: object) -> DosingPlan:
    base = {"levels": (12.0, 10.0, 8.0), "cycle_days": 21, "dosing_days": tuple(range(1, 15))}
    return DosingPlan("drug", "mg", **{**base, **limits})  # type: ignore[arg-type]  # keywords of the test


@pytest.mark.parametrize(
    ("records", "limits", "rules"),
    [
        ([(1, 14, 12), (22, 35, 10), (43, 56, 8)], {}, []),
        ([(1, 14, 12), (22, 35, 6)], {}, ["DOSE-NOT-A-LEVEL"]),
        ([(1, 14, 12), (22, 35, 10), (43, 56, 12)], {}, ["DOSE-RAISED-AGAIN"]),
        # The plan pauses for 7 days: 36 days without the drug are 29 beyond it, 35 are 28.
        ([(1, 14, 12), (50, 63, 12)], {"max_interruption_days": 28}, []),
        ([(1, 14, 12), (51, 64, 12)], {"max_interruption_days": 28}, ["DOSE-INTERRUPTION-TOO-LONG"]),
        ([(1, 14, 12), (36, 49, 12)], {"max_delay_days": 14}, []),
        ([(1, 14, 12), (37, 50, 12)], {"max_delay_days": 14}, ["DOSE-DELAY-TOO-LONG"]),
        ([(1, 14, 12), (22, 22, 0), (43, 56, 12)], {"omissions_stop": 2}, []),
        ([(1, 14, 12), (22, 22, 0), (43, 43, 0), (64, 77, 12)], {"omissions_stop": 2}, ["DOSE-AFTER-OMISSIONS"]),
        ([(1, 14, 12), (22, 22, 0), (43, 43, 0)], {"omissions_stop": 2}, []),
        # Without records of dose 0, the break itself tells what was skipped: 64 - 15 = 49 days, 42 more than planned.
        ([(1, 14, 12), (63, 76, 12)], {"omissions_stop": 2}, []),
        ([(1, 14, 12), (64, 77, 12)], {"omissions_stop": 2}, ["DOSE-AFTER-OMISSIONS"]),
        # Two delays of one cycle are allowed, not three; the next cycle begins on day 22 or later and counts anew.
        ([(1, 4, 12), (6, 8, 12), (10, 12, 12), (22, 35, 12)], {"max_delays_per_cycle": 2}, []),
        (
            [(1, 4, 12), (6, 8, 12), (10, 12, 12), (14, 16, 12)],
            {"max_delays_per_cycle": 2},
            ["DOSE-DELAYED-TOO-OFTEN"],
        ),
        # A break of 4 days beyond the planned 7 is an interruption, one of 3 is not; the second one stops the drug.
        ([(1, 14, 12), (25, 38, 12), (50, 63, 12)], {"interruptions_stop": 2}, []),
        ([(1, 14, 12), (26, 39, 12), (51, 64, 12)], {"interruptions_stop": 2}, ["DOSE-AFTER-INTERRUPTIONS"]),
        ([(1, 14, 12), (22, 35, 12)], {"max_cycles": 2}, []),
        ([(1, 14, 12), (22, 35, 12), (43, 56, 12), (64, 77, 12)], {"max_cycles": 2}, ["DOSE-TOO-MANY-CYCLES"]),
        # Any dose from 9 on is allowed, and going up again is.
        ([(1, 14, 12), (22, 35, 9), (43, 56, 11)], {"lowest_dose": 9.0}, []),
        ([(1, 14, 12), (22, 35, 8.5)], {"lowest_dose": 9.0, "levels": (12.0,)}, ["DOSE-NOT-A-LEVEL"]),
        ([(1, 14, 12.6), (22, 35, 11.4)], {"tolerance": 0.05, "levels": (12.0,)}, []),
        ([(1, 14, 12.7)], {"tolerance": 0.05, "levels": (12.0,)}, ["DOSE-NOT-A-LEVEL"]),
        ([(1, 14, 12), (22, 35, 12)], {"max_duration_days": 21}, []),
        ([(1, 14, 12), (23, 36, 12), (44, 57, 12)], {"max_duration_days": 21}, ["DOSE-TOO-LONG"]),
    ],
)
def test_limits_hold_to_the_day(
    records: list[tuple[int, int, float]], limits: dict[str, object], rules: list[str]
) -> None:
    assert check_dosing(_doses(*records), _plan(**limits))["rule"].to_list() == rules


@pytest.mark.parametrize(
    ("progression", "may", "rules"), [(21, False, ["DOSE-AFTER-PROGRESSION"]), (22, False, []), (21, True, [])]
)
def test_dosing_after_progression_only_where_the_protocol_allows_it(
    progression: int, may: bool, rules: list[str]
) -> None:
    doses = _doses(
        (1, 14, 12), (22, 35, 12), (43, 56, 12) if progression == 21 else (22, 35, 12), progression=progression
    )
    assert check_dosing(doses, _plan(may_pass_progression=may))["rule"].to_list() == rules


def test_evidence_names_drug_amount_and_limit() -> None:
    found = check_dosing(_doses((1, 14, 12), (51, 64, 12)), _plan(max_interruption_days=28)).row(0, named=True)
    assert found["day"] == dt.date(2024, 2, 20)
    assert found["seq"] == 2
    assert (
        found["evidence"] == "drug: interrupted for 29 days beyond the planned pause and given again; 28 are allowed."
    )
