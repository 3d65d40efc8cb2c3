"""The grammar of phenotypes: what binds more, what is missing, what is refused."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.rules.phenotypes import And, Class, Compare, Meaning, Named, Not, Or, Sign, label_signs, markers_of, parse

CD8, CD3, PD1 = Sign("CD8", True), Sign("CD3", True), Sign("PD1", True)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("CD8+", CD8),
        ("CD8+ PD1-", And(CD8, Sign("PD1", False))),
        ("CD8+PD-L1-", And(CD8, Sign("PD-L1", False))),
        ("HLA-DR+", Sign("HLA-DR", True)),
        ("CD3+ OR CD8+ AND PD1+", Or(CD3, And(CD8, PD1))),
        ("(CD3+ OR CD8+) AND PD1+", And(Or(CD3, CD8), PD1)),
        ("NOT CD3+ AND CD8+", And(Not(CD3), CD8)),
        ("not (CD3+ or CD8+)", Not(Or(CD3, CD8))),
        ("CD3+ & !CD8+ | PD1+", Or(And(CD3, Not(CD8)), PD1)),
        ("CD3+ && CD8+ || PD1+", Or(And(CD3, CD8), PD1)),
        ('"Dye 2"+', Sign("Dye 2", True)),
        ("'Immune cells'", Class("Immune cells")),
        ("PD-L1 > 3.5", Compare("PD-L1", ">", 3.5)),
        ("CD8 ≥ 1e-3 AND CD3<2", And(Compare("CD8", ">=", 0.001), Compare("CD3", "<", 2.0))),
        ("helper AND CD8+", And(Named("helper"), CD8)),
        ("CD3+ ANDROGEN+", And(CD3, Sign("ANDROGEN", True))),
        ("NOTCH3+", Sign("NOTCH3", True)),
        ("ORAI1+", Sign("ORAI1", True)),
    ],
)
def test_expressions_are_read_as_written(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("CD8+ AND", 9),
        ("(CD8+", 6),
        ("CD8+)", 5),
        ("AND CD8+", 1),
        ("CD8+ OR OR CD3+", 9),
        ("CD8+; import os", 5),
        ("CD8 >", 5),
    ],
)
def test_nonsense_is_refused_at_its_place(text: str, place: int) -> None:
    with pytest.raises(MethodError, match=rf"character {place}:"):
        parse(text)


def test_nothing_is_run() -> None:
    """What looks like code is names and classes, which no table of cells has."""
    tree = parse("__import__('os')")
    assert tree == And(Named("__import__"), Class("os"))
    with pytest.raises(MethodError, match="no phenotype or class '__import__'"):
        Meaning({}).of(tree)


KLEENE = {"+": True, "-": False, "?": None}


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        ("+", "+", True, True),
        ("+", "-", False, True),
        ("+", "?", None, True),
        ("-", "?", False, None),
        ("?", "?", None, None),
        ("-", "-", False, False),
    ],
)
def test_missing_is_not_negative(left: str, right: str, both: bool | None, either: bool | None) -> None:
    """Kleene's tables: what is missing decides nothing, and needs not where the other sign decides."""
    cells = pl.DataFrame({"A": [KLEENE[left]], "B": [KLEENE[right]]}, schema={"A": pl.Boolean, "B": pl.Boolean})
    meaning = Meaning({"A": pl.col("A"), "B": pl.col("B")})

    def of(text: str) -> bool | None:
        return cells.select(meaning.of(parse(text))).item()

    assert of("A+ AND B+") is both
    assert of("A+ OR B+") is either
    assert of("NOT A+") is (None if KLEENE[left] is None else not KLEENE[left])
    assert of("A-") is of("NOT A+")
    assert of("NOT (A+ AND B+)") is of("A- OR B-")


def test_names_classes_and_intensities_are_looked_up() -> None:
    cells = pl.DataFrame({"PHENOTYPE": ["Tumor", None, "T cell"], "v": [1.0, 5.0, None], "s": [True, False, None]})
    meaning = Meaning(
        {"CD8": pl.col("s")},
        {"CD8": pl.col("v")},
        {"killer": parse("CD8+ OR 'T cell'"), "loop": parse("NOT again"), "again": parse("loop")},
        frozenset({"Tumor", "T cell"}),
    )
    read = lambda text: cells.select(meaning.of(parse(text))).to_series().to_list()  # noqa: E731
    assert read("killer") == [True, None, True]
    assert read("'Tumor'") == [True, None, False]
    assert read("CD8 > 2") == [False, True, None]
    with pytest.raises(MethodError, match=r"no sign of 'CD9' is known\. Did you mean 'CD8'"):
        read("CD9+")
    with pytest.raises(MethodError, match=r"no phenotype or class 'Tumour' is known\. Did you mean 'Tumor'"):
        read("'Tumour'")
    with pytest.raises(MethodError, match="defined by itself: loop > again > loop"):
        read("loop")
    with pytest.raises(MethodError, match="no intensity of 'CD3'"):
        read("CD3 > 1")


@pytest.mark.parametrize(
    ("label", "signs"),
    [
        ("CD8+", {"CD8": True}),
        ("CD8+ PD1-", {"CD8": True, "PD1": False}),
        ("AMACR+PD-L1-", {"AMACR": True, "PD-L1": False}),
        ("HLA-DR+CD11c-", {"HLA-DR": True, "CD11c": False}),
        ("OTHER", {}),
        ("T-cell", {}),
        ("CD8+ T cell", {"CD8": True}),
    ],
)
def test_classes_of_programs_are_read_for_their_signs(label: str, signs: dict[str, bool]) -> None:
    assert label_signs(label) == signs


@given(
    st.recursive(
        st.sampled_from(["A+", "B-", "C > 1", "'x y'", "name"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda p: f"({p[0]} AND {p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"({p[0]} OR {p[1]})"),
            inner.map(lambda x: f"NOT {x}"),
        ),
        max_leaves=12,
    )
)
def test_brackets_around_everything_change_nothing(text: str) -> None:
    assert parse(f"( {text} )") == parse(text)
    assert markers_of(parse(text)) <= {"A", "B", "C"}


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except MethodError as error:
        assert "character" in str(error)  # noqa: PT017 - either outcome is right
