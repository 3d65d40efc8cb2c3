"""Bayesian designs by hand: ``onearm design bayes``, ``bop2``, ``lee-liu``, ``thall-simon``."""

from __future__ import annotations

from typing import Annotated

import typer

from onearm.cli.design_options import P0, P1, Alpha, Json, Looks, Plot, Prior, Rates
from onearm.cli.design_print import print_rule

__all__ = ["register"]


def register(design: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    design : typer.Typer
        The group of design commands.
    """
    design.command("bayes")(bayes)
    design.command("bop2")(bop2)
    design.command("lee-liu")(lee_liu)
    design.command("thall-simon")(thall_simon)


def bayes(
    *,
    looks: Looks = "10:50:5",
    futility_rate: Annotated[float, typer.Option(help="Stop if the rate is probably at most this.")] = 0.10,
    futility_probability: Annotated[float, typer.Option(help="How probably.")] = 0.80,
    efficacy_rate: Annotated[float, typer.Option(help="Stop if the rate is probably at least this.")] = 0.25,
    efficacy_probability: Annotated[float, typer.Option(help="How probably.")] = 0.80,
    prior: Prior = "1,1",
    reading: Annotated[
        str, typer.Option(help="posterior, predictive to the end, or predictive to the next cohort.")
    ] = "posterior",
    cutoff: Annotated[float, typer.Option(help="Cut-off of the predictive readings.")] = 0.80,
    equality: Annotated[str, typer.Option(help="Whether a probability equal to its limit stops: >= or >.")] = ">=",
    rates: Rates = "0.05,0.10,0.15,0.20,0.25,0.30",
    observed: Annotated[
        str | None, typer.Option(help="Responders and patients, such as 4/43: adds the posterior.")
    ] = None,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Bayesian stopping rule with a beta prior: boundaries and exact properties (defaults: REGOMUNE).
    """
    from onearm.cli.design_print import parse_fraction, parse_integers, parse_numbers, print_sentence
    from onearm.stats.design.bayes import MonitoringPlan, bayesian_rule
    from onearm.stats.design.beta_posterior import posterior
    from onearm.stats.design.wording_trials import say_bayesian

    a, b = parse_numbers(prior, name="--prior", count=2)
    plan = MonitoringPlan(
        parse_integers(looks, name="--looks"),
        futility_rate,
        futility_probability,
        efficacy_rate,
        efficacy_probability,
        prior=(a, b),
        reading=reading,
        predictive_cutoff=cutoff,
        equality=">=" if equality == ">=" else ">" if equality == ">" else equality,  # type: ignore[arg-type]  # the plan names what is acceptable
    )
    rule = bayesian_rule(plan)
    found = None
    if observed is not None:
        x, n = parse_fraction(observed, name="--observed")
        found = posterior(x, n, prior=(a, b))
    print_rule(
        rule,
        parse_numbers(rates, name="--rates"),
        is_json=as_json,
        plot=plot,
        marks=((futility_rate, f"{futility_rate:g}"), (efficacy_rate, f"{efficacy_rate:g}")),
        extra={"plan": plan, "posterior": found},
        sentence=say_bayesian(plan, rule),
    )
    if found is not None and not as_json:
        print_sentence(
            f"With {observed} responders the posterior mean is {found.mean:.1%} (95% credible interval "
            f"{found.low:.1%} to "
            f"{found.high:.1%}); P(rate <= {futility_rate:g}) = {found.at_most(futility_rate):.4f}, "
            f"P(rate >= {efficacy_rate:g}) = {found.at_least(efficacy_rate):.4f}."
        )


def bop2(
    *,
    p0: P0,
    p1: P1,
    looks: Looks,
    alpha: Alpha = 0.05,
    efficacy: Annotated[bool, typer.Option("--efficacy", help="Also stop early for efficacy.")] = False,
    prior: Annotated[str | None, typer.Option(help="Beta prior; without it p0,1-p0.")] = None,
    rates: Annotated[str | None, typer.Option(help="True rates to evaluate.")] = None,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Bayesian optimal phase II design, calibrated by exact recursion (Zhou, Lee and Yuan 2017).
    """
    from onearm.cli.design_print import parse_integers, parse_numbers
    from onearm.stats.design.bop2 import find_bop2
    from onearm.stats.design.wording_trials import say_bop2

    weights = parse_numbers(prior, name="--prior", count=2) if prior is not None else None
    design = find_bop2(
        parse_integers(looks, name="--looks"),
        p0=p0,
        p1=p1,
        alpha=alpha,
        stops_for_efficacy=efficacy,
        prior=(weights[0], weights[1]) if weights is not None else None,
    )
    print_rule(
        design.rule(),
        parse_numbers(rates, name="--rates") if rates is not None else (p0, p1),
        is_json=as_json,
        plot=plot,
        marks=((p0, "p0"), (p1, "p1")),
        extra={"design": design},
        sentence=say_bop2(design),
    )


def lee_liu(
    *,
    looks: Looks,
    p0: P0,
    threshold: Annotated[float, typer.Option(help="Positive at the end if P(rate > p0) is at least this.")],
    low: Annotated[float, typer.Option(help="Stop for futility below this predictive probability.")],
    high: Annotated[float, typer.Option(help="Stop for efficacy above this; 1 never does.")] = 1.0,
    prior: Prior = "1,1",
    rates: Rates = "0.1,0.2,0.3,0.4",
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Predictive probability design (Lee and Liu 2008).
    """
    from onearm.cli.design_print import parse_integers, parse_numbers
    from onearm.stats.design.bayes_rules import lee_liu_rule

    a, b = parse_numbers(prior, name="--prior", count=2)
    sizes = parse_integers(looks, name="--looks")
    rule = lee_liu_rule(sizes, p0=p0, threshold=threshold, low=low, high=high, prior=(a, b))
    sentence = (
        f"With a Beta({a:g}, {b:g}) prior the trial is positive if at {rule.n} patients the posterior probability of "
        "a rate "
        f"above {p0:g} is at least {threshold:g}; it stops for futility if the predictive probability of that is below "
        f"{low:g}{f', for efficacy if above {high:g}' if high < 1 else ''} (Lee and Liu 2008)."
    )
    numbers = parse_numbers(rates, name="--rates")
    print_rule(rule, numbers, is_json=as_json, plot=plot, marks=((p0, "p0"),), sentence=sentence)


def thall_simon(
    *,
    looks: Looks,
    standard: Annotated[str, typer.Option(help="Beta distribution of the standard rate, two weights: 20,80.")],
    margin: Annotated[float, typer.Option(help="Improvement asked for.")],
    low: Annotated[float, typer.Option(help="Not promising: P(new > standard + margin) at most this.")] = 0.05,
    high: Annotated[float, typer.Option(help="Promising: P(new > standard) at least this.")] = 0.95,
    prior: Prior = "1,1",
    rates: Rates = "0.1,0.2,0.3,0.4",
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Monitoring against an uncertain standard (Thall and Simon 1994).
    """
    from onearm.cli.design_print import parse_integers, parse_numbers
    from onearm.stats.design.bayes_rules import thall_simon_rule

    a, b = parse_numbers(prior, name="--prior", count=2)
    c, d = parse_numbers(standard, name="--standard", count=2)
    sizes = parse_integers(looks, name="--looks")
    rule = thall_simon_rule(sizes, standard=(c, d), margin=margin, low=low, high=high, prior=(a, b))
    sentence = (
        f"With a Beta({a:g}, {b:g}) prior and a standard rate distributed as Beta({c:g}, {d:g}), the trial stops as "
        "not "
        f"promising if the posterior probability of an improvement by {margin:g} is at most {low:g}, and as promising "
        "if "
        f"that of any improvement is at least {high:g} (Thall and Simon 1994)."
    )
    print_rule(rule, parse_numbers(rates, name="--rates"), is_json=as_json, plot=plot, sentence=sentence)
