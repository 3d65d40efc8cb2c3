"""
Designs by hand: ``onearm design simon``, ``exact``, ``bayes``, ``survival``, ``basket`` and others.

Every command prints a table and a sentence ready for the protocol, or with ``--json`` every field. This file holds the
frequentist designs of a response rate; ``design_bayes`` and ``design_trials`` hold the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from onearm.stats.design.bryant_day import BryantDayDesign
    from onearm.stats.design.looks import StoppingRule
    from onearm.stats.design.two_stage import SimonDesigns
    from onearm.stats.design.two_stage_inference import ChangedStage, TwoStageInference

__all__ = ["register"]

P0 = Annotated[float, typer.Option("--p0", help="Response rate of no interest.")]
P1 = Annotated[float, typer.Option("--p1", help="Response rate worth finding.")]
Alpha = Annotated[float, typer.Option("--alpha", help="Largest one-sided type I error.")]
Power = Annotated[float, typer.Option("--power", help="Smallest power.")]
Json = Annotated[bool, typer.Option("--json", help="Print every field as JSON.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Write a picture to this file (.png, .svg, .pdf).")]


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    from onearm.cli import design_bayes, design_trials, monitor

    design = typer.Typer(
        help="Designs by hand: sizes, boundaries, exact properties, inference.",
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    design.command("simon")(simon)
    design.command("exact")(exact)
    design.command("three-stage")(three_stage)
    design.command("two-sided")(two_sided)
    design.command("toxicity")(toxicity)
    design_bayes.register(design)
    design_trials.register(design)
    app.add_typer(design, name="design")
    monitor.register(app)


def simon(
    *,
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.80,
    criterion: Annotated[str, typer.Option(help="Design to describe: optimal or minimax.")] = "optimal",
    claimed: Annotated[str | None, typer.Option(help="Check a stated design instead, such as 5/15,18/46.")] = None,
    observed: Annotated[int | None, typer.Option(help="Responders observed in all: adds the inference.")] = None,
    observed_stage1: Annotated[int | None, typer.Option(help="Responders in stage 1, where stage 2 changed.")] = None,
    n2: Annotated[int | None, typer.Option(help="Patients of stage 2, where they differ from the plan.")] = None,
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    n_max: Annotated[int, typer.Option(help="Cap on the number of patients.")] = 300,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Simon's two-stage designs: optimal, minimax, all admissible; inference after the trial.
    """
    from onearm.cli.design_print import parse_design, print_json, print_sentence
    from onearm.errors import MethodError, suggest
    from onearm.stats.design.looks import two_stage_rule
    from onearm.stats.design.monitor import check_design
    from onearm.stats.design.two_stage import find_simon
    from onearm.stats.design.two_stage_inference import infer_two_stage
    from onearm.stats.design.wording import say_changed_stage, say_check, say_two_stage

    if criterion not in ("optimal", "minimax"):
        raise MethodError(f"unknown criterion '{criterion}'.{suggest(criterion, ('optimal', 'minimax'))}")
    designs = find_simon(p0, p1, alpha=alpha, power=power, n_max=n_max)
    check = None
    chosen = designs.optimal if criterion == "optimal" else designs.minimax
    if claimed is not None:
        check = check_design(*parse_design(claimed, name="--claimed"), p0=p0, p1=p1, alpha=alpha, power=power)
        chosen = check.design
    numbers = (chosen.r1, chosen.n1, chosen.r, chosen.n)
    inference = None
    if observed is not None:
        inference = infer_two_stage(
            *numbers, responders=observed, p0=p0, level=level, responders_stage1=observed_stage1, n2=n2
        )
    change = _change(numbers, observed_stage1, n2, rates=(p0, p1))
    if plot is not None:
        _draw_rule(plot, two_stage_rule(*numbers), f"{chosen}", ((p0, "p0"), (p1, "p1")))
    if as_json:
        print_json(
            {"designs": designs, "described": chosen, "claim": check, "inference": inference, "changed_stage": change}
        )
        return
    _print_simon(designs)
    described = (say_two_stage(chosen, criterion, alpha=alpha, power=power),)
    for text in say_check(check) if check is not None else described:
        print_sentence(text)
    if inference is not None:
        _print_inference(inference)
    if change is not None:
        print_sentence(say_changed_stage(change, planned=chosen.n - chosen.n1))


def _change(
    numbers: tuple[int, int, int, int], stage1: int | None, n2: int | None, *, rates: tuple[float, float]
) -> ChangedStage | None:
    from onearm.stats.design.two_stage_inference import changed_stage

    if stage1 is None or n2 is None:
        return None
    return changed_stage(*numbers, responders_stage1=stage1, n2=n2, p0=rates[0], p1=rates[1])


def _print_simon(designs: SimonDesigns) -> None:
    from onearm.cli.design_print import print_table

    header = ("design", "r1/n1", "r/n", "alpha", "power", "PET(p0)", "EN(p0)", "EN(p1)", "best for weight of n")
    rows = [
        (
            designs.criterion(d),
            f"{d.r1}/{d.n1}",
            f"{d.r}/{d.n}",
            f"{d.alpha:.4f}",
            f"{d.power:.4f}",
            f"{d.pet0:.4f}",
            f"{d.en0:.2f}",
            f"{d.en1:.2f}",
            f"{low:.3f}-{high:.3f}",
        )
        for d, low, high in zip(designs.admissible, designs.weight_low, designs.weight_high, strict=True)
    ]
    print_table(header, rows)


def _print_inference(result: TwoStageInference) -> None:
    from onearm.cli.design_print import print_sentence, print_table
    from onearm.stats.design.wording import say_inference

    def bounds(low: float, high: float) -> str:
        return f"{low:.4f} to {high:.4f}"

    print_table(
        ("estimate", "value"),
        [
            ("plain proportion", f"{result.mle:.4f}"),
            ("unbiased (UMVUE)", f"{result.umvue:.4f}"),
            ("median-unbiased", f"{result.median_unbiased:.4f}"),
            ("bias-adjusted", f"{result.bias_adjusted:.4f}"),
            (f"exact {result.level:.0%} interval", bounds(result.exact_low, result.exact_high)),
            ("Koyama-Chen interval", bounds(result.koyama_chen_low, result.koyama_chen_high)),
            ("Clopper-Pearson (ignores the design)", bounds(result.naive_low, result.naive_high)),
            ("p-value of the design", f"{result.p_value:.6g}"),
        ],
    )
    print_sentence(say_inference(result))
    print_sentence(f"Warning: {result.warning}")


def exact(
    *,
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.80,
    looks: Annotated[str | None, typer.Option(help="Evaluate a rule instead: looks, such as 15,46 or 10:50:5.")] = None,
    futility: Annotated[str | None, typer.Option(help="Stop at or below, one per look, - for none: 5,18.")] = None,
    efficacy: Annotated[str | None, typer.Option(help="Stop at or above, one per look, - for none: -,19.")] = None,
    rates: Annotated[str | None, typer.Option(help="True rates to evaluate, such as 0.1,0.2.")] = None,
    n_max: Annotated[int, typer.Option(help="Cap on the number of patients.")] = 1000,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Exact single-stage design (A'Hern) beside Fleming's, or exact properties of any sequence of looks.
    """
    from onearm.cli.design_print import parse_boundaries, parse_integers, print_json, print_sentence, print_table
    from onearm.errors import MethodError
    from onearm.stats.design.looks import StoppingRule, single_stage_rule
    from onearm.stats.design.single_stage import find_single_stage, fleming_single_stage
    from onearm.stats.design.wording import say_single_stage

    if looks is not None:
        if futility is None or efficacy is None:
            raise MethodError("--looks needs --futility and --efficacy, one boundary per look, '-' for no stop.")
        rule = StoppingRule(
            parse_integers(looks, name="--looks"),
            parse_boundaries(futility, name="--futility"),
            parse_boundaries(efficacy, name="--efficacy"),
        )
        print_rule(rule, _rates(rates, p0, p1), as_json=as_json, plot=plot, marks=((p0, "p0"), (p1, "p1")))
        return
    found = find_single_stage(p0, p1, alpha=alpha, power=power, n_max=n_max)
    fleming = fleming_single_stage(p0, p1, alpha=alpha, power=power)
    if plot is not None:
        _draw_rule(plot, single_stage_rule(found.r, found.n), str(found), ((p0, "p0"), (p1, "p1")))
    if as_json:
        print_json({"exact": found, "fleming": fleming})
        return
    print_table(
        ("method", "reject above", "n", "alpha", "power", "safe from n"),
        [
            (d.method, d.r, d.n, f"{d.alpha:.4f}", f"{d.power:.4f}", d.conservative_n if d is found else "-")
            for d in (found, fleming)
        ],
    )
    print_sentence(say_single_stage(found))
    print_sentence(
        f"Exact power goes up and down with n; from {found.conservative_n} patients on every larger trial has the "
        "power."
    )


def three_stage(
    *,
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.80,
    n_max: Annotated[int, typer.Option(help="Largest number of patients searched.")] = 60,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Optimal and minimax three-stage designs (Chen 1997).
    """
    from onearm.cli.design_print import print_json, print_sentence, print_table
    from onearm.stats.design.looks import StoppingRule
    from onearm.stats.design.three_stage import find_three_stage
    from onearm.stats.design.wording import say_three_stage

    designs = find_three_stage(p0, p1, alpha=alpha, power=power, n_max=n_max)
    d = designs.optimal
    if plot is not None:
        rule = StoppingRule((d.n1, d.n2, d.n), (d.r1, d.r2, d.r), (None, None, d.r + 1))
        _draw_rule(plot, rule, str(d), ((p0, "p0"), (p1, "p1")))
    if as_json:
        print_json(designs)
        return
    print_table(
        ("design", "r1/n1", "r2/n2", "r/n", "alpha", "power", "PET(p0)", "EN(p0)", "EN(p1)"),
        [
            (
                name,
                f"{d.r1}/{d.n1}",
                f"{d.r2}/{d.n2}",
                f"{d.r}/{d.n}",
                f"{d.alpha:.4f}",
                f"{d.power:.4f}",
                f"{d.pet0:.4f}",
                f"{d.en0:.2f}",
                f"{d.en1:.2f}",
            )
            for name, d in (("optimal", designs.optimal), ("minimax", designs.minimax))
        ],
    )
    print_sentence(say_three_stage(designs.optimal, "optimal"))


def two_sided(
    *,
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.80,
    criterion: Annotated[str, typer.Option(help="What to minimise: null, alternative (EN there) or minimax.")] = "null",
    n_max: Annotated[int, typer.Option(help="Largest number of patients searched.")] = 60,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Two-stage designs that stop for futility or efficacy (Mander and Thompson 2010).
    """
    from onearm.cli.design_print import print_json, print_sentence, print_table
    from onearm.stats.design.two_sided import find_two_sided
    from onearm.stats.design.wording import say_two_sided

    d = find_two_sided(p0, p1, alpha=alpha, power=power, criterion=criterion, n_max=n_max)
    if plot is not None:
        _draw_rule(plot, d.rule(), "two-stage design with stopping on both sides", ((p0, "p0"), (p1, "p1")))
    if as_json:
        print_json(d)
        return
    print_table(
        ("minimises", "n1", "stop at or below", "reject at or above", "r/n", "alpha", "power", "EN(p0)", "EN(p1)"),
        [
            (
                criterion,
                d.n1,
                d.r1,
                d.e1,
                f"{d.r}/{d.n}",
                f"{d.alpha:.4f}",
                f"{d.power:.4f}",
                f"{d.en0:.2f}",
                f"{d.en1:.2f}",
            )
        ],
    )
    print_sentence(say_two_sided(d))


def toxicity(
    *,
    response0: Annotated[float, typer.Option(help="Response rate of no interest.")],
    response1: Annotated[float, typer.Option(help="Response rate worth finding.")],
    toxicity0: Annotated[float, typer.Option(help="Toxicity rate that is unacceptable.")],
    toxicity1: Annotated[float, typer.Option(help="Toxicity rate that is acceptable.")],
    alpha_response: Annotated[float, typer.Option(help="Largest error if only the response is unacceptable.")] = 0.10,
    alpha_toxicity: Annotated[float, typer.Option(help="Largest error if only the toxicity is unacceptable.")] = 0.10,
    power: Power = 0.85,
    n_max: Annotated[int, typer.Option(help="Largest number of patients searched.")] = 60,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """
    Two-stage designs for response and toxicity together (Bryant and Day 1995).
    """
    from onearm.cli.design_print import print_json, print_sentence, print_table
    from onearm.stats.design.bryant_day import evaluate_bryant_day, find_bryant_day
    from onearm.stats.design.wording import say_bryant_day

    d = find_bryant_day(
        response0=response0,
        response1=response1,
        safe0=1 - toxicity0,
        safe1=1 - toxicity1,
        alpha_response=alpha_response,
        alpha_toxicity=alpha_toxicity,
        power=power,
        n_max=n_max,
    )
    numbers = (d.n1, d.r1, d.t1, d.n, d.r, d.t)
    association = {
        ratio: [
            evaluate_bryant_day(*numbers, response=response, safe=1 - toxic, odds_ratio=ratio).accept
            for response, toxic in ((response0, toxicity1), (response1, toxicity0), (response1, toxicity1))
        ]
        for ratio in (0.25, 1.0, 4.0)
    }
    if plot is not None:
        _draw_toxicity(plot, d, (response0, response1), (toxicity0, toxicity1))
    if as_json:
        print_json({"design": d, "accept_by_odds_ratio": association})
        return
    print_table(
        ("odds ratio of response and safety", "alpha (response)", "alpha (toxicity)", "power"),
        [(f"{ratio:g}", *(f"{value:.4f}" for value in row)) for ratio, row in association.items()],
    )
    print_sentence(say_bryant_day(d))


def _draw_toxicity(
    path: Path, design: BryantDayDesign, responses: tuple[float, float], toxicities: tuple[float, float]
) -> None:
    import numpy as np

    from onearm.cli.design_picture import draw_curves
    from onearm.stats.design.bryant_day import evaluate_bryant_day

    d = design
    rates = np.linspace(0, 1, 51)
    curves = {
        f"toxicity {toxic:g}": np.array(
            [
                evaluate_bryant_day(d.n1, d.r1, d.t1, d.n, d.r, d.t, response=float(p), safe=1 - toxic).accept
                for p in rates
            ]
        )
        for toxic in (toxicities[1], toxicities[0])
    }
    marks = ((responses[0], "response0"), (responses[1], "response1"))
    draw_curves(
        path,
        rates,
        curves,
        x_label="true response rate",
        y_label="probability to accept",
        title="design for response and toxicity",
        marks=marks,
    )


def print_rule(
    rule: StoppingRule,
    rates: tuple[float, ...],
    *,
    as_json: bool,
    plot: Path | None,
    marks: tuple[tuple[float, str], ...] = (),
    extra: dict[str, object] | None = None,
    sentence: str | None = None,
) -> None:
    """
    Print the boundaries of a rule and its exact operating characteristics.

    Parameters
    ----------
    rule : StoppingRule
        Any rule.
    rates : tuple of float
        True response rates.
    as_json : bool
        Whether to print JSON.
    plot : Path or None
        Where to draw the probability of each end.
    marks : tuple of (float, str)
        Rates to mark in the picture.
    extra : dict, optional
        Further fields for the JSON.
    sentence : str, optional
        For the protocol.
    """
    from onearm.cli.design_print import print_json, print_sentence, print_table
    from onearm.stats.design.looks import operating_characteristics

    oc = operating_characteristics(rule, rates)
    if plot is not None:
        _draw_rule(plot, rule, "exact probability of each end", marks)
    if as_json:
        print_json({"rule": rule, "characteristics": oc, **(extra or {})})
        return
    never = "no stop"
    print_table(
        ("patients", "stop for futility at or below", "stop for efficacy at or above"),
        [
            (n, never if low is None else low, never if high is None else high)
            for n, low, high in zip(rule.looks, rule.futility, rule.efficacy, strict=True)
        ],
    )
    print_table(
        ("true rate", "futility", "efficacy", "inconclusive", "expected patients"),
        [
            (f"{p:g}", f"{a:.4f}", f"{b:.4f}", f"{c:.4f}", f"{n:.2f}")
            for p, a, b, c, n in zip(oc.p, oc.futility, oc.efficacy, oc.inconclusive, oc.expected_n, strict=True)
        ],
    )
    if sentence is not None:
        print_sentence(sentence)


def _rates(text: str | None, *default: float) -> tuple[float, ...]:
    from onearm.cli.design_print import parse_numbers

    return parse_numbers(text, name="--rates") if text is not None else default


def _draw_rule(path: Path, rule: StoppingRule, title: str, marks: tuple[tuple[float, str], ...]) -> None:
    import numpy as np

    from onearm.cli.design_picture import draw_curves
    from onearm.stats.design.looks import operating_characteristics

    rates = np.linspace(0, 1, 201)
    oc = operating_characteristics(rule, rates)
    is_one_look = len(rule.looks) == 1
    curves = {"efficacy": oc.efficacy} if is_one_look else {"efficacy": oc.efficacy, "futility": oc.futility}
    if oc.inconclusive.max() > 1e-9:
        curves["inconclusive"] = oc.inconclusive
    draw_curves(path, rates, curves, x_label="true response rate", y_label="probability", title=title, marks=marks)
