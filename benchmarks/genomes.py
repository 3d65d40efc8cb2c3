"""
Sequencing: a MAF of 10 million rows to burden and gene matrix, and 20,000 genes in 500 patients with max-T permutations.

Run with ``python -m benchmarks.genomes`` (``python -m benchmarks.genomes 1000000 2000`` for fewer rows and genes). The MAF
is read in a process of its own, so that its peak memory is its own. Beside it, where installed: pandas reading the same
columns and counting them, as a script in Python would; R's ``survdiff`` and ``fisher.test`` gene by gene, from 200 genes
without permutations. A peer that is not installed is skipped by name.
"""

from __future__ import annotations

import importlib.util
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

__all__ = ["main"]

READ = """
import resource, sys, time
begin = time.perf_counter()
from onearm.data import Findings
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.data.assays.genomes.maf import read_maf
from onearm.data.assays.genomes.profile import gene_status, profile_of
from onearm.data.assays.genomes.variant_classes import classes_of
from onearm.derivations.biomarkers.burden import BurdenRules, count_burden
import polars as pl
findings = Findings(rules=GENOME_RULES)
variants = read_maf(sys.argv[1], findings)
profile = profile_of(variants, findings)
profiled = pl.DataFrame(list(profile.samples.items()), schema=["SAMPLE", "PANEL"], orient="row")
classes = classes_of("nonsynonymous")
burden = count_burden(variants, profiled, BurdenRules(classes, 38.0))
status = gene_status(variants, profile, classes=classes)
used = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)
print(burden["COUNT"].sum(), int(status.status.sum()))
"""
PANDAS = """
import resource, sys, time
begin = time.perf_counter()
import pandas as pd
columns = ["Hugo_Symbol", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "Variant_Classification",
           "Tumor_Sample_Barcode"]
maf = pd.read_csv(sys.argv[1], sep="\\t", usecols=columns, dtype=str, comment="#").drop_duplicates()
silent = {"Silent", "Intron", "3'UTR"}
kept = maf[~maf["Variant_Classification"].isin(silent)]
burden = kept.groupby("Tumor_Sample_Barcode").size()
matrix = pd.crosstab(kept["Tumor_Sample_Barcode"], kept["Hugo_Symbol"]).clip(upper=1)
used = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)
print(burden.sum(), int(matrix.to_numpy().sum()))
"""
R_SCRIPT = """
suppressMessages(library(survival))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3])
f <- file(a[1], "rb"); time <- readBin(f, "double", n); event <- readBin(f, "double", n); y <- readBin(f, "double", n)
X <- matrix(readBin(f, "double", n * p), n); close(f)
s <- Surv(time, event); begin <- proc.time()[[3]]; total <- 0
for (j in seq_len(p)) {
  x <- X[, j]
  total <- total + survdiff(s ~ x)$chisq + coef(coxph(s ~ x)) * 0 + fisher.test(table(y, x))$p.value * 0
}
cat(proc.time()[[3]] - begin, total)
"""
FEW = 200


def write_maf(path: Path, rows: int) -> None:
    """Write a synthetic MAF of 13 columns, 1,000 samples and 20,000 genes."""
    import polars as pl

    draw = np.random.default_rng(1)
    words = np.array(
        ["Missense_Mutation", "Silent", "Nonsense_Mutation", "Intron", "3'UTR", "Frame_Shift_Del", "Splice_Site"]
    )
    samples = np.array([f"TCGA-{i:02d}-{i:04d}-01A-11D-A30A-10" for i in range(1000)])
    genes = np.array([f"GENE{i}" for i in range(20_000)])
    with path.open("wb") as stream:
        for low in range(0, rows, 1_000_000):
            n = min(1_000_000, rows - low)
            part = pl.DataFrame(
                {
                    "Hugo_Symbol": genes[draw.integers(0, genes.size, n)],
                    "Entrez_Gene_Id": draw.integers(1, 30_000, n),
                    "Center": ["broad.mit.edu"] * n,
                    "NCBI_Build": ["GRCh38"] * n,
                    "Chromosome": draw.integers(1, 23, n),
                    "Start_Position": draw.integers(1, 240_000_000, n),
                    "Reference_Allele": np.array(list("ACGT"))[draw.integers(0, 4, n)],
                    "Tumor_Seq_Allele2": np.array(list("ACGT"))[draw.integers(0, 4, n)],
                    "Variant_Classification": words[draw.integers(0, words.size, n)],
                    "Tumor_Sample_Barcode": samples[draw.integers(0, samples.size, n)],
                    "HGVSp_Short": ["p.R248Q"] * n,
                    "t_ref_count": draw.integers(10, 300, n),
                    "t_alt_count": draw.integers(1, 200, n),
                }
            )
            part.write_csv(stream, separator="\t", include_header=low == 0)


def in_a_process(script: str, path: Path) -> list[float]:
    """Run a script on the MAF; give the numbers that it prints."""
    output = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    ).stdout
    return [float(word) for word in output.split()]


def read(rows: int) -> None:
    """Time reading, burden and gene matrix."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.maf"
        write_maf(path, rows)
        size = path.stat().st_size / 1e9
        seconds, cpu, memory, counted, mutated = in_a_process(READ, path)
        print(f"MAF of {rows:,} rows ({size:.2f} GB) to burden and gene matrix; target 15 s and 4 GB for 10,000,000")
        used = f"{cpu:6.2f} s of processor   {memory:5.2f} GB"
        print(f"  {'onearm':28} {seconds:9.2f} s   {used}   {counted:,.0f} counted, {mutated:,.0f} mutated")
        if importlib.util.find_spec("pandas") is None:
            print(f"  {'pandas':28} skipped: not installed")
            return
        theirs, their_cpu, memory, again, also = in_a_process(PANDAS, path)
        same = "same numbers" if (counted, mutated) == (again, also) else f"{again:,.0f} counted, {also:,.0f} mutated"
        used = f"{their_cpu:6.2f} s of processor   {memory:5.2f} GB"
        print(f"  {'pandas':28} {theirs:9.2f} s   {used}   {theirs / seconds:.1f} times onearm   {same}")


def associate(m: int) -> None:
    """Time the association of all genes with response and survival."""
    from onearm.stats.contingency import fisher_exact
    from onearm.stats.cox_screen import cox_screen
    from onearm.stats.log_rank_screen import log_rank_screen
    from onearm.stats.score_screen import response_screen, survival_screen

    draw = np.random.default_rng(2)
    n = 500
    genes = (draw.random((n, m)) < draw.beta(0.6, 12, m)).astype(float)
    months, event, response = np.ceil(4 * draw.exponential(10, n)) / 4, draw.random(n) < 0.7, draw.random(n) < 0.3
    kept = genes[:, np.minimum(genes.sum(axis=0), n - genes.sum(axis=0)) >= 3]
    print(f"{m:,} genes x {n} patients, {kept.shape[1]:,} altered in 3 or more; target 60 s on two cores for 20,000")
    steps = {
        "log-rank tests": lambda: log_rank_screen(months, event, kept),
        "Cox models": lambda: cox_screen(months, event, kept),
        "max-T, survival": lambda: survival_screen(months, event, genes, least=3, permutations=1000, seed=1),
        "max-T, response": lambda: response_screen(response, genes, least=3, permutations=1000, seed=1),
        "Fisher's tests": lambda: fisher_all(kept, response, fisher_exact),
    }
    total = 0.0
    for name, run in steps.items():
        begin = time.perf_counter()
        run()
        seconds = time.perf_counter() - begin
        total += seconds
        print(f"  {'onearm, ' + name:28} {seconds:9.2f} s")
    print(
        f"  {'onearm, everything':28} {total:9.2f} s   peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )
    begin = time.perf_counter()
    survival_screen(months, event, kept[:, :FEW], permutations=1000, variance="log-rank", seed=1)
    print(f"  {f'its own variance, {FEW} genes':28} {time.perf_counter() - begin:9.2f} s")
    by_r(months, event, response, kept[:, :FEW], kept.shape[1], total)


def fisher_all(genes: np.ndarray, response: np.ndarray, test) -> list[float]:  # type: ignore[no-untyped-def]
    """Fisher's test of each distinct table."""
    a, carriers = response.astype(float) @ genes, genes.sum(axis=0)
    known: dict[tuple[int, int], float] = {}
    total, n = int(response.sum()), response.size
    for x, k in {(int(x), int(k)) for x, k in zip(a, carriers, strict=True)}:
        known[x, k] = test([[x, k - x], [total - x, n - k - (total - x)]]).p_two_sided
    return [known[int(x), int(k)] for x, k in zip(a, carriers, strict=True)]


def by_r(
    months: np.ndarray, event: np.ndarray, response: np.ndarray, genes: np.ndarray, tested: int, ours: float
) -> None:
    """Time R on a few genes, without permutations."""
    if not shutil.which("Rscript"):
        print(f"  {'R':28} skipped: not installed")
        return
    n, p = genes.shape
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder, "data"), Path(folder, "script.R")
        parts = [months, event.astype(float), response.astype(float), genes.T.ravel()]
        data.write_bytes(np.concatenate(parts).tobytes())
        script.write_text(R_SCRIPT)
        command = ["Rscript", str(script), str(data), str(n), str(p)]
        run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        print(f"  {'R':28} skipped: package survival is not installed")
        return
    seconds = float(run.stdout.split()[0]) * tested / p
    once = f"{seconds / ours:.1f} times onearm with its 1,000 permutations twice"
    print(f"  {'R, without permutations':28} {seconds:9.1f} s   {once}; extrapolated from {p} genes")


def main() -> None:
    """Time both."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    read(numbers[0] if numbers else 10_000_000)
    associate(numbers[1] if len(numbers) > 1 else 20_000)


if __name__ == "__main__":
    main()
