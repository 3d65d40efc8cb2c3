"""Checks of single statements: expected verdicts from hand calculation, R and the papers themselves."""

from __future__ import annotations

import pytest

from onearm.errors import DataError
from onearm.published import audit_published, audit_text
from onearm.published.read import parse_csv, parse_published

ROOT = '[[statement]]\nplace = "x"\n'


def audit_one(keys, methods=""):
    return audit_published(parse_published(methods + ROOT + keys))[0]


@pytest.mark.parametrize(
    ("keys", "verdict", "closest"),
    [
        ("count = 26\ntotal = 46\npercent = 56.5", "holds", ""),  # 26/46 = 56.5217
        ("count = 25\ntotal = 46\npercent = 54.4", "rounding_slip", "54.3%"),  # 54.3478, rounded twice
        ("count = 15\ntotal = 33\npercent = 45.4", "rounding_slip", "45.5%"),  # 45.4545, cut off
        ("count = 1\ntotal = 8\npercent = 12.5", "holds", ""),
        ("count = 1\ntotal = 8\npercent = 12", "holds", ""),  # a tie, to even
        ("count = 1\ntotal = 8\npercent = 13", "holds", ""),  # a tie, away from zero
        ("count = 32\ntotal = 46\npercent = 70.6", "cannot_be_right", "69.6%"),
        ("count = 14\ntotal = 50\npercent = 38", "cannot_be_right", "28%"),
        ("count = 47\ntotal = 46\npercent = 102.2", "cannot_be_right", "at most 46"),
        ("percent = 120", "not_checkable", ""),
    ],
)
def test_a_percentage_is_held_against_its_count(keys, verdict, closest):
    finding = audit_one(f'statistic = "rate"\n{keys}')
    assert (finding.verdict.value, finding.closest) == (verdict, closest)


def test_an_interval_names_the_method_that_made_it():
    # 13/27 by Wilson (R: prop.test(13, 27, correct = FALSE)) is 30.7 to 66.0
    finding = audit_one('statistic = "rate"\ncount = 13\ntotal = 27\npercent = 48.1\nlow = 30.7\nhigh = 66.0')
    assert finding.verdict.value == "holds"
    assert "wilson" in finding.method.split(", ")


def test_a_claimed_method_that_did_not_make_the_interval_is_named():
    # mean and Student interval of 22 ones among 103, as SPSS EXAMINE prints it; binom.test gives 13.9 to 30.5
    methods = '[methods]\nrate_interval = "clopper-pearson"\n'
    finding = audit_one('statistic = "rate"\ncount = 22\ntotal = 103\npercent = 21.4\nlow = 13.3\nhigh = 29.4', methods)
    assert (finding.verdict.value, finding.closest) == ("holds_under_another_method", "13.9–30.5")
    assert "student-t" in finding.method


def test_a_shifted_limit_cannot_be_right():
    finding = audit_one('statistic = "rate"\ncount = 26\ntotal = 46\npercent = 56.5\nlow = 41.1\nhigh = 77.1')
    assert (finding.verdict.value, finding.closest) == ("cannot_be_right", "41.1–71.1")


def test_a_posterior_rounded_to_whole_percent_is_a_slip():
    # Beta(1, 1) prior, 4 of 43: posterior Beta(5, 40), mean 5/45 = 11.1%
    keys = 'statistic = "rate"\ncount = 4\ntotal = 43\npercent = 11.0\nlow = 4.0\nhigh = 22.0\ninterval = "credible"'
    finding = audit_one(keys)
    assert (finding.verdict.value, finding.method) == ("rounding_slip", "Beta(1, 1) prior")


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        ("value = 14.1\nlow = 10.5\nhigh = 17.7", "holds"),  # 3.6 on either side
        ("value = 12.4\nlow = 15.2\nhigh = 23.2", "cannot_be_right"),
        ("value = 8.0\nlow = 9.0\nhigh = 7.0", "cannot_be_right"),
        ('value = 20.57\nlow = 14.65\nhigh = "NE"', "not_checkable"),
    ],
)
def test_a_median_lies_inside_its_interval(keys, verdict):
    assert audit_one(f'statistic = "median"\n{keys}').verdict.value == verdict


def test_symmetric_limits_of_a_median_are_those_of_spss():
    assert audit_one('statistic = "median"\nvalue = 8.90\nlow = 5.98\nhigh = 11.82').method == "median ± 1.96 SE"


@pytest.mark.parametrize(
    ("groups", "p", "verdict"),
    [
        ("[[21, 33], [1, 6]]", "0.068", "holds"),  # R: fisher.test gives 0.06839
        ("[[4, 4], [18, 35]]", "0.118", "holds"),  # 0.11787
        ("[[0, 4], [22, 35]]", "0.029", "holds"),  # 0.02894
        ("[[21, 32], [1, 9]]", '"<0.001"', "cannot_be_right"),  # 0.00643, and no other test is below 0.0019
        ("[[21, 32], [1, 9]]", "0.004", "holds_under_another_method"),  # chi-squared, 0.00376
    ],
)
def test_a_p_value_is_found_again_or_not(groups, p, verdict):
    finding = audit_one(f'statistic = "p_value"\ngroups = {groups}\np = {p}', '[methods]\ntest = "fisher"\n')
    assert finding.verdict.value == verdict


def test_a_ratio_its_interval_and_its_p_belong_together():
    base = 'statistic = "hazard_ratio"\n'
    assert audit_one(base + "value = 0.38\nlow = 0.14\nhigh = 0.99\np = 0.047").verdict.value == "holds"
    assert audit_one(base + "value = 0.60\nlow = 0.14\nhigh = 0.99").verdict.value == "cannot_be_right"
    assert audit_one(base + "value = 1.10\nlow = 0.14\nhigh = 0.99").verdict.value == "cannot_be_right"
    assert audit_one(base + 'value = 0.80\nlow = 0.50\nhigh = 1.28\np = "<0.001"').verdict.value == "cannot_be_right"


def relation(text, *statements):
    return audit_published(
        parse_published("".join(f"[[statement]]\n{keys}\n" for keys in statements) + "[[relation]]\n" + text)
    )[-1]


def count(key, number):
    return f'id = "{key}"\nplace = "x"\nstatistic = "count"\ncount = {number}'


def date(key, day):
    return f'id = "{key}"\nplace = "x"\nstatistic = "date"\ndate = "{day}"'


def labelled(key, label):
    return f'id = "{key}"\nplace = "x"\nstatistic = "count"\nlabel = "{label}"\ncount = 1'


def test_parts_of_a_flow_chart_add_up():
    parts = (count("a", 50), count("b", 3), count("c", 3), count("d", 43))
    finding = relation('kind = "remainder"\nwhole = "a"\nparts = ["b", "c", "d"]', *parts)
    assert (finding.verdict.value, finding.closest) == ("cannot_be_right", "44")
    sums = (count("a", 12), count("b", 4), count("c", 8))
    assert relation('kind = "sum"\nwhole = "a"\nparts = ["b", "c"]', *sums).verdict.value == "holds"


def test_dates_that_contradict_are_named():
    text = 'kind = "one_date"\nparts = ["a", "b"]'
    assert relation(text, date("a", "2020-11"), date("b", "2021-03-01")).verdict.value == "cannot_be_right"
    assert relation(text, date("a", "2021-03"), date("b", "2021-03-01")).verdict.value == "holds"
    assert (
        relation('kind = "order"\nparts = ["a", "b"]', date("a", "2021-03"), date("b", "2021-02-27")).verdict.value
        == "cannot_be_right"
    )


def test_categories_that_overlap_are_named():
    text = 'kind = "disjoint"\nparts = ["a", "b"]'
    assert relation(text, labelled("a", "2"), labelled("b", "≥2")).verdict.value == "cannot_be_right"
    assert relation(text, labelled("a", "2"), labelled("b", ">2")).verdict.value == "holds"
    assert relation(text, labelled("a", "<65"), labelled("b", "≥65")).verdict.value == "holds"


def test_a_landmark_stands_on_the_right_side_of_its_median():
    median = 'id = "m"\nplace = "x"\nstatistic = "median"\nvalue = 15.74'
    for percent, verdict in ((58.8, "holds"), (43.9, "cannot_be_right")):
        mark = f'id = "l"\nplace = "x"\nstatistic = "landmark"\ntime = 12\npercent = {percent}'
        assert relation('kind = "curve"\nwhole = "m"\nparts = ["l"]', median, mark).verdict.value == verdict


def test_designs_are_found_again():
    simon = '[[design]]\nkind = "simon"\nplace = "x"\np0 = 0.1\np1 = 0.3\nr1 = 1\nn1 = 10\nr = 5\nn = 29\n'
    [finding] = audit_published(parse_published(simon))
    assert finding.method == "Simon, optimal"  # Simon (1989), table 1: 1/10, 5/29
    size = '[[design]]\nkind = "log_rank"\nplace = "x"\nhr = 0.65\nsides = 2\nevents = 48\nevent_rate = 0.70\npatients = 68\n'
    [finding] = audit_published(parse_published(size))
    # 47.88 events before rounding, of which 48 is the next; 47.88 / 0.70 = 68.40
    assert finding.verdict.value == "holds"
    assert "= 68.40" in finding.working
    wrong = audit_published(parse_published(size.replace("patients = 68", "patients = 75")))[0]
    assert (wrong.verdict.value, wrong.closest) == ("cannot_be_right", "69")


def test_all_problems_of_a_file_are_reported_at_once():
    with pytest.raises(DataError) as caught:
        parse_published(
            '[[statement]]\nplace = "x"\nstatistic = "rat"\ncuont = 3\n[[relation]]\nkind = "sum"\nparts = ["nobody"]'
        )
    text = str(caught.value)
    assert "Did you mean 'rate'?" in text
    assert "Did you mean 'count'?" in text
    assert "no statement has the id 'nobody'" in text


def test_a_csv_is_read_like_published_toml():
    paper = parse_csv("statement,count,total,percent,low,high,p\nORR,26,46,56.5,41.1,71.1,\nECOG 1,32,46,70.6,,,\n")
    assert [finding.verdict.value for finding in audit_published(paper)] == ["holds", "cannot_be_right"]
    with pytest.raises(DataError, match="row 2"):
        parse_csv("statement,count\nORR,many\n")


def test_the_template_can_be_audited():
    from importlib.resources import files

    text = (files("onearm.published") / "templates" / "published.toml").read_text(encoding="utf-8")
    findings = audit_published(parse_published(text))
    assert not [finding for finding in findings if finding.verdict.value == "cannot_be_right"]


def test_text_without_numbers_has_no_statement():
    assert audit_text("Nothing was counted.") == ()
