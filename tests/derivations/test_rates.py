"""
The endpoints of the papers, worked out by hand on the small trial.

Days from the first dose: 001 has PR on 42 and 84, PD on 126, and died on 272; 002 has SD on 42 and PD on 84 (a new lesion);
003 died on 18 without an assessment.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import DM, PROTOCOL, TR, TU, write_small_trial

from onearm.analyses import analyse
from onearm.errors import ProtocolError
from onearm.protocol import describe_protocol, parse_protocol
from onearm.run import Checked, check_trial


def rate(keys: str) -> str:
    return f'{PROTOCOL}\n[endpoint.NEW]\nset = "ITT"\n{keys}\n'


def answers(found: Checked, name: str = "NEW") -> list[str | None]:
    return found.derived.datasets["adrs"].filter(PARAMCD=name).sort("USUBJID")["AVALC"].to_list()


def values(found: Checked, analysis: str, **where: str) -> dict[str, float | None]:
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis=analysis, **where)
    return dict(rows.select("stat", "value").rows())


@pytest.mark.parametrize(
    ("months", "of", "expected"),
    [
        (1, "unconfirmed", ["N", "N", "N"]),  # 30 days: no assessment yet
        (2, "unconfirmed", ["Y", "N", "N"]),  # 60 days: the PR of day 42
        (2, "confirmed", ["N", "N", "N"]),  # what confirms it comes on day 84
        (3, "confirmed", ["Y", "N", "N"]),  # 91 days
    ],
)
def test_response_by_a_month_counts_only_what_was_seen_by_then(
    tmp_path: Path, months: int, of: str, expected: list[str]
) -> None:
    protocol = rate(f'success = ["CR", "PR"]\nof = "{of}"\nby_months = {months}')
    found = check_trial(write_small_trial(tmp_path, protocol=protocol))
    assert answers(found) == expected
    assert values(found, "response_rate", paramcd="NEW")["n"] == expected.count("Y")


@pytest.mark.parametrize(("months", "expected"), [(1, ["Y", "Y", "N"]), (2, ["Y", "N", "N"])])
def test_clinical_benefit_needs_stable_disease_for_long_enough(
    tmp_path: Path, months: int, expected: list[str]
) -> None:
    """SD on day 42 lasts 31 days (one month) but not 61 (two)."""
    protocol = rate(f'success = ["CR", "PR", "SD"]\nstable_at_least_months = {months}')
    assert answers(check_trial(write_small_trial(tmp_path, protocol=protocol))) == expected


@pytest.mark.parametrize(
    ("keys", "expected", "shown"),
    [
        # day 61, an assessment from day 54 on: 001 is PR on 84; 002 was SD on 42 and is PD on 84: not known; 003 died
        ("progression_free_at_months = 2", ["Y", "N", "N"], (1, 3)),
        ('progression_free_at_months = 2\nwithout_assessment = "exclude"', ["Y", None, "N"], (1, 2)),
        # day 92, from 85 on: 001 was PR on 84 and is PD on 126, after day 99: not known; 002 progressed before
        ("progression_free_at_months = 3", ["N", "N", "N"], (0, 3)),
        ('progression_free_at_months = 3\nwithout_assessment = "exclude"', [None, "N", "N"], (0, 2)),
        # from day 42 on the SD of 002 shows it
        ("progression_free_at_months = 2\n[tumour]\nscan_window_days = 19", ["Y", "Y", "N"], (2, 3)),
    ],
)
def test_free_of_progression_at_a_month(
    tmp_path: Path, keys: str, expected: list[str | None], shown: tuple[int, int]
) -> None:
    found = check_trial(write_small_trial(tmp_path, protocol=rate(keys)))
    assert answers(found) == expected
    result = values(found, "response_rate", paramcd="NEW")
    assert (result["n"], result["N"]) == shown
    rules = found.derived.datasets["adrs"].filter(PARAMCD="NEW", USUBJID="003").select("RULE", "WHY").row(0)
    assert rules == ("RATE-EVENT", "death on 2023-01-20, before an assessment could show otherwise.")


def test_a_new_therapy_ends_what_an_assessment_can_show(tmp_path: Path) -> None:
    therapy = "USUBJID,CMSEQ,CMTRT,CMCAT,CMSTDTC\n001,1,x,SUBSEQUENT ANTICANCER THERAPY,2023-02-20\n"
    protocol = rate('progression_free_at_months = 2\nwithout_assessment = "exclude"')
    assert answers(check_trial(write_small_trial(tmp_path, protocol=protocol, cm=therapy))) == [None, None, "N"]


def test_without_dated_assessments_there_is_no_rate(tmp_path: Path) -> None:
    protocol = rate('success = ["CR", "PR"]\nby_months = 6')
    found = check_trial(write_small_trial(tmp_path, protocol=protocol, tr=None, tu=None))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="response_rate", paramcd="NEW")
    assert dict(rows.select("stat", "value").rows())["N"] == 0
    assert rows.filter(stat="p")["note"].to_list() == ["no patient of the set can be judged"]


def test_rates_of_all_and_of_the_evaluable(tmp_path: Path) -> None:
    """003 died before its first scan: 1 of 3 responded, 1 of 2 among the evaluable."""
    protocol = PROTOCOL.replace("[sets]\n", '[sets]\nEVAL = ["enrolled", "evaluable_for_response"]\n')
    protocol += '[endpoint.ORREV]\nset = "EVAL"\nsuccess = ["CR", "PR"]\n'
    found = check_trial(write_small_trial(tmp_path, protocol=protocol))
    for name, total in (("ORR", 3), ("ORREV", 2)):
        result = values(found, "response_rate", paramcd=name)
        assert (result["n"], result["N"]) == (1, total)


def test_lasting_responses_are_a_landmark_of_the_duration(tmp_path: Path) -> None:
    """The only response lasts 85 days, 2.79 months."""
    old = 'start = "first_confirmed_response"\n'
    protocol = PROTOCOL.replace(old, f"{old}landmarks_months = [2, 3]\n")
    found = check_trial(write_small_trial(tmp_path, protocol=protocol))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="survival_rate", paramcd="DOR", stat="rate")
    assert dict(rows.select("variable_level", "value").rows()) == {"2": 1.0, "3": 0.0}


GROWTH = PROTOCOL.replace(
    "landmarks_months = [3]\n", '[endpoint.PFS.previous_line]\ncolumn = "PRIORTTP"\nunit = "days"\n'
)
PRIOR = (
    DM.replace("SITES\n", "SITES,PRIORTTP\n")
    .replace("LIVER;LUNG\n", "LIVER;LUNG,100\n")
    .replace("F,LUNG\n", "F,LUNG,50\n")
)
PRIOR = PRIOR.replace("66,F,\n", "66,F,,\n").replace("71,M,\n", "71,M,,\n")


def test_growth_modulation_index(tmp_path: Path) -> None:
    """127 against 100 days and 85 against 50: 1.27 and 1.70; of 003 the line before is not known."""
    found = check_trial(write_small_trial(tmp_path, protocol=GROWTH, dm=PRIOR))
    every = values(found, "growth_modulation", paramcd="PFS")
    assert (every["missing"], every["N"], every["unknown"], every["p"]) == (1, 2, 0, 0.5)
    ratio = values(found, "growth_modulation", paramcd="PFS", variable="ratio")
    # R's survfit takes the middle of the step at one half
    assert (ratio["median"], ratio["rate"]) == (pytest.approx((1.27 + 1.70) / 2), 0.5)


def test_a_ratio_censored_below_the_threshold_is_not_known(tmp_path: Path) -> None:
    """Cut at 30 April, 001 is censored on 27 March: 85 days, ratio 0.85. By Kaplan-Meier the share is then 1."""
    found = check_trial(write_small_trial(tmp_path, protocol=GROWTH.replace("2023-12-31", "2023-04-30"), dm=PRIOR))
    reached = values(found, "growth_modulation", paramcd="PFS", variable="reached")
    assert (reached["n"], reached["N"], reached["unknown"]) == (1, 1, 1)
    assert values(found, "growth_modulation", paramcd="PFS", variable="ratio")["rate"] == 1.0


def test_a_ratio_at_the_threshold_reaches_it(tmp_path: Path) -> None:
    """85 days against 68 is 1.25."""
    protocol = GROWTH.replace('unit = "days"', 'unit = "days"\nthreshold = 1.25')
    found = check_trial(write_small_trial(tmp_path, protocol=protocol, dm=PRIOR.replace("F,LUNG,50", "F,LUNG,68")))
    assert values(found, "growth_modulation", paramcd="PFS", variable="ratio")["rate"] == 1.0
    assert values(found, "growth_modulation", paramcd="PFS", variable="reached")["n"] == 2


def test_a_column_that_the_data_lack_is_named(tmp_path: Path) -> None:
    found = check_trial(write_small_trial(tmp_path, protocol=GROWTH))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="growth_modulation")
    assert rows["note"].to_list() == ["the data have no column PRIORTTP"]


def test_depth_of_response(tmp_path: Path) -> None:
    """Best changes -44 % and -12 %."""
    found = check_trial(write_small_trial(tmp_path))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="tumour_change", variable="depth", stat="n")
    assert dict(rows.select("variable_level", "value").rows()) == {"30": 1, "50": 0, "75": 0, "100": 0}


def test_shrinkage_of_the_measured_of_all_and_by_response(tmp_path: Path) -> None:
    """
    001: 50 mm, first 30 and best 28; partial response. 002: 25 mm, first 26 and best 22; stable disease. 003 has no scan.

    At best 2 of 2 measured and 2 of 3 patients became smaller, at the first assessment 001 alone.
    """
    tr = TR.replace("002,2,T1,TARGET,LDIAM,24", "002,2,T1,TARGET,LDIAM,26")
    found = check_trial(write_small_trial(tmp_path, tr=tr))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="tumour_change").drop_nulls("variable_level")
    value = {(r["variable"], r["variable_level"], r["stat"]): r["value"] for r in rows.iter_rows(named=True)}
    counted = {key[:2]: (n, value[(*key[:2], "N")]) for key, n in value.items() if key[2] == "n" and key[0] != "depth"}
    assert {level: counted["shrinkage", level] for level in ("any", "any, of the whole set")} == {
        "any": (2, 2),
        "any, of the whole set": (2, 3),
    }
    assert counted["initial_shrinkage", "any"] == (1, 2)
    assert counted["initial_shrinkage", "any, of the whole set"] == (1, 3)
    for paramcd in ("CBOR", "BOR"):
        assert counted[f"shrinkage by {paramcd}", "PR"] == counted[f"shrinkage by {paramcd}", "SD"] == (1, 1)
        assert counted[f"initial_shrinkage by {paramcd}", "PR"] == (1, 1)
        assert counted[f"initial_shrinkage by {paramcd}", "SD"] == (0, 1)
        # nobody with a measured change has another best response
        assert {level for name, level in counted if name == f"shrinkage by {paramcd}"} == {"PR", "SD"}


def extent(found: Checked, subject: str) -> tuple[str, str]:
    row = found.derived.datasets["adrs"].filter(PARAMCD="PDEXT", USUBJID=subject)
    return row.select("AVALC", "WHY").row(0)


NEW = "002,{n},N{n},TUMIDENT,NEW,{organ},INVESTIGATOR,3,WEEK 12,2023-03-27\n"


@pytest.mark.parametrize(
    ("organs", "site", "expected"),
    [
        ([], "organ", ("OLIGO", "1 (BRAIN)")),
        (["BONE"], "organ", ("OLIGO", "2 (BONE, BRAIN)")),
        (["BONE", "SKIN"], "organ", ("SYSTEMIC", "3 (BONE, BRAIN, SKIN)")),
        (["BRAIN", "BRAIN"], "organ", ("OLIGO", "1 (BRAIN)")),
        (["BRAIN", "BRAIN"], "lesion", ("SYSTEMIC", "3 (N1, N3, N4)")),
    ],
)
def test_progression_in_few_sites_and_in_many(
    tmp_path: Path, organs: list[str], site: str, expected: tuple[str, str]
) -> None:
    tu = TU + "".join(NEW.format(n=n, organ=organ) for n, organ in enumerate(organs, start=3))
    found = check_trial(write_small_trial(tmp_path, protocol=f'{PROTOCOL}[tumour]\noligo_site = "{site}"\n', tu=tu))
    said = f"Number of sites that progressed or are new: {expected[1]}."
    assert extent(found, "002") == (expected[0], said)
    # 001: the liver lesion grew from 17 to 24 mm, the node from 11 to 12
    assert extent(found, "001")[1].endswith("1 (T1)." if site == "lesion" else "1 (LIVER).")
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="progression_extent", stat="n")
    counts = dict(rows.select("variable_level", "value").rows())
    assert counts == {"OLIGO": 2 - (expected[0] == "SYSTEMIC"), "SYSTEMIC": expected[0] == "SYSTEMIC", "missing": 0}


def test_where_only_the_sum_progressed_every_target_that_grew_counts(tmp_path: Path) -> None:
    """Three targets from 20 to 24 mm: each grew by less than 5 mm, their sum by 20 % and 12 mm."""
    lines = "".join(
        f"002,{n}{visit},T{n},TARGET,LDIAM,{mm},mm,INVESTIGATOR,{visit},V{visit},{day}\n"
        for n in (1, 2, 3)
        for visit, mm, day in ((1, 20, "2022-12-28"), (2, 24, "2023-02-13"))
    )
    tu = "".join(
        f"002,{n},T{n},TUMIDENT,TARGET,{organ},INVESTIGATOR,1,V1,2022-12-28\n"
        for n, organ in enumerate(["LUNG", "LIVER", "BONE"], start=1)
    )
    tr = TR.splitlines()[0] + "\n" + lines
    found = check_trial(write_small_trial(tmp_path, tr=tr, tu=TU.splitlines()[0] + "\n" + tu))
    assert extent(found, "002")[0] == "SYSTEMIC"


MARKED = (
    DM.replace("SITES\n", "SITES,MARK\n").replace("LIVER;LUNG\n", "LIVER;LUNG,A\n").replace("F,LUNG\n", "F,LUNG,B\n")
)
MARKED = MARKED.replace("66,F,\n", "66,F,,B\n").replace("71,M,\n", "71,M,,\n")


def test_a_marker_measured_after_baseline_is_judged_from_a_landmark(tmp_path: Path) -> None:
    """Times of 127, 85 and 19 days; after one month 003 is gone, and the others have 30.4375 days less."""
    protocol = PROTOCOL + '[[subgroup]]\nvariable = "MARK"\nlandmark_months = 1\n'
    found = check_trial(write_small_trial(tmp_path, protocol=protocol, dm=MARKED))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="subgroup", paramcd="PFS")
    by_level = {(level, stat): value for level, stat, value in rows.select("group1_level", "stat", "value").rows()}
    assert (by_level["A", "n"], by_level["B", "n"]) == (1, 1)
    assert by_level["A", "median"] == pytest.approx((127 - 30.4375) / 30.4375)
    assert by_level["B", "median"] == pytest.approx((85 - 30.4375) / 30.4375)
    rates = analyse(found.derived.datasets, found.protocol).filter(paramcd="ORR", group1="MARK")
    assert rates["note"].to_list() == ["known only after baseline, so it cannot explain a rate from the start"]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('role = "secondary"', "endpoint.NEW.success: this key is required and missing."),
        (
            'success = ["CR"]\nprogression_free_at_months = 6',
            "endpoint.NEW.success: has no meaning beside progression_free_at_months; make two endpoints.",
        ),
    ],
)
def test_a_rate_says_what_a_success_is_and_only_once(keys: str, problem: str) -> None:
    with pytest.raises(ProtocolError) as error:
        parse_protocol(rate(keys))
    assert any(problem in line for line in error.value.problems)


def test_the_plan_says_in_words_what_counts() -> None:
    text = describe_protocol(parse_protocol(rate("progression_free_at_months = 6")))
    assert "who are alive and without progression at 6 months, as a tumour assessment shows" in text


def test_permuting_the_reading_order_changes_no_rate(tmp_path: Path) -> None:
    head, *rows = TR.strip().split("\n")
    protocol = rate("progression_free_at_months = 2")
    one = check_trial(write_small_trial(tmp_path / "a", protocol=protocol)).derived.datasets["adrs"]
    turned = "\n".join([head, *reversed(rows)]) + "\n"
    two = check_trial(write_small_trial(tmp_path / "b", protocol=protocol, tr=turned)).derived.datasets["adrs"]
    assert one.filter(pl.col("PARAMCD").is_in(["NEW", "PDEXT"])).equals(
        two.filter(pl.col("PARAMCD").is_in(["NEW", "PDEXT"]))
    )
