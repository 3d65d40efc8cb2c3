"""Simon's two-stage designs by hand: ``onearm design simon``, with the inference after the trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from onearm.cli.design_options import P0, P1, Alpha, Json, Plot, Power

if TYPE_CHECKING:
    from onearm.stats.design.two_stage import SimonDesigns
    from onearm.stats.design.two_stage_inference import ChangedStage, TwoStageInference

__all__ = ["register"]


def register(design: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    design : typer.Typer
        The group of design commands.
    """
    design.command("simon")(simon)


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
    from onearm.cli.design_picture import draw_rule
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
        draw_rule(plot, two_stage_rule(*numbers), f"{chosen}", ((p0, "p0"), (p1, "p1")))
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
