"""What must hold for every course of disease."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.rules.best_response import BEST_RESPONSE_RULES, best_response, confirmed_best_response
from onearm.rules.censoring import PFS_RULES, time_to_event
from onearm.rules.irecist import immune_timepoint_response
from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response

# a busy machine is no failure
quick = settings(max_examples=50, deadline=None)
ORDER = ["CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "NE", "ND", "MISSING"]
words = st.sampled_from(["CR", "PR", "SD", "NE", "PD", "NON-CR/NON-PD"])
courses = st.lists(st.tuples(st.integers(1, 60), words), max_size=9)
switches = st.builds(
    replace,
    st.just(BEST_RESPONSE_RULES),
    confirm_after_days=st.sampled_from([14, 28]),
    after_complete=st.sampled_from(["progression", "partial", "as_assessed"]),
    hold_partial=st.booleans(),
    max_stable_between=st.integers(0, 1),
)
diameters = st.one_of(st.none(), st.sampled_from([0.0]), st.floats(1, 100).map(lambda mm: round(mm, 1)))


def _frame(course: list[tuple[int, str]], subject: str = "1") -> pl.DataFrame:
    day, rows = 0, []
    for wait, word in course:
        day += wait
        rows.append((subject, day, word))
    return pl.DataFrame(rows, schema={"subject": pl.String, "day": pl.Int64, "response": pl.String}, orient="row")


SUBJECT = pl.DataFrame({"subject": ["1"], "reference_day": [0], "start_day": [0]})


@quick
@given(course=courses, rules=switches, wait=st.integers(1, 60))
def test_a_later_progression_never_improves_the_best_response(course, rules, wait):
    for function in (best_response, confirmed_best_response):
        before = function(_frame(course), SUBJECT, rules)["response"].item()
        after = function(_frame([*course, (wait, "PD")]), SUBJECT, rules)["response"].item()
        # a progression says more than nothing, or than not evaluable, but is no better response
        assert ORDER.index(after) >= min(ORDER.index(before), ORDER.index("PD"))


@quick
@given(course=courses, rules=switches)
def test_confirmation_never_improves_the_best_response(course, rules):
    plain = best_response(_frame(course), SUBJECT, rules)["response"].item()
    confirmed = confirmed_best_response(_frame(course), SUBJECT, rules)["response"].item()
    assert ORDER.index(confirmed) >= ORDER.index(plain)


@quick
@given(course=courses, more=courses)
def test_more_follow_up_never_removes_an_event(course, more):
    before = time_to_event(SUBJECT, _frame(course), PFS_RULES).row(0, named=True)
    after = time_to_event(SUBJECT, _frame([*course, *more]), PFS_RULES).row(0, named=True)
    if before["is_event"]:
        assert (after["day"], after["is_event"]) == (before["day"], True)
    else:
        assert after["day"] >= before["day"]


@quick
@given(several=st.lists(courses, min_size=1, max_size=5), seed=st.integers(0, 1000))
def test_the_order_of_subjects_and_rows_changes_nothing(several, seed):
    rows = pl.concat([_frame(course, str(number)) for number, course in enumerate(several)])
    rows = rows.unique(["subject", "day"], keep="first", maintain_order=True).with_row_index("seq")
    subjects = pl.DataFrame({"subject": [str(n) for n in range(len(several))]}).with_columns(
        reference_day=pl.lit(0), start_day=pl.lit(0)
    )
    shuffled = rows.sample(fraction=1, shuffle=True, seed=seed)
    other = subjects.sample(fraction=1, shuffle=True, seed=seed)
    for function in (best_response, confirmed_best_response, time_to_event):
        rules = PFS_RULES if function is time_to_event else BEST_RESPONSE_RULES
        first = (subjects, rows) if function is time_to_event else (rows, subjects)
        second = (other, shuffled) if function is time_to_event else (shuffled, other)
        assert function(*first, rules).sort("subject").equals(function(*second, rules).sort("subject"))


@st.composite
def lesion_courses(draw):
    """Lesions of a few subjects at a few visits."""
    rows = []
    for subject in range(draw(st.integers(1, 3))):
        n_lesions = draw(st.integers(1, 4))
        for visit in range(draw(st.integers(1, 5))):
            for lesion in range(n_lesions):
                mm = draw(st.floats(15, 90)) if visit == 0 else draw(diameters)
                rows.append((str(subject), visit, 42 * visit, f"T{lesion}", lesion == 0, mm, None))
    names = ["subject", "visit", "day", "lesion", "is_node", "diameter_mm", "state"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None).cast(
        {"diameter_mm": pl.Float64, "state": pl.String}
    )


@quick
@given(lesions=lesion_courses(), seed=st.integers(0, 1000))
def test_the_order_of_lesions_changes_nothing(lesions, seed):
    shuffled = lesions.sample(fraction=1, shuffle=True, seed=seed)
    first, second = (target_response(sum_of_diameters(frame)) for frame in (lesions, shuffled))
    numbers = first.columns[:-1]
    assert (
        first.select(numbers)
        .select(pl.exclude(pl.Float64))
        .equals(second.select(numbers).select(pl.exclude(pl.Float64)))
    )
    sums = (frame["sum_mm"].fill_null(-1).round(6).to_list() for frame in (first, second))
    assert next(sums) == next(sums)


@quick
@given(lesions=lesion_courses())
def test_the_two_tracks_agree_until_progression(lesions):
    target = target_response(sum_of_diameters(lesions))
    both = immune_timepoint_response(target)
    assert both.select("response", "why").equals(timepoint_response(target).select("response", "why"))
    seen_pd = (pl.col("response") == "PD").cum_max().over("subject")
    before = both.filter(~seen_pd)
    assert before["i_response"].str.strip_prefix("i").to_list() == before["response"].to_list()
    first = both.filter(seen_pd).unique("subject", keep="first", maintain_order=True)
    assert first["i_response"].unique().to_list() in ([], ["iUPD"])


@quick
@given(lesions=lesion_courses())
def test_the_nadir_never_rises_and_sums_are_not_negative(lesions):
    sums = sum_of_diameters(lesions)
    for _, rows in sums.group_by("subject"):
        nadirs = rows.sort("day")["nadir_mm"].drop_nulls().to_list()
        assert nadirs == sorted(nadirs, reverse=True)
    assert (sums["measured_mm"].drop_nulls() >= 0).all()
    assert (sums["change_pct"].drop_nulls() >= -100).all()
