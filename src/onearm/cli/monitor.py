"""Watch a trial under way: ``onearm monitor DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from onearm.analyses import CohortMonitoring

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """
    Add the command of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("monitor")(monitor)


def monitor(
    folder: Annotated[Path, typer.Argument(help="Trial folder, with protocol.toml and data/.", metavar="DIR")],
    *,
    plot: Annotated[Path | None, typer.Option(help="Where the picture goes. [default: DIR/out/monitor.png]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every field as JSON; no picture.")] = False,
) -> None:
    """Count who is evaluable, and say what the design decides at this look."""
    from onearm.analyses import check_claims, monitor_trial
    from onearm.cli.design_print import print_json, print_sentence
    from onearm.run import check_trial

    checked = check_trial(folder)
    found = monitor_trial(checked.derived.datasets, checked.protocol)
    if as_json:
        print_json({"trial": checked.protocol.trial.id, "cohorts": found})
        return
    for claim in check_claims(checked.protocol):
        print_sentence(f"Warning: {claim}")
    for part in found:
        _print_cohort(checked.protocol.trial.id, part)
        path = _place(folder, plot, part.cohort)
        _draw(path, checked.protocol.trial.id, part)
        print(f"Picture: {path}\n")


def _place(folder: Path, plot: Path | None, cohort: str | None) -> Path:
    """File of the picture; with cohorts, one each."""
    path = plot if plot is not None else folder / "out" / "monitor.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if cohort is None:
        return path
    safe = "".join(letter if letter.isalnum() else "-" for letter in cohort)
    return path.with_name(f"{path.stem}-{safe}{path.suffix}")


def _print_cohort(trial: str, part: CohortMonitoring) -> None:
    import math

    from onearm.cli.design_print import print_sentence, print_table

    state = part.state
    name = trial if part.cohort is None else f"{trial}, cohort {part.cohort}"
    print_sentence(
        f"{name}: {state.evaluable} of {part.enrolled} patients are evaluable for {part.endpoint} (assessed, or nothing "
        f"more can come), {state.responders} responded."
    )
    seen = {n: int(state.path_responders[n]) for n in state.looks if n <= state.evaluable}
    never = "no stop"
    print_table(
        ("look at", "stop for futility at or below", "stop for efficacy at or above", "responders"),
        [
            (n, never if low is None else low, never if high is None else high, seen.get(n, ""))
            for n, low, high in zip(state.looks, state.futility, state.efficacy, strict=True)
        ],
    )
    at = "" if state.look is None else f" at {state.look} patients ({state.responders_at_look} responders)"
    print_sentence(f"Decision{at}: {state.decision}.")
    if math.isfinite(state.probability_futility):
        efficacy = f", for efficacy {state.probability_efficacy:.4f}" if state.probability_efficacy > 0 else ""
        print_sentence(f"Probability compared with the limit for futility: {state.probability_futility:.4f}{efficacy}.")
    for change in state.changes:
        print_sentence(change)
    if state.next_look is None:
        return
    print_table(
        ("if patients to come respond at", "ends for efficacy", "for futility", "with neither"),
        [
            (f"{rate:g}", f"{a:.4f}", f"{b:.4f}", f"{c:.4f}")
            for rate, a, b, c in zip(
                state.rates, state.chance_efficacy, state.chance_futility, state.chance_inconclusive, strict=True
            )
        ],
    )


def _draw(path: Path, trial: str, part: CohortMonitoring) -> None:
    from onearm.cli.design_picture import draw_boundary

    state = part.state
    name = trial if part.cohort is None else f"{trial}, cohort {part.cohort}"
    draw_boundary(
        path,
        state.looks,
        state.futility,
        state.efficacy,
        title=f"{name}: {part.endpoint}, {state.decision}",
        path_n=state.path_n.tolist(),
        path_responders=state.path_responders.tolist(),
    )
