"""A study of cBioPortal made of a trial folder: its patients, times, responses and calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from onearm.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from onearm.data.assays.genomes.cbioportal import Study
    from onearm.run import Checked

__all__ = ["study_of_trial"]

_LEFT_OUT = ("STUDYID", "TRTSDT", "TRTEDT", "DTHDT", "ENRLDT", "LSTALVDT", "RFICDT", "BRTHDT")
"""Columns of ADSL that are no attributes of a patient, or dates, which a shared study should not hold."""


def study_of_trial(folder: Path) -> tuple[Study, pl.DataFrame]:
    """
    Read and derive a trial, and give its sequenced patients as a study.

    Parameters
    ----------
    folder : Path
        With ``protocol.toml``.

    Returns
    -------
    tuple of Study and polars.DataFrame
        Endpoints as ``NAME_STATUS`` and ``NAME_MONTHS``; dates are left out. Findings.

    Raises
    ------
    DataError
        For a trial without sequencing.
    """
    import polars as pl

    from onearm.data.assays.genomes.cbioportal import Study
    from onearm.data.assays.genomes.profile import Profile
    from onearm.data.assays.genomes.variants import conform_variants
    from onearm.protocol.assay_genomes import MutationAssay
    from onearm.run import check_trial

    checked = check_trial(folder)
    named = [name for name, section in checked.protocol.assay.items() if isinstance(section, MutationAssay)]
    if not named:
        raise DataError(f"{folder.name}: the protocol has no assay of kind 'mutations'; nothing was sequenced.")
    assay = checked.source.assays[named[0]]
    samples = assay.tables["samples"].select(SAMPLE_ID="SAMPLE", PATIENT_ID="USUBJID", TIMEPOINT="TIMEPOINT")
    mine = samples["SAMPLE_ID"].implode()
    panels = {str(name): frozenset(part["GENE"]) for (name,), part in assay.tables["panels"].group_by("PANEL")}
    profiled = assay.tables["profiled"].filter(pl.col("SAMPLE").is_in(mine))
    columns = [name for name in assay.tables["variants"].columns if name != "SRCROW"]
    variants = assay.tables["variants"].filter(pl.col("SAMPLE").cast(pl.String).is_in(mine))
    return (
        Study(
            about={"name": checked.protocol.trial.title},
            patients=_patients(checked),
            samples=samples,
            variants=conform_variants(variants.select(columns)),
            copies=assay.tables["copies"].filter(pl.col("SAMPLE").is_in(mine)),
            expression=pl.DataFrame(schema={"GENE": pl.String}),
            profile=Profile(dict(profiled.iter_rows()), panels),
        ),
        checked.findings,
    )


def _patients(checked: Checked) -> pl.DataFrame:
    import polars as pl

    from onearm.analyses.survival import months

    adsl = checked.derived.datasets["adsl"]
    kept = [name for name, kind in adsl.schema.items() if name not in _LEFT_OUT and kind not in (pl.Date, pl.Datetime)]
    table = adsl.select(kept).rename({"USUBJID": "PATIENT_ID"})
    table = table.select(name for name in table.columns if table[name].null_count() < table.height)
    times = months(checked.derived.datasets["adtte"], checked.protocol)
    for name in checked.protocol.times:
        rows = times.filter((pl.col("PARAMCD") == name) & pl.col("MONTHS").is_not_null())
        word = pl.when("EVENT").then(pl.lit("1:EVENT")).otherwise(pl.lit("0:CENSORED"))
        if name == "OS":
            word = pl.when("EVENT").then(pl.lit("1:DECEASED")).otherwise(pl.lit("0:LIVING"))
        found = rows.select(
            PATIENT_ID="USUBJID", **{f"{name}_STATUS": word, f"{name}_MONTHS": pl.col("MONTHS").round(4)}
        )
        table = table.join(found, on="PATIENT_ID", how="left", maintain_order="left")
    adrs = checked.derived.datasets["adrs"]
    best = adrs.filter(pl.col("PARAMCD") == ("CBOR" if (adrs["PARAMCD"] == "CBOR").any() else "BOR"))
    if best.height:
        response = best.select(PATIENT_ID="USUBJID", BEST_RESPONSE="AVALC").unique("PATIENT_ID", keep="first")
        table = table.join(response, on="PATIENT_ID", how="left", maintain_order="left")
    return table.with_columns(pl.all().cast(pl.String))
