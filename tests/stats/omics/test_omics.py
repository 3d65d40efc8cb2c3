"""Screens, sets, counts, scales, components and masses, against R, SciPy, enumeration and hand calculation."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.cox_screen import cox_screen
from onearm.stats.omics.accurate_mass import ADDUCTS, annotate_masses, formula_mass
from onearm.stats.omics.components import find_outliers, principal_components
from onearm.stats.omics.count_scale import cpm, judge_scale, size_factors
from onearm.stats.omics.deseq import deseq
from onearm.stats.omics.enrichment import preranked, running_sum
from onearm.stats.omics.normalise import bridge, correct_batches, correct_drift, quotient_normalise
from onearm.stats.omics.over_representation import over_representation
from onearm.stats.omics.quality import above_blank, detection_rate, enough_counts, relative_spread
from onearm.stats.omics.screens import rank_sum_screen, ranked, signed_rank_screen, spearman_screen
from onearm.stats.omics.set_network import set_network, telling_words
from onearm.stats.omics.single_sample import mean_scores, ssgsea

Reference = Callable[[str], Path]
Matrix = np.ndarray[Any, np.dtype[np.float64]]


@cache
def reference() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parents[2] / "reference" / "omics.json").read_text())
    return found


def numbers(values: list[Any]) -> Matrix:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def gmt(path: Path) -> dict[str, list[str]]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return {row[0]: row[2:] for row in rows}


# counts


def test_deseq2_on_400_genes(shared_reference: Reference) -> None:
    """R's DESeq2: log2 fold changes to 1e-3, the same genes missing (4 by Cook's distance), the same calls at q 0.05."""
    folder = shared_reference("omics")
    table = pl.read_csv(folder / "rnaseq_small_counts.csv")
    responder = (pl.read_csv(folder / "rnaseq_small_meta.csv")["response"] == "R").to_numpy()
    wanted = pl.read_csv(folder / "rnaseq_small_R_deseq2.csv", null_values="NA", infer_schema_length=None)
    found = deseq(table.drop("gene").to_numpy().T, responder, names=table["gene"].to_list())
    columns = {
        name: wanted[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("log2FoldChange", "pvalue", "padj", "baseMean")
    }
    np.testing.assert_allclose(found.effect, columns["log2FoldChange"], atol=1e-3)
    np.testing.assert_allclose(found.mean, columns["baseMean"], rtol=1e-9)
    assert (np.isnan(found.p) == np.isnan(columns["pvalue"])).all()
    by_cook = np.isnan(columns["pvalue"]) & ~np.isnan(columns["log2FoldChange"])
    assert int(by_cook.sum()) == 4
    assert (np.isnan(found.q) == np.isnan(columns["padj"])).all()
    differ = (found.q <= 0.05) != (columns["padj"] <= 0.05)
    assert not (differ & (np.abs(columns["padj"] - 0.05) > 5e-4)).any()
    factors = pl.read_csv(folder / "rnaseq_small_R_sizefactors.csv")["sizeFactor"].to_numpy()
    np.testing.assert_allclose(found.size_factors, factors, rtol=1e-9)
    np.testing.assert_allclose(size_factors(table.drop("gene").to_numpy().T), factors, rtol=1e-12)


def test_deseq2_within_patients() -> None:
    wanted = reference()["paired"]
    counts = np.array(reference()["counts"], dtype=float)
    found = deseq(counts, [0] * 5 + [1] * 5, block=list(range(5)) * 2)
    away = np.abs(found.effect - numbers(wanted["effect"]))
    # pydeseq2 finds another dispersion for three genes with few counts, and with it another fold change in the third digit
    assert (away > 1e-3).sum() <= 3
    assert away.max() < 0.01
    assert ((found.q <= 0.05) == (numbers(wanted["q"]) <= 0.05)).all()


def test_expected_counts_are_rounded_and_said_to_be() -> None:
    counts = np.array(reference()["counts"], dtype=float)
    counts[0, :10] += 0.4
    found = deseq(counts, [0] * 5 + [1] * 5)
    assert found.notes[0].startswith("Expected counts were rounded")
    whole = deseq(np.rint(counts), [0] * 5 + [1] * 5)
    np.testing.assert_array_equal(found.p, whole.p)


def test_what_is_no_count_is_refused_with_the_way_out() -> None:
    rng = np.random.default_rng(3)
    for values, says in (
        (rng.gamma(2, 300, size=(6, 40)), "TCGA"),
        (rng.normal(6, 2, (6, 40)).clip(0), "largest"),
        (rng.normal(size=(6, 40)), "negative"),
    ):
        with pytest.raises(MethodError, match=f"(?s){says}.*moderated t test"):
            deseq(values, [0, 0, 0, 1, 1, 1])
    assert judge_scale(rng.gamma(2, 300, size=(6, 40))).kind == "normalised"
    assert judge_scale(rng.normal(6, 2, (6, 40)).clip(0)).kind == "log"


@pytest.mark.parametrize("package", ["pydeseq2.dds", "gseapy", "networkx"])
def test_a_missing_extra_is_named_with_its_remedy(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    calls: dict[str, Callable[[], object]] = {
        "pydeseq2.dds": lambda: deseq(np.array(reference()["counts"]), [0] * 5 + [1] * 5),
        "gseapy": lambda: preranked([3.0, 2.0, 1.0], ["A", "B", "C"], {"s": ["A", "B"]}, least=1, seed=1),
        "networkx": lambda: set_network({"s": ["A"]}),
    }
    with pytest.raises(MethodError, match=r"onearm\[omics\]"):
        calls[package]()


def test_filter_and_log_cpm_are_edger_s() -> None:
    counts = np.array(reference()["counts"], dtype=float)
    np.testing.assert_allclose(cpm(counts), np.array(reference()["log_cpm"]), rtol=1e-9)
    assert enough_counts(counts, [0] * 5 + [1] * 5).tolist() == [bool(x) for x in reference()["keep"]]
    assert enough_counts(counts).tolist() == [bool(x) for x in reference()["keep_one_group"]]


# screens


def test_paired_wilcoxon_of_500_proteins(shared_reference: Reference) -> None:
    """R's wilcox.test(exact = FALSE), which parts differences that are equal but for rounding; ours ties them."""
    folder = shared_reference("omics")
    wide = pl.read_csv(folder / "npx_wide.csv", null_values=["NA", ""], infer_schema_length=None)
    values = wide.drop("OlinkID").to_numpy().T
    wanted = pl.read_csv(folder / "npx_R_paired_t_wilcox.csv", infer_schema_length=None)["wilcox_p"].to_numpy()
    found = signed_rank_screen(values[:15], values[15:], kind="corrected")
    difference = np.abs(values[15:] - values[:15])
    untied = np.array(
        [
            np.unique(np.round(c[~np.isnan(c)], 9)).size == (~np.isnan(c)).sum() and np.nanmin(c) > 1e-9
            for c in difference.T
        ]
    )
    assert untied.sum() > 400
    np.testing.assert_allclose(found.p[untied], wanted[untied], rtol=1e-9)
    for j in np.flatnonzero(~untied)[:20]:  # with ties made exact, SciPy agrees
        clean = np.round((values[15:, j] - values[:15, j]) * 1e6)
        clean = clean[~np.isnan(clean)]
        other = stats.wilcoxon(clean, correction=True, method="approx", zero_method="wilcox").pvalue
        assert found.p[j] == pytest.approx(other, rel=1e-9)


def test_exact_screens_are_those_of_scipy_without_ties() -> None:
    rng = np.random.default_rng(8)
    before, after = rng.normal(size=(9, 25)), rng.normal(0.5, 1, size=(9, 25))
    after[0, 3] = np.nan
    found = signed_rank_screen(before, after)
    wanted = [
        stats.wilcoxon((a - b)[~np.isnan(a - b)], method="exact").pvalue for a, b in zip(after.T, before.T, strict=True)
    ]
    np.testing.assert_allclose(found.p, wanted, rtol=1e-12)
    values, second = np.vstack([before, after]), np.array([0] * 9 + [1] * 9)
    two = rank_sum_screen(values, second)
    other = [stats.mannwhitneyu(c[9:][~np.isnan(c[9:])], c[:9], method="exact") for c in values.T]
    np.testing.assert_allclose(two.p, [o.pvalue for o in other], rtol=1e-12)
    np.testing.assert_allclose(two.statistic, [o.statistic for o in other], rtol=1e-12)


def test_ranks_with_ties_and_missing_values_are_scipy_s() -> None:
    rng = np.random.default_rng(4)
    values = rng.integers(0, 6, size=(11, 40)).astype(float)
    values[rng.random(values.shape) < 0.2] = np.nan
    ranks, ties = ranked(values)
    np.testing.assert_array_equal(ranks, stats.rankdata(values, axis=0, nan_policy="omit"))
    counts = [np.unique(c[~np.isnan(c)], return_counts=True)[1] for c in values.T]
    np.testing.assert_array_equal(ties, [(n**3 - n).sum() for n in counts])


def test_spearman_is_scipy_s() -> None:
    rng = np.random.default_rng(6)
    values, score = np.round(rng.normal(size=(20, 30)), 1), rng.normal(size=20)
    values[2, 4] = np.nan
    found = spearman_screen(values, score)
    known = ~np.isnan(values)
    wanted = [stats.spearmanr(values[k, j], score[k]) for j, k in enumerate(known.T)]
    np.testing.assert_allclose(found.rho, [w.statistic for w in wanted], rtol=1e-12)
    np.testing.assert_allclose(found.p, [w.pvalue for w in wanted], rtol=1e-9)
    assert found.n[4] == 19


def test_univariate_cox_is_r_s(shared_reference: Reference) -> None:
    folder = shared_reference("omics")
    data = pl.read_csv(folder / "cox_data.csv")
    wanted = pl.read_csv(folder / "cox_R_coxph_univariate_efron.csv", infer_schema_length=None)
    names = data.columns[2:]
    found = cox_screen(data["time"].to_numpy(), data["event"].to_numpy(), data.select(names).to_numpy(), names=names)
    ok = np.array(found.status) == "ok"
    assert ok.sum() >= 115
    for column, field in {
        "coef": "coef",
        "se": "std_error",
        "wald_p": "p_wald",
        "lrt_p": "p_likelihood_ratio",
        "score_p": "p_score",
    }.items():
        np.testing.assert_allclose(getattr(found, field)[ok], wanted[column].to_numpy()[ok], rtol=1e-6, err_msg=column)


# sets


def test_ssgsea_is_gsva_s(shared_reference: Reference) -> None:
    folder = shared_reference("omics")
    table = pl.read_csv(folder / "ssgsea_expr.csv")
    wanted = pl.read_csv(folder / "ssgsea_R_gsva_ssgsea_raw.csv")
    found = ssgsea(table.drop("gene").to_numpy().T, table["gene"].to_list(), gmt(folder / "ssgsea_sets.gmt"))
    assert list(found.sets) == wanted[:, 0].to_list()
    np.testing.assert_allclose(found.scores, wanted[:, 1:].to_numpy().T, rtol=1e-9)


def slow_ssgsea(values: list[float], members: set[int]) -> float:
    """The walk itself: down the genes from the highest, summing the difference of the two distributions."""
    order = sorted(range(len(values)), key=lambda i: -values[i])
    rank = {i: math.floor(float(r)) for i, r in enumerate(stats.rankdata(values))}
    weight = sum(rank[i] ** 0.25 for i in members)
    inside = outside = total = 0.0
    for i in order:
        if i in members:
            inside += rank[i] ** 0.25 / weight
        else:
            outside += 1 / (len(values) - len(members))
        total += inside - outside
    return total


def test_ssgsea_with_ties_and_missing_values_is_the_walk() -> None:
    rng = np.random.default_rng(12)
    values = np.round(rng.normal(size=(6, 60)), 1)
    values[rng.random(values.shape) < 0.1] = np.nan
    names = [f"G{i}" for i in range(60)]
    sets = {f"s{k}": [names[i] for i in rng.choice(60, 9, replace=False)] for k in range(5)}
    found = ssgsea(values, names, sets).scores
    for row in range(6):
        known = np.flatnonzero(~np.isnan(values[row]))
        for column, members in enumerate(sets.values()):
            inside = {int(np.searchsorted(known, names.index(m))) for m in members if names.index(m) in known}
            assert found[row, column] == pytest.approx(slow_ssgsea(values[row, known].tolist(), inside), abs=1e-9)


def test_ssgsea_depends_only_on_the_order_within_a_sample() -> None:
    rng = np.random.default_rng(2)
    values, names = rng.normal(size=(4, 50)), [f"G{i}" for i in range(50)]
    sets = {"s": names[::7]}
    np.testing.assert_allclose(
        ssgsea(values, names, sets).scores, ssgsea(np.exp(values), names, sets).scores, rtol=1e-12
    )


def test_mean_scores() -> None:
    values = [[1.0, 3.0, np.nan, 9.0], [2.0, 5.0, 1.0, 9.0], [3.0, 1.0, 4.0, 9.0]]
    found = mean_scores(values, ["A", "B", "C", "D"], {"s": ["A", "C"], "none": ["X"]})
    assert found.scores[:, 0].tolist() == [1.0, 1.5, 3.5]
    assert np.isnan(found.scores[:, 1]).all()
    assert found.measured.tolist() == [2, 0]
    z = mean_scores(values, ["A", "B", "C", "D"], {"s": ["A", "D"]}, kind="z")
    np.testing.assert_allclose(z.scores[:, 0], [-1, 0, 1])  # D does not vary


def test_over_representation_by_enumeration_of_all_choices() -> None:
    """All 56 ways to choose 3 of 8 measured features: how many hold as many members?"""
    measured = [f"G{i}" for i in range(8)]
    sets = {"a": ["G0", "G1", "G2", "X"], "b": ["G5"], "c": ["G0", "G3", "G6", "G7"]}
    chosen = ["G0", "G1", "G7"]
    found = over_representation(chosen, measured, sets, least=1)
    for k, members in enumerate(sets.values()):
        seen = len(set(members) & set(chosen))
        as_many = sum(len(set(members) & set(choice)) >= seen for choice in combinations(measured, 3))
        assert found.p[k] == pytest.approx(as_many / 56)
    assert found.members == ("G0 G1", "", "G0 G7")
    assert found.size.tolist() == [4, 1, 4]
    assert found.measured.tolist() == [3, 1, 4]


def test_every_set_is_listed_also_those_too_small() -> None:
    measured = [f"G{i}" for i in range(30)]
    found = over_representation(["G0"], measured, {"small": ["G1"], "alien": ["X"], "fit": measured[:6]}, least=5)
    assert found.status == ("too small", "too small", "tested")
    assert np.isnan(found.q[:2]).all()
    assert found.q[2] == found.p[2]
    with pytest.raises(MethodError, match="not among the measured"):
        over_representation(["Y"], measured, {"s": measured})


def test_preranked_scores_seed_ties_and_leading_edge() -> None:
    rng = np.random.default_rng(5)
    names = [f"G{i:03d}" for i in range(300)]
    values = np.round(rng.normal(size=300), 2)
    values[:25] += 1.5
    sets = {"up": names[:25], "random": names[100:130], "small": names[:3], "absent": ["X", "Y"]}
    found = preranked(values, names, sets, seed=4, permutations=500)
    again = preranked(values[::-1], names[::-1], sets, seed=4, permutations=500)
    assert found.status == ("tested", "tested", "too small", "too small")
    assert found.p[0] < 0.01 < found.p[1]
    np.testing.assert_array_equal(found.p, again.p)  # the order of the file does not matter
    assert found.n_tied == sum(n for n in np.unique(values, return_counts=True)[1] if n > 1)
    order = sorted(range(300), key=lambda i: (-values[i], names[i]))
    walk = running_sum(values[order], [names[i] in sets["up"] for i in order])
    assert found.score[0] == walk.score
    assert found.leading[0].split() == [names[order[i]] for i in walk.leading]
    assert found.q[0] >= 1 / 500  # a p value of zero counts as less than one permutation


def test_running_sum_by_hand() -> None:
    """Weights 3 and 1 of members at places 1 and 4 of 5: 0.75, 5/12, 1/12, 1/3, 0."""
    walk = running_sum([3.0, 2.0, 1.5, -1.0, -2.0], [True, False, False, True, False])
    np.testing.assert_allclose(walk.curve, [3 / 4, 5 / 12, 1 / 12, 1 / 3, 0], atol=1e-12)
    assert (walk.score, walk.peak, walk.leading.tolist()) == (0.75, 0, [0])
    down = running_sum([3.0, 2.0, 1.5, -1.0, -2.0], [False, False, False, True, True])
    assert (down.score, down.leading.tolist()) == (pytest.approx(-1.0), [3, 4])


def test_network_links_by_jaccard_and_names_groups_by_telling_words() -> None:
    members = {
        "HALLMARK_INTERFERON_ALPHA_RESPONSE": ["A", "B", "C", "D"],
        "HALLMARK_INTERFERON_GAMMA_RESPONSE": ["A", "B", "C", "E"],
        "REACTOME_INTERFERON_SIGNALING": ["A", "B", "C"],
        "HALLMARK_HYPOXIA": ["X", "Y"],
        "KEGG_GLYCOLYSIS": ["X", "Y", "Z"],
        "GOBP_BILE_ACID_PROCESS": ["Q"],
    }
    found = set_network(members, least_overlap=0.5)
    assert found.links == ((0, 1), (0, 2), (1, 2), (3, 4))
    np.testing.assert_allclose(found.weight, [3 / 5, 3 / 4, 3 / 4, 2 / 3])
    assert found.group.tolist() == [0, 0, 0, 1, 1, 2]
    assert found.names[0].split()[0] == "interferon"
    assert found.names[2] == "bile acid"
    assert ((found.x >= 0) & (found.x <= 1) & (found.y >= 0) & (found.y <= 1)).all()
    assert telling_words("GOBP_POSITIVE_REGULATION_OF_T_CELL_ACTIVATION") == ["t"]


# scales and quality


def test_quotients_recover_a_dilution_whatever_a_third_of_the_features_does() -> None:
    rng = np.random.default_rng(1)
    profile, dilution = rng.lognormal(3, 1, size=80), rng.uniform(0.3, 3, 12)
    base = np.tile(profile, (12, 1))
    base[4:9, :25] *= 7  # a metabolic difference, which a total would take for a dilution
    normalised, factor = quotient_normalise(base * dilution[:, None])
    np.testing.assert_allclose(factor / dilution, factor[0] / dilution[0], rtol=1e-12)
    np.testing.assert_allclose(normalised[4, :25] / normalised[0, :25], 7, rtol=1e-12)
    chosen = quotient_normalise(base * dilution[:, None], is_reference=[True] + [False] * 11)[1]
    np.testing.assert_allclose(chosen, dilution / dilution[0], rtol=1e-12)


def test_batches_drift_and_bridges() -> None:
    order = np.arange(40)
    batch = ["b1"] * 20 + ["b2"] * 20
    qc = order % 3 == 0
    truth = np.random.default_rng(9).normal(size=(40, 15))
    truth[qc] = 0.5
    drift = np.where(order < 20, 0.05 * order + 0.002 * order**2, 3 - 0.04 * order)
    fixed = correct_drift(truth + drift[:, None], order, batch, qc)
    centred = fixed - fixed[qc].mean(axis=0) + 0.5
    inside = (order <= 18) | (order >= 21)  # beyond the last QC the drift stays as it is there
    np.testing.assert_allclose(centred[inside], truth[inside], atol=1e-9)
    with pytest.raises(MethodError, match="batch 'b2': has no QC sample"):
        correct_batches(truth, batch, qc & (order < 20))
    with pytest.raises(MethodError, match="no sample of it was also measured"):
        bridge(truth[:4], [1, 1, 2, 2], ["a", "b", "c", "d"], reference=1)


def test_filters_by_hand() -> None:
    assert detection_rate([[1.0, 5.0], [3.0, np.nan]], [[2.0, np.nan], [2.0, np.nan]]).tolist()[0] == 0.5
    assert np.isnan(detection_rate([[1.0, 5.0]], [2.0, np.nan])[1])
    np.testing.assert_allclose(relative_spread([[8.0, 5], [10.0, 5], [12.0, 5], [99, 9]], [1, 1, 1, 0]), [0.2, 0.0])
    values = [[np.nan, 4.0], [6.0, 5.0], [10.0, 8.0]]
    assert above_blank(values, [1, 0, 0], [0, 1, 1]).tolist() == [True, False]


def test_components_are_eigenvectors() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=(12, 6)) @ np.diag([5, 3, 1, 1, 1, 1])
    found = principal_components(values, n_components=6)
    eigen = np.linalg.eigvalsh(np.cov(values.T))[::-1]
    np.testing.assert_allclose(found.explained, eigen / eigen.sum(), rtol=1e-9)
    np.testing.assert_allclose(found.scores.var(axis=0, ddof=1), eigen, rtol=1e-9)
    np.testing.assert_allclose(found.scores @ found.loadings, values - values.mean(axis=0), atol=1e-9)
    assert not find_outliers(values[:4], principal_components(values[:4])).is_outlier.any()


# masses


def test_masses_by_hand() -> None:
    """Published monoisotopic masses: tryptophan 204.0899, kynurenine 208.0848, glucose 180.0634 (HMDB)."""
    assert formula_mass("C11H12N2O2") == pytest.approx(204.08988, abs=5e-6)
    assert formula_mass("C10H12N2O3") == pytest.approx(208.08479, abs=5e-6)
    assert formula_mass("C6H12O6") == pytest.approx(180.06339, abs=5e-6)
    # adducts as mass spectrometrists list them
    listed = {
        "[M+H]+": 1.007276,
        "[M+Na]+": 22.989218,
        "[M+NH4]+": 18.033823,
        "[M+K]+": 38.963158,
        "[M-H]-": -1.007276,
        "[M+Cl]-": 34.969402,
        "[M+FA-H]-": 44.998201,
        "[M+Hac-H]-": 59.013851,
        "[M+ACN+H]+": 42.033823,
        "[M-H-H2O]-": -1.007276 - 18.010565,
    }
    for name, shift in listed.items():
        assert ADDUCTS[name].shift == pytest.approx(shift, abs=6e-6), name
    assert ADDUCTS["[2M-H]-"].molecules == 2
    for bad in ("C11h12", "", "Xx2", "C6(H2O)6"):
        with pytest.raises(MethodError):
            formula_mass(bad)


def test_isomers_stay_ambiguous_and_time_can_part_them() -> None:
    leucine = formula_mass("C6H13NO2")
    masses = [leucine, leucine, formula_mass("C11H12N2O2")]
    mz = [leucine + 1.007276, masses[2] + 22.989218, 999.0]
    found = annotate_masses(mz, masses, adducts=["[M+H]+", "[M+Na]+"], ppm=5)
    assert found.feature.tolist() == [0, 0, 1, 2]
    assert found.compound.tolist() == [0, 1, 2, -1]
    assert found.status == ("ambiguous", "ambiguous", "unique", "none")
    assert found.adduct == ("[M+H]+", "[M+H]+", "[M+Na]+", "")
    timed = annotate_masses(
        mz[:1], masses, retention=[60.0], compound_retention=[61.0, 90.0, np.nan], retention_window=5
    )
    assert (timed.status, timed.compound.tolist()) == (("unique",), [0])


def test_the_tolerance_is_inclusive_and_relative() -> None:
    ion = 500.0 + ADDUCTS["[M+H]+"].shift
    for ppm, state in ((4.99999, "none"), (5.0, "unique")):
        assert annotate_masses([ion * (1 + 5e-6)], [500.0], adducts=["[M+H]+"], ppm=ppm).status == (state,)
    with pytest.raises(MethodError, match="Did you mean"):
        annotate_masses([1.0], [1.0], adducts=["M+H"])
