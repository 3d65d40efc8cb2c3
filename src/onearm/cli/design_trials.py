"""Designs of whole trials by hand: ``onearm design survival``, ``simulate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from onearm.cli.design_options import Cluster, Json, Plot, Seed, Simulate, Workers

if TYPE_CHECKING:
    from pathlib import Path

    from onearm.stats.design.survival_design import SurvivalPlan
    from onearm.stats.design.survival_events import Size
    from onearm.stats.design.survival_model import SurvivalModel

__all__ = ["register"]


def register(design: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    design : typer.Typer
        The group of design commands.
    """
    design.command("survival")(survival)
    design.command("simulate")(simulate)


def survival(
    *,
    median0: Annotated[float, typer.Option(help="Median of the historical control, in any unit of time.")],
    median1: Annotated[float | None, typer.Option(help="Median worth finding; or give --hr.")] = None,
    hr: Annotated[float | None, typer.Option(help="Hazard ratio, as it is rounded in the protocol.")] = None,
    shape: Annotated[float, typer.Option(help="Weibull shape; 1 is exponential.")] = 1.0,
    accrual: Annotated[float | None, typer.Option(help="Accrual period.")] = None,
    followup: Annotated[float | None, typer.Option(help="Follow-up after the last entry.")] = None,
    loss: Annotated[float, typer.Option(help="Hazard of loss to follow-up.")] = 0.0,
    event_rate: Annotated[float | None, typer.Option(help="Proportion with an event; else from the model.")] = None,
    new_event_rate: Annotated[float | None, typer.Option(help="Size again at this observed event rate.")] = None,
    formula: Annotated[str, typer.Option(help="Formula for the number of events.")] = "event-driven",
    alpha: Annotated[float, typer.Option(help="Type I error over the sides.")] = 0.05,
    sides: Annotated[int, typer.Option(help="Sides of the test, 1 or 2.")] = 2,
    power: Annotated[float, typer.Option(help="Power.")] = 0.80,
    rounding: Annotated[str, typer.Option(help="Rounding of patients: up, nearest, down.")] = "up",
    rounded_events: Annotated[
        bool, typer.Option("--rounded-events", help="Divide events after rounding them.")
    ] = False,
    dropout: Annotated[float, typer.Option(help="Proportion of dropouts.")] = 0.0,
    dropout_rule: Annotated[str, typer.Option(help="divide: n/(1-q); multiply: n(1+q).")] = "divide",
    rate: Annotated[float | None, typer.Option(help="Patients per unit of time: adds the two-stage design.")] = None,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="Two stages: follow each patient for --followup.")
    ] = False,
    simulate: Simulate = 0,
    seed: Seed = 20_240_229,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Survival against a historical control: one-sample log-rank by every named formula.
    """
    from onearm.cli.design_print import print_json, print_sentence
    from onearm.errors import MethodError
    from onearm.stats.design import survival_design as sd
    from onearm.stats.design import survival_events as se
    from onearm.stats.design.simulate_survival import as_trial, simulate_survival
    from onearm.stats.design.size_rules import rounding_rule
    from onearm.stats.design.survival_model import SurvivalModel, hazard_ratio
    from onearm.stats.design.survival_two_stage import find_two_stage_survival
    from onearm.stats.design.wording_trials import say_survival, say_survival_two_stage

    if (median1 is None) == (hr is None):
        raise MethodError("give either --median1 or --hr, not both and not neither.")
    ratio = hr if hr is not None else hazard_ratio(median0, float(median1 or 0), shape=shape)
    model = None
    if accrual is not None and followup is not None:
        model = SurvivalModel(median0, ratio, accrual, followup, shape=shape, loss=loss)
    share = _event_rate(event_rate, model)
    plans = {
        name: sd.plan_survival(
            ratio,
            share,
            formula=name,
            alpha=alpha,
            sides=sides,
            power=power,
            rounding=rounding_rule(rounding),
            from_unrounded=not rounded_events,
            dropout=dropout,
            dropout_rule=dropout_rule,
        )
        for name in dict.fromkeys((formula, *se.EVENT_FORMULAS))
    }
    by_accrual = {
        name: sd.patients_needed(given, formula=name, alpha=alpha, sides=sides, power=power)
        for given in ([model] if model is not None else [])
        for name in sd.PATIENT_FORMULAS
    }
    again = plans[formula].at_event_rate(new_event_rate) if new_event_rate is not None else None
    exact = {
        test: se.events_exact(ratio, test=test, alpha=alpha, sides=sides, power=power) for test in ("gamma", "score")
    }
    stages = None
    if rate is not None and followup is not None:
        staged = SurvivalModel(median0, ratio, accrual or 1.0, followup, shape=shape, is_restricted=restricted)
        stages = find_two_stage_survival(staged, rate=rate, alpha=alpha / sides, power=power)
    simulated = None
    if simulate and model is not None:
        trial = as_trial(model, n=plans[formula].patients.value, alpha=alpha / sides)
        simulated = simulate_survival(trial, simulate, seed=seed, workers=workers, cluster=cluster)
    if plot is not None:
        _draw_survival(plot, plans[formula], alpha, sides)
    if as_json:
        print_json(
            {
                "hr": ratio,
                "event_rate": share,
                "plan": plans[formula],
                "all_formulas": plans,
                "by_accrual": by_accrual,
                "exact_events": exact,
                "at_new_event_rate": again,
                "two_stage": stages,
                "simulated": simulated,
            }
        )
        return
    _print_formulas(plans, by_accrual, exact)
    print_sentence(say_survival(plans[formula], alpha=alpha, sides=sides, power=power))
    if again is not None:
        print_sentence(
            f"At an event rate of {again.event_rate:.4g} the same rules give {again.patients.unrounded:.2f}, rounded "
            f"{again.patients.rounding} to {again.patients.value} patients, {again.enrolled.value} with dropout."
        )
    if stages is not None:
        print_sentence(say_survival_two_stage(stages))
    if simulated is not None:
        print_sentence(
            f"In {simulated.n_trials} simulated trials of {plans[formula].patients.value} patients the test rejected "
            "in "
            f"{simulated.reject:.4f} (Monte-Carlo error {simulated.reject_error:.4f}), with {simulated.events:.1f} "
            "events."
        )


def _event_rate(stated: float | None, model: SurvivalModel | None) -> float:
    from onearm.errors import MethodError
    from onearm.stats.design.survival_model import event_probability

    if stated is not None:
        return stated
    if model is None:
        raise MethodError("give --event-rate, or --accrual and --followup from which it follows.")
    return event_probability(model)


def _print_formulas(plans: dict[str, SurvivalPlan], by_accrual: dict[str, Size], exact: dict[str, Size]) -> None:
    from onearm.cli.design_print import print_table

    print_table(
        ("events by formula", "unrounded", "events", "patients", "enrolled", "exact power", "exact size"),
        [
            (
                name,
                f"{plan.events.unrounded:.3f}",
                plan.events.value,
                plan.patients.value,
                plan.enrolled.value,
                f"{plan.exact.power:.4f}",
                f"{plan.exact.size:.4f}",
            )
            for name, plan in plans.items()
        ],
    )
    rows = [
        (f"{size.name} (accrual and follow-up)", f"{size.unrounded:.3f}", size.value) for size in by_accrual.values()
    ]
    if rows:
        print_table(("patients by formula", "unrounded", "patients"), rows)
    print_table(
        ("smallest number of events with the exact power", "events"), [(s.formula, s.value) for s in exact.values()]
    )


def _draw_survival(path: Path, plan: SurvivalPlan, alpha: float, sides: int) -> None:
    import numpy as np

    from onearm.cli.design_picture import draw_curves
    from onearm.stats.design.survival_events import event_driven_power

    ratios = np.linspace(0.3, 1, 141)
    points = [event_driven_power(plan.events.value, float(hr), alpha=alpha, sides=sides) for hr in ratios]
    draw_curves(
        path,
        ratios,
        {
            "normal critical value": np.array([point.power for point in points]),
            "exact gamma test": np.array([point.gamma_power for point in points]),
        },
        x_label="true hazard ratio",
        y_label="exact power",
        title=f"one-sample log-rank test at {plan.events.value} events",
        marks=((plan.hr, f"{plan.hr:.2f}"),),
    )


def simulate(
    *,
    rate: Annotated[str, typer.Option(help="True response rates, such as 0.1,0.2,0.3.")],
    looks: Annotated[str, typer.Option(help="Evaluable patients at each look: 15,46.")],
    futility: Annotated[str, typer.Option(help="Stop at or below, - for none: 5,18.")],
    efficacy: Annotated[str, typer.Option(help="Stop at or above, - for none: -,19.")],
    accrual_rate: Annotated[float, typer.Option(help="Patients per unit of time.")],
    assess_every: Annotated[float, typer.Option(help="Interval of assessments.")] = 0.0,
    window: Annotated[float, typer.Option(help="Time from entry after which a patient is evaluable.")] = 0.0,
    response_time: Annotated[float, typer.Option(help="Median time to response.")] = 0.0,
    confirm_after: Annotated[
        float | None, typer.Option(help="A response counts if still there this much later.")
    ] = None,
    loss_of_response: Annotated[float, typer.Option(help="Hazard of losing a response.")] = 0.0,
    dropout: Annotated[float, typer.Option(help="Hazard of leaving.")] = 0.0,
    toxicity_rate: Annotated[float, typer.Option(help="Probability of the toxicity.")] = 0.0,
    toxicity_odds_ratio: Annotated[float, typer.Option(help="Odds ratio of toxicity with response.")] = 1.0,
    toxicity_stop: Annotated[str | None, typer.Option(help="Stop with this many toxicities, - for none.")] = None,
    trials: Annotated[int, typer.Option("--simulate", help="Number of trials.")] = 20_000,
    seed: Seed = 20_240_229,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """
    Whole response trials: delayed and confirmed response, dropout, toxicity, looks that wait.
    """
    from onearm.cli.design_print import (
        parse_boundaries,
        parse_integers,
        parse_numbers,
        print_json,
        print_sentence,
        print_table,
    )
    from onearm.stats.design.looks import StoppingRule
    from onearm.stats.design.simulate_response import ResponseTrial, simulate_response

    rule = StoppingRule(
        parse_integers(looks, name="--looks"),
        parse_boundaries(futility, name="--futility"),
        parse_boundaries(efficacy, name="--efficacy"),
    )
    rates = parse_numbers(rate, name="--rate")
    trials_of = [
        ResponseTrial(
            rule,
            response_rate=p,
            accrual_rate=accrual_rate,
            assess_every=assess_every,
            window=window,
            median_response_time=response_time,
            is_confirmed=confirm_after is not None,
            confirm_after=confirm_after or 0.0,
            loss_of_response=loss_of_response,
            dropout=dropout,
            toxicity_rate=toxicity_rate,
            toxicity_odds_ratio=toxicity_odds_ratio,
            toxicity_stop=parse_boundaries(toxicity_stop, name="--toxicity-stop")
            if toxicity_stop is not None
            else None,
        )
        for p in rates
    ]
    found = [simulate_response(trial, trials, seed=seed, workers=workers, cluster=cluster) for trial in trials_of]
    if as_json:
        print_json([{"trial": trial, "simulated": result} for trial, result in zip(trials_of, found, strict=True)])
        return
    names = ("efficacy", "futility", "toxicity", "inconclusive", "decided_on", "enrolled", "duration", "counted_rate")
    print_table(
        ("mean (Monte-Carlo error)", *(f"rate {p:g}" for p in rates)),
        [
            (x.replace("_", " "), *(f"{getattr(r, x):.4f} ({getattr(r, f'{x}_error'):.4f})" for r in found))
            for x in names
        ],
    )
    first = found[0]
    print_sentence(
        f"In {trials} simulated trials with a true response rate of {rates[0]:g}, {first.efficacy:.1%} ended for efficacy "
        f"and {first.futility:.1%} for futility; {first.enrolled:.1f} patients were enrolled on average, of whom the "
        f"decision used {first.decided_on:.1f}, after {first.duration:.1f} units of time."
    )
