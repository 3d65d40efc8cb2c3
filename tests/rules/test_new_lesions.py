"""New lesions that are recorded once."""

from __future__ import annotations

import polars as pl

from onearm.rules.irecist import immune_timepoint_response
from onearm.rules.new_lesions import carry_new_lesions
from onearm.rules.recist_non_target import new_lesion_response

VISITS = pl.DataFrame({"subject": ["a"] * 5, "visit": range(5), "day": [0, 42, 84, 126, 168]})


def _lesions(*rows: tuple[int, str, str, float | None]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["visit", "lesion", "state", "diameter_mm"], orient="row")
    return frame.with_columns(subject=pl.lit("a"), day=42 * pl.col("visit")).cast({"diameter_mm": pl.Float64})


def test_a_lesion_is_carried_to_later_visits_with_its_size():
    found = carry_new_lesions(_lesions((2, "X1", "unequivocal", 12.0)), VISITS)
    assert found.select("visit", "state", "diameter_mm").rows() == [(v, "unequivocal", 12.0) for v in (2, 3, 4)]


def test_what_is_recorded_later_is_kept():
    found = carry_new_lesions(_lesions((1, "X1", "equivocal", None), (3, "X1", "increased", 15.0)), VISITS)
    assert found.select("visit", "state", "diameter_mm").rows() == [
        (1, "equivocal", None),
        (2, "equivocal", None),
        (3, "increased", 15.0),
        (4, "unequivocal", 15.0),
    ]


def test_a_lesion_that_has_gone_is_not_carried():
    found = carry_new_lesions(_lesions((1, "X1", "unequivocal", None), (2, "X1", "none", None)), VISITS)
    assert found.select("visit", "state").rows() == [(1, "unequivocal"), (2, "none")]


def test_another_subject_is_left_alone():
    other = VISITS.with_columns(subject=pl.lit("b"))
    found = carry_new_lesions(_lesions((2, "X1", "unequivocal", 12.0)), pl.concat([VISITS, other]))
    assert found["subject"].unique().to_list() == ["a"]


def test_an_unconfirmed_progression_is_not_reset_by_silence():
    target = VISITS.filter(pl.col("visit") > 0).with_columns(target=pl.lit("SD"), measured_mm=pl.lit(50.0))
    once = _lesions((2, "X1", "unequivocal", 12.0))
    silent = immune_timepoint_response(target, None, new_lesion_response(once))
    carried = immune_timepoint_response(target, None, new_lesion_response(carry_new_lesions(once, VISITS)))
    assert silent["i_response"].to_list() == ["iSD", "iUPD", "iSD", "iSD"]
    assert carried["i_response"].to_list() == ["iSD", "iUPD", "iUPD", "iUPD"]
