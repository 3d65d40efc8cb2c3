"""Sums of diameters in detail, and findings about lesions."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from onearm.errors import DataError, MethodError
from onearm.rules.recist import RecistRules
from onearm.rules.recist_lesions import LESION_FINDINGS, check_target_lesions
from onearm.rules.recist_non_target import new_lesion_response, non_target_response
from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response

NAMES = ["subject", "visit", "day", "lesion", "is_node", "diameter_mm", "state"]


def _lesions(*rows: tuple[object, ...], **extra: list[object]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=NAMES, orient="row", infer_schema_length=None)
    frame = frame.cast({"diameter_mm": pl.Float64, "state": pl.String})
    return frame.with_columns(pl.Series(name, values) for name, values in extra.items())


def test_sums_and_changes_by_hand():
    frame = _lesions(
        ("a", "base", 0, "T1", False, 40.0, None),
        ("a", "base", 3, "T2", True, 20.0, None),
        ("a", "w6", 42, "T1", False, 24.0, None),
        ("a", "w6", 44, "T2", True, 12.0, None),
        ("a", "w12", 84, "T1", False, 30.0, None),
        ("a", "w12", 84, "T2", True, 15.0, None),
    )
    found = sum_of_diameters(frame).rows(named=True)
    assert [(r["visit"], r["day"], r["first_day"], r["last_day"]) for r in found] == [
        ("base", 0, 0, 3),
        ("w6", 42, 42, 44),
        ("w12", 84, 84, 84),
    ]
    numbers = ("sum_mm", "baseline_mm", "nadir_mm", "change_pct", "change_from_nadir_mm", "change_from_nadir_pct")
    assert [[row[name] for name in numbers] for row in found] == [
        [60.0, 60.0, None, 0.0, None, None],
        [36.0, 60.0, 60.0, -40.0, -24.0, -40.0],
        [45.0, 60.0, 36.0, -25.0, 9.0, 25.0],
    ]
    assert [row["n_lesions"] for row in found] == [2, 2, 2]


def test_dates_stay_dates():
    day = datetime.date(2024, 1, 1)
    frame = _lesions(("a", 0, day, "T1", False, 40.0, None))
    assert sum_of_diameters(frame).schema["day"] == pl.Date


def test_a_stated_baseline_is_used_and_what_was_before_is_not_compared():
    frame = _lesions(
        ("a", 0, 0, "T1", False, 20.0, None),
        ("a", 1, 21, "T1", False, 50.0, None),
        ("a", 2, 63, "T1", False, 55.0, None),
        is_baseline=[False, True, False],
    )
    found = target_response(sum_of_diameters(frame))
    assert found.select("visit", "nadir_mm", "target").rows() == [(0, None, None), (1, None, None), (2, 50.0, "SD")]


def test_two_baselines_are_refused():
    frame = _lesions(
        ("a", 0, 0, "T1", False, 20.0, None), ("a", 1, 21, "T1", False, 50.0, None), is_baseline=[True, True]
    )
    with pytest.raises(DataError, match="subject 'a' has more than one baseline visit"):
        sum_of_diameters(frame)


def test_subjects_do_not_mix():
    first = [("a", v, 42 * v, "T1", False, mm, None) for v, mm in enumerate([50.0, 10.0, 20.0])]
    second = [("b", v, 42 * v, "T1", False, mm, None) for v, mm in enumerate([50.0, 49.0, 55.0])]
    found = target_response(sum_of_diameters(_lesions(*second, *first)))
    assert found["subject"].to_list() == ["a"] * 3 + ["b"] * 3
    assert found["target"].to_list() == [None, "PR", "PD", None, "SD", "SD"]


def test_no_lesions():
    empty = _lesions(("a", 0, 0, "T1", False, 20.0, None)).clear()
    assert target_response(sum_of_diameters(empty)).is_empty()


def test_all_problems_are_reported_at_once():
    frame = _lesions(("a", 0, None, "T1", False, 20.0, "measuerd"), ("a", 1, 42, "T1", False, 20.0, None))
    with pytest.raises(DataError) as caught:
        sum_of_diameters(frame)
    assert len(caught.value.problems) == 2
    assert "Did you mean 'measured'?" in str(caught.value)
    assert "1 rows have no day; the first is subject 'a', visit 0" in str(caught.value)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="column 'is_node' is missing"):
        sum_of_diameters(_lesions(("a", 0, 0, "T1", False, 20.0, None)).drop("is_node"))


def test_a_lesion_twice_at_a_visit_is_refused():
    row = ("a", 0, 0, "T1", False, 20.0, None)
    with pytest.raises(DataError, match="1 keys stand on more than one row"):
        sum_of_diameters(_lesions(row, row))


def test_reasons_say_the_numbers():
    frame = _lesions(
        ("a", 0, 0, "T1", False, 50.0, None),
        ("a", 1, 42, "T1", False, 30.0, None),
        ("a", 2, 84, "T1", False, 40.5, None),
    )
    why = target_response(sum_of_diameters(frame))["why"]
    assert (
        why[1] == "the sum fell from baseline by at least 30 %: sum 30 mm, baseline 50 mm (-40 %), nadir 50 mm (-40 %)"
    )
    assert why[2] == (
        "the sum rose from the nadir by at least 20 % and 5 mm: "
        "sum 40.5 mm, baseline 50 mm (-19 %), nadir 30 mm (+35 %)"
    )


def test_the_reason_of_an_incomplete_sum_gives_no_misleading_change():
    frame = _lesions(
        ("a", 0, 0, "T1", False, 50.0, None),
        ("a", 0, 0, "T2", False, 50.0, None),
        ("a", 1, 42, "T1", False, 20.0, None),
    )
    why = target_response(sum_of_diameters(frame))["why"]
    assert why[1] == "1 of 2 targets are missing or not evaluable: measured 20 mm, baseline 100 mm, nadir 100 mm"


@pytest.mark.parametrize(
    ("switch", "expected"),
    [("earliest_scan", 40), ("triggering_scan", 43), ("by_component", 44), ("latest_scan", 45)],
)
def test_day_of_progression(switch, expected):
    target = pl.DataFrame(
        {"subject": ["a"], "visit": [1], "day": [43], "first_day": [43], "last_day": [44], "target": ["PD"]}
    )
    non_target = pl.DataFrame(
        {"subject": ["a"], "visit": [1], "day": [40], "first_day": [40], "last_day": [45], "non_target": ["CR"]}
    )
    found = timepoint_response(target, non_target, rules=RecistRules(progression_day=switch))
    assert found["day"].item() == expected


@pytest.mark.parametrize(("switch", "expected"), [("latest_scan", 45), ("earliest_scan", 40)])
def test_day_of_another_response(switch, expected):
    target = pl.DataFrame(
        {"subject": ["a"], "visit": [1], "day": [40], "first_day": [40], "last_day": [45], "target": ["PR"]}
    )
    assert timepoint_response(target, rules=RecistRules(response_day=switch))["day"].item() == expected


def test_a_kind_of_lesion_that_was_not_assessed_is_not_evaluable():
    target = pl.DataFrame({"subject": ["a"] * 2, "visit": [1, 2], "day": [42, 84], "target": ["CR", "CR"]})
    non_target = pl.DataFrame({"subject": ["a"], "visit": [1], "day": [42], "non_target": ["CR"]})
    found = timepoint_response(target, non_target)
    assert found.select("non_target", "response").rows() == [("CR", "CR"), ("NE", "PR")]


def test_targets_that_were_never_assessed_again_are_not_evaluable():
    target = pl.DataFrame({"subject": ["a"], "visit": [0], "day": [0], "target": [None]}).cast({"target": pl.String})
    non_target = pl.DataFrame({"subject": ["a"], "visit": [1], "day": [42], "non_target": ["CR"]})
    assert timepoint_response(target, non_target)["response"].to_list() == ["NE"]


def test_the_baseline_visit_is_no_timepoint():
    target = pl.DataFrame({"subject": ["a"] * 2, "visit": [0, 1], "day": [0, 42], "target": [None, "SD"]})
    new = pl.DataFrame({"subject": ["a"], "visit": [0], "day": [0], "new_lesion": ["no"]})
    assert timepoint_response(target, None, new)["visit"].to_list() == [1]


def test_a_new_lesion_alone_is_progression():
    new = new_lesion_response(
        pl.DataFrame({"subject": ["a"], "visit": [1], "day": [42], "lesion": ["X"], "state": ["unequivocal"]})
    )
    found = timepoint_response(new_lesion=new).row(0, named=True)
    assert (found["response"], found["rule"]) == ("PD", "RECIST1.1-TP-PD-NL")


def test_what_showed_progression_is_in_the_rule_and_the_reason():
    key = {"subject": ["a"], "visit": [1], "day": [42]}
    found = timepoint_response(
        pl.DataFrame(key | {"target": ["PD"]}),
        pl.DataFrame(key | {"non_target": ["PD"]}),
        pl.DataFrame(key | {"new_lesion": ["yes"]}),
    ).row(0, named=True)
    assert found["rule"] == "RECIST1.1-TP-PD-TL-NTL-NL"
    assert found["why"] == "PD: target PD; non-target PD; new lesions."


def test_no_component_is_refused():
    with pytest.raises(MethodError, match="give target, non_target or new_lesion"):
        timepoint_response()


def test_a_normal_node_among_the_non_targets_is_absent():
    rows = {"subject": ["a"] * 2, "visit": [0, 1], "day": [0, 42], "lesion": ["N1"] * 2, "state": ["present"] * 2}
    frame = pl.DataFrame(rows | {"is_node": [True, True], "diameter_mm": [12.0, 9.9]})
    assert non_target_response(frame)["non_target"].to_list() == [None, "CR"]


def test_unknown_states_of_non_targets_are_refused():
    frame = pl.DataFrame({"subject": ["a"], "visit": [0], "day": [0], "lesion": ["N1"], "state": ["gone"]})
    with pytest.raises(DataError, match="non-target lesions: unknown state 'gone'"):
        non_target_response(frame)


def test_numbers_without_meaning_are_refused():
    with pytest.raises(MethodError) as caught:
        RecistRules(response_pct=130, progression_mm=-1)
    assert len(caught.value.problems) == 2


def _rules_found(frame: pl.DataFrame) -> list[str]:
    found = check_target_lesions(frame)
    assert set(found["rule"]) <= set(LESION_FINDINGS)
    return found["rule"].str.strip_prefix("RECIST1.1-CHECK-").to_list()


def test_targets_in_order_give_no_finding():
    rows = [("a", v, 42 * v, f"T{n}", n == 0, 20.0, None) for v in range(3) for n in range(5)]
    assert _rules_found(_lesions(*rows, organ=["lung", "lung", "liver", "liver", "bone"] * 3)) == []


def test_too_many_targets():
    rows = [("a", 0, 0, f"T{n}", False, 20.0, None) for n in range(6)]
    assert _rules_found(_lesions(*rows, organ=["a", "a", "a", "b", "c", "d"])) == ["ORGAN", "TARGETS"]


def test_nodes_are_one_organ():
    rows = [("a", 0, 0, f"T{n}", True, 20.0, None) for n in range(3)]
    assert _rules_found(_lesions(*rows, organ=["neck", "groin", "axilla"])) == ["ORGAN"]


@pytest.mark.parametrize(
    ("is_node", "mm", "expected"),
    [(False, 9.9, ["MEASURABLE"]), (False, 10.0, []), (True, 14.9, ["MEASURABLE"]), (True, 15.0, [])],
)
def test_measurable_at_baseline(is_node, mm, expected):
    assert _rules_found(_lesions(("a", 0, 0, "T1", is_node, mm, None))) == expected


def test_thick_slices_need_larger_lesions():
    assert _rules_found(_lesions(("a", 0, 0, "T1", False, 13.0, None), slice_mm=[7.0])) == ["MEASURABLE"]


@pytest.mark.parametrize(
    ("mm", "state", "expected"),
    [
        (-3.0, None, ["NEGATIVE"]),
        (12.0, "absent", ["STATE"]),
        (None, "measured", ["STATE"]),
        (None, "not_done", []),
        (0.0, "absent", []),
    ],
)
def test_impossible_diameters(mm, state, expected):
    assert _rules_found(_lesions(("a", 0, 0, "T1", False, 30.0, None), ("a", 1, 9, "T1", False, mm, state))) == expected


def test_a_negative_diameter_is_not_evaluable():
    frame = _lesions(("a", 0, 0, "T1", False, 30.0, None), ("a", 1, 42, "T1", False, -3.0, None))
    assert target_response(sum_of_diameters(frame))["target"].to_list() == [None, "NE"]


def test_lesions_that_change_their_identity():
    frame = _lesions(
        ("a", 0, 0, "T1", False, 30.0, None),
        ("a", 1, 42, "T1", True, 30.0, None),
        ("a", 1, 42, "T2", False, 30.0, None),
    )
    assert _rules_found(frame) == ["NO-BASELINE", "NODE"]


def test_diameters_in_centimetres():
    rows = [
        ("a", v, 42 * v, f"T{n}", False, mm, None)
        for v, sizes in enumerate([(30.0, 20.0), (2.9, 2.1)])
        for n, mm in enumerate(sizes)
    ]
    assert _rules_found(_lesions(*rows)) == ["UNIT"]


def test_without_a_baseline_nothing_can_be_evaluated():
    frame = _lesions(("a", 1, 42, "T1", False, 20.0, None), is_baseline=[False])
    found = target_response(sum_of_diameters(frame))
    assert found.select("target", "rule").rows() == [("NE", "RECIST1.1-TL-NE-BASELINE")]
    assert timepoint_response(found)["response"].to_list() == ["NE"]


def test_non_targets_before_the_baseline_are_no_timepoint():
    rows = {
        "subject": ["a"] * 3,
        "visit": [0, 1, 2],
        "day": [0, 20, 60],
        "lesion": ["N1"] * 3,
        "state": ["present"] * 3,
    }
    frame = pl.DataFrame(rows | {"is_baseline": [False, True, False]})
    assert non_target_response(frame)["non_target"].to_list() == [None, None, "NON-CR/NON-PD"]


def test_a_row_without_a_visit_is_refused():
    frame = _lesions(("a", None, 0, "T1", False, 20.0, None))
    with pytest.raises(DataError, match="1 rows have no visit; the first is subject 'a'"):
        sum_of_diameters(frame)


def test_a_non_target_that_was_not_there_at_baseline_does_not_stand_in_for_a_missing_one():
    rows = {"subject": ["a"] * 3, "visit": [0, 0, 1], "day": [0, 0, 42], "lesion": ["N1", "N2", "N1"]}
    known = pl.DataFrame(rows | {"state": ["present", "present", "absent"]})
    other = pl.DataFrame({"subject": ["a"], "visit": [1], "day": [42], "lesion": ["N9"], "state": ["absent"]})
    assert non_target_response(pl.concat([known, other]))["non_target"].to_list() == [None, "NE"]


def test_repeated_lesions_are_refused():
    row = pl.DataFrame({"subject": ["a"], "visit": [1], "day": [42], "lesion": ["X"], "state": [None]})
    twice = pl.concat([row, row]).cast({"state": pl.String})
    for function in (non_target_response, new_lesion_response):
        with pytest.raises(DataError, match="1 keys stand on more than one row"):
            function(twice)
