"""What RECIST 1.1 asks of the lesions: states that reach the sums, and findings, each worked out by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import write_small_trial

from onearm.run import Checked, check_trial

TU = "USUBJID,TUSEQ,TULNKID,TUGRPID,TUTESTCD,TUSTRESC,TULOC,TUEVAL,VISITNUM,VISIT,TUDTC\n"
TR = "USUBJID,TRSEQ,TRLNKID,TRGRPID,TRTESTCD,TRSTRESN,TRSTRESC,TRSTRESU,TRSTAT,TREVAL,VISITNUM,VISIT,TRDTC\n"
VISITS = {1: "2022-12-28", 2: "2023-02-13", 3: "2023-03-27"}


def tu(*lesions: str) -> str:
    """Each lesion as ``name organ [visit] [test] [group] [kind]``."""
    lines = []
    for number, text in enumerate(lesions, start=1):
        name, organ, visit, test, group, kind = [
            *text.split(),
            *["1", "TUMIDENT", "-", "TARGET"][len(text.split()) - 2 :],
        ]
        day = VISITS[int(visit)]
        group = "" if group == "-" else group
        lines.append(f"002,{number},{name},{group},{test},{kind},{organ},INVESTIGATOR,{visit},V{visit},{day}")
    return TU + "\n".join(lines) + "\n"


def tr(*records: str) -> str:
    """Each record as ``name visit size``, or ``name visit TEST:words``."""
    lines = []
    for number, text in enumerate(records, start=1):
        name, visit, said = text.split(maxsplit=2)
        test, words = said.split(":") if ":" in said else ("LDIAM", said)
        size = words if words.replace(".", "").isdigit() else ""
        done = "NOT DONE" if words == "NOT DONE" else ""
        words, unit = ("" if done else words), ("mm" if size else "")
        lines.append(
            f"002,{number},{name},TARGET,{test},{size},{words},{unit},{done},INVESTIGATOR,{visit},V{visit},{VISITS[int(visit)]}"
        )
    return TR + "\n".join(lines) + "\n"


def checked(folder: Path, lesions: str, sizes: str) -> Checked:
    return check_trial(write_small_trial(folder, tu=lesions, tr=sizes))


def sums(found: Checked) -> list[float | None]:
    return found.derived.datasets["adtr"].filter(PARAMCD="SUMDIAM", USUBJID="002")["AVAL"].to_list()


def overall(found: Checked) -> list[str]:
    return found.derived.datasets["adrs"].filter(PARAMCD="OVR", USUBJID="002")["AVALC"].to_list()


@pytest.mark.parametrize(
    "fragments",
    [
        ("T1.1 LUNG 2 TUSPLIT", "T1.2 LUNG 2 TUSPLIT"),
        ("T8 LUNG 2 TUSPLIT T1", "T9 LUNG 2 TUSPLIT T1"),
    ],
)
def test_fragments_add_up_to_the_lesion_that_they_came_from(tmp_path: Path, fragments: tuple[str, str]) -> None:
    """Eisenhauer 2009, 4.3.2: 40 mm splits into 15 and 10 mm, which is -37.5 %."""
    one, two = (text.split()[0] for text in fragments)
    found = checked(tmp_path, tu("T1 LUNG", *fragments), tr("T1 1 40", f"{one} 2 15", f"{two} 2 10"))
    assert (sums(found), overall(found)) == ([40, 25], ["PR"])
    assert found.findings.filter(pl.col("rule").str.starts_with("DERIVE-TARGET")).rows() == []


def test_lesions_that_merged_count_once(tmp_path: Path) -> None:
    """Eisenhauer 2009, 4.3.2: 30 and 30 mm become one lesion of 40 mm, which is -33 %."""
    found = checked(tmp_path, tu("T1 LUNG", "T2 LUNG", "T1/T2 LUNG 2 TUMERGE"), tr("T1 1 30", "T2 1 30", "T1/T2 2 40"))
    assert (sums(found), overall(found)) == ([60, 40], ["PR"])
    diameters = found.derived.datasets["adtr"].filter(PARAMCD="LDIAM", AVISITN=2.0)
    assert diameters.select("TRLNKID", "AVAL", "AVALC").rows() == [("T1", 40.0, None), ("T2", None, "MERGED")]


@pytest.mark.parametrize("said", ["LDIAM:TOO SMALL TO MEASURE", "TUMSTATE:TOO SMALL TO MEASURE"])
def test_too_small_to_measure_is_five_millimetres(tmp_path: Path, said: str) -> None:
    """Eisenhauer 2009, 4.3.2: 20 + 20 mm become 20 + 5 mm."""
    found = checked(tmp_path, tu("T1 LUNG", "T2 LIVER"), tr("T1 1 20", "T2 1 20", "T1 2 20", f"T2 2 {said}"))
    assert (sums(found), overall(found)) == ([40, 25], ["PR"])


def test_what_is_said_beside_a_diameter_that_was_not_taken(tmp_path: Path) -> None:
    found = checked(tmp_path, tu("T1 LUNG"), tr("T1 1 20", "T1 2 LDIAM:NOT DONE", "T1 2 TUMSTATE:TOO SMALL TO MEASURE"))
    assert sums(found) == [20, 5]


def test_a_target_that_has_gone_is_zero(tmp_path: Path) -> None:
    found = checked(tmp_path, tu("T1 LUNG"), tr("T1 1 20", "T1 2 TUMSTATE:ABSENT"))
    assert (sums(found), overall(found)) == ([20, 0], ["CR"])


def test_not_done_is_not_evaluable(tmp_path: Path) -> None:
    found = checked(tmp_path, tu("T1 LUNG"), tr("T1 1 20", "T1 2 LDIAM:NOT DONE"))
    assert overall(found) == ["NE"]


FIVE = ["T1 LUNG", "T2 LUNG", "T3 LIVER", "T4 LIVER", "T5 SKIN"]
FINDINGS = {
    "DERIVE-TARGETS-TOO-MANY": (
        tu(*FIVE, "T6 BONE"),
        tr(*(f"T{n} 1 20" for n in range(1, 7))),
        "there are more than 5 target lesions at V1",
    ),
    "DERIVE-TARGETS-PER-ORGAN": (
        tu("T1 LUNG", "T2 lung", "T3 LUNG"),
        tr("T1 1 20", "T2 1 20", "T3 1 20"),
        "there are more than 2 target lesions in one organ at V1",
    ),
    "DERIVE-TARGET-NOT-MEASURABLE": (tu("T1 LUNG"), tr("T1 1 9"), "target T1 is not measurable at V1: below 10 mm"),
    "DERIVE-TARGET-WITHOUT-BASELINE": (
        tu("T1 LUNG"),
        tr("T1 1 LDIAM:NOT DONE", "T1 2 20"),
        "target T1 has no diameter at V1",
    ),
    "DERIVE-TARGET-AFTER-BASELINE": (
        tu("T1 LUNG", "T2 LIVER 2"),
        tr("T1 1 20", "T1 2 20", "T2 2 20"),
        "target T2 first appears at V2, after the baseline",
    ),
    "DERIVE-LESION-RENAMED": (
        tu("T1 LUNG", "T2 LUNG 2"),
        tr("T1 1 20", "T2 2 20", "T2 3 20"),
        "target T2 first appears at V2 in an organ in which another target is not recorded any more",
    ),
    "DERIVE-LESION-TWO-PLACES": (
        tu("T1 LUNG", "T1 LIVER 2"),
        tr("T1 1 20", "T1 2 20"),
        "lesion T1 is recorded in more than one place",
    ),
    "DERIVE-DIAMETER-UNIT": (
        tu("T1 LUNG", "T2 LIVER"),
        tr("T1 1 40", "T2 1 30", "T1 2 4", "T2 2 3"),
        "all diameters at V2 are about a tenth of those at baseline",
    ),
}


@pytest.mark.parametrize("rule", FINDINGS)
def test_each_finding_names_the_patient_the_visit_and_what_was_done(tmp_path: Path, rule: str) -> None:
    lesions, sizes, message = FINDINGS[rule]
    found = checked(tmp_path, lesions, sizes).findings.filter(rule=rule)
    assert found["subject"].to_list() == ["002"]
    assert found["message"][0].startswith(message) or message in found["message"][0]


def test_a_node_is_measurable_from_15_mm(tmp_path: Path) -> None:
    for size, n in ((14, 1), (15, 0)):
        found = checked(tmp_path / str(size), tu("T1 LYMPH_NODE"), tr(f"T1 1 SAXIS:{size}"))
        assert found.findings.filter(rule="DERIVE-TARGET-NOT-MEASURABLE").height == n


def test_the_limits_are_keys(tmp_path: Path) -> None:
    from small_trial import PROTOCOL

    protocol = PROTOCOL + "[tumour.recist]\nmeasurable_mm = 9\nmax_targets_per_organ = 3\n"
    three = tu("T1 LUNG", "T2 LUNG", "T3 LUNG")
    folder = write_small_trial(tmp_path, protocol=protocol, tu=three, tr=tr("T1 1 9", "T2 1 20", "T3 1 20"))
    rules = set(check_trial(folder).findings["rule"])
    assert rules.isdisjoint({"DERIVE-TARGET-NOT-MEASURABLE", "DERIVE-TARGETS-PER-ORGAN"})


def test_an_equivocal_new_lesion_that_becomes_sure_keeps_its_identifier(tmp_path: Path) -> None:
    lesions = tu("T1 LUNG", "N1 BONE 2 TUMIDENT - NEW_EQUIVOCAL", "N1 BONE 3 TUMIDENT - NEW")
    found = checked(tmp_path, lesions, tr("T1 1 20", "T1 2 20", "T1 3 20"))
    assert found.findings.filter(rule="DERIVE-LESION-TWO-PLACES").rows() == []


def test_a_diameter_that_was_said_not_to_be_taken(tmp_path: Path) -> None:
    sizes = tr("T1 1 20", "T1 2 12").replace("LDIAM,12,12,mm,,", "LDIAM,12,12,mm,NOT DONE,")
    found = checked(tmp_path, tu("T1 LUNG"), sizes)
    assert found.findings.filter(rule="DERIVE-TARGET-STATE")["subject"].to_list() == ["002"]
    assert overall(found) == ["NE"]
