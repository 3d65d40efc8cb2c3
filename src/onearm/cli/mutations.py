"""Sequencing results by hand: ``onearm mutations`` and ``onearm cbioportal``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onearm.errors import DataError, MethodError

if TYPE_CHECKING:
    import polars as pl

    from onearm.data import Findings
    from onearm.data.assays import Assay

__all__ = ["register"]

HELP = """
Burden, genes and APOBEC of a MAF, VCFs, long tables or a cBioPortal study folder.

`onearm mutations calls.maf --profiled samples.txt --size-mb 38` prints the burden of every sample and the genes altered
most often; `--fasta hg38.fa` adds the APOBEC enrichment, `--signatures sbs.tsv` the fit of signatures with bootstrap
intervals, `--out FOLDER` writes every table.
"""
STUDY_HELP = """
What a cBioPortal study folder holds, or a study folder made of a trial, or of a MAF and a clinical table.

`onearm cbioportal study/` prints the study; `onearm cbioportal my-trial --id my_trial --out study/` writes one of a trial
(its times become PREFIX_STATUS and PREFIX_MONTHS, dates are left out), and `onearm cbioportal calls.maf
--clinical patients.csv --subject ID --id my_study
--out study/` writes one: columns named PREFIX_STATUS and PREFIX_MONTHS are its endpoints.
"""
MOST = 20


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("mutations", help=HELP, no_args_is_help=True)(mutations_by_hand)
    app.command("cbioportal", help=STUDY_HELP, no_args_is_help=True)(study_by_hand)


@dataclass(frozen=True)
class _Tables:
    """What is printed or written, by name."""

    tables: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    told: list[str]


def mutations_by_hand(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="MAF, VCFs, long tables, or one study folder.")
    ],
    *,
    profiled: Annotated[
        Path | None, typer.Option("--profiled", help="List of the sequenced samples, perhaps with PANEL.")
    ] = None,
    panel: Annotated[list[str] | None, typer.Option("--panel", help="NAME=FILE: genes of a panel.")] = None,
    size_mb: Annotated[float | None, typer.Option("--size-mb", help="Megabases in which variants were called.")] = None,
    classes: Annotated[
        str, typer.Option("--classes", help="nonsynonymous, coding, all, or words of a MAF parted by commas.")
    ] = "nonsynonymous",
    min_vaf: Annotated[float, typer.Option("--min-vaf", help="Smallest fraction of reads.")] = 0.0,
    fasta: Annotated[
        Path | None, typer.Option("--fasta", help="Reference of the build of the calls, unpacked.")
    ] = None,
    signatures: Annotated[Path | None, typer.Option("--signatures", help="96 channels by signature.")] = None,
    genes: Annotated[str | None, typer.Option("--genes", help="Genes to list, parted by commas.")] = None,
    file_format: Annotated[str | None, typer.Option("--format", help="maf, vcf, long or cbioportal.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write every table to, as CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every table as JSON.")] = False,
) -> None:
    """
    Print burden, genes and APOBEC.

    Parameters
    ----------
    files : list of Path
        The calls.
    profiled, fasta, signatures : Path, optional
        Further files.
    panel : list of str, optional
        Gene lists.
    size_mb, min_vaf : float
        Of the burden.
    classes, genes, file_format : str
        See the help.
    out : Path, optional
        Where to write.
    as_json : bool
        Print JSON.
    """
    from onearm.data import Findings
    from onearm.data.assays.genomes.read import MutationOptions, read_mutation_assay

    findings = Findings()
    panels = dict(_pair(text) for text in panel or [])
    options = MutationOptions(
        files=tuple(str(file.resolve()) for file in files),
        format=file_format,
        profiled=None if profiled is None else str(profiled.resolve()),
        panels={name: str(Path(path).resolve()) for name, path in panels.items()},
        fasta=None if fasta is None else str(fasta.resolve()),
        signatures=None if signatures is None else str(signatures.resolve()),
    )
    assay = read_mutation_assay(Path(), "calls", options, findings)
    if not any((assay.tables["variants"].height, assay.tables["profiled"].height)):
        raise DataError(f"{files[0].name}: no sample was sequenced.")
    made = _tables(assay, findings, classes=classes, size_mb=size_mb, min_vaf=min_vaf, genes=genes)
    if out is not None:
        _write(made.tables, out)
    if as_json:
        print(json.dumps({name: table.to_dicts() for name, table in made.tables.items()}, indent=2, allow_nan=False))
        return
    print("\n".join(made.told))
    for name, table in made.tables.items():
        if name != "status":
            print(f"\n{name}\n{_text(table.head(MOST))}")
            if table.height > MOST:
                print(f"… {table.height - MOST} more" + ("" if out else "; --out writes all"))
    _print_findings(made.findings)


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise DataError(f"--panel {text}: write NAME=FILE.")
    return name, path


def _tables(
    assay: Assay, findings: Findings, *, classes: str, size_mb: float | None, min_vaf: float, genes: str | None
) -> _Tables:
    import polars as pl

    from onearm.data.assays.genomes.profile import Profile, gene_status
    from onearm.data.assays.genomes.variant_classes import classes_of
    from onearm.derivations.biomarkers.burden import BurdenRules, apobec_table, count_burden, counted_variants

    words = [word.strip() for word in classes.split(",") if word.strip()]
    chosen = classes_of(words[0] if len(words) == 1 else words, where="--classes")
    rules = BurdenRules(chosen, size_mb, min_vaf=min_vaf)
    variants, profiled = assay.tables["variants"], assay.tables["profiled"]
    burden = count_burden(variants, profiled, rules).sort("COUNT", "SAMPLE", descending=[True, False])
    panels = {str(name): frozenset(part["GENE"]) for (name,), part in assay.tables["panels"].group_by("PANEL")}
    kept = counted_variants(variants, rules, classes=chosen)
    status = gene_status(kept, Profile(dict(profiled.iter_rows()), panels))
    table = _gene_table(status.status, status.genes)
    if genes:
        wanted = [gene.strip() for gene in genes.split(",") if gene.strip()]
        table = table.filter(pl.col("GENE").is_in(wanted))
    per = "" if size_mb is None else f", per megabase of {size_mb:g}"
    median = burden["COUNT"].median()
    told = [
        f"{profiled.height} sequenced samples, {variants.height} variants, {kept.height} of them {classes}{per}",
        f"median burden {median:g} variants" if isinstance(median, (int, float)) else "no sample",
    ]
    tables = {"burden": burden, "genes": table}
    passed = counted_variants(variants, rules, classes=None)
    if passed["CONTEXT"].null_count() < passed.height:
        tables["apobec"] = apobec_table(passed)
    if assay.tables["signatures"].width:
        tables["signatures"] = _fitted(assay.tables["signatures"], passed)
    tables["status"] = status.frame()
    return _Tables(tables, findings.frame(), told)


def _gene_table(status: Any, genes: Sequence[str]) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    known, mutated = (~np.isnan(status)).sum(axis=0), np.nansum(status, axis=0).astype(int)
    frame = pl.DataFrame({"GENE": list(genes), "MUTATED": mutated, "PROFILED": known})
    frame = frame.with_columns(SHARE=pl.when(pl.col("PROFILED") > 0).then(pl.col("MUTATED") / pl.col("PROFILED")))
    return frame.sort("MUTATED", "GENE", descending=[True, False])


def _fitted(signatures: pl.DataFrame, variants: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    from onearm.derivations.biomarkers.burden import catalogues
    from onearm.rules.genomes.substitutions import CHANNELS
    from onearm.stats.signature_fit import fit_signatures

    samples, counts, _ = catalogues(variants)
    order = [CHANNELS.index(channel) for channel in signatures["CHANNEL"]]
    shares = signatures.drop("CHANNEL")
    if not samples:
        raise MethodError("--signatures: no substitution has a context; give --fasta, or a MAF with a context column.")
    parts = []
    for sample, row in zip(samples, counts, strict=True):
        fit = fit_signatures(row[order], shares.to_numpy(), names=shares.columns, resamples=500, seed=1)
        columns = {"SIGNATURE": list(fit.names), "MUTATIONS": fit.mutations, "LOW": fit.low, "HIGH": fit.high}
        parts.append(pl.DataFrame({"SAMPLE": sample, **columns, "OF": fit.n_mutations, "COSINE": fit.cosine}))
    return pl.concat(parts)


def _text(table: pl.DataFrame) -> str:
    """Columns as wide as they must be, numbers to the right."""
    cells = [[_show(value) for value in row] for row in table.iter_rows()]
    rows = [list(table.columns), *cells]
    widths = [max(len(row[i]) for row in rows) for i in range(table.width)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    )


def _show(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write(tables: dict[str, pl.DataFrame], out: Path) -> None:
    from onearm.data.write import write_table

    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(table, out / f"{name}.csv")


def _print_findings(findings: pl.DataFrame) -> None:
    for line in findings.iter_rows(named=True):
        print(
            f"\n{line['severity']:8} {line['rule']} {line['file'] or ''}\n         {line['message']}\n         Fix: {line['fix']}"
        )


def study_by_hand(
    source: Annotated[
        Path, typer.Argument(metavar="STUDY|TRIAL|MAF", help="A study folder, a trial folder, or a MAF.")
    ],
    *,
    clinical: Annotated[Path | None, typer.Option("--clinical", help="Table with one row per patient.")] = None,
    subject: Annotated[str, typer.Option("--subject", help="Column of the patient in it.")] = "PATIENT_ID",
    profiled: Annotated[Path | None, typer.Option("--profiled", help="List of the sequenced samples.")] = None,
    identifier: Annotated[str | None, typer.Option("--id", help="Identifier of the study that is written.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Its name; the identifier where missing.")] = None,
    cancer_type: Annotated[str, typer.Option("--cancer-type", help="Code of OncoTree.")] = "mixed",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the study; must not exist.")] = None,
) -> None:
    """
    Print or write a study folder.

    Parameters
    ----------
    source : Path
        Study or MAF.
    clinical, profiled, out : Path, optional
        Further files, and where to write.
    subject, identifier, title, cancer_type : str
        See the help.
    """
    from onearm.data import Findings
    from onearm.data.assays.genomes.cbioportal import read_study, study_survival
    from onearm.data.assays.genomes.cbioportal_write import write_study
    from onearm.data.assays.genomes.finding_rules import GENOME_RULES

    findings = Findings(rules=GENOME_RULES)
    if (source / "protocol.toml").is_file():
        from onearm.cli.trial_study import study_of_trial

        study, found = study_of_trial(source)
        findings.frames.append(found)
    elif source.is_dir():
        study = read_study(source, findings)
    elif clinical is None:
        raise DataError(f"{source.name}: is no study folder; with a MAF give --clinical, the table of the patients.")
    else:
        from onearm.data.assays.genomes.study_of import study_of

        study = study_of(source, clinical, findings, subject=subject, profiled=profiled)
    print(f"{study.about.get('name', source.name)}: {study.patients.height} patients, {study.samples.height} samples")
    print(
        f"{len(study.profile.samples)} samples sequenced; {study.variants.height} variants, {study.copies.height} copy numbers"
    )
    for endpoint in study.endpoints:
        frame = study_survival(study, endpoint)
        known = frame.drop_nulls()
        print(f"{endpoint}: {known.height} patients, {int(known['EVENT'].sum())} events")
    if out is not None:
        name = identifier or study.about.get("cancer_study_identifier")
        if name is None:
            raise DataError("--id: a study that is written needs an identifier, such as --id my_trial.")
        files = write_study(
            study, out, identifier=name, title=title or study.about.get("name", name), cancer_type=cancer_type
        )
        print(f"{out}: {len(files)} files")
    _print_findings(findings.frame())
