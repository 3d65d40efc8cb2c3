"""
Study folders of cBioPortal: clinical tables with four header rows, mutations, copy number, expression, panels, cases.

Files are found by the ``meta_*.txt`` that name them, else by their usual names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.assays.genomes.long_table import COPY_SCHEMA
from onearm.data.assays.genomes.maf import read_maf
from onearm.data.assays.genomes.profile import ALL_GENES, Profile, profile_of, read_gene_list
from onearm.data.assays.genomes.variants import conform_variants
from onearm.data.delimited import read_delimited
from onearm.data.findings import Findings
from onearm.errors import DataError, suggest
from onearm.frames import conform, empty

__all__ = ["Study", "read_study", "study_survival"]

_USUAL: Final[dict[str, tuple[str, ...]]] = {
    "patients": ("data_clinical_patient.txt", "data_clinical_patients.txt", "data_bcr_clinical_data_patient.txt"),
    "samples": ("data_clinical_sample.txt", "data_clinical_samples.txt", "data_bcr_clinical_data_sample.txt"),
    "mutations": ("data_mutations.txt", "data_mutations_extended.txt", "data_mutations_uniprot.txt"),
    "cna": ("data_cna.txt", "data_CNA.txt", "data_gistic.txt"),
    "expression": (
        "data_mrna_seq_v2_rsem.txt",
        "data_expression.txt",
        "data_mrna_seq_rpkm.txt",
        "data_mrna_seq_tpm.txt",
    ),
    "panels": ("data_gene_panel_matrix.txt", "data_gene_matrix.txt"),
}
_META: Final[dict[tuple[str, str], str]] = {
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "patients",
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): "samples",
    ("MUTATION_EXTENDED", "MAF"): "mutations",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "cna",
    ("MRNA_EXPRESSION", "CONTINUOUS"): "expression",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "panels",
}
_EVENTS: Final = ("deceased", "dead", "progressed", "recurred", "recurred/progressed", "progression", "event", "yes")
_CENSORED: Final = (
    "living",
    "alive",
    "diseasefree",
    "disease free",
    "not progressed",
    "censored",
    "progressionfree",
    "no",
)


@dataclass(frozen=True, eq=False)
class Study:
    """
    A study folder.

    Parameters
    ----------
    about : mapping of str to str
        ``meta_study.txt``.
    patients : polars.DataFrame
        One row per PATIENT_ID, every column as text.
    samples : polars.DataFrame
        One row per SAMPLE_ID with its PATIENT_ID, every column as text.
    variants : polars.DataFrame
        A variant table.
    copies : polars.DataFrame
        Gene-level copy number, long.
    expression : polars.DataFrame
        GENE and one column per sample; no column but GENE where there is none.
    profile : Profile
        Who was profiled for mutations.
    labels : mapping of str to str
        Display name of each clinical column.
    cases : mapping of str to tuple of str
        Samples of each case list, by its suffix (``sequenced``, ``all``).
    """

    about: Mapping[str, str]
    patients: pl.DataFrame
    samples: pl.DataFrame
    variants: pl.DataFrame
    copies: pl.DataFrame
    expression: pl.DataFrame
    profile: Profile
    labels: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Prefixes of which both ``PREFIX_STATUS`` and ``PREFIX_MONTHS`` are there."""
        columns = set(self.patients.columns)
        return tuple(
            name.removesuffix("_STATUS")
            for name in self.patients.columns
            if name.endswith("_STATUS") and f"{name.removesuffix('_STATUS')}_MONTHS" in columns
        )


def read_study(folder: str | Path, findings: Findings) -> Study:
    """
    Read a study folder.

    Parameters
    ----------
    folder : str or Path
        Holds ``meta_study.txt`` or the data files by their usual names.
    findings : Findings
        Gets what is wrong or noteworthy; made with ``rules=GENOME_RULES``.

    Returns
    -------
    Study
        Who was profiled for mutations is told by the gene-panel matrix, else by the case list ``sequenced``, else by the
        calls, which is a finding.

    Raises
    ------
    DataError
        For a folder without patients or samples, and files that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder.name}: no such folder in {folder.parent}.")
    files = _files(folder)
    missing = [name for name in ("patients", "samples") if name not in files]
    if missing:
        raise DataError(
            f"{folder.name}: no file holds the {' and the '.join(missing)} "
            f"(looked for {', '.join(_USUAL[name][0] for name in missing)}). Fix: name the folder of the study itself."
        )
    patients, labels = _clinical(files["patients"], "PATIENT_ID")
    samples, more = _clinical(files["samples"], "SAMPLE_ID")
    variants = read_maf(files["mutations"], findings) if "mutations" in files else conform_variants(_no_variants())
    copies = _copies(files["cna"]) if "cna" in files else empty(COPY_SCHEMA)
    expression = _expression(files["expression"]) if "expression" in files else pl.DataFrame({"GENE": []})
    cases = _case_lists(folder)
    named = _panel_matrix(files["panels"]) if "panels" in files else None
    if named is None and "sequenced" in cases:
        named = dict.fromkeys(cases["sequenced"], ALL_GENES)
    return Study(
        about=_meta(folder / "meta_study.txt"),
        patients=patients,
        samples=samples,
        variants=variants,
        copies=copies,
        expression=expression,
        profile=profile_of(variants, findings, samples=named, panels=_panels(folder)),
        labels=labels | more,
        cases=cases,
    )


def _no_variants() -> pl.DataFrame:
    return pl.DataFrame({"SAMPLE": []}, schema={"SAMPLE": pl.Categorical})


def _meta(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.partition(":") for line in path.read_text(encoding="utf-8-sig").splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _files(folder: Path) -> dict[str, Path]:
    """Files by what they hold: those that a meta file names, then those with a usual name."""
    found: dict[str, Path] = {}
    for meta in sorted(folder.glob("meta_*.txt")):
        said = _meta(meta)
        kind = _META.get((said.get("genetic_alteration_type", ""), said.get("datatype", "")))
        if kind and kind not in found and (name := said.get("data_filename")):
            if not (folder / name).is_file():
                beside = [path.name for path in folder.glob("data_*")]
                raise DataError(f"{meta.name}: names {name}, which is not in the folder.{suggest(name, beside)}")
            found[kind] = folder / name
    for kind, names in _USUAL.items():
        usual = next((folder / name for name in names if (folder / name).is_file()), None)
        if usual is not None:
            found.setdefault(kind, usual)
    return found


def _clinical(path: Path, key: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read a clinical table: lines with # hold display names, descriptions, types and priorities."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    heads = [line.lstrip("#").split("\t") for line in lines if line.startswith("#")]
    body = [line for line in lines if line.strip() and not line.startswith("#")]
    if not body:
        raise DataError(f"{path.name}: the file holds no header. Fix: export the study again.")
    names = [name.strip().upper() for name in body[0].split("\t")]
    if key not in names:
        raise DataError(f"{path.name}: column '{key}' is missing.{suggest(key, names)}")
    wrong = [i for i, line in enumerate(body[1:], 1) if len(line.split("\t")) > len(names)]
    if wrong:
        raise DataError(*(f"{path.name}, row {i}: more fields than the {len(names)} of the header." for i in wrong[:5]))
    cells = [[*line.split("\t"), *[""] * len(names)][: len(names)] for line in body[1:]]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
    missing = ["", "NA", "[Not Available]", "[Not Applicable]", "[Unknown]"]
    frame = frame.with_columns(pl.all().str.strip_chars().replace(dict.fromkeys(missing)))
    twice = frame.filter(pl.col(key).is_duplicated())[key].drop_nulls().unique().sort().to_list()
    if twice:
        raise DataError(*(f"{path.name}: {key} {name} stands twice. Fix: keep one row." for name in twice[:5]))
    labels = dict(zip(names, heads[0], strict=False)) if heads else {}
    return frame, labels


def _copies(path: Path) -> pl.DataFrame:
    table = read_delimited(path)
    gene = next((name for name in table.columns if name.lower() in ("hugo_symbol", "gene symbol")), None)
    if gene is None:
        raise DataError(f"{path.name}: column 'Hugo_Symbol' is missing.{suggest('Hugo_Symbol', table.columns)}")
    others = [name for name in table.columns if name.lower() in ("entrez_gene_id", "locus id", "cytoband")]
    table = table.with_row_index("SRCROW", offset=1).drop(others)
    long = table.unpivot(index=["SRCROW", gene], variable_name="SAMPLE", value_name="CALL")
    call = pl.col("CALL").cast(pl.Float64, strict=False).replace({-1.5: -2.0}).cast(pl.Int8)
    frame = long.select("SAMPLE", pl.col(gene).alias("GENE"), call.alias("CALL"), pl.col("SRCROW").cast(pl.Int64))
    return conform(frame.filter(pl.col("CALL").is_not_null()), COPY_SCHEMA)


def _expression(path: Path) -> pl.DataFrame:
    table = read_delimited(path)
    gene = next((name for name in table.columns if name.lower() == "hugo_symbol"), table.columns[0])
    others = [name for name in table.columns if name.lower() == "entrez_gene_id"]
    values = [name for name in table.columns if name not in (gene, *others)]
    return table.select(pl.col(gene).alias("GENE"), pl.col(values).cast(pl.Float64, strict=False))


def _panel_matrix(path: Path) -> dict[str, str] | None:
    table = read_delimited(path)
    by_lower = {name.lower(): name for name in table.columns}
    if "mutations" not in by_lower:
        return None
    rows = table.select(pl.col(by_lower.get("sample_id", table.columns[0])), pl.col(by_lower["mutations"]))
    return {sample: panel for sample, panel in rows.iter_rows() if panel and panel != "NA"}


def _panels(folder: Path) -> dict[str, frozenset[str]]:
    """Gene lists that lie in the folder, by their stable identifier."""
    found = {}
    for path in sorted(folder.glob("*gene_panel*.txt")):
        said = _meta(path)
        if "gene_list" in said:
            found[said.get("stable_id", path.stem)] = read_gene_list(path)
    return found


def _case_lists(folder: Path) -> dict[str, tuple[str, ...]]:
    found = {}
    for path in sorted((folder / "case_lists").glob("*.txt")):
        said = _meta(path)
        name = said.get("stable_id", path.stem)
        suffix = name.removeprefix(f"{said.get('cancer_study_identifier', '')}_").removeprefix("cases_")
        found[suffix] = tuple(said.get("case_list_ids", "").split())
    return found


def study_survival(study: Study, endpoint: str) -> pl.DataFrame:
    """
    Times and events of one endpoint.

    Parameters
    ----------
    study : Study
        The study.
    endpoint : str
        Prefix of its columns, such as ``OS``.

    Returns
    -------
    polars.DataFrame
        PATIENT_ID, MONTHS (Float64) and EVENT (Boolean); missing where the study does not tell. ``1:DECEASED`` and
        ``DECEASED`` are events, ``0:LIVING`` and ``LIVING`` are not.

    Raises
    ------
    DataError
        For an endpoint that the study does not have, and for words that mean neither.
    """
    if endpoint not in study.endpoints:
        raise DataError(f"study: no endpoint '{endpoint}'.{suggest(endpoint, study.endpoints)}")
    word = pl.col(f"{endpoint}_STATUS").str.to_lowercase()
    code, text = word.str.extract(r"^([01]):"), word.str.strip_chars()
    event = (
        pl.when(code.is_not_null())
        .then(code == "1")
        .when(text.is_in([*_EVENTS, "1"]))
        .then(pl.lit(value=True))
        .when(text.is_in([*_CENSORED, "0"]))
        .then(pl.lit(value=False))
    )
    months = pl.col(f"{endpoint}_MONTHS").cast(pl.Float64, strict=False)
    frame = study.patients.select("PATIENT_ID", months.alias("MONTHS"), event.alias("EVENT"), word.alias("WORD"))
    unread = frame.filter(pl.col("EVENT").is_null() & pl.col("WORD").is_not_null())["WORD"].unique().sort().to_list()
    if unread:
        raise DataError(
            *(
                f"study: {endpoint}_STATUS '{told}' says neither event nor none. Fix: write 1: or 0: before it."
                for told in unread
            )
        )
    return frame.drop("WORD")
