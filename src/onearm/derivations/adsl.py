"""ADSL: one row per subject, with dates, disposition, baseline characteristics and membership of the analysis sets."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from onearm.derivations.adcm import is_subsequent_therapy
from onearm.derivations.phases import ends_treatment
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADSL
from onearm.derivations.sources import set_member
from onearm.errors import DataError
from onearm.protocol import Protocol

__all__ = ["derive_adsl", "flag_sets"]

_REFERENCE: Final = frozenset(
    "DOMAIN ARM ARMCD ACTARM ACTARMCD ARMNRS ACTARMUD DMDTC DMDY DTHDTC DTHFL RFSTDTC RFENDTC RFXSTDTC RFXENDTC "  # noqa: SIM905 - names in one line read better than a column of quotes
    "RFICDTC RFPENDTC BRTHDTC AGEU SRCROW DMSEQ RFCSTDTC RFCENDTC".split()
)
"""Columns of DM that are not baseline characteristics."""


def derive_adsl(records: Records, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the subject-level dataset without its analysis-set flags.

    Parameters
    ----------
    records : Records
        Domain ``dm`` or the table ``patients``; ``ex ds cm ss ae supp--`` are used where they are.
    protocol : Protocol
        Cohorts, cut-off and the shape of the source.

    Returns
    -------
    polars.DataFrame
        One row per USUBJID, sorted; the columns of `ADSL`, then the baseline characteristics.

    Raises
    ------
    DataError
        If no table says who is in the trial.
    """
    if "dm" not in records.tables and "patients" not in records.tables:
        raise DataError(
            "data: there is neither a dm table nor a table with one row per patient, so nobody is known to be in the trial. "
            "Fix: add dm, or map the patients in [source.patients]."
        )
    base = _from_dm(records) if "dm" in records.tables else _from_patients(records)
    adsl = base.with_columns(CUTOFFDT=pl.lit(protocol.trial.cutoff, dtype=pl.Date))
    adsl = _disposition(_exposure(adsl, records), records, protocol)
    for step in (_deaths, _new_therapy):
        adsl = step(adsl, records)
    adsl = _last_alive(adsl, records)
    adsl = _cohorts(adsl, protocol)
    made = [pl.lit(None, dtype=kind).alias(name) for name, kind in ADSL.items() if name not in adsl.columns]
    adsl = adsl.with_columns(made).with_columns(
        [pl.col(name).cast(kind, strict=False) for name, kind in ADSL.items() if name != "SEX"]
    )
    adsl = adsl.with_columns(STUDYID=pl.col("STUDYID").fill_null(protocol.trial.id))
    extra = [name for name in adsl.columns if name not in ADSL]
    return adsl.select(*ADSL, *extra).sort("USUBJID")


def flag_sets(adsl: pl.DataFrame, adrs: pl.DataFrame, records: Records, protocol: Protocol) -> pl.DataFrame:
    """
    Add one flag for each analysis set, and why others are not in it.

    Parameters
    ----------
    adsl, adrs : polars.DataFrame
        Subject-level and response datasets.
    records : Records
        For sets that rest on the presence of records.
    protocol : Protocol
        The sets, and those of the cohorts.

    Returns
    -------
    polars.DataFrame
        ADSL with ``<SET>FL``: Y for a member, N for every other subject; ``<SET>WHY``: the first rule of the set that an
        enrolled subject does not meet, missing for members and for who was not enrolled.
    """
    flags = []
    for name, rules in protocol.sets.items():
        why = _first_unmet(rules, adsl, adrs, records)
        for cohort_name, cohort in protocol.cohort.items():
            if cohort.sets and name in cohort.sets:
                own = _first_unmet(cohort.sets[name], adsl, adrs, records)
                why = pl.when(pl.col("COHORT") == cohort_name).then(own).otherwise(why)
        flags.append(pl.when(why.is_null()).then(pl.lit("Y")).otherwise(pl.lit("N")).alias(f"{name}FL"))
        flags.append(pl.when(pl.col("SCRFFL").is_null()).then(why).alias(f"{name}WHY"))
    return adsl.with_columns(flags)


def _first_unmet(rules: tuple[str, ...], adsl: pl.DataFrame, adrs: pl.DataFrame, records: Records) -> pl.Expr:
    unmet = [
        pl.when(~set_member(rule, adsl, adrs, records)).then(pl.lit(f"not met: {rule.replace('_', ' ')}"))
        for rule in rules
    ]
    return pl.coalesce(*unmet, pl.lit(None, dtype=pl.String))


def _from_dm(records: Records) -> pl.DataFrame:
    dm = records.tables["dm"]
    said = [name for name in ("ARMCD", "ACTARMCD", "ARM", "ACTARM", "ARMNRS") if name in dm.columns]
    failed = pl.any_horizontal(
        pl.lit(False),
        *(pl.col(n).str.to_lowercase().str.contains(r"^scrn|screen[ -]?fail|not assigned|notassgn") for n in said),
    )
    supplement = _supplement(records.get("suppdm"))
    base = dm.with_columns(
        SCRFFL=pl.when(failed.fill_null(False)).then(pl.lit("Y")),
        **{name: pl.col(name) if name in dm.columns else pl.lit(None, dtype=pl.Date) for name in ("RFICDT", "RFSTDT")},
    ).with_columns(ENRLDT=pl.when(pl.col("SCRFFL").is_null()).then("RFSTDT"))
    dropped = {*_REFERENCE, *(n for n, kind in dm.schema.items() if n.endswith(("DT", "DTF")) and n not in _KEPT_DATES)}
    base = base.select(name for name in base.columns if name not in dropped)
    if supplement is not None:
        base = base.join(supplement, on="USUBJID", how="left", suffix="_SUPP")
    return _numbers(base)


_KEPT_DATES: Final = ("RFICDT", "ENRLDT", "DTHDT", "RFXSTDT", "RFXENDT", "RFSTDT")


def _supplement(supp: pl.DataFrame | None) -> pl.DataFrame | None:
    """Qualifiers of DM as columns, named by QNAM."""
    if supp is None:
        return None
    first = supp.unique(["USUBJID", "QNAM"], keep="first", maintain_order=True)
    return first.pivot(on="QNAM", index="USUBJID", values="QVAL")


_PATIENT_DATES: Final = {
    "FIRST_DOSE_DT": "TRTSDT",
    "LAST_DOSE_DT": "TRTEDT",
    "ENROLLED_DT": "ENRLDT",
    "CONSENT_DT": "RFICDT",
    "DEATH_DT": "DTHDT",
    "LAST_CONTACT_DT": "LSTALVDT",
    "LAST_ASSESSMENT_DT": "LSTASDT",
    "NEW_ANTICANCER_THERAPY_DT": "NTRTDT",
}


def _from_patients(records: Records) -> pl.DataFrame:
    """Take the dates and covariates of the table with one row per patient; its endpoints go elsewhere."""
    patients = records.tables["patients"]
    made = re.compile(r"(_TIME|_UNIT|_EVENT|_FLAG|_DTC|_DTF)$")
    kept = [name for name in patients.columns if not made.search(name) and name not in {"SRCROW", "BOR"}]
    base = patients.select(kept).rename({old: new for old, new in _PATIENT_DATES.items() if old in kept})
    base = base.drop("PROGRESSION_DT", "RESPONSE_DT", "BIRTH_DT", strict=False)
    return _numbers(base.with_columns(SCRFFL=pl.lit(None, dtype=pl.String)))


def _numbers(table: pl.DataFrame) -> pl.DataFrame:
    """Take a text column of which every value is a number for numbers; identifiers stay text."""
    identifiers = {"STUDYID", "USUBJID", "SUBJID", "SITEID", "COHORT", "SEX"}
    texts = [name for name, kind in table.schema.items() if kind == pl.String and name not in identifiers]
    numeric = [
        name
        for name in texts
        if (column := table[name].drop_nulls()).len() and column.cast(pl.Float64, strict=False).null_count() == 0
    ]
    return table.with_columns(pl.col(name).cast(pl.Float64) for name in numeric)


def _exposure(adsl: pl.DataFrame, records: Records) -> pl.DataFrame:
    ex = records.get("ex")
    if ex is not None:
        end = pl.col("EXENDT") if "EXENDT" in ex.columns else pl.lit(None, dtype=pl.Date)
        given = ex.filter(pl.col("EXSTDT").is_not_null())
        if "EXDOSE" in ex.columns:
            # A record of dose 0 is an omission, except where the drug itself has no dose (placebo).
            given = given.filter((pl.col("EXDOSE") != 0).fill_null(True) | _is_placebo())
        span = given.group_by("USUBJID").agg(
            TRTSDT=pl.col("EXSTDT").min(), TRTEDT=pl.max_horizontal(end, "EXSTDT").max()
        )
        return adsl.join(span, on="USUBJID", how="left")
    names = adsl.columns
    start = next((pl.col(n) for n in ("TRTSDT", "RFXSTDT", "RFSTDT") if n in names), pl.lit(None, dtype=pl.Date))
    stop = next((pl.col(n) for n in ("TRTEDT", "RFXENDT") if n in names), pl.lit(None, dtype=pl.Date))
    treated = pl.col("SCRFFL").is_null() if "SCRFFL" in names else pl.lit(True)
    return adsl.with_columns(TRTSDT=pl.when(treated).then(start), TRTEDT=pl.when(treated).then(stop))


def _is_placebo() -> pl.Expr:
    return pl.col("EXTRT").str.to_lowercase().str.contains("placebo")


def _disposition(adsl: pl.DataFrame, records: Records, protocol: Protocol) -> pl.DataFrame:
    adsl = adsl.drop("RFXSTDT", "RFXENDT", "RFSTDT", strict=False)
    ds = records.get("ds")
    if ds is None:
        return adsl
    text = pl.col("DSDECOD").str.to_uppercase()
    category = pl.col("DSCAT").str.to_uppercase() if "DSCAT" in ds.columns else pl.lit("DISPOSITION EVENT")
    part = pl.col("DSSCAT").str.to_uppercase().fill_null("") if "DSSCAT" in ds.columns else pl.lit("")
    date = next((n for n in ("DSSTDT", "DSDT") if n in ds.columns), None)
    ds = ds.with_columns(text.alias("_TEXT"), category.alias("_CAT"), part.alias("_PART"))
    ended = ds.filter(
        (pl.col("_CAT") == "DISPOSITION EVENT")
        & ~pl.col("_PART").str.contains("STUDY PARTICIPATION|^STUDY$|FOLLOW")
        & ~pl.col("_TEXT").str.contains("SCREEN")
        & ends_treatment(ds, protocol)
    )
    ended = _of_all_drugs(ended, protocol)
    last = ended.group_by("USUBJID", maintain_order=True).agg(pl.col("_TEXT").first().alias("DCTREAS"))
    failed = ds.filter(pl.col("_TEXT").str.contains("SCREEN"))
    said = "DSTERM" if "DSTERM" in ds.columns else "_TEXT"
    reason = failed.group_by("USUBJID", maintain_order=True).agg(pl.col(said).first().alias("SCRFREAS"))
    adsl = adsl.join(last, on="USUBJID", how="left").join(reason, on="USUBJID", how="left")
    if date is not None:
        enrolled = ds.filter(pl.col("_TEXT").is_in(["ENROLLED", "RANDOMIZED", "ENROLMENT", "ENROLLMENT"]))
        first = enrolled.group_by("USUBJID").agg(pl.col(date).min().alias("_ENRL"))
        adsl = (
            adsl.join(first, on="USUBJID", how="left").with_columns(ENRLDT=pl.coalesce("_ENRL", "ENRLDT")).drop("_ENRL")
        )
    completed = pl.col("DCTREAS").str.starts_with("COMPLETED")
    return adsl.with_columns(
        EOTSTT=pl.when(pl.col("TRTSDT").is_null())
        .then(pl.lit("NOT TREATED"))
        .when(pl.col("DCTREAS").is_null())
        .then(pl.lit("ONGOING"))
        .when(completed)
        .then(pl.lit("COMPLETED"))
        .otherwise(pl.lit("DISCONTINUED")),
        DCTREAS=pl.when(~completed).then("DCTREAS"),
    ).with_columns(TRTEDT=pl.when(pl.col("EOTSTT") != "ONGOING").then("TRTEDT"))


def _of_all_drugs(ended: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Leave out the end of one drug while another was still given; the end of the last drug is that of treatment."""
    drugs = [drug.name.upper() for drug in protocol.treatment]
    if len(drugs) < 2:
        return ended
    which = pl.lit(None, dtype=pl.String)
    for drug in drugs:
        which = pl.when(pl.col("_PART").str.contains(drug, literal=True)).then(pl.lit(drug)).otherwise(which)
    named = ended.with_columns(_DRUG=which)
    count = pl.col("_DRUG").drop_nulls().n_unique().over("USUBJID")
    number = pl.int_range(pl.len()).over("USUBJID")
    last_of_drugs = number == number.filter(pl.col("_DRUG").is_not_null()).max().over("USUBJID")
    whole = pl.col("_DRUG").is_null()
    return named.filter(whole | ((count == len(drugs)) & last_of_drugs)).drop("_DRUG")


def _deaths(adsl: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Date of death: from DM, else from disposition, else from a fatal adverse event."""
    found = [pl.col("DTHDT")] if "DTHDT" in adsl.columns else []
    ds, ae = records.get("ds"), records.get("ae")
    if ds is not None and "DSSTDT" in ds.columns:
        dead = ds.filter(pl.col("DSDECOD").str.to_uppercase() == "DEATH")
        adsl = adsl.join(dead.group_by("USUBJID").agg(_DS=pl.col("DSSTDT").min()), on="USUBJID", how="left")
        found.append(pl.col("_DS"))
    if ae is not None and {"AEOUT", "AEENDT"} <= set(ae.columns):
        fatal = ae.filter(pl.col("AEOUT").str.to_uppercase() == "FATAL")
        adsl = adsl.join(fatal.group_by("USUBJID").agg(_AE=pl.col("AEENDT").min()), on="USUBJID", how="left")
        found.append(pl.col("_AE"))
    date = pl.coalesce(*found) if found else pl.lit(None, dtype=pl.Date)
    return (
        adsl.with_columns(DTHDT=date)
        .with_columns(DTHFL=pl.when(pl.col("DTHDT").is_not_null()).then(pl.lit("Y")))
        .drop("_DS", "_AE", strict=False)
    )


def _new_therapy(adsl: pl.DataFrame, records: Records) -> pl.DataFrame:
    cm = records.get("cm")
    if cm is None or "CMSTDT" not in cm.columns:
        return adsl
    if not {"CMCAT", "CMSCAT"} & set(cm.columns):
        return adsl
    new = cm.filter(is_subsequent_therapy(cm))
    first = new.group_by("USUBJID").agg(NTRTDT=pl.col("CMSTDT").min())
    return adsl.drop("NTRTDT", strict=False).join(first, on="USUBJID", how="left")


def _last_alive(adsl: pl.DataFrame, records: Records) -> pl.DataFrame:
    """
    Take the latest date on which a record shows the subject alive.

    Every dated record counts, planned visits and the day of death itself aside; for the dead it is the day of death.
    """
    seen = []
    for domain, table in records.tables.items():
        dates = [
            name
            for name, kind in table.schema.items()
            if kind == pl.Date and not name.startswith(("DTH", "BRTH", "RFP", "DMDT"))
        ]
        if domain.startswith("supp") or not dates or "USUBJID" not in table.columns:
            continue
        if domain == "ss" and "SSSTRESC" in table.columns:
            table = table.filter(pl.col("SSSTRESC").str.to_uppercase() == "ALIVE")  # noqa: PLW2901 - narrowed for this domain
        seen.append(table.group_by("USUBJID").agg(pl.max_horizontal(pl.col(n).max() for n in dates).alias("_LAST")))
    given = [pl.col("LSTALVDT")] if "LSTALVDT" in adsl.columns else []
    if not seen:
        return adsl
    last = pl.concat(seen).group_by("USUBJID").agg(pl.col("_LAST").max())
    found = pl.max_horizontal(*given, "_LAST") if given else pl.col("_LAST")
    return (
        adsl.join(last, on="USUBJID", how="left")
        .with_columns(LSTALVDT=pl.coalesce("DTHDT", pl.min_horizontal(found, "CUTOFFDT")))
        .drop("_LAST")
    )


def _cohorts(adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    if not protocol.cohort:
        return adsl
    values = {cohort.value or name: name for name, cohort in protocol.cohort.items()}
    if "COHORT" not in adsl.columns:
        return adsl
    return adsl.with_columns(pl.col("COHORT").replace_strict(values, default=None, return_dtype=pl.String))
