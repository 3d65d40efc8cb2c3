"""Other frequentist designs of a response rate: ``onearm design exact``, ``three-stage``, ``two-sided``, ``toxicity``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onearm.cli.design_options import P0, P1, Alpha, Json, Plot, Power

if TYPE_CHECKING:
    from onearm.stats.design.bryant_day import BryantDayDesign

__all__ = ["register"]


def register(design: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    design : typer.Typer
        The group of design commands.
    """
    design.command("exact")(exact)
    design.command("three-stage")(three_stage)
    design.command("two-sided")(two_sided)
    design.command("toxicity")(toxicity)


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
    from onearm.cli.design_picture import draw_rule
    from onearm.cli.design_print import (
        parse_boundaries,
        parse_integers,
        print_json,
        print_rule,
        print_sentence,
        print_table,
    )
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
        print_rule(rule, _rates(rates, p0, p1), is_json=as_json, plot=plot, marks=((p0, "p0"), (p1, "p1")))
        return
    found = find_single_stage(p0, p1, alpha=alpha, power=power, n_max=n_max)
    fleming = fleming_single_stage(p0, p1, alpha=alpha, power=power)
    if plot is not None:
        draw_rule(plot, single_stage_rule(found.r, found.n), str(found), ((p0, "p0"), (p1, "p1")))
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
    from onearm.cli.design_picture import draw_rule
    from onearm.cli.design_print import print_json, print_sentence, print_table
    from onearm.stats.design.looks import StoppingRule
    from onearm.stats.design.three_stage import find_three_stage
    from onearm.stats.design.wording import say_three_stage

    designs = find_three_stage(p0, p1, alpha=alpha, power=power, n_max=n_max)
    d = designs.optimal
    if plot is not None:
        rule = StoppingRule((d.n1, d.n2, d.n), (d.r1, d.r2, d.r), (None, None, d.r + 1))
        draw_rule(plot, rule, str(d), ((p0, "p0"), (p1, "p1")))
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
    from onearm.cli.design_picture import draw_rule
    from onearm.cli.design_print import print_json, print_sentence, print_table
    from onearm.stats.design.two_sided import find_two_sided
    from onearm.stats.design.wording import say_two_sided

    d = find_two_sided(p0, p1, alpha=alpha, power=power, criterion=criterion, n_max=n_max)
    if plot is not None:
        draw_rule(plot, d.rule(), "two-stage design with stopping on both sides", ((p0, "p0"), (p1, "p1")))
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


def _rates(text: str | None, *default: float) -> tuple[float, ...]:
    from onearm.cli.design_print import parse_numbers

    return parse_numbers(text, name="--rates") if text is not None else default
