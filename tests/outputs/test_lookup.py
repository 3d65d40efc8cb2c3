"""Statistics are found by what they are about."""

from __future__ import annotations

from outputs.sample import PROTOCOL, make_sample

from onearm.outputs.lookup import Group, Lookup, groups_of, subgroup_rows
from onearm.protocol import parse_protocol
from onearm.results import Rows, concat_results

ALL = Group(None, "All patients", "")


def _rows(cohort: str | None, value: float) -> Rows:
    group = None if cohort is None else "COHORT"
    rows = Rows("response_rate", "ADRS", "ORR", "ITT", group, cohort)
    rows.add("n", value, unit="count", method="counted")
    return rows


def test_a_group_sees_its_own_rows_only() -> None:
    results = concat_results([_rows("A", 3).frame(), _rows("B", 5).frame(), _rows("B", 1).within("SEX", "F").frame()])
    protocol = parse_protocol(PROTOCOL + '[cohort.B]\nlabel = "Second"\n[cohort.A]\n')
    groups = groups_of(results, protocol)
    assert [(g.level, g.label) for g in groups] == [("B", "Second"), ("A", "A")]  # in the order of the protocol
    assert Lookup(results, groups[0]).block("response_rate", "ORR").stat("n").value == 5
    assert Lookup(results, groups[1]).block("response_rate", "ORR").stat("n").value == 3


def test_everybody_comes_first_where_there_are_results_for_everybody() -> None:
    results = concat_results([_rows(None, 8).frame(), _rows("A", 3).frame()])
    groups = groups_of(results, parse_protocol(PROTOCOL + "[cohort.A]\n"))
    assert [g.level for g in groups] == [None, "A"]


def test_a_cohort_that_the_protocol_does_not_know_is_not_lost() -> None:
    groups = groups_of(_rows("new", 1).frame(), parse_protocol(PROTOCOL))
    assert [g.level for g in groups] == ["new"]


def test_results_without_cohorts_are_everybodys() -> None:
    sample = make_sample(3)
    assert groups_of(sample.results, sample.protocol) == (ALL,)


def test_subgroups_are_kept_apart() -> None:
    women = Rows("subgroup", "ADRS", "ORR", "ITT").within("SEX", "F")
    women.add("p", 0.5)
    results = concat_results([_rows(None, 8).frame(), women.frame()])
    assert subgroup_rows(results, ALL).select("subgroup", "subgroup_level").row(0) == ("SEX", "F")
    assert not Lookup(results, ALL).block("subgroup", "ORR")


def test_what_is_not_there_is_empty_and_false() -> None:
    lookup = Lookup(make_sample(1).results, ALL)
    missing = lookup.block("no_such_analysis")
    assert not missing
    assert not missing.stat("n")
    assert missing.stat("n").value is None
    assert missing.levels("time") == []


def test_a_statistic_carries_its_key_and_raw_value() -> None:
    trace = Lookup(_rows(None, 8).frame(), ALL).block("response_rate", "ORR").stat("n").trace
    assert trace == "response_rate · ORR · ITT · n = 8.0"
