"""What a signature is worth given that it was found in these data: the best of its form under permutation, optimism."""

from __future__ import annotations

import numpy as np
import polars as pl

from onearm.analyses.genomes.outcomes import Outcome, gene_matrix
from onearm.errors import MethodError
from onearm.protocol.assay_genomes import Signature
from onearm.results import Rows
from onearm.rules.genomes.composite_forms import enumerate_form
from onearm.rules.genomes.composites import form_of, parse_composite, tell
from onearm.stats.log_rank_screen import hazard_residuals
from onearm.stats.rule_search import search_rules
from onearm.stats.selection_bootstrap import Optimism, response_optimism, survival_optimism
from onearm.stats.times import check_times, distinct_times

__all__ = ["add_search"]


def add_search(out: Rows, outcome: Outcome, plan: Signature, adgene: pl.DataFrame) -> None:
    """
    Add what the search for a signature of this form finds.

    Parameters
    ----------
    out : Rows
        Collects the results, variable ``TARGET, search``.
    outcome : Outcome
        Outcome of the patients whose signature is known; AVALC says its status.
    plan : Signature
        Form, genes, permutations.
    adgene : polars.DataFrame
        Status of every gene.
    """
    variable = f"{outcome.target}, search"
    subjects, names, status = gene_matrix(adgene, plan.assay, alterations=plan.alterations, genes=plan.search_genes)
    place = {subject: i for i, subject in enumerate(subjects)}
    matrix = status[[place[subject] for subject in outcome.table["USUBJID"]]]
    carriers = matrix.sum(
        axis=0
    )  # NaN where a gene is not known in everyone: such genes cannot be compared with the others
    enough = (carriers >= plan.min_patients) & (carriers <= matrix.shape[0] - 1)
    genes = [gene for gene, kept in zip(names, enough, strict=True) if kept]
    composite = parse_composite(plan.composite)
    out.add("n", len(genes), variable=variable, level="genes", unit="count")
    out.add("text", text=form_of(composite), variable=variable, level="form")
    try:
        candidates = enumerate_form(composite, matrix[:, enough], least=plan.min_patients)
        if not candidates.truth.shape[1]:
            raise MethodError("no composite of this form is true and false in enough patients")
        own = (outcome.table["AVALC"] == "positive").to_numpy()
        scores = _scores(outcome)
        screen = search_rules(
            scores, np.column_stack([candidates.truth, own]), permutations=plan.permutations, seed=plan.seed
        )
        alone = search_rules(scores, own[:, None], permutations=plan.permutations, seed=plan.seed)
        optimism = _optimism(outcome, candidates.truth, plan)
    except MethodError as error:
        out.add("p_best", variable=variable, note=str(error))
        return
    statistics = np.abs(screen.statistic[:-1])
    best = int(np.nanargmax(statistics))
    how = f"max-T, {plan.permutations} permutations"
    out.add("n", candidates.n_composites, variable=variable, level="composites", unit="count")
    told = tell(composite.tree, [genes[i] for i in candidates.genes[best]])
    out.add("text", text=told, variable=variable, level="best")
    # a single composite named before looking has the plain P of a permutation test; the best of a search has not
    out.add("p_value", alone.p[0], variable=variable, level="signature", method=f"permutation, {plan.permutations}")
    out.add("p_max_t", screen.p[-1], variable=variable, level="signature", method=how)
    note = None if screen.statistic[best] > 0 else _OPPOSITE
    out.add("p_max_t", screen.p[best], variable=variable, level="best", method=how, note=note)
    better = int((statistics > abs(screen.statistic[-1]) * (1 + 1e-9)).sum())
    out.add("n", better, variable=variable, level="composites that separate more", unit="count")
    measure = "area under the ROC curve" if outcome.is_response else "Harrell's concordance"
    method = f"bootstrap, {optimism.n_resamples} resamples"
    for stat in ("apparent", "optimism", "corrected"):
        out.add(stat, getattr(optimism, stat), variable=variable, level="best", unit=measure, method=method)
    out.add("same", optimism.same, variable=variable, level="best", unit="proportion", method=method)


_OPPOSITE = "carriers have fewer events or responses"


def _scores(outcome: Outcome) -> np.ndarray:
    """What the statistic of a rule is a sum of: the response, or the event less the cumulative hazard."""
    if outcome.is_response:
        return outcome.response.astype(np.float64)
    times = check_times(outcome.time, outcome.event)
    codes = np.unique(distinct_times(times.time), return_inverse=True)[1]
    return np.asarray(hazard_residuals(codes[None, :], times.event[None, :])[0])


def _optimism(outcome: Outcome, truth: np.ndarray, plan: Signature) -> Optimism:
    if outcome.is_response:
        return response_optimism(outcome.response, truth, resamples=plan.resamples, seed=plan.seed)
    return survival_optimism(outcome.time, outcome.event, truth, resamples=plan.resamples, seed=plan.seed)
