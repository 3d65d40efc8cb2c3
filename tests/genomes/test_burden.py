"""Contexts, channels, APOBEC enrichment and the fit of signatures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.rules.genomes.substitutions import CHANNELS, channels_of, count_apobec
from onearm.stats.apobec import apobec_enrichment
from onearm.stats.signature_fit import fit_signatures

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "genomes.json").read_text())
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def test_there_are_96_channels_in_the_order_of_cosmic():
    assert len(set(CHANNELS)) == 96
    assert (CHANNELS[0], CHANNELS[1], CHANNELS[16], CHANNELS[95]) == ("A[C>A]A", "A[C>A]C", "A[C>G]A", "T[T>G]T")


@given(st.text("ACGT", min_size=3, max_size=3), st.sampled_from("ACGT"))
def test_both_strands_have_one_channel(context, made):
    if made == context[1]:
        return
    mirrored = context.translate(COMPLEMENT)[::-1]
    first, second = channels_of([context, mirrored], [context[1], mirrored[1]], [made, made.translate(COMPLEMENT)])
    assert first == second >= 0
    assert channels_of([context.lower()], [context[1]], [made])[0] == first


def test_what_has_no_channel_says_why():
    contexts = ["TCA", "TCA", None, "TC", "TNA", "TCA"]
    found = channels_of(contexts, ["G", "C", "C", "C", "C", "CA"], ["T", "C", "T", "T", "T", "-"])
    # the middle is not the reference base; nothing changed; no context; even; unknown base; deletion
    assert found.tolist() == [-2, -1, -1, -1, -2, -1]


def test_apobec_counts_by_hand():
    """One C>T in TCA, one G>C in TGA (its mirror image), one C>T in GCG; windows of 21 bases."""
    windows = ["A" * 10 + "C" + "A" * 10, "A" * 9 + "TGA" + "A" * 9, "A" * 9 + "GCG" + "A" * 9]
    windows[0] = windows[0][:9] + "TCA" + windows[0][12:]
    channels = channels_of(windows, ["C", "G", "C"], ["T", "C", "T"])
    counts = count_apobec(windows, channels)
    # cytosines and guanines: 1, 1 and 3; motifs: TCA in the first, TGA in the second
    assert counts == (2, 3, 2, 5)
    found = apobec_enrichment(*counts)
    assert found.enrichment == pytest.approx((2 / 3) / (2 / 5))
    assert found.attributed == pytest.approx(2 * (1 - (2 / 5) / (2 / 3)))


def test_motifs_do_not_span_two_windows():
    windows = ["A" * 9 + "GCG" + "A" * 8 + "T", "C" + "A" * 9 + "C" + "A" * 10]
    assert count_apobec(windows, channels_of(windows, ["C", "C"], ["T", "T"])).tcw_context == 0


def test_enrichment_has_the_one_sided_p_of_r():
    assert apobec_enrichment(30, 60, 100, 800).p == pytest.approx(REFERENCE["apobec"]["p"], rel=1e-6)


def test_without_background_or_mutations_there_is_no_enrichment_and_a_reason():
    assert "no mutation" in apobec_enrichment(0, 0, 0, 0).note
    found = apobec_enrichment(2, 3, 0, 0)
    assert found.fraction == pytest.approx(2 / 3)
    assert "no background" in found.note
    assert np.isnan(found.enrichment)
    assert apobec_enrichment(1, 10, 50, 100).attributed == 0
    with pytest.raises(MethodError, match="cannot be"):
        apobec_enrichment(5, 3, 1, 2)


def test_the_fit_is_that_of_r():
    shares = np.array([5, 1, 0, 2, 0, 3, 4, 1, 1, 1, 1, 6, 2, 2, 2, 2.0]).reshape(4, 4).T
    fit = fit_signatures([10, 3, 8, 20], shares, names=list("ABCD"), resamples=10, seed=1)
    wanted = np.array(REFERENCE["nnls"]["x"])
    np.testing.assert_allclose(fit.mutations, wanted * 41 / wanted.sum(), rtol=1e-9)


def test_mutations_drawn_from_signatures_are_given_back_to_them_within_their_intervals():
    generator = np.random.default_rng(4)
    signatures = generator.dirichlet(np.full(96, 0.2), size=4).T
    true = np.array([300, 0, 150, 50])
    covered = 0
    for seed in range(10):
        counts = sum(generator.multinomial(n, signatures[:, i]) for i, n in enumerate(true))
        fit = fit_signatures(counts, signatures, names=list("ABCD"), resamples=200, seed=seed)
        assert fit.n_mutations == 500
        assert fit.cosine > 0.9
        covered += np.sum((fit.low <= true + 1e-9) & (true <= fit.high + 1e-9))
    assert covered >= 34  # of 40 intervals of 95%


def test_signatures_that_do_not_fit_are_refused():
    for signatures, words in (
        ([[1.0], [1.0]], "give one row for each channel"),
        ([[1.0], [-1.0], [0.5]], "negative"),
        ([[0.0], [0], [0]], "no share"),
    ):
        with pytest.raises(MethodError, match=words):
            fit_signatures([1, 2, 3], signatures, names=["A"], seed=1)
    assert np.isnan(fit_signatures([0, 0], [[1.0], [1.0]], names=["A"], seed=1).cosine)
