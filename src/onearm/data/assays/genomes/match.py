"""Whose sample it is: a sample sheet, the name of the patient itself, or a barcode that begins with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from onearm.data.findings import Findings

__all__ = ["Matched", "count_rows", "match_samples"]

_BREAKS = "-_. "
"""What may follow the name of a patient in a barcode."""


@dataclass(frozen=True, eq=False)
class Matched:
    """
    Samples and patients.

    Parameters
    ----------
    subject_of : mapping of str to str
        Patient of each sample that is used; one sample per patient.
    unmatched : tuple of str
        Samples of nobody.
    """

    subject_of: Mapping[str, str]
    unmatched: tuple[str, ...]


def match_samples(
    samples: Mapping[str, int],
    subjects: Sequence[str],
    findings: Findings,
    *,
    sheet: Mapping[str, str] | None = None,
    by_prefix: bool = True,
) -> Matched:
    """
    Match samples to patients.

    Parameters
    ----------
    samples : mapping of str to int
        Rows of each sample.
    subjects : sequence of str
        Patients of the trial.
    findings : Findings
        Gets samples that match nobody, and patients with several samples.
    sheet : mapping of str to str, optional
        Patient of each sample. Where it is given, only it counts.
    by_prefix : bool, default True
        Let a barcode belong to the patient with whose name it begins (``TCGA-AB-2802-03A`` to ``TCGA-AB-2802``), if
        what follows is set off; the longest name wins.

    Returns
    -------
    Matched
        Of several samples of one patient the one with the most rows is used, among equals the first by name.

    Examples
    --------
    >>> from onearm.data.assays.genomes.finding_rules import GENOME_RULES
    >>> findings = Findings(rules=GENOME_RULES)
    >>> match_samples({"P1-T": 4, "X": 2}, ["P1", "P10"], findings).subject_of
    {'P1-T': 'P1'}
    >>> findings.frame()["rule"].to_list()
    ['GENOME-SAMPLE-UNMATCHED']
    """
    known = set(subjects)
    found: dict[str, str] = {}
    unmatched = []
    for sample in sorted(samples):
        subject = (sheet or {}).get(sample) if sheet is not None else _subject(sample, known, by_prefix)
        if subject in known and subject is not None:
            found[sample] = subject
        else:
            unmatched.append(sample)
            findings.add("GENOME-SAMPLE-UNMATCHED", column="SAMPLE", sample=sample, n=samples[sample])
    by_subject: dict[str, list[str]] = {}
    for sample, subject in found.items():
        by_subject.setdefault(subject, []).append(sample)
    for subject, mine in by_subject.items():
        if len(mine) > 1:
            mine.sort(key=lambda name: (-samples[name], name))
            told = ", ".join(sorted(mine))
            findings.add("GENOME-SAMPLE-DUPLICATE", subject=subject, n=len(mine), samples=told, kept=mine[0])
            for name in mine[1:]:
                del found[name]
    return Matched(found, tuple(unmatched))


def _subject(sample: str, known: set[str], by_prefix: bool) -> str | None:
    if sample in known or not by_prefix:
        return sample if sample in known else None
    for end in range(len(sample) - 1, 0, -1):
        if sample[end] in _BREAKS and sample[:end] in known:
            return sample[:end]
    return None


def count_rows(*tables: pl.DataFrame) -> dict[str, int]:
    """
    Count the rows of each sample.

    Parameters
    ----------
    *tables : polars.DataFrame
        Each with SAMPLE.

    Returns
    -------
    dict of str to int
        By sample, over all tables.
    """
    total: dict[str, int] = {}
    for table in tables:
        for sample, n in table.group_by(pl.col("SAMPLE").cast(pl.String)).len().drop_nulls().iter_rows():
            total[sample] = total.get(sample, 0) + n
    return total
