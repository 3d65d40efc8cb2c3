"""PD-L1 scores, by the examples and limits of the interpretation manuals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.rules.pd_l1 import CPS_CUTOFFS, TPS_CUTOFFS, combined_positive_score, tumour_proportion_score


def test_scores_by_hand() -> None:
    assert tumour_proportion_score(50, 100).value == 50
    assert combined_positive_score(20, 10, 200).value == 15


def test_fewer_than_a_hundred_tumour_cells_cannot_be_scored() -> None:
    assert tumour_proportion_score(50, 99).value is None
    assert tumour_proportion_score(50, 100).value is not None
    assert combined_positive_score(50, 5, 99).note == "99 tumour cells, at least 100 are needed"
    assert tumour_proportion_score(0, 0, at_least=0).value is None


def test_the_combined_score_is_at_most_a_hundred() -> None:
    """Immune cells count above the line only, so the ratio can exceed 100 and the score cannot."""
    score = combined_positive_score(150, 100, 200)
    assert (score.value, score.numerator, score.denominator) == (100.0, 250, 200)
    assert score.note.startswith("125.0 counted")


def test_a_percentage_of_tumour_cells_gives_no_combined_score() -> None:
    with pytest.raises(MethodError, match="SP263"):
        combined_positive_score(None, None, 300, clone="SP263")
    with pytest.raises(MethodError, match="holds no immune cells"):
        combined_positive_score(30, None, 300, clone="SP263")


def test_one_paper_divides_by_all_cells() -> None:
    """NCT05013697: over the number of viable cells; a named choice, not the default."""
    assert combined_positive_score(30, 15, 900, denominator="all").value == 5
    assert combined_positive_score(30, 15, 50, denominator="all").note == "50 cells, at least 100 are needed"


@pytest.mark.parametrize(("positive", "viable"), [(-1, 100), (101, 100), (0, -1)])
def test_counts_that_cannot_be_are_refused(positive: int, viable: int) -> None:
    with pytest.raises(MethodError, match="counts cannot be so"):
        tumour_proportion_score(positive, viable)
    with pytest.raises(MethodError, match="counts cannot be so"):
        combined_positive_score(positive, 0, viable)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(300, 600))
def test_the_combined_score_is_never_below_the_tumour_proportion(tumour: int, immune: int, viable: int) -> None:
    tps, cps = tumour_proportion_score(tumour, viable).value, combined_positive_score(tumour, immune, viable).value
    assert tps is not None
    assert cps is not None
    assert 0 <= tps <= cps <= 100


def test_cutoffs_are_those_of_the_trials() -> None:
    assert TPS_CUTOFFS == (1.0, 50.0)
    assert CPS_CUTOFFS == (1.0, 10.0)
