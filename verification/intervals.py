"""
Coverage of every binomial interval over p and n, by enumeration.

For each number of subjects and each true proportion, the probability of all counts whose interval holds the proportion
is summed: no simulation, no simulation error. Run ``python -m verification.intervals [FOLDER]``; the picture goes to
the folder, ``docs/pictures`` by default, and a table of the smallest and the mean coverage is printed.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from onearm.stats.binomial import BINOMIAL_INTERVALS, binomial_bounds

__all__ = ["Coverage", "coverage", "main"]

Floats = NDArray[np.float64]

LEVEL: Final = 0.95
SUBJECTS: Final = np.arange(5, 101)
PROPORTIONS: Final = np.linspace(0.002, 0.5, 250)
SHOWN: Final = tuple(name for name in BINOMIAL_INTERVALS if name != "wilson-cc-r")
"""R's variant differs from Wilson with continuity correction at x = n/2 only."""
PICTURES: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures"


class Coverage(NamedTuple):
    """Coverage of one method: one row for each number of subjects, one column for each proportion."""

    method: str
    grid: Floats

    @property
    def smallest(self) -> float:
        """Worst case over the grid."""
        return float(np.nanmin(self.grid))

    @property
    def mean(self) -> float:
        """Mean over the grid."""
        return float(np.nanmean(self.grid))


def coverage(method: str, n: int, p: Floats, *, level: float = LEVEL) -> Floats:
    """Probability that the interval of n subjects holds p, for each p."""
    x = np.arange(n + 1)
    low, high = binomial_bounds(x, n, method=method, level=level)
    holds = (low - 1e-12 <= p[:, None]) & (p[:, None] <= high + 1e-12)
    return np.asarray((stats.binom.pmf(x, n, p[:, None]) * holds).sum(axis=1))


def main(folder: Path = PICTURES) -> Path:
    """Enumerate, check the exact methods, print the table, draw the picture."""
    found = [Coverage(name, np.array([coverage(name, int(n), PROPORTIONS) for n in SUBJECTS])) for name in SHOWN]
    print(f"{'method':<16} {'smallest':>9} {'mean':>9}   {LEVEL:.0%} intervals, n {SUBJECTS[0]} to {SUBJECTS[-1]}")
    for each in found:
        print(f"{each.method:<16} {each.smallest:9.4f} {each.mean:9.4f}")
    below = [c.method for c in found if BINOMIAL_INTERVALS[c.method].is_exact and c.smallest < LEVEL - 1e-9]
    if below:
        raise AssertionError(f"coverage below the level of methods that are called exact: {', '.join(below)}")
    return draw(found, folder / "binomial_coverage.png")


def draw(found: list[Coverage], path: Path) -> Path:
    """One panel for each method; white is the level, orange below it, blue above."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
    from PIL import Image

    # Vermilion and blue of Okabe and Ito, told apart by every kind of colour vision.
    colours = LinearSegmentedColormap.from_list(
        "level", [(0.0, "#6b2f00"), (0.25, "#D55E00"), (0.5, "#ffffff"), (1.0, "#0072B2")], N=41
    )
    norm = TwoSlopeNorm(vmin=0.80, vcenter=LEVEL, vmax=1.0)
    with plt.rc_context({"font.family": "DejaVu Sans", "font.size": 8, "axes.linewidth": 0.6}):
        figure, axes = plt.subplots(3, 4, figsize=(7.2, 6.2), sharex=True, sharey=True, layout="constrained")
        for axis, each in zip(axes.flat, found, strict=True):
            image = axis.pcolormesh(PROPORTIONS, SUBJECTS, each.grid, cmap=colours, norm=norm, rasterized=True)
            title = BINOMIAL_INTERVALS[each.method].title.replace(" with", "\nwith").replace(" of a", "\nof a")
            axis.set_title(title[0].upper() + title[1:], fontsize=8.5, pad=14)
            axis.text(
                0.5,
                1.02,
                f"mean {100 * each.mean:.1f}%, smallest {100 * each.smallest:.1f}%",
                transform=axis.transAxes,
                ha="center",
                va="bottom",
                fontsize=6.8,
                color="#444444",
            )
            axis.set_xticks([0, 0.1, 0.2, 0.3, 0.4, 0.5], ["0", "", "0.2", "", "0.4", ""])
            axis.set_yticks([5, 25, 50, 75, 100])
            axis.tick_params(width=0.6, length=2.5)
        for axis in axes[-1]:
            axis.set_xlabel("True proportion p", labelpad=2)
        for axis in axes[:, 0]:
            axis.set_ylabel("Subjects n", labelpad=2)
        bar = figure.colorbar(image, ax=axes, location="bottom", aspect=50, shrink=0.75, pad=0.02, extend="min")
        bar.set_ticks(
            [0.80, 0.85, 0.90, 0.925, 0.95, 0.975, 1.0], labels=["≤80", "85", "90", "92.5", "95", "97.5", "100"]
        )
        bar.set_label("Coverage of the 95% interval, % (the same for p and 1 − p)")
        bar.outline.set_linewidth(0.6)
        drawn = BytesIO()
        figure.savefig(drawn, dpi=200)
        plt.close(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A palette shows every step of the scale and takes a third of the room.
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
    return path


if __name__ == "__main__":
    print(main(*(Path(argument) for argument in sys.argv[1:2])))
