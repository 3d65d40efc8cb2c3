"""Write a study folder that cBioPortal can import: meta files, clinical tables, calls, panels and case lists."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.assays.genomes.cbioportal import Study
from onearm.data.assays.genomes.profile import ALL_GENES
from onearm.data.write import write_text
from onearm.errors import DataError

__all__ = ["write_study"]

_IDENTIFIER: Final = re.compile(r"^[A-Za-z0-9_.\-]+$")
_MAF: Final[dict[str, str]] = {
    "GENE": "Hugo_Symbol",
    "BUILD": "NCBI_Build",
    "CHROM": "Chromosome",
    "START": "Start_Position",
    "END": "End_Position",
    "CLASS": "Variant_Classification",
    "KIND": "Variant_Type",
    "REF": "Reference_Allele",
    "ALT": "Tumor_Seq_Allele2",
    "SAMPLE": "Tumor_Sample_Barcode",
    "PROTEIN": "HGVSp_Short",
    "VAF": "t_vaf",
    "DEPTH": "t_depth",
    "CONTEXT": "context",
}


def write_study(
    study: Study, folder: str | Path, *, identifier: str, title: str, cancer_type: str = "mixed"
) -> list[str]:
    """
    Write a study folder.

    Parameters
    ----------
    study : Study
        What to write.
    folder : str or Path
        Must not exist; it is complete or absent.
    identifier : str
        Identifier of the study: letters, digits, ``_ - .``.
    title : str
        Its name.
    cancer_type : str, default "mixed"
        Code of OncoTree in lower case.

    Returns
    -------
    list of str
        Names of the files, sorted.

    Raises
    ------
    DataError
        Where the folder exists, the identifier cannot be, or a text holds a tab or a line break.
    """
    folder = Path(folder)
    if folder.exists():
        raise DataError(f"{folder.name}: exists already in {folder.parent}. Fix: name a new folder.")
    if not _IDENTIFIER.match(identifier):
        raise DataError(f"identifier '{identifier}': only letters, digits, _ - and . can stand in it.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        _write_all(study, made, identifier, title, cancer_type)
        made.chmod(0o755)
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.txt"))


def _write_all(study: Study, folder: Path, identifier: str, title: str, cancer_type: str) -> None:
    about = {"type_of_cancer": cancer_type, "cancer_study_identifier": identifier, "name": title, "description": title}
    _write_meta(folder / "meta_study.txt", about | {"add_global_case_list": "false"})
    base = {"cancer_study_identifier": identifier}
    for frame, kind, datatype in (
        (study.patients, "patient", "PATIENT_ATTRIBUTES"),
        (study.samples, "sample", "SAMPLE_ATTRIBUTES"),
    ):
        name = f"data_clinical_{kind}.txt"
        write_text(_clinical(frame, study.labels), folder / name)
        told = {"genetic_alteration_type": "CLINICAL", "datatype": datatype, "data_filename": name}
        _write_meta(folder / f"meta_clinical_{kind}.txt", base | told)
    profile = {"show_profile_in_analysis_tab": "true"}
    if study.variants.height or study.profile.samples:
        write_text(_table(_maf(study.variants)), folder / "data_mutations.txt")
        told = {"genetic_alteration_type": "MUTATION_EXTENDED", "datatype": "MAF", "stable_id": "mutations"}
        told |= profile | {
            "profile_name": "Mutations",
            "profile_description": "Mutations",
            "data_filename": "data_mutations.txt",
        }
        _write_meta(folder / "meta_mutations.txt", base | told)
        _write_panels(study, folder, base)
    if study.copies.height:
        write_text(_table(_wide_copies(study.copies)), folder / "data_cna.txt")
        told = {"genetic_alteration_type": "COPY_NUMBER_ALTERATION", "datatype": "DISCRETE", "stable_id": "gistic"}
        told |= profile | {
            "profile_name": "Copy number",
            "profile_description": "Calls",
            "data_filename": "data_cna.txt",
        }
        _write_meta(folder / "meta_cna.txt", base | told)
    if study.expression.width > 1:
        write_text(_table(study.expression.rename({"GENE": "Hugo_Symbol"})), folder / "data_expression.txt")
        told = {"genetic_alteration_type": "MRNA_EXPRESSION", "datatype": "CONTINUOUS", "stable_id": "rna_seq_v2_mrna"}
        told |= {
            "show_profile_in_analysis_tab": "false",
            "profile_name": "Expression",
            "profile_description": "Expression",
        }
        _write_meta(folder / "meta_expression.txt", base | told | {"data_filename": "data_expression.txt"})
    _write_cases(study, folder, identifier)


def _write_meta(path: Path, said: Mapping[str, str]) -> None:
    _check_plain([value for value in said.values()], path.name)
    write_text("".join(f"{key}: {value}\n" for key, value in said.items()), path)


def _check_plain(texts: Iterable[str], where: str) -> None:
    if any("\t" in text or "\n" in text or "\r" in text for text in texts):
        raise DataError(f"{where}: a text holds a tab or a line break, which the format cannot hold. Fix: take it out.")


def _clinical(frame: pl.DataFrame, labels: Mapping[str, str]) -> str:
    """Write a clinical table with its four header rows: display names, descriptions, types, priorities."""
    kinds = ["NUMBER" if _is_number(frame[name]) and not name.endswith("_ID") else "STRING" for name in frame.columns]
    shown = [labels.get(name) or name.replace("_", " ").capitalize() for name in frame.columns]
    heads = [shown, shown, kinds, ["1"] * frame.width]
    return "".join("#" + "\t".join(row) + "\n" for row in heads) + _table(frame)


def _is_number(values: pl.Series) -> bool:
    known = values.drop_nulls()
    return bool(known.len()) and known.cast(pl.Float64, strict=False).null_count() == 0


def _table(frame: pl.DataFrame) -> str:
    text = frame.cast({name: pl.String for name, kind in frame.schema.items() if kind == pl.Categorical})
    for name, kind in text.schema.items():
        if kind == pl.String and text[name].str.contains(r"[\t\r\n]").any():
            raise DataError(
                f"{name}: a text holds a tab or a line break, which the format cannot hold. Fix: take it out."
            )
    return text.write_csv(separator="\t", quote_style="never")


def _maf(variants: pl.DataFrame) -> pl.DataFrame:
    length = pl.col("REF").cast(pl.String).str.strip_chars("-").str.len_chars().cast(pl.Int64)
    end = pl.col("START") + pl.when(length > 0).then(length - 1).otherwise(1)
    told = variants.with_columns(end.alias("END"))
    return told.select(pl.col(name).alias(title) for name, title in _MAF.items())


def _wide_copies(copies: pl.DataFrame) -> pl.DataFrame:
    wide = copies.pivot("SAMPLE", index="GENE", values="CALL", aggregate_function="first", sort_columns=True)
    return wide.rename({"GENE": "Hugo_Symbol"}).sort("Hugo_Symbol")


def _write_panels(study: Study, folder: Path, base: Mapping[str, str]) -> None:
    """Write who was sequenced on what; a sample that is not in the matrix was not profiled."""
    panels = {sample: "WES" if panel == ALL_GENES else panel for sample, panel in study.profile.samples.items()}
    names = [name for name in study.profile.panels if name in set(panels.values())]
    for name in names:
        genes = sorted(study.profile.panels[name])
        said = {"stable_id": name, "description": f"{name}, {len(genes)} genes", "gene_list": "\t".join(genes)}
        write_text("".join(f"{key}: {value}\n" for key, value in said.items()), folder / f"data_gene_panel_{name}.txt")
    if not names:
        return
    rows = [(sample, panels.get(sample, "NA")) for sample in study.samples["SAMPLE_ID"]]
    text = _table(pl.DataFrame(rows, schema=["SAMPLE_ID", "mutations"], orient="row"))
    write_text(text, folder / "data_gene_panel_matrix.txt")
    told = {"genetic_alteration_type": "GENE_PANEL_MATRIX", "datatype": "GENE_PANEL_MATRIX"}
    _write_meta(folder / "meta_gene_panel_matrix.txt", {**base, **told, "data_filename": "data_gene_panel_matrix.txt"})


def _write_cases(study: Study, folder: Path, identifier: str) -> None:
    lists: dict[str, tuple[str, Sequence[str]]] = {
        "all": ("All samples", study.samples["SAMPLE_ID"].to_list()),
        "sequenced": ("Samples with mutation data", sorted(study.profile.samples)),
        "cna": ("Samples with copy number data", study.copies["SAMPLE"].unique().sort().to_list()),
    }
    (folder / "case_lists").mkdir()
    for name, (title, samples) in lists.items():
        if samples:
            said = {
                "cancer_study_identifier": identifier,
                "stable_id": f"{identifier}_{name}",
                "case_list_name": title,
                "case_list_description": f"{title} ({len(samples)})",
                "case_list_ids": "\t".join(samples),
            }
            lines = "".join(f"{key}: {value}\n" for key, value in said.items())
            write_text(lines, folder / "case_lists" / f"cases_{name}.txt")
