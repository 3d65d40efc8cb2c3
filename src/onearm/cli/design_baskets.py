"""Designs of several cohorts at once, by hand: ``onearm design basket``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from onearm.cli.design_options import Cluster, Json, Plot, Seed, Workers

if TYPE_CHECKING:
    from pathlib import Path

    from onearm.stats.design.basket_characteristics import BasketModel

__all__ = ["register"]


def register(design: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    design : typer.Typer
        The group of design commands.
    """
    design.command("basket")(basket)


def basket(
    *,
    n: Annotated[str, typer.Option(help="Patients of each cohort: 43,43.")],
    threshold: Annotated[float, typer.Option(help="Response rate to exceed.")],
    responders: Annotated[str | None, typer.Option(help="Responders of each cohort: 4,0.")] = None,
    scenario: Annotated[list[str] | None, typer.Option(help="True rates of the cohorts; may be repeated.")] = None,
    model: Annotated[str, typer.Option(help="independent, pooled, hierarchical, or all.")] = "all",
    cutoff: Annotated[float | None, typer.Option(help="Active above this probability; else calibrated.")] = None,
    alpha: Annotated[float, typer.Option(help="Error per cohort that the cut-off is calibrated to.")] = 0.10,
    prior: Annotated[str, typer.Option(help="Beta prior of independent and pooled models.")] = "1,1",
    prior_rate: Annotated[
        float | None, typer.Option(help="Centre of the hierarchical prior; else the threshold.")
    ] = None,
    mu_sd: Annotated[float, typer.Option(help="Prior standard deviation of the mean logit.")] = 2.0,
    tau_scale: Annotated[float, typer.Option(help="Scale of the half-normal prior of the spread.")] = 1.0,
    trials: Annotated[
        int, typer.Option("--simulate", help="Simulated trials where exactness is out of reach.")
    ] = 10_000,
    seed: Seed = 20_240_229,
    workers: Workers = 1,
    cluster: Cluster = None,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Several cohorts: independent, pooled, or a hierarchical model; properties over scenarios.
    """
    from onearm.cli.design_print import parse_integers, parse_numbers, print_json, print_sentence, print_table
    from onearm.errors import MethodError, suggest
    from onearm.stats.design import basket as cohorts
    from onearm.stats.design.basket_characteristics import (
        MODELS,
        BasketModel,
        basket_characteristics,
        calibrate_cutoff,
    )
    from onearm.stats.design.wording_trials import say_baskets

    if model not in (*MODELS, "all"):
        raise MethodError(f"unknown model '{model}'.{suggest(model, (*MODELS, 'all'))}")
    chosen = MODELS if model == "all" else (model,)
    sizes = parse_integers(n, name="--n")
    weights = parse_numbers(prior, name="--prior", count=2)
    beta = (weights[0], weights[1])
    normal = cohorts.HierarchicalPrior(prior_rate if prior_rate is not None else threshold, mu_sd, tau_scale)
    posteriors = {}
    if responders is not None:
        y = parse_integers(responders, name="--responders")
        analyse = {
            "independent": lambda: cohorts.independent_baskets(y, sizes, threshold=threshold, prior=beta),
            "pooled": lambda: cohorts.pooled_baskets(y, sizes, threshold=threshold, prior=beta),
            "hierarchical": lambda: cohorts.hierarchical_baskets(y, sizes, threshold=threshold, prior=normal),
        }
        posteriors = {name: analyse[name]() for name in chosen}
    characteristics = {}
    if scenario:
        rates = [parse_numbers(text, name="--scenario", count=len(sizes)) for text in scenario]
        for name in chosen:
            how = BasketModel(sizes, threshold, model=name, prior=beta, hierarchical=normal)
            limit = cutoff if cutoff is not None else calibrate_cutoff(how, alpha=alpha, n_trials=trials, seed=seed)
            characteristics[name] = basket_characteristics(
                how, rates, cutoff=limit, n_trials=trials, seed=seed, workers=workers, cluster=cluster
            )
    if not posteriors and not characteristics:
        raise MethodError("give --responders for an analysis, or --scenario for properties, or both.")
    if plot is not None:
        models = [BasketModel(sizes, threshold, model=name, prior=beta, hierarchical=normal) for name in chosen]
        _draw_baskets(plot, models, cutoff, alpha, seed)
    if as_json:
        print_json({"posteriors": posteriors, "characteristics": characteristics})
        return
    for result in posteriors.values():
        print_table(
            (f"{result.model}: cohort", "responders", "posterior mean", "sd", f"P(rate > {threshold:g})"),
            [
                (j + 1, f"{y}/{size}", f"{mean:.4f}", f"{sd:.4f}", f"{above:.4f}")
                for j, (y, size, mean, sd, above) in enumerate(
                    zip(result.responders, result.n, result.mean, result.sd, result.above, strict=True)
                )
            ],
        )
        print_sentence(say_baskets(result))
    for name, found in characteristics.items():
        print_table(
            (f"{name}: true rates", *(f"cohort {j + 1}" for j in range(len(sizes))), "any falsely"),
            [
                (", ".join(f"{p:g}" for p in row), *(f"{share:.4f}" for share in active), f"{wrong:.4f}")
                for row, active, wrong in zip(found.rates, found.declared, found.false_any, strict=True)
            ],
        )
        worst = float(found.error.max())
        print_sentence(
            f"Declared active above a posterior probability of {found.cutoff:.4f}; {found.method}"
            f"{f', Monte-Carlo error at most {worst:.4f}' if worst else ''}."
        )


def _draw_baskets(path: Path, models: list[BasketModel], cutoff: float | None, alpha: float, seed: int) -> None:
    """Power of the last cohort over its rate, while all others stay at the threshold."""
    import numpy as np

    from onearm.cli.design_picture import draw_curves
    from onearm.stats.design.basket_characteristics import basket_characteristics, calibrate_cutoff

    threshold, n = models[0].threshold, models[0].n
    rates = np.linspace(0, min(1.0, threshold + 0.5), 26)
    scenarios = [[threshold] * (len(n) - 1) + [float(rate)] for rate in rates]
    curves = {}
    for model in models:
        limit = cutoff if cutoff is not None else calibrate_cutoff(model, alpha=alpha, n_trials=4_000, seed=seed)
        found = basket_characteristics(model, scenarios, cutoff=limit, n_trials=2_000, seed=seed)
        curves[model.model] = found.declared[:, -1]
    draw_curves(
        path,
        rates,
        curves,
        x_label="true response rate of the last cohort, all others at the threshold",
        y_label="probability to be declared active",
        title=f"{len(n)} cohorts, last of {n[-1]} patients",
        marks=((threshold, f"{threshold:g}"),),
    )
