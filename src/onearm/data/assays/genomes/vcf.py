"""
Annotated VCF: the calls of one tumour, with the genes and terms that SnpEff (ANN) or VEP (CSQ) wrote into INFO.

Of several transcripts the most severe consequence counts, among equals the one that the annotator marked as chosen
(PICK, MANE, canonical), then the first. A record with several alternative alleles is several variants.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.assays.genomes.variant_classes import class_of, severity_of
from onearm.data.assays.genomes.variants import check_variants, conform_variants
from onearm.data.findings import Findings
from onearm.errors import DataError, suggest

__all__ = ["read_vcf"]

_FIXED: Final = 9
"""Columns before the samples: CHROM POS ID REF ALT QUAL FILTER INFO FORMAT."""
_ANN: Final = (
    "Allele", "Annotation", "Annotation_Impact", "Gene_Name", "Gene_ID", "Feature_Type", "Feature_ID",
    "Transcript_BioType", "Rank", "HGVS.c", "HGVS.p", "cDNA.pos", "CDS.pos", "AA.pos", "Distance", "ERRORS",
)  # fmt: skip
_THREE: Final[dict[str, str]] = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*", "Sec": "U",
}  # fmt: skip
_THREE_LETTERS: Final = re.compile("|".join(_THREE))


@dataclass(frozen=True)
class _Meta:
    """What the header of a VCF says."""

    samples: tuple[str, ...]
    tumour: str | None
    normal: str | None
    fields: tuple[str, ...]
    build: str | None


def read_vcf(
    path: str | Path,
    findings: Findings,
    *,
    tumour: str | None = None,
    sample: str | None = None,
    passed_only: bool = True,
) -> pl.DataFrame:
    """
    Read the calls of one tumour.

    Parameters
    ----------
    path : str or Path
        ``.vcf`` or ``.vcf.gz``.
    findings : Findings
        Gets what is wrong or noteworthy; made with ``rules=GENOME_RULES``.
    tumour : str, optional
        Column of the tumour. Where it is left out, the one that the header names (``##tumor_sample``), the only one, or
        the one named TUMOR.
    sample : str, optional
        Name to give the sample; that of its column where left out, or of the file where there are no columns.
    passed_only : bool, default True
        Leave out what did not pass the filters of the caller.

    Returns
    -------
    polars.DataFrame
        With `onearm.data.assays.genomes.variants.SCHEMA`. Alleles are written as in a MAF: without the base before an
        insertion or deletion, ``-`` for none.

    Raises
    ------
    DataError
        For a file that is no VCF, several samples of which none is named, or damaged records.

    References
    ----------
    .. [1] Cingolani P et al. (2015), Variant annotations in VCF format 1.0.
    .. [2] McLaren W et al. (2016), Genome Biol 17:122.
    """
    path = Path(path)
    lines = _lines(path)
    meta = _header(lines, path.name)
    column = _tumour_column(meta, tumour, path.name)
    name = sample or (meta.samples[column] if column is not None else path.name.split(".")[0])
    rows: list[dict[str, Any]] = []
    filtered = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) < _FIXED - 1:
            raise DataError(
                f"{path.name}, record {number}: {len(cells)} fields; a record has at least 8, parted by tabs."
            )
        if passed_only and cells[6] not in ("PASS", ".", ""):
            filtered += 1
            continue
        rows += _variants(cells, meta, column, number, path.name)
    if filtered:
        findings.add("GENOME-VCF-FILTERED", file=path.name, n=filtered)
    if rows and not meta.fields:
        findings.add("GENOME-VCF-UNANNOTATED", file=path.name, column="INFO", n=len(rows))
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema={"SRCROW": pl.Int64})
    frame = conform_variants(frame.with_columns(pl.lit(name).alias("SAMPLE"), pl.lit(meta.build).alias("BUILD")))
    return check_variants(frame, findings, file=path.name)


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise DataError(f"{path.name}: no such file in {path.parent}.")
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
            yield from stream
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: the file is truncated, damaged or no text. Fix: copy it again.") from error


def _header(lines: Iterator[str], where: str) -> _Meta:
    said: dict[str, str] = {}
    for line in lines:
        if line.startswith("#CHROM"):
            cells = line.rstrip("\r\n").split("\t")
            return _Meta(
                tuple(cells[_FIXED:]),
                said.get("tumor_sample"),
                said.get("normal_sample"),
                tuple(said.get("fields", "").split()),
                _build(said),
            )
        if not line.startswith("##"):
            break
        key, _, value = line[2:].rstrip("\r\n").partition("=")
        if key == "INFO" and value.startswith("<ID=CSQ,"):
            form = re.search(r"Format:\s*([^\">]+)", value)
            said["fields"] = "CSQ " + " ".join(form[1].strip().split("|")) if form else "CSQ"
        elif key == "INFO" and value.startswith("<ID=ANN,") and not said.get("fields"):
            said["fields"] = " ".join(["ANN", *_ANN])
        else:
            said.setdefault(key.strip(), value)
    raise DataError(f"{where}: no line begins with #CHROM; the file is no VCF, or its header was cut off.")


def _build(said: Mapping[str, str]) -> str | None:
    told = " ".join(value for key, value in said.items() if key in ("reference", "contig", "SnpEffCmd", "VEP")).lower()
    for name, words in {"GRCh38": ("grch38", "hg38", "hs38"), "GRCh37": ("grch37", "hg19", "b37", "hs37")}.items():
        if any(word in told for word in words):
            return name
    return None


def _tumour_column(meta: _Meta, tumour: str | None, where: str) -> int | None:
    samples = list(meta.samples)
    if not samples and tumour is None:
        return None
    wanted = tumour or meta.tumour
    if wanted is not None:
        if wanted not in samples:
            raise DataError(f"{where}: no column of a sample is named '{wanted}'.{suggest(wanted, samples)}")
        return samples.index(wanted)
    others = [name for name in samples if name not in (meta.normal, "NORMAL")]
    if len(others) != 1:
        raise DataError(
            f"{where}: {len(samples)} samples ({', '.join(samples)}) and nothing says which is the tumour. "
            "Fix: name its column."
        )
    return samples.index(others[0])


def _variants(cells: Sequence[str], meta: _Meta, column: int | None, number: int, where: str) -> list[dict[str, Any]]:
    """Variants of one record, one for each alternative allele that the tumour has."""
    reference, alternatives = cells[3].upper(), cells[4].upper().split(",")
    info = dict(part.partition("=")[::2] for part in cells[7].split(";"))
    genotype = _genotype(cells, column)
    try:
        position = int(cells[1])
    except ValueError:
        raise DataError(f"{where}, record {number}: the position is no whole number.") from None
    rows = []
    for i, alternative in enumerate(alternatives):
        if alternative in (".", "*") or alternative.startswith("<") or not _has(genotype, i):
            continue
        told = _annotation(info, meta.fields, reference, alternative, len(alternatives))
        start, before, after = _trim(position, reference, alternative)
        rows.append(
            {
                "CHROM": cells[0].removeprefix("chr"),
                "START": start,
                "REF": before or "-",
                "ALT": after or "-",
                "KIND": _kind(before, after),
                "SRCROW": number,
                **told,
                **_reads(genotype, i),
            }
        )
    return rows


def _genotype(cells: Sequence[str], column: int | None) -> dict[str, str]:
    if column is None or len(cells) <= _FIXED + column:
        return {}
    return dict(zip(cells[8].split(":"), cells[_FIXED + column].split(":"), strict=False))


def _has(genotype: Mapping[str, str], i: int) -> bool:
    """Tell whether the tumour has the allele; True where the genotype does not tell."""
    called = re.split(r"[/|]", genotype.get("GT", "."))
    return "." in called or str(i + 1) in called


def _reads(genotype: Mapping[str, str], i: int) -> dict[str, Any]:
    depths = [int(part) if part.isdigit() else 0 for part in genotype.get("AD", "").split(",") if part]
    counted = sum(depths)
    depth = int(genotype["DP"]) if genotype.get("DP", "").isdigit() else counted or None
    if len(depths) > i + 1 and counted:
        return {"VAF": depths[i + 1] / counted, "DEPTH": depth}
    shares = genotype.get("AF", genotype.get("VAF", "")).split(",")
    try:
        return {"VAF": float(shares[i]), "DEPTH": depth}
    except (ValueError, IndexError):
        return {"VAF": None, "DEPTH": depth}


def _trim(position: int, reference: str, alternative: str) -> tuple[int, str, str]:
    """Take away what both alleles share, as a MAF does: the end first, then the beginning."""
    while reference and alternative and reference[-1] == alternative[-1] and len(reference) != len(alternative):
        if min(len(reference), len(alternative)) == 1:
            break
        reference, alternative = reference[:-1], alternative[:-1]
    while reference and alternative and reference[0] == alternative[0]:
        reference, alternative, position = reference[1:], alternative[1:], position + 1
    # an insertion stands after the base before it
    return (position - 1 if not reference else position), reference, alternative


def _kind(before: str, after: str) -> str:
    if len(before) == len(after):
        return {1: "SNP", 2: "DNP", 3: "TNP"}.get(len(before), "ONP")
    return "INS" if len(after) > len(before) else "DEL"


def _annotation(
    info: Mapping[str, str], fields: Sequence[str], reference: str, alternative: str, n_alternatives: int
) -> dict[str, str | None]:
    """Gene, class and change of the protein that count for one allele."""
    if not fields or not info.get(fields[0]):
        return {"GENE": None, "CLASS": "Unknown", "PROTEIN": None}
    entries = [dict(zip(fields[1:], text.split("|"), strict=False)) for text in info[fields[0]].split(",")]
    mine = [entry for entry in entries if n_alternatives == 1 or _names(entry, reference, alternative)] or entries
    chosen = min(mine, key=_preference)
    if fields[0] == "ANN":
        gene, protein = chosen.get("Gene_Name"), chosen.get("HGVS.p")
    else:
        gene, protein = chosen.get("SYMBOL") or chosen.get("Gene"), chosen.get("HGVSp", "").rpartition(":")[2]
    return {
        "GENE": gene or None,
        "CLASS": class_of(_terms(chosen), reference, alternative),
        "PROTEIN": _THREE_LETTERS.sub(lambda m: _THREE[m[0]], protein.replace("%3D", "=")) if protein else None,
    }


def _terms(entry: Mapping[str, str]) -> list[str]:
    return (entry.get("Annotation") or entry.get("Consequence") or "").split("&")


def _names(entry: Mapping[str, str], reference: str, alternative: str) -> bool:
    """Tell whether an entry is about an allele: SnpEff writes it as it stands, VEP without the first base of an indel."""
    allele = entry.get("Allele", "")
    short = alternative if len(reference) == len(alternative) else alternative[1:] or "-"
    return allele in (alternative, short)


def _preference(entry: Mapping[str, str]) -> tuple[int, int, int]:
    chosen = entry.get("PICK") == "1" or bool(entry.get("MANE_SELECT"))
    return severity_of(_terms(entry)), 0 if chosen else 1, 0 if entry.get("CANONICAL") == "YES" else 1
