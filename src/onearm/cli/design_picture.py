"""Pictures of designs: power over the true rate, boundaries with the path so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from onearm.stats.design.looks import StoppingRule

__all__ = ["draw_boundary", "draw_curves", "draw_rule"]

# Okabe and Ito's colours that all colour vision tells apart
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"


def draw_curves(
    path: Path,
    x: NDArray[np.float64],
    curves: dict[str, NDArray[np.float64]],
    *,
    x_label: str,
    y_label: str,
    title: str,
    marks: Sequence[tuple[float, str]] = (),
) -> None:
    """
    Draw probabilities over a true parameter and write the file.

    Parameters
    ----------
    path : Path
        Where to; the ending says the format.
    x : ndarray, shape (n_points,)
        True parameter.
    curves : dict of str to ndarray, each shape (n_points,)
        Probabilities, up to three.
    x_label, y_label, title : str
        Words.
    marks : sequence of (float, str)
        Vertical lines with their names.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    styles = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."))
    for (name, y), (colour, line) in zip(curves.items(), styles, strict=False):
        axes.plot(x, y, color=colour, linestyle=line, linewidth=2, label=name)
    for at, name in marks:
        axes.axvline(at, color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate(name, (at, 1.02), xycoords=("data", "axes fraction"), ha="center", va="bottom", color=GREY)
    axes.set(xlabel=x_label, ylabel=y_label, xlim=(x[0], x[-1]), ylim=(0, 1))
    axes.set_title(title, loc="left", fontsize=11, pad=22 if marks else 8)
    axes.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1:
        axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def draw_boundary(
    path: Path,
    looks: Sequence[int],
    futility: Sequence[int | None],
    efficacy: Sequence[int | None],
    *,
    title: str,
    path_n: Sequence[int] = (),
    path_responders: Sequence[int] = (),
) -> None:
    """
    Draw stopping boundaries with the path of a trial and write the file.

    Parameters
    ----------
    path : Path
        Where to; the ending says the format.
    looks : sequence of int
        Numbers of patients.
    futility, efficacy : sequence of (int or None)
        Boundaries; None is drawn as nothing.
    title : str
        Words.
    path_n, path_responders : sequence of int
        Patients and responders so far; may be empty.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for bound, colour, marker, name in (
        (efficacy, BLUE, "^", "stop for efficacy at or above"),
        (futility, ORANGE, "v", "stop for futility at or below"),
    ):
        points = [(n, value) for n, value in zip(looks, bound, strict=True) if value is not None]
        if points:
            n, value = zip(*points, strict=True)
            # no line between the markers: between looks nothing stops the trial
            axes.plot(n, value, color=colour, marker=marker, linestyle="none", markersize=8, label=name)
    if len(path_n):
        axes.step(path_n, path_responders, where="post", color="black", linewidth=1.8, label="responders so far")
        axes.plot(path_n[-1], path_responders[-1], "ko", markersize=5)
    axes.set(xlabel="evaluable patients", ylabel="responders", xlim=(0, looks[-1] * 1.03))
    axes.set_ylim(bottom=-0.4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside lower center", ncols=3, fontsize=9)
    figure.savefig(path, dpi=150)


def draw_rule(path: Path, rule: StoppingRule, title: str, marks: tuple[tuple[float, str], ...]) -> None:
    """
    Draw the probability of each end of a rule over the true rate.

    Parameters
    ----------
    path : Path
        The file.
    rule : StoppingRule
        Any rule.
    title : str
        Above the picture.
    marks : tuple of (float, str)
        Rates to mark.
    """
    import numpy as np

    from onearm.stats.design.looks import operating_characteristics

    rates = np.linspace(0, 1, 201)
    oc = operating_characteristics(rule, rates)
    is_one_look = len(rule.looks) == 1
    curves = {"efficacy": oc.efficacy} if is_one_look else {"efficacy": oc.efficacy, "futility": oc.futility}
    if oc.inconclusive.max() > 1e-9:
        curves["inconclusive"] = oc.inconclusive
    draw_curves(path, rates, curves, x_label="true response rate", y_label="probability", title=title, marks=marks)
