"""
Omics: moderated t, ssGSEA, DESeq2's model and Cox screens of thousands of features, beside R, and a whole omics report.

Run with ``python -m benchmarks.omics`` (``python -m benchmarks.omics 2000`` for another number of genes in the slow parts).
R is timed on the same matrices in one run: limma (``lmFit``, ``eBayes``), GSVA's ``ssgsea`` and DESeq2, each without
starting R and loading packages; a package that is not installed is skipped by name. pydeseq2 is timed with its threads
pinned, as onearm runs it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onearm.stats.omics.deseq import deseq
from onearm.stats.omics.moderated import paired_moderated_t
from onearm.stats.omics.screens import signed_rank_screen
from onearm.stats.omics.single_sample import ssgsea

__all__ = ["main"]

Matrix = NDArray[np.float64]

LIMMA = """
suppressMessages(library(limma)); a <- commandArgs(TRUE); m <- matrix(readBin(a[1], "double", 15 * 5400), 5400, byrow = FALSE)
for (i in 1:4) {
  s <- proc.time()[[3]]; e <- eBayes(lmFit(m, matrix(1, 15, 1))); t <- topTable(e, n = Inf, sort.by = "none")
  s <- proc.time()[[3]] - s
}
cat(s, sum(abs(t$t)))
"""
GSVA = """
suppressMessages(library(GSVA)); a <- commandArgs(TRUE); m <- matrix(readBin(a[1], "double", 60 * 17000), 17000)
rownames(m) <- paste0("g", seq_len(17000)); i <- matrix(readBin(a[2], "integer", 5000), 100)
sets <- lapply(1:50, function(k) paste0("g", i[, k])); names(sets) <- paste0("s", 1:50)
s <- proc.time()[[3]]; r <- gsva(m, sets, method = "ssgsea", ssgsea.norm = FALSE, verbose = FALSE)
cat(proc.time()[[3]] - s, sum(r))
"""
DESEQ = """
suppressMessages(library(DESeq2)); a <- commandArgs(TRUE); p <- as.integer(a[2])
m <- matrix(as.integer(readBin(a[1], "double", 20 * p)), p); d <- data.frame(g = factor(rep(c("a", "b"), each = 10)))
s <- proc.time()[[3]]; r <- results(DESeq(DESeqDataSetFromMatrix(m, d, ~g), quiet = TRUE), alpha = 0.05)
cat(proc.time()[[3]] - s, sum(abs(r$log2FoldChange), na.rm = TRUE))
"""


def in_r(script: str, *arguments: str) -> tuple[float, float] | None:
    """Seconds and a check sum as R prints them; None where R or a package is absent."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.R"
        path.write_text(script)
        done = subprocess.run(["Rscript", str(path), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    seconds, total = map(float, done.stdout.split()[-2:])
    return seconds, total


def best(run: Callable[[], object], times: int = 5) -> float:
    """Fastest of several runs."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found)


def show(
    task: str, own: float, wanted: float | None, peer: tuple[float, float] | None, name: str, total: float
) -> None:
    """Print a line with the ratio, and whether the results agree."""
    goal = "" if wanted is None else f", wanted {wanted:g} s"
    print(f"{task}: {own:.3f} s{goal}")
    if peer is None:
        print(f"  {name}: not installed, skipped")
    else:
        same = abs(peer[1] - total) <= 1e-4 * abs(total)
        sums = "agree" if same else f"differ: {peer[1]} and {total}"
        print(f"  {name}: {peer[0]:.3f} s, {peer[0] / own:.2f} x onearm; sums {sums}")


def moderated(folder: Path) -> None:
    """Moderated paired test of 5,400 proteins in 15 pairs."""
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=(15, 5400)), rng.normal(size=(15, 5400))
    (folder / "d").write_bytes((after - before).ravel(order="C").tobytes())  # columns of R are samples
    peer = in_r(LIMMA, str(folder / "d"))
    total = float(np.abs(paired_moderated_t(before, after).t).sum())
    show(
        "moderated paired t, 5,400 proteins x 15 pairs",
        best(lambda: paired_moderated_t(before, after), 15),
        0.05,
        peer,
        "limma",
        total,
    )
    before[rng.random(before.shape) < 0.05] = np.nan
    show(
        "the same with 5% missing",
        best(lambda: paired_moderated_t(before, after), 10),
        0.05,
        None,
        "limma with missing values",
        0,
    )
    print(f"  paired Wilcoxon, exact, the same: {best(lambda: signed_rank_screen(before, after), 3):.3f} s")


def scores(folder: Path) -> None:
    """Score 50 sets in 60 samples of 17,000 genes."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(60, 17000))
    members = np.array([rng.choice(17000, 100, replace=False) for _ in range(50)], dtype=np.int32)
    (folder / "x").write_bytes(values.tobytes())
    (folder / "i").write_bytes((members + 1).astype(np.int32).tobytes())
    names = [f"g{i + 1}" for i in range(17000)]
    sets = {f"s{k + 1}": [names[i] for i in row] for k, row in enumerate(members)}
    peer = in_r(GSVA, str(folder / "x"), str(folder / "i"))
    total = float(ssgsea(values, names, sets).scores.sum())
    show(
        "ssGSEA, 17,000 genes x 60 samples x 50 sets",
        best(lambda: ssgsea(values, names, sets)),
        0.3,
        peer,
        "GSVA",
        total,
    )


def counts(folder: Path, n_genes: int) -> None:
    """Compare counts of 20 samples by DESeq2's model."""
    rng = np.random.default_rng(3)
    mean = (
        np.exp(rng.uniform(1, 8, n_genes))
        * np.exp2(np.where(np.arange(n_genes) < n_genes // 20, 1.5, 0))[None, :]
        ** np.r_[np.zeros(10), np.ones(10)][:, None]
    )
    matrix = rng.negative_binomial(5, 5 / (5 + mean)).astype(np.float64)
    second = [0] * 10 + [1] * 10
    (folder / "k").write_bytes(matrix.tobytes())
    deseq(matrix[:, :200], second)  # imports and first calls are not timed, as R's are not
    begin = time.perf_counter()
    found = deseq(matrix, second)
    own = time.perf_counter() - begin
    peer = in_r(DESEQ, str(folder / "k"), str(n_genes))
    show(
        f"DESeq2's model, {n_genes:,} genes x 20 samples, threads pinned",
        own,
        None,
        peer,
        "DESeq2 in R",
        float(np.nansum(np.abs(found.effect))),
    )


def report(n_genes: int) -> None:
    """Run a whole synthetic study of 20 patients with three assays, to its report."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from simulated_omics import write_study

    from onearm.run import run_trial

    with tempfile.TemporaryDirectory() as folder:
        study = write_study(Path(folder) / "study", n_genes=n_genes, n_proteins=5400)
        steps: list[str] = []
        begin = time.perf_counter()
        run = run_trial(study, progress=lambda step, _done, _total: steps.append(step))
        seconds = time.perf_counter() - begin
        print(
            f"whole report, 20 patients, {n_genes:,} genes, 5,400 proteins, 60 metabolites: {seconds:.1f} s, wanted 60 s; "
            f"{run.results.height:,} results, {len(set(steps))} steps of the progress bar"
        )


def main() -> None:
    """Time everything."""
    n_genes = int(sys.argv[1]) if len(sys.argv) > 1 else 17_000
    with tempfile.TemporaryDirectory() as folder:
        moderated(Path(folder))
        scores(Path(folder))
        counts(Path(folder), n_genes)
    report(n_genes)


if __name__ == "__main__":
    main()
