"""Every gene altered often enough, against response and times, adjusted for how many there are."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.analyses.genomes.outcomes import Outcome, gene_matrix, outcomes
from onearm.analyses.population import Datasets
from onearm.errors import MethodError
from onearm.protocol import Protocol
from onearm.protocol.assay_genomes import GeneAssociation, MutationAssay
from onearm.results import Rows, concat_results
from onearm.stats.contingency import FisherTest, fisher_exact
from onearm.stats.cox_firth import cox_firth
from onearm.stats.cox_screen import cox_screen
from onearm.stats.log_rank_screen import log_rank_screen
from onearm.stats.multiplicity import adjust_p
from onearm.stats.score_screen import ScoreScreen, response_screen, survival_screen

__all__ = ["gene_association"]

Floats = NDArray[np.float64]


def gene_association(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe how often genes are altered, and set each against outcome.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs``, ``adtte`` and ``adgene``.
    protocol : Protocol
        ``[assay.NAME.association]``.

    Returns
    -------
    polars.DataFrame
        Analysis ``feature_genes``, ``paramcd`` the assay, level the gene. Variable ``response``: responders among altered
        and unaltered patients, Fisher's test and odds ratio. Variable a time: hazard ratio (with Firth's penalty where it
        would be infinite) and log-rank test. Each with Benjamini and Hochberg's ``q_value`` and ``p_max_t``, the P
        adjusted by the largest statistic of permuted outcomes. Analysis ``gene_association`` says what was tested.
    """
    if "adgene" not in datasets:
        return concat_results([])
    parts = []
    for name, section in protocol.assay.items():
        if not isinstance(section, MutationAssay) or section.association is None:
            continue
        plan = section.association
        subjects, genes, status = gene_matrix(datasets["adgene"], name, alterations=plan.alterations, genes=plan.genes)
        for outcome in outcomes(datasets, protocol, plan):
            known = outcome.among(subjects)
            place = {subject: i for i, subject in enumerate(subjects)}
            rows = status[[place[subject] for subject in known.table["USUBJID"]]]
            parts += _against(name, known, genes, rows, plan, protocol)
    return concat_results(parts)


def _against(
    name: str, outcome: Outcome, genes: tuple[str, ...], status: Floats, plan: GeneAssociation, protocol: Protocol
) -> list[pl.DataFrame]:
    known, carriers = (~np.isnan(status)).sum(axis=0), np.nansum(status, axis=0)
    enough = np.minimum(carriers, known - carriers) >= plan.min_patients
    told = outcome.population.rows("gene_association", "ADGENE", name)
    variable = outcome.target
    told.add("n", outcome.table.height, variable=variable, level="patients", unit="count")
    told.add("n", int((carriers > 0).sum()), variable=variable, level="genes altered", unit="count")
    note = None if enough.any() else "no gene is altered often enough to be tested"
    told.add("n", int(enough.sum()), variable=variable, level="genes tested", unit="count", note=note)
    told.add("n", plan.min_patients, variable=variable, level="least patients", unit="count")
    out = outcome.population.rows("feature_genes", "ADGENE", name)
    if enough.any():
        chosen = [gene for gene, kept in zip(genes, enough, strict=True) if kept]
        analyse = _response if outcome.is_response else _survival
        told.add("n", plan.permutations, variable=variable, level="permutations", unit="count")
        analyse(out, outcome, chosen, status[:, enough], plan, protocol)
    return [told.frame(), out.frame()]


@cache
def _fisher(a: int, b: int, c: int, d: int, level: float) -> FisherTest:
    return fisher_exact([[a, b], [c, d]], level=level)


def _response(
    out: Rows, outcome: Outcome, genes: list[str], status: Floats, plan: GeneAssociation, protocol: Protocol
) -> None:
    level = protocol.conventions.level
    screen = response_screen(
        outcome.response, status, least=plan.min_patients, permutations=plan.permutations, seed=plan.seed
    )
    tests, counts = [], []
    for column in status.T:
        cells = [int((outcome.response[column == x] == y).sum()) for x in (1, 0) for y in (True, False)]
        counts.append(cells)
        tests.append(_fisher(*cells, level))
    q = adjust_p(np.array([test.p_two_sided for test in tests]))
    for i, gene in enumerate(genes):
        test, (a, b, c, d) = tests[i], counts[i]
        for stat, value in (("n", a), ("N", a + b), ("n_unaltered", c), ("N_unaltered", c + d)):
            out.add(stat, value, variable="response", level=gene, unit="count")
        out.add("odds_ratio", test.odds_ratio, variable="response", level=gene, unit="ratio", method="conditional",
                note=test.note or None)  # fmt: skip
        for stat, bound in (("conf_low", test.odds_ratio_low), ("conf_high", test.odds_ratio_high)):
            out.add(
                stat,
                bound,
                variable="response",
                level=gene,
                unit="ratio",
                method="conditional",
                conf_level=level,
            )
        out.add("p_value", test.p_two_sided, variable="response", level=gene, method="fisher, two-sided")
        _adjusted(out, "response", gene, q[i], screen, i)


def _survival(
    out: Rows, outcome: Outcome, genes: list[str], status: Floats, plan: GeneAssociation, protocol: Protocol
) -> None:
    target, level = outcome.target, protocol.conventions.level
    if not outcome.event.any():
        for gene in genes:
            out.add("p_value", variable=target, level=gene, method="log-rank", note="no event")
        return
    test = log_rank_screen(outcome.time, outcome.event, status)
    model = cox_screen(outcome.time, outcome.event, status, names=genes, level=level)
    screen = survival_screen(
        outcome.time, outcome.event, status, least=plan.min_patients, permutations=plan.permutations, seed=plan.seed
    )
    q = adjust_p(test.p)
    for i, gene in enumerate(genes):
        carriers = status[:, i] == 1
        for stat, mine in (("n", carriers), ("n_unaltered", status[:, i] == 0)):
            out.add(stat, int(mine.sum()), variable=target, level=gene, unit="count")
            events = stat.replace("n", "events", 1)
            out.add(events, int(outcome.event[mine].sum()), variable=target, level=gene, unit="count")
        if model.status[i] == "ok":
            found, method, note = (model.hazard_ratio[i], model.low[i], model.high[i]), "cox, efron, wald", None
        else:
            found, method, note = _firth(outcome, status[:, i], model.status[i], level)
        for stat, value in zip(("hazard_ratio", "conf_low", "conf_high"), found, strict=True):
            conf = None if stat == "hazard_ratio" else level
            missing = note if np.isnan(value) or stat == "hazard_ratio" else None
            out.add(
                stat, value, variable=target, level=gene, unit="ratio", method=method, conf_level=conf, note=missing
            )
        p = test.p[i]
        out.add(
            "p_value", p, variable=target, level=gene, method="log-rank", note="not estimable" if np.isnan(p) else None
        )
        _adjusted(out, target, gene, q[i], screen, i)


def _firth(outcome: Outcome, carried: Floats, status: str, level: float) -> tuple[tuple[float, float, float], str, str]:
    """Hazard ratio with Firth's penalty and its profile interval, where the plain one is infinite."""
    known = ~np.isnan(carried)
    try:
        model = cox_firth(outcome.time[known], outcome.event[known], carried[known], level=level)
    except MethodError:
        return (np.nan, np.nan, np.nan), "cox, firth", f"no hazard ratio: {status}"
    found = float(model.hazard_ratio[0]), float(model.low[0]), float(model.high[0])
    return found, "cox, firth, profile", "events in one group only: with Firth's penalty"


def _adjusted(out: Rows, variable: str, gene: str, q: float, screen: ScoreScreen, i: int) -> None:
    why = "not tested" if np.isnan(q) else None
    out.add("q_value", q, variable=variable, level=gene, method="benjamini-hochberg", note=why)
    p, n = screen.p_step_down[i], screen.n_permutations
    note = "not tested" if np.isnan(p) else None
    out.add(
        "p_max_t",
        p,
        variable=variable,
        level=gene,
        method=f"max-T, step-down, {n} permutations, {screen.variance} variance",
        note=note,
    )
