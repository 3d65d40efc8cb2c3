"""
Make the synthetic data of this example: python make_data.py FOLDER [PATIENTS] [SEED].

Nobody in these files exists. Frequencies of the genes follow what ALTER-E-003 printed (TP53 in 85% of 41 tumours, PIK3CA in
32%, CDKN2A and LRP1B in 29%, FAT1 in 15%, NOTCH3 in 10%); outcomes are drawn so that a tumour with TP53 or FAT1 and without
NOTCH3 does better, which is what the signature of the protocol says.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

GENES = {
    "TP53": 0.854, "PIK3CA": 0.317, "CDKN2A": 0.293, "LRP1B": 0.293, "CREBBP": 0.22, "FAT1": 0.146, "NOTCH3": 0.098,
    "NOTCH1": 0.17, "KMT2D": 0.2, "NFE2L2": 0.12, "EP300": 0.12, "RB1": 0.1, "PTEN": 0.07, "ZNF750": 0.1, "KRAS": 0.03,
    "BRAF": 0.02,
}  # fmt: skip
CCND1 = ("CCND1", 11, 69_641_156, 69_654_474)
CLASSES = ("Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del", "Splice_Site", "In_Frame_Del")
OTHERS = ("Missense_Mutation", "Silent", "Nonsense_Mutation", "Frame_Shift_Del", "Intron")
HEAD = (
    "Hugo_Symbol", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "Variant_Classification",
    "Variant_Type", "Tumor_Sample_Barcode", "HGVSp_Short", "t_vaf", "t_depth", "NCBI_Build", "context",
)  # fmt: skip


def window(draw: np.random.Generator, is_apobec: bool) -> tuple[str, str, str]:
    """Bases around a substitution: 20 on each side, the changed one in the middle."""
    bases = list(draw.choice(list("ACGT"), 41))
    bases[20] = str(draw.choice(["C", "C", "G", "T"]))
    if is_apobec:
        bases[19:22] = ["T", "C", str(draw.choice(["A", "T"]))]
    made = str(draw.choice([base for base in "ACGT" if base != bases[20]]))
    return "".join(bases), bases[20], str(draw.choice(["T", "G"])) if is_apobec else made


def rows_of(draw: np.random.Generator, sample: str, mutated: list[str]) -> list[tuple[object, ...]]:
    """Variants of one tumour."""
    apobec = draw.random() < 0.3
    n = int(draw.gamma(3, 9)) + 3
    genes = mutated + [f"GENE{i}" for i in draw.integers(1, 400, n)]
    rows = []
    for gene in genes:
        words, shares = (
            (CLASSES, (0.55, 0.17, 0.13, 0.1, 0.05)) if gene in GENES else (OTHERS, (0.6, 0.25, 0.05, 0.05, 0.05))
        )
        word = str(draw.choice(words, p=shares))
        codon = int(draw.integers(20, 400))
        chromosome, place = int(draw.integers(1, 22)), int(draw.integers(1_000_000, 200_000_000))
        share, depth = round(float(draw.beta(4, 8)), 3), int(draw.integers(80, 400))
        protein = {"Frame_Shift_Del": f"p.L{codon}fs", "Nonsense_Mutation": f"p.Q{codon}*", "Splice_Site": f"p.X{codon}_splice",
                   "In_Frame_Del": f"p.E{codon}del", "Missense_Mutation": f"p.R{codon}H"}.get(word, "")  # fmt: skip
        if word.endswith("Del"):
            change, context = ("A", "-", word, "DEL"), ""
            rows.append((gene, chromosome, place, *change, sample, protein, share, depth, "GRCh38", context))
            continue
        context, before, after = window(draw, is_apobec=bool(apobec and draw.random() < 0.6))
        change = (before, after, word, "SNP")
        rows.append((gene, chromosome, place, *change, sample, protein, share, depth, "GRCh38", context))
    return rows


def main() -> None:
    """Write every file."""
    folder = Path(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 46
    draw = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 38)
    (folder / "data" / "assays").mkdir(parents=True, exist_ok=True)
    patients, calls, profiled, scores, purity, copies = [], [], [], [], [], []
    for i in range(n):
        subject = f"SYN-{i + 1:03d}"
        mutated = [gene for gene, share in GENES.items() if draw.random() < share]
        good = bool({"TP53", "FAT1"} & set(mutated)) and "NOTCH3" not in mutated
        ecog, liver = int(draw.random() < 0.6), "Y" if draw.random() < 0.25 else "N"
        hazard = 0.045 * (0.4 if good else 1.3) * (1.6 if liver == "Y" else 1.0)
        pfs = round(float(draw.exponential(1 / hazard)) + 0.5, 2)
        death = round(pfs + float(draw.exponential(14)), 2)
        seen = round(float(draw.uniform(14, 32)), 2)
        shares = (0.04, 0.61, 0.28, 0.07) if good else (0.0, 0.15, 0.45, 0.4)
        response = str(draw.choice(["CR", "PR", "SD", "PD"], p=shares))
        times = (min(pfs, seen), int(pfs <= seen), min(death, seen), int(death <= seen))
        patients.append((subject, response, *times, ecog, liver))
        cps = "" if draw.random() < 0.08 else int(draw.choice([0, 0, 1, 3, 8, 15, 40]))
        scores.append((subject, cps, "" if cps == "" else int(float(cps) * draw.random())))
        if draw.random() > 0.11:
            profiled.append((subject,))
            calls += rows_of(draw, subject, mutated)
            ploidy = max(1.5, round(float(draw.normal(2.6, 0.6)), 2))
            purity.append((subject, round(float(draw.beta(5, 4)), 2), ploidy, int(draw.random() < 0.4)))
            copies.append((subject, *CCND1[1:], 8 if draw.random() < 0.35 else 2))
    header = ("USUBJID", "BOR", "PFS_MONTHS", "PFS_EVENT", "OS_MONTHS", "DEATH", "ECOG", "LIVERMET")
    write(folder / "data" / "patients.csv", header, patients)
    write(folder / "data" / "assays" / "calls.maf", HEAD, calls, delimiter="\t")
    write(folder / "data" / "assays" / "profiled.csv", ("SAMPLE",), profiled)
    write(folder / "data" / "assays" / "pd_l1.csv", ("USUBJID", "CPS", "TPS"), scores)
    write(folder / "data" / "assays" / "purity.csv", ("sample", "purity", "ploidy", "genome_doublings"), purity)
    write(folder / "data" / "assays" / "copies.csv", ("sample", "chrom", "start", "end", "tcn.em"), copies)
    write(folder / "data" / "assays" / "places.csv", ("gene", "chrom", "start", "end"), [CCND1])


def write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]], *, delimiter: str = ",") -> None:
    """Write one table."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
