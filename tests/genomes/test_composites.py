"""The grammar of composites, their three truth values, and the search over a form."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.rules.genomes.composite_forms import enumerate_form
from onearm.rules.genomes.composites import check_genes, evaluate, form_of, parse_composite, symmetries, tell

SIGNATURE = "(TP53 or FAT1) and not NOTCH3"


def truth(text: str, **values: float) -> float:
    composite = parse_composite(text)
    return float(evaluate(composite.tree, np.array([values[gene] for gene in composite.genes])))


def test_and_binds_more_than_or_and_not_most():
    worlds = list(product((0.0, 1.0), repeat=3))
    for text, expected in (
        ("A or B and C", lambda a, b, c: a or (b and c)),
        ("not A and B or C", lambda a, b, c: ((not a) and b) or c),
        ("not (A or B) and C", lambda a, b, c: (not (a or b)) and c),
        ("A & !B | C", lambda a, b, c: (a and not b) or c),
    ):
        found = [truth(text, A=a, B=b, C=c) for a, b, c in worlds]
        assert found == [float(bool(expected(*w))) for w in worlds], text


def test_an_unprofiled_gene_leaves_open_only_what_it_could_change():
    nan = float("nan")
    assert truth(SIGNATURE, TP53=1, FAT1=nan, NOTCH3=0) == 1
    assert truth(SIGNATURE, TP53=nan, FAT1=nan, NOTCH3=1) == 0
    assert np.isnan(truth(SIGNATURE, TP53=0, FAT1=nan, NOTCH3=0))
    assert np.isnan(truth(SIGNATURE, TP53=1, FAT1=1, NOTCH3=nan))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "character 1: a gene, 'not' or an opening bracket is expected, found the end"),
        ("TP53 FAT1", "character 6: 'and' or 'or' is expected, found 'FAT1'"),
        ("(TP53 or FAT1", "a closing bracket is expected, found the end"),
        ("TP53 or or FAT1", "character 9"),
        ("TP53)", "'and' or 'or' is expected"),
        ("__import__('os')", "character 1"),
        ("TP53; drop", "character 5"),
        ("TP53 > 1", "character 6"),
        ("not " * 200 + "A", "nested more than 100 deep"),
    ],
)
def test_what_is_no_composite_is_refused_at_its_character(text, words):
    with pytest.raises(MethodError, match=words.replace("(", r"\(")):
        parse_composite(text)


def test_an_unknown_gene_is_an_error_with_the_nearest():
    with pytest.raises(
        MethodError, match=r"signature.S: no patient was profiled for gene 'FAT11'. Did you mean 'FAT1'"
    ):
        check_genes(parse_composite("TP53 or FAT11"), ["TP53", "FAT1"], where="signature.S")


@given(st.recursive(st.sampled_from("ABCD"), lambda inner: st.one_of(
    st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)), max_leaves=8))  # fmt: skip
def test_what_is_told_is_read_as_the_same(plan):
    def spell(part):
        if isinstance(part, str):
            return part
        return f"not ({spell(part[1])})" if part[0] == "not" else f"({spell(part[1])}) {part[0]} ({spell(part[2])})"

    first = parse_composite(spell(plan))
    again = parse_composite(tell(first.tree, first.genes))
    worlds = np.array(list(product((0.0, 1.0, np.nan), repeat=len(first.genes))))
    places = [first.genes.index(gene) for gene in again.genes]
    np.testing.assert_array_equal(evaluate(first.tree, worlds), evaluate(again.tree, worlds[:, places]))


def test_forms_and_their_symmetries():
    composite = parse_composite(SIGNATURE)
    assert form_of(composite) == "(A or B) and not C"
    assert symmetries(composite) == ((0, 1, 2), (1, 0, 2))
    assert len(symmetries(parse_composite("A or B or C"))) == 6


def test_every_composite_of_a_form_is_found_once():
    status = (np.random.default_rng(3).random((30, 6)) < 0.4).astype(float)
    composite = parse_composite(SIGNATURE)
    found = enumerate_form(composite, status, least=2)
    assert found.n_composites == 6 * 5 * 4 // 2
    every = set()
    for a, b, c in permutations(range(6), 3):
        column = np.maximum(status[:, a], status[:, b]) * (1 - status[:, c])
        if 2 <= column.sum() <= 28:
            every.add(tuple(column))
    assert {tuple(column) for column in found.truth.T} == every
    for genes, column in zip(found.genes, found.truth.T, strict=True):
        np.testing.assert_array_equal(evaluate(composite.tree, status[:, genes]), column)


def test_a_search_that_is_too_large_says_what_to_do():
    with pytest.raises(MethodError, match=r"at most 1,000,000 are searched\. Ask for more mutated patients"):
        enumerate_form(parse_composite("A and B and not C"), np.zeros((5, 400)))
    with pytest.raises(MethodError, match="3 genes are needed, and 2"):
        enumerate_form(parse_composite(SIGNATURE), np.zeros((5, 2)))
