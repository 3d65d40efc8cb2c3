"""
Distances and neighbours of ten million cells, and of 100 slides at once: onearm beside scikit-learn and squidpy.

Run with ``python -m benchmarks.tissue`` (``python -m benchmarks.tissue 1000000`` for another number of cells). Slides are
simulated: nests of tumour cells in stroma. scikit-learn and squidpy are timed where they are installed, in this
environment or in that of the interpreter named by ``ONEARM_PEERS``, and skipped by name where they are not; scikit-learn's
tree is a k-d tree as well, squidpy builds the graph of all neighbours. Peak memory is that of the process.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onearm.stats.neighbours import count_within, nearest

__all__ = ["main"]

CELLS = 10_000_000
SHARES = {"CK+": 0.40, "CD8+": 0.10, "CD20+": 0.05, "CD3+": 0.15}
PER_MM2 = 6_000
PEER_SCRIPT = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
folder = sys.argv[1]
cd8, ck, cd20, cd3 = (np.load(f"{folder}/{name}.npy") for name in ("cd8", "ck", "cd20", "cd3"))
out = {}
try:
    from sklearn.neighbors import KDTree
    begin = time.perf_counter()
    distance = KDTree(ck).query(cd8)[0]
    out["scikit-learn nearest"] = (time.perf_counter() - begin, float(distance.mean()))
    begin = time.perf_counter()
    share = (KDTree(cd3).query_radius(cd20, 10, count_only=True) > 0).mean()
    out["scikit-learn share"] = (time.perf_counter() - begin, float(share))
except ImportError:
    print("scikit-learn is not installed: skipped.", file=sys.stderr)
try:
    import anndata, squidpy
    few = min(len(cd20) + len(cd3), 1_000_000)
    xy = np.vstack([cd20, cd3])[:few] if few == len(cd20) + len(cd3) else np.vstack([cd20[: few // 4], cd3[: few - few // 4]])
    table = anndata.AnnData(np.zeros((len(xy), 1), dtype=np.float32), obsm={"spatial": xy})
    begin = time.perf_counter()
    squidpy.gr.spatial_neighbors(table, coord_type="generic", radius=10.0)
    seconds = time.perf_counter() - begin
    out["squidpy share"] = (seconds * (len(cd20) + len(cd3)) / len(xy), float("nan"))
except ImportError as error:
    print(f"squidpy is not installed: skipped ({error}).", file=sys.stderr)
print(json.dumps(out))
"""
Points = NDArray[np.float64]


def draw(n: int, seed: int = 1) -> dict[str, Points]:
    """Draw the cells of one slide: tumour cells in nests, B cells in follicles, the others anywhere."""
    rng = np.random.default_rng(seed)
    side = 1000 * np.sqrt(n / PER_MM2)
    cells = {}
    for name, share in SHARES.items():
        count = int(n * share)
        if name == "CK+":
            centres = rng.uniform(0, side, (max(n // 5000, 4), 2))
            spread = side / np.sqrt(len(centres)) / 3
            points = centres[rng.integers(0, len(centres), count)] + rng.normal(0, spread, (count, 2))
            cells[name] = np.clip(points, 0, side)
        else:
            cells[name] = rng.uniform(0, side, (count, 2))
    return cells


def timed(what: str, wanted: float | None, work: Callable[[], float]) -> float:
    """Run once, print seconds, those of the processors (two of them at work on a quiet machine) and the answer."""
    begin, busy = time.perf_counter(), time.process_time()
    answer = work()
    seconds, busy = time.perf_counter() - begin, time.process_time() - busy
    goal = "" if wanted is None else f" (wanted: under {wanted:g} s)"
    print(f"{what}: {seconds:.2f} s{goal}, {busy:.2f} s of processor time, answer {answer:.6g}", flush=True)
    return seconds


def peers(cells: dict[str, Points]) -> dict[str, tuple[float, float]]:
    """Time the peers in an interpreter of their own."""
    python = os.environ.get("ONEARM_PEERS", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        for name, points in cells.items():
            np.save(Path(folder, name.rstrip("+").lower()), points)
        done = subprocess.run([python, "-c", PEER_SCRIPT, folder], capture_output=True, text=True, check=False)
    print(done.stderr.strip()[-500:], flush=True)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else {}


def peak_mb() -> float:
    """Give the peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reading(n: int) -> None:
    """Write and read a table of QuPath; the table must not stand in memory as text beside its numbers."""
    import polars as pl

    from onearm.data.assays.cells import read_cells

    rng = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "slide.tsv")
        with path.open("wb") as stream:
            stream.write("Image\tObject ID\tClassification\tCentroid X µm\tCentroid Y µm\tCell: CD8: Mean\n".encode())
            for start in range(0, n, 200_000):
                x, y, level = rng.uniform(0, 40_000, (3, min(200_000, n - start))).round(2)
                rows = pl.DataFrame({"x": x, "y": y, "level": level}).with_row_index("id", offset=start)
                rows.select(pl.lit("slide.tif"), "id", pl.lit("Tumor").alias("class"), "x", "y", "level").write_csv(
                    stream, separator="\t", include_header=False
                )
        before = peak_mb()
        timed(
            f"read a cell table of {n:,} rows, {path.stat().st_size / 1e6:.0f} MB",
            None,
            lambda: read_cells(path).cells.height,
        )
        print(f"  peak memory {peak_mb():.0f} MB, {before:.0f} MB before")


def one_slide(n: int) -> None:
    """Time one slide, and the peers beside it."""
    cells = draw(n)
    stored = sum(points.nbytes for points in cells.values()) / 2**20
    print(f"One slide of {n:,} cells, {stored:.0f} MB of coordinates, two workers", flush=True)
    mine = {
        "nearest": timed(
            "nearest CK+ of every CD8+", 4, lambda: float(nearest(cells["CD8+"], cells["CK+"]).distance.mean())
        ),
        "share": timed(
            "share of CD20+ with a CD3+ within 10 um",
            2,
            lambda: float(np.isfinite(nearest(cells["CD20+"], cells["CD3+"], reach=10).distance).mean()),
        ),
    }
    timed(
        "CD3+ within 25 um of every CD20+, counted",
        None,
        lambda: float(count_within(cells["CD20+"], cells["CD3+"], 25).mean()),
    )
    print(f"peak memory {peak_mb():.0f} MB (wanted: under 2,000)", flush=True)
    for name, (seconds, answer) in peers(cells).items():
        task = name.rsplit(" ", 1)[1]
        print(f"{name}: {seconds:.1f} s, {seconds / mine[task]:.1f} x onearm, answer {answer:.6g}", flush=True)


def many_slides(n: int) -> None:
    """Time 100 slides in one call."""
    slides = [draw(n // 100, seed) for seed in range(100)]
    cells = {name: np.vstack([slide[name] for slide in slides]) for name in SHARES}
    code = {name: np.repeat(np.arange(100), [len(slide[name]) for slide in slides]) for name in SHARES}
    del slides
    timed(
        f"100 slides of {n // 100:,} cells in one call, nearest CK+ of every CD8+",
        None,
        lambda: float(nearest(cells["CD8+"], cells["CK+"], groups=(code["CD8+"], code["CK+"])).distance.mean()),
    )
    groups = (code["CD20+"], code["CD3+"])
    timed(
        "the same, share of CD20+ with a CD3+ within 10 um",
        None,
        lambda: float(np.isfinite(nearest(cells["CD20+"], cells["CD3+"], groups=groups, reach=10).distance).mean()),
    )


def main() -> None:
    """Print seconds, peak memory and ratios."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else CELLS
    one_slide(n)
    many_slides(n)
    reading(n)


if __name__ == "__main__":
    main()
