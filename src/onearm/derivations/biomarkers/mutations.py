"""Biomarkers of sequencing: burden, APOBEC, purity, single genes, copies, fitted signatures, composites."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from onearm.data import Findings
from onearm.data.assays import BASELINE, Assay
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.data.assays.genomes.profile import GeneStatus, Profile, gene_status
from onearm.data.assays.genomes.variant_classes import classes_of
from onearm.derivations.biomarkers.burden import BurdenRules, apobec_table, catalogues, count_burden, counted_variants
from onearm.derivations.biomarkers.gene_tables import derive_adgene, derive_adsig, derive_advar, unaltered_hint
from onearm.derivations.biomarkers.measured import MEASURED, Context, Measured
from onearm.errors import DataError, MethodError, suggest
from onearm.frames import conform, empty
from onearm.protocol.assay_genomes import MutationAssay
from onearm.protocol.assays import Biomarker
from onearm.rules.genomes.composites import check_genes, evaluate, parse_composite
from onearm.stats.signature_fit import fit_signatures

__all__ = ["MEASURES", "measure_mutations"]

MEASURES: Final[dict[str, str]] = {
    "tmb": "mutations per megabase",
    "tmb_count": "mutations",
    "apobec_enrichment": "share of cytosine mutations in TCW over the share of cytosines in TCW (Roberts et al. 2013)",
    "apobec_fraction": "share of cytosine mutations in TCW",
    "apobec_mutations": "mutations attributed to APOBEC",
    "apobec_tmb": "mutations attributed to APOBEC per megabase",
    "purity": "share of tumour cells",
    "ploidy": "mean number of copies",
    "genome_doublings": "doublings of the genome",
    "gene:SYMBOL": "mutated or wild type",
    "composite:GENES": "positive or negative, such as composite:KRAS or NRAS or BRAF",
    "copies:SYMBOL": "copies of a gene, or its call from -2 to 2 where copies are not told",
    "signature:NAME": "mutations of a fitted signature",
    "signature_share:NAME": "share of the mutations",
}
"""Measures of ``[biomarker.NAME]`` on an assay of kind ``mutations``, and what they are."""


@dataclass(frozen=True, eq=False)
class _Sequenced:
    """One assay with what several measures share."""

    assay: Assay
    section: MutationAssay
    findings: Findings

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        return self.assay.tables

    @cached_property
    def rules(self) -> BurdenRules:
        s = self.section
        classes = classes_of(s.burden_classes if len(s.burden_classes) > 1 else s.burden_classes[0])
        return BurdenRules(classes, s.size_mb, s.panel_size_mb, s.min_vaf, s.min_depth)

    @cached_property
    def gene_classes(self) -> tuple[str, ...]:
        named = self.section.gene_classes
        return classes_of(named if len(named) > 1 else named[0])

    @cached_property
    def profile(self) -> Profile:
        panels = {str(panel): frozenset(part["GENE"]) for (panel,), part in self.tables["panels"].group_by("PANEL")}
        return Profile(dict(self.tables["profiled"].iter_rows()), panels)

    @cached_property
    def burden(self) -> pl.DataFrame:
        return count_burden(self.tables["variants"], self.tables["profiled"], self.rules)

    @cached_property
    def apobec(self) -> pl.DataFrame:
        passed = counted_variants(self.tables["variants"], self.rules, classes=None)
        return apobec_table(passed, q_limit=self.section.apobec_q)

    @cached_property
    def status(self) -> GeneStatus:
        kept = counted_variants(self.tables["variants"], self.rules, classes=self.gene_classes)
        genes = self.profile.genes(
            [
                *self.section.unaltered_genes,
                *kept["GENE"].cast(pl.String).drop_nulls().unique(),
                *self.tables["copies"]["GENE"].unique(),
            ]
        )
        return gene_status(kept, self.profile, genes=genes)

    @cached_property
    def calls(self) -> np.ndarray:
        """Calls of copy number in the order of `status`, NaN where there is none."""
        row, column = ({name: i for i, name in enumerate(names)} for names in (self.status.samples, self.status.genes))
        calls = np.full((len(row), len(column)), np.nan)
        for sample, gene, call in self.tables["copies"].select("SAMPLE", "GENE", "CALL").drop_nulls().iter_rows():
            if sample in row and gene in column:
                old = calls[row[sample], column[gene]]
                calls[row[sample], column[gene]] = call if np.isnan(old) or abs(call) > abs(old) else old
        return calls

    @cached_property
    def exposures(self) -> pl.DataFrame:
        """Mutations of each fitted signature by sample."""
        table = self.tables["signatures"]
        passed = counted_variants(self.tables["variants"], self.rules, classes=None)
        names, counts, wrong = catalogues(passed)
        if wrong:
            self.findings.add("GENOME-CONTEXT-MISMATCH", domain=self.assay.name, column="CONTEXT", n=wrong)
        order = table.sort("CHANNEL")
        from onearm.rules.genomes.substitutions import CHANNELS

        places = [CHANNELS.index(channel) for channel in order["CHANNEL"]]
        shares = order.drop("CHANNEL")
        rows = [
            fit_signatures(row[places], shares.to_numpy(), names=shares.columns, resamples=1, seed=1).mutations
            for row in counts
        ]
        return pl.DataFrame(rows, schema=dict.fromkeys(shares.columns, pl.Float64), orient="row").insert_column(
            0, pl.Series("SAMPLE", names, dtype=pl.String)
        )


def measure_mutations(assay: Assay, planned: Mapping[str, Biomarker], context: Context) -> Measured:
    """
    Take the planned measures out of a sequencing assay.

    Parameters
    ----------
    assay : Assay
        Tables of `onearm.data.assays.genomes.read.read_mutation_assay`.
    planned : mapping of str to Biomarker
        By name.
    context : Context
        Protocol, patients, findings.

    Returns
    -------
    Measured
        One row per biomarker and sample; datasets ``advar``, ``adgene`` and ``adsig``.

    Raises
    ------
    DataError
        Naming every measure, gene or size that is missing, and every composite that cannot be read.
    """
    section = context.protocol.assay[assay.name]
    assert isinstance(section, MutationAssay)  # the registry sends only these here
    own = Findings(rules=GENOME_RULES)
    sequenced = _Sequenced(assay, section, own)
    problems: list[str] = []
    parts = [empty(MEASURED)]
    for name, marker in planned.items():
        try:
            parts.append(_measure(name, marker, sequenced))
        except (DataError, MethodError) as error:
            problems += [f"biomarker.{name}.measure: {problem}" for problem in error.problems]
    signatures = {name: s for name, s in context.protocol.signature.items() if s.assay == assay.name}
    subjects = _chosen(sequenced)
    rows = [i for i, sample in enumerate(sequenced.status.samples) if sample in subjects]
    status = replace(
        sequenced.status,
        samples=tuple(sequenced.status.samples[i] for i in rows),
        status=sequenced.status.status[rows],
    )
    calls = sequenced.calls[rows]
    try:
        adsig = derive_adsig(status, calls, subjects, signatures, assay.name)
    except DataError as error:
        problems += error.problems
    if problems:
        raise DataError(*problems)
    context.findings.frames += own.frames
    return Measured(
        pl.concat(parts),
        {
            "advar": derive_advar(_flagged(sequenced), assay.tables["samples"], assay.name),
            "adgene": derive_adgene(status, calls, subjects, assay.name),
            "adsig": adsig,
        },
    )


def _chosen(sequenced: _Sequenced) -> dict[str, str]:
    """Patient of the one baseline sample of each: the one with the most variants, among equals the first by name."""
    counts = {
        sample: n
        for sample, n in sequenced.tables["variants"].group_by(pl.col("SAMPLE").cast(pl.String)).len().iter_rows()
    }
    samples = sequenced.tables["samples"].filter(pl.col("TIMEPOINT") == BASELINE).select("SAMPLE", "USUBJID").rows()
    known = [(sample, subject) for sample, subject in samples if sample in sequenced.profile.samples]
    best: dict[str, str] = {}
    for sample, subject in sorted(known, key=lambda pair: (-counts.get(pair[0], 0), pair[0])):
        best.setdefault(subject, sample)
    return {sample: subject for subject, sample in best.items()}


def _flagged(sequenced: _Sequenced) -> pl.DataFrame:
    """Mark the variants that count."""
    variants = sequenced.tables["variants"].with_row_index("ROW")
    flags = {"BURDENFL": sequenced.rules.classes, "GENEFL": sequenced.gene_classes}
    for flag, classes in flags.items():
        counted = counted_variants(variants, sequenced.rules, classes=classes)["ROW"].implode()
        variants = variants.with_columns(pl.when(pl.col("ROW").is_in(counted)).then(pl.lit("Y")).alias(flag))
    return variants


def _measure(name: str, marker: Biomarker, sequenced: _Sequenced) -> pl.DataFrame:
    word, _, argument = marker.measure.partition(":")
    measure = _MEASURERS.get(word.strip().lower())
    if measure is None:
        raise DataError(
            f"the assay '{sequenced.assay.name}' has no '{marker.measure}'.{suggest(marker.measure, MEASURES)}"
        )
    frame = measure(sequenced, argument.strip(), word.strip().lower())
    sequence = sequenced.tables["samples"].select(SAMPID="SAMPLE", SRCSEQ="SRCROW")
    made = frame.join(sequence, on="SAMPID", how="left", maintain_order="left").with_columns(PARAMCD=pl.lit(name))
    return conform(made, MEASURED)


def _burden(sequenced: _Sequenced, argument: str, word: str) -> pl.DataFrame:
    del argument
    classes = ", ".join(sequenced.section.burden_classes)
    if word == "tmb" and sequenced.burden["SIZE_MB"].null_count():
        raise DataError(
            f"'tmb' needs the megabases in which variants were called: assay.{sequenced.assay.name}.size_mb."
        )
    why = pl.format(f"{{}} variants ({classes})" + (" in {} megabases." if word == "tmb" else "{}"), "COUNT",
        pl.col("SIZE_MB") if word == "tmb" else pl.lit("."))  # fmt: skip
    value = "TMB" if word == "tmb" else "COUNT"
    return sequenced.burden.select(
        SAMPID="SAMPLE", AVAL=pl.col(value).cast(pl.Float64), RULE=pl.lit("BURDEN-COUNT"), WHY=why
    )


def _apobec(sequenced: _Sequenced, argument: str, word: str) -> pl.DataFrame:
    del argument
    variants = sequenced.tables["variants"]
    if variants.height and variants["CONTEXT"].null_count() == variants.height:
        raise DataError(
            f"'{word}' needs the bases around each change: a context column, or assay.{sequenced.assay.name}.fasta."
        )
    column = {
        "apobec_enrichment": pl.col("ENRICHMENT"),
        "apobec_fraction": pl.col("FRACTION"),
        "apobec_mutations": pl.col("ATTRIBUTED"),
        "apobec_tmb": pl.col("ATTRIBUTED") / pl.col("SIZE_MB"),
    }[word]
    if word == "apobec_tmb" and sequenced.burden["SIZE_MB"].null_count():
        raise DataError(
            f"'{word}' needs the megabases in which variants were called: assay.{sequenced.assay.name}.size_mb."
        )
    joined = sequenced.burden.select("SAMPLE", "SIZE_MB").join(
        sequenced.apobec, on="SAMPLE", how="left", maintain_order="left"
    )
    why = pl.format("{} of {} cytosine mutations in TCW.", pl.col("TCW").fill_null(0), pl.col("CYTOSINE").fill_null(0))
    told = pl.when(pl.col("WHY").str.len_chars() > 0).then("WHY").otherwise(why)
    return joined.select(SAMPID="SAMPLE", AVAL=column, RULE=pl.lit("APOBEC-TCW"), WHY=told)


def _purity(sequenced: _Sequenced, argument: str, word: str) -> pl.DataFrame:
    del argument
    table = sequenced.tables["purity"]
    if table.is_empty():
        raise DataError(f"'{word}' needs a table of purity: assay.{sequenced.assay.name}.purity.")
    column = {"purity": "PURITY", "ploidy": "PLOIDY", "genome_doublings": "DOUBLINGS"}[word]
    return table.select(
        SAMPID="SAMPLE", AVAL=column, RULE=pl.lit("PURITY-TABLE"), WHY=pl.lit("As it stands in the table.")
    )


def _composite(sequenced: _Sequenced, argument: str, word: str) -> pl.DataFrame:
    """Status of a gene, or of genes joined by words."""
    status = sequenced.status
    composite = parse_composite(argument, where=word)
    check_genes(composite, status.genes, where=word, hint=unaltered_hint(sequenced.assay.name))
    place = {gene: i for i, gene in enumerate(status.genes)}
    truth = evaluate(composite.tree, status.status[:, [place[gene] for gene in composite.genes]])
    yes, no = ("mutated", "wild type") if word == "gene" else ("positive", "negative")
    text = [None if np.isnan(t) else yes if t else no for t in truth]
    why = ["Not profiled." if t is None else f"{argument}: {t}." for t in text]
    return pl.DataFrame(
        {"SAMPID": list(status.samples), "AVALC": text, "RULE": "GENE-STATUS", "WHY": why},
        schema_overrides={"AVALC": pl.String, "SAMPID": pl.String},
    )


def _copies(sequenced: _Sequenced, argument: str, word: str) -> pl.DataFrame:
    table = sequenced.tables["copies"].filter(pl.col("GENE") == argument)
    if table.is_empty():
        known = sequenced.tables["copies"]["GENE"].unique().to_list()
        raise DataError(f"'{word}': no copies are known of gene '{argument}'.{suggest(argument, known)}")
    value = "COPIES" if table["COPIES"].null_count() < table.height else "CALL"
    return table.select(
        SAMPID="SAMPLE",
        AVAL=pl.col(value).cast(pl.Float64),
        RULE=pl.lit("COPY-NUMBER"),
        WHY=pl.lit(f"{value.lower()} of {argument}."),
    )


def _exposure(sequenced: _Sequenced, argument: str, word: str) -> pl.DataFrame:
    names = [name for name in sequenced.tables["signatures"].columns if name != "CHANNEL"]
    if argument not in names:
        raise DataError(
            f"'{word}': no signature '{argument}' in assay.{sequenced.assay.name}.signatures.{suggest(argument, names)}"
        )
    table = sequenced.exposures
    total = pl.sum_horizontal(names)
    value = pl.col(argument) if word == "signature" else pl.when(total > 0).then(pl.col(argument) / total)
    return table.select(
        SAMPID="SAMPLE",
        AVAL=value,
        RULE=pl.lit("SIGNATURE-NNLS"),
        WHY=pl.format("Of {} substitutions.", total.round(0).cast(pl.Int64)),
    )


_Measure = Callable[[_Sequenced, str, str], pl.DataFrame]
_MEASURERS: Final[dict[str, _Measure]] = {
    "tmb": _burden,
    "tmb_count": _burden,
    **dict.fromkeys(("apobec_enrichment", "apobec_fraction", "apobec_mutations", "apobec_tmb"), _apobec),
    **dict.fromkeys(("purity", "ploidy", "genome_doublings"), _purity),
    "gene": _composite,
    "composite": _composite,
    "copies": _copies,
    "signature": _exposure,
    "signature_share": _exposure,
}
