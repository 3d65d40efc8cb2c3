"""Tables of assays of many features: the foremost features with their numbers, as the results hold them."""

from __future__ import annotations

import polars as pl

from onearm.outputs.features import feature_labels, top_levels
from onearm.outputs.lookup import Group, Lookup
from onearm.results import Rows, check_results


def rows() -> pl.DataFrame:
    out = Rows("feature_difference", "ADFEAT", "rna", "ALL")
    for name, p, statistic in (("A", 0.2, 1.3), ("B", 0.001, 4.0), ("C", 0.001, -5.0)):
        out.add("p_value", p, variable="response", level=name)
        out.add("statistic", statistic, variable="response", level=name)
    return check_results(out.frame())


def test_the_smallest_p_comes_first_and_of_equal_ones_the_larger_statistic() -> None:
    assert top_levels(rows(), n=3) == ["C", "B", "A"]
    assert top_levels(rows(), n=1) == ["C"]


def test_rows_of_features_are_looked_up_only_where_asked_for() -> None:
    group = Group(None, "All", "")
    assert not Lookup(rows(), group).block("feature_difference", "rna")
    found = Lookup(rows(), group, has_features=True).block("feature_difference", "rna")
    assert found.stat("p_value", "response", "B").value == 0.001


def test_labels_are_genes_told_apart_and_names_of_masses() -> None:
    table = pl.DataFrame(
        {
            "ASSAY": ["x"] * 5,
            "FEATURE": ["s1", "s2", "s3", "m1", "m2"],
            "SYMBOL": ["TP53", "TP53", "EGFR", None, None],
            "NAME": [None, None, None, "leucine [M+H]+ or isoleucine [M+H]+", None],
            "KEPTFL": ["Y"] * 5,
        }
    )
    labels = dict(feature_labels({"adfeaq": table}, "x").iter_rows())
    assert labels == {
        "s1": "TP53 (s1)",
        "s2": "TP53 (s2)",
        "s3": "EGFR",
        "m1": "leucine [M+H]+ or isoleucine [M+H]+",
        "m2": "m2",
    }
