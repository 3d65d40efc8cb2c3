"""Whether each drug was still given at the cut-off, and why it was not: the disposition, adverse events, the plan, the doses."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.derivations.addv import dosing_plan
from onearm.derivations.records import Records
from onearm.protocol import Protocol, Treatment
from onearm.rules.dosing_checks import measure_breaks

__all__ = ["DEFAULT_INTERRUPTION_DAYS", "with_drug_ends"]

DEFAULT_INTERRUPTION_DAYS: Final = 28
"""Longest interruption where the protocol names none: the limit of 4 weeks that protocols of oral agents usually set."""

_WITHDRAWN: Final = ("DRUG WITHDRAWN", "PERMANENTLY DISCONTINUED", "DRUG DISCONTINUED")
_FACTS: Final[dict[str, Any]] = {
    "_LAST": pl.Date,
    "_MARGIN": pl.Int64,
    "_IS_OPEN": pl.Boolean,
    "_IS_REACHED": pl.Boolean,
    "_IS_PASSED": pl.Boolean,
    "_WITHDRAWN": pl.Date,
    "_IS_WITHDRAWN": pl.Boolean,
}
_KEYED: Final[dict[str, Any]] = {"USUBJID": pl.String, "_DRUG": pl.String, **_FACTS}
_WHY: Final = {
    "END-BY-PATIENT": "The drug ends as treatment as a whole does.",
    "END-BY-DISPOSITION": "The disposition names the drug.",
    "END-WITHDRAWN": "An adverse event led to the withdrawal of the drug.",
    "END-PLAN-COMPLETED": "The cycles or months that the protocol plans of the drug were given.",
    "END-NOT-GIVEN-AGAIN": "The drug was not given again although longer than a cycle and the longest interruption passed.",
}


def with_drug_ends(table: pl.DataFrame, records: Records, protocol: Protocol) -> pl.DataFrame:
    """
    Say of each drug whether it is still given, and why it is not.

    Parameters
    ----------
    table : polars.DataFrame
        Records of dosing: ``USUBJID EXTRT ASTDT AENDT EXENDT EXDOSE`` (``EXENDT`` where it was collected), and the patient's
        ``EOTSTT DCTREAS``.
    records : Records
        ``ds`` and ``ae``.
    protocol : Protocol
        Drugs, their cycles and limits; the cut-off.

    Returns
    -------
    polars.DataFrame
        With ``EOTSTT`` and ``DCTREAS`` of the drug, and ``EOTRULE`` and ``EOTWHY``, which of these decided, the first that
        can: the disposition names the drug; an adverse event led to its withdrawal; the planned cycles or months were
        given; of a patient who goes on, it was not given for more than one cycle and the longest permitted interruption
        before the patient's last dose of any drug, or before the cut-off where the patient had one drug only; else the
        patient's.

    Notes
    -----
    A withdrawal counts for the drug that AERELTRT names (any, where the patient had one drug only), unless doses went on for
    longer than that margin after the event began. Where the patient had one drug only and the disposition says how treatment
    ended, this is the end of the drug. A record of consecutive days without an end is still open.
    """
    facts = [_of_drug(table, drug, records, protocol) for drug in protocol.treatment]
    every = pl.concat([one for one in facts if one is not None] or [pl.DataFrame(schema=_KEYED)])
    cutoff = pl.lit(protocol.trial.cutoff, dtype=pl.Date)
    last = pl.when("_IS_OPEN").then(pl.coalesce(cutoff, "_LAST")).otherwise("_LAST")
    every = every.with_columns(_ONE=(pl.len() == 1).over("USUBJID"), _ANY=last.max().over("USUBJID"))
    until = pl.when("_ONE").then(cutoff).otherwise("_ANY")
    every = every.with_columns(
        _STOPPED=((until - pl.col("_LAST")).dt.total_days() > pl.col("_MARGIN")).fill_null(False) & ~pl.col("_IS_OPEN")
    )
    named = _named_by_disposition(records, protocol)
    keyed = table.with_columns(_DRUG=pl.col("EXTRT").str.to_lowercase())
    joined = keyed.join(every, on=["USUBJID", "_DRUG"], how="left", maintain_order="left").join(
        named, on=["USUBJID", "_DRUG"], how="left", maintain_order="left"
    )
    in_disposition = pl.col("_DRUG").is_in(_drugs_in_disposition(records, protocol))
    return _decided(joined, in_disposition).select(*table.columns, "EOTRULE", "EOTWHY")


def _decided(joined: pl.DataFrame, in_disposition: pl.Expr) -> pl.DataFrame:
    is_ongoing = pl.col("EOTSTT") == "ONGOING"
    # With one drug, what the disposition says of treatment it says of the drug.
    may_differ = (is_ongoing | ~pl.col("_ONE")).fill_null(False)
    again = (pl.col("_LAST") - pl.col("_WITHDRAWN")).dt.total_days() > pl.col("_MARGIN")
    stopped = pl.col("_STOPPED").fill_null(False)
    withdrawn = pl.col("_IS_WITHDRAWN").fill_null(False) & (~again.fill_null(False) | (is_ongoing & stopped))
    completed = pl.col("_IS_REACHED").fill_null(False) & (stopped | ~pl.col("_IS_PASSED"))
    rule = (
        pl.when(in_disposition)
        .then(pl.lit("END-BY-DISPOSITION"))
        .when(may_differ & withdrawn)
        .then(pl.lit("END-WITHDRAWN"))
        .when(may_differ & completed)
        .then(pl.lit("END-PLAN-COMPLETED"))
        .when(is_ongoing & stopped)
        .then(pl.lit("END-NOT-GIVEN-AGAIN"))
        .otherwise(pl.lit("END-BY-PATIENT"))
    )
    reason = pl.col("_REASON")
    status = (
        pl.when(reason.str.starts_with("COMPLETED"))
        .then(pl.lit("COMPLETED"))
        .when(reason.is_not_null())
        .then(pl.lit("DISCONTINUED"))
        .otherwise(pl.lit("ONGOING"))
    )
    by = pl.col("EOTRULE")
    return joined.with_columns(EOTRULE=rule).with_columns(
        EOTWHY=by.replace_strict(_WHY, return_dtype=pl.String),
        EOTSTT=pl.when(by == "END-BY-DISPOSITION")
        .then(status)
        .when(by == "END-PLAN-COMPLETED")
        .then(pl.lit("COMPLETED"))
        .when(by.is_in(["END-WITHDRAWN", "END-NOT-GIVEN-AGAIN"]))
        .then(pl.lit("DISCONTINUED"))
        .otherwise("EOTSTT"),
        DCTREAS=pl.when(by == "END-BY-DISPOSITION")
        .then(pl.when(~reason.str.starts_with("COMPLETED")).then(reason))
        .when(by == "END-WITHDRAWN")
        .then(pl.lit("ADVERSE EVENT"))
        .when(by == "END-NOT-GIVEN-AGAIN")
        .then(pl.lit("NOT RECORDED"))
        .when(by == "END-BY-PATIENT")
        .then("DCTREAS"),
    )


def _of_drug(table: pl.DataFrame, drug: Treatment, records: Records, protocol: Protocol) -> pl.DataFrame | None:
    """One row per patient who received the drug: last day, margin, whether the plan was reached, withdrawal."""
    mine = table.filter(
        (pl.col("EXTRT").str.to_lowercase() == drug.name.lower())
        & (pl.col("EXDOSE") != 0).fill_null(True)
        & pl.col("ASTDT").is_not_null()
    )
    if mine.is_empty():
        return None
    is_open = pl.col("EXENDT").is_null() if "EXENDT" in mine.columns and _is_continuous(drug) else pl.lit(False)
    doses = mine.select(subject="USUBJID", start="ASTDT", end="AENDT", dose=1.0, seq="SRCSEQ", _open=is_open)
    cycles = measure_breaks(doses, dosing_plan(drug, protocol))
    margin = drug.cycle_days + (drug.max_interruption_days or DEFAULT_INTERRUPTION_DAYS)
    found = cycles.group_by(USUBJID="subject", maintain_order=True).agg(
        _LAST=pl.max_horizontal("start", "end").max(),
        _FIRST=pl.col("start").min(),
        _CYCLE=pl.col("cycle").max(),
        _BEGUN=pl.col("start").filter(pl.col("cycle") == pl.col("cycle").max()).min(),
    )
    open_of = doses.group_by(USUBJID="subject").agg(_IS_OPEN=pl.col("_open").sort_by("start").last())
    found = found.join(open_of, on="USUBJID", how="left", maintain_order="left")
    found = found.with_columns(_DRUG=pl.lit(drug.name.lower()), _MARGIN=pl.lit(margin, dtype=pl.Int64))
    found = found.with_columns(_plan_reached(drug, protocol))
    found = found.join(_withdrawals(records, drug, table), on="USUBJID", how="left", maintain_order="left")
    return found.select(list(_KEYED)).cast(pl.Schema(_KEYED))


def _is_continuous(drug: Treatment) -> bool:
    return any(day + 1 in drug.days for day in drug.days)


def _plan_reached(drug: Treatment, protocol: Protocol) -> list[pl.Expr]:
    """Whether no further cycle is planned after the last one, and whether more than the plan was given."""
    # One record may hold several cycles.
    more = (pl.col("_LAST") - pl.col("_BEGUN")).dt.total_days() // drug.cycle_days
    cycle, begun = pl.col("_CYCLE") + more, pl.col("_BEGUN") + pl.duration(days=more * drug.cycle_days)
    day = (begun - pl.col("_FIRST")).dt.total_days()
    reached, passed = pl.lit(False), pl.lit(False)
    if drug.max_cycles is not None:
        reached, passed = reached | (cycle >= drug.max_cycles), passed | (cycle > drug.max_cycles)
    if drug.max_duration_months is not None:
        limit = drug.max_duration_months * protocol.conventions.days_per_month
        reached, passed = reached | (day + drug.cycle_days > limit), passed | (day > limit)
    if protocol.trial.cutoff is not None:
        # In the middle of the last cycle the drug is still given.
        reached = reached & (begun + pl.duration(days=drug.days[-1] - drug.days[0]) <= protocol.trial.cutoff)
    return [reached.alias("_IS_REACHED"), passed.alias("_IS_PASSED")]


def _withdrawals(records: Records, drug: Treatment, table: pl.DataFrame) -> pl.DataFrame:
    """Events that led to the withdrawal of the drug: the day on which the latest began, missing where one has no start."""
    ae = records.get("ae")
    if ae is None or "AEACN" not in ae.columns:
        return pl.DataFrame(schema={"USUBJID": pl.String, "_WITHDRAWN": pl.Date, "_IS_WITHDRAWN": pl.Boolean})
    names = pl.col("AERELTRT").str.to_lowercase() if "AERELTRT" in ae.columns else pl.lit(None, dtype=pl.String)
    start = pl.col("AESTDT") if "AESTDT" in ae.columns else pl.lit(None, dtype=pl.Date)
    given = table.filter((pl.col("EXDOSE") != 0).fill_null(True))
    drugs = given.group_by("USUBJID").agg(pl.col("EXTRT").str.to_lowercase().n_unique().alias("_N"))
    concerns = names.str.contains(drug.name.lower(), literal=True).fill_null(names.is_null() & (pl.col("_N") == 1))
    return (
        ae.join(drugs, on="USUBJID", how="inner")
        .filter(pl.col("AEACN").str.to_uppercase().is_in(_WITHDRAWN) & concerns)
        .group_by("USUBJID")
        .agg(_WITHDRAWN=pl.when(start.null_count() == 0).then(start.max()), _IS_WITHDRAWN=pl.lit(True))
    )


def _disposition_of(records: Records, drug: Treatment) -> pl.DataFrame | None:
    ds = records.get("ds")
    if ds is None or "DSSCAT" not in ds.columns:
        return None
    category = pl.col("DSCAT").str.to_uppercase() if "DSCAT" in ds.columns else pl.lit("DISPOSITION EVENT")
    return ds.filter(
        (category == "DISPOSITION EVENT")
        & pl.col("DSSCAT").str.to_uppercase().str.contains(drug.name.upper(), literal=True)
    )


def _drugs_in_disposition(records: Records, protocol: Protocol) -> list[str]:
    """Drugs whose end the trial records: of a patient without such a record the drug goes on."""
    found = ((drug, _disposition_of(records, drug)) for drug in protocol.treatment)
    return [drug.name.lower() for drug, own in found if own is not None and own.height]


def _named_by_disposition(records: Records, protocol: Protocol) -> pl.DataFrame:
    schema = {"USUBJID": pl.String, "_DRUG": pl.String, "_REASON": pl.String}
    parts = [pl.DataFrame(schema=schema)]
    for drug in protocol.treatment:
        own = _disposition_of(records, drug)
        if own is not None:
            ends = own.group_by("USUBJID", maintain_order=True).agg(
                _DRUG=pl.lit(drug.name.lower()), _REASON=pl.col("DSDECOD").str.to_uppercase().last()
            )
            parts.append(ends)
    return pl.concat(parts)
