"""From TU and TR to the lesions that the response rules read: targets, non-targets, new lesions, of one assessor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from onearm.derivations.records import Records
from onearm.protocol import Protocol

__all__ = ["Lesions", "of_assessor", "read_lesions"]

_NODE: Final = r"(?i)lymph|\bnod(e|es|al)\b"
_KEY: Final = ("subject", "visit")


@dataclass(frozen=True)
class Lesions:
    """
    Lesion records of the assessor that the protocol names, in the words of `onearm.rules`.

    Parameters
    ----------
    target : polars.DataFrame
        ``subject visit day lesion is_node diameter_mm state location seq``, one row per lesion and visit.
    non_target : polars.DataFrame
        ``subject visit day lesion state location seq``.
    new : polars.DataFrame
        ``subject visit day lesion state location diameter_mm``; without a diameter where it was not measured.
    visits : polars.DataFrame
        ``subject visit name``: what each visit is called.
    """

    target: pl.DataFrame
    non_target: pl.DataFrame
    new: pl.DataFrame
    visits: pl.DataFrame


def of_assessor(table: pl.DataFrame, prefix: str, protocol: Protocol) -> pl.DataFrame:
    """
    Keep the records of the assessor and the reader that the protocol names.

    Parameters
    ----------
    table : polars.DataFrame
        A TU, TR or RS table; one without ``--EVAL`` has one assessor.
    prefix : str
        ``TU``, ``TR`` or ``RS``.
    protocol : Protocol
        ``tumour.assessor`` and ``tumour.reader``.

    Returns
    -------
    polars.DataFrame
        Its rows. Where the assessor has several readers and none is named, those of the accepted one (``--ACPTFL``).
    """
    assessor, reader = protocol.tumour.assessor.upper(), protocol.tumour.reader
    who, which, accepted = f"{prefix}EVAL", f"{prefix}EVALID", f"{prefix}ACPTFL"
    if who not in table.columns or table[who].null_count() == table.height:
        return table
    kept = table.filter(pl.col(who).str.to_uppercase() == assessor)
    if which not in table.columns:
        return kept
    if reader is not None:
        return kept.filter(pl.col(which).str.to_uppercase() == reader.upper())
    if kept[which].n_unique() > 1 and accepted in kept.columns:
        return kept.filter(pl.col(accepted) == "Y")
    return kept


def read_lesions(records: Records, protocol: Protocol) -> Lesions | None:
    """
    Read the lesions of the assessor.

    Parameters
    ----------
    records : Records
        With ``tr``; ``tu`` says what each lesion is and where it lies.
    protocol : Protocol
        Assessor and reader.

    Returns
    -------
    Lesions or None
        None where the trial has no lesion records of that assessor.
    """
    tr, tu = records.get("tr"), records.get("tu")
    if tr is None or protocol.tumour.response_from == "assessed":
        return None
    tr = _visited(of_assessor(tr, "TR", protocol), "TR")
    if tr.is_empty():
        return None
    identified = _identified(None if tu is None else _visited(of_assessor(tu, "TU", protocol), "TU"))
    rows = tr.filter(pl.col("lesion").is_not_null() & pl.col("day").is_not_null())
    rows = rows.join(identified.drop("day", "visit"), on=["subject", "lesion"], how="left")
    group = pl.col("TRGRPID").str.to_uppercase() if "TRGRPID" in rows.columns else pl.lit(None, dtype=pl.String)
    rows = rows.with_columns(
        kind=pl.coalesce("kind", group), is_node=pl.col("location").str.contains(_NODE).fill_null(False)
    )
    visits = tr.select("subject", "visit", name="VISIT" if "VISIT" in tr.columns else pl.lit(None, dtype=pl.String))
    return Lesions(
        target=_targets(rows.filter(pl.col("kind") == "TARGET")),
        non_target=_non_targets(rows.filter(pl.col("kind") == "NON-TARGET")),
        new=_new(rows.filter(pl.col("kind").str.starts_with("NEW")), identified),
        visits=visits.unique(_KEY, keep="first", maintain_order=True),
    )


def _visited(table: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Name subject, visit, lesion and day; without visit numbers, each day is a visit."""
    date = f"{prefix}DT"
    day = pl.col(date) if date in table.columns else pl.lit(None, dtype=pl.Date)
    number = pl.col("VISITNUM") if "VISITNUM" in table.columns else pl.lit(None, dtype=pl.Float64)
    lesion = pl.col(f"{prefix}LNKID") if f"{prefix}LNKID" in table.columns else pl.lit(None, dtype=pl.String)
    return table.with_columns(
        subject=pl.col("USUBJID"),
        visit=pl.coalesce(number.cast(pl.Float64), day.dt.epoch("d").cast(pl.Float64)),
        day=day,
        lesion=lesion,
    )


def _identified(tu: pl.DataFrame | None) -> pl.DataFrame:
    """What each lesion is, where it lies and when it was first named."""
    schema = {"subject": pl.String, "lesion": pl.String, "kind": pl.String, "location": pl.String}
    if tu is None:
        return pl.DataFrame(schema={**schema, "day": pl.Date, "visit": pl.Float64})
    result = pl.coalesce(*(pl.col(name) for name in ("TUSTRESC", "TUORRES") if name in tu.columns))
    where = pl.col("TULOC") if "TULOC" in tu.columns else pl.lit(None, dtype=pl.String)
    return (
        tu.filter(pl.col("lesion").is_not_null())
        .select("subject", "lesion", "day", "visit", kind=result.str.to_uppercase(), location=where)
        .sort("subject", "lesion", "day")
        .unique(["subject", "lesion"], keep="first", maintain_order=True)
    )


def _targets(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per target and visit: the long diameter, of a node the short axis."""
    test = pl.col("TRTESTCD")
    rank = (
        pl.when(pl.col("is_node"))
        .then(
            test.replace_strict({"LPERP": 0, "SAXIS": 0, "DIAMETER": 1, "LDIAM": 2}, default=None, return_dtype=pl.Int8)
        )
        .otherwise(test.replace_strict({"LDIAM": 0, "DIAMETER": 1, "LPERP": 2}, default=None, return_dtype=pl.Int8))
    )
    not_done = (pl.col("TRSTAT") == "NOT DONE").fill_null(False) if "TRSTAT" in rows.columns else pl.lit(False)
    said = pl.col("TRSTRESC").str.to_uppercase() if "TRSTRESC" in rows.columns else pl.lit(None, dtype=pl.String)
    measured = (
        rows.with_columns(rank=rank)
        .filter(pl.col("rank").is_not_null())
        .sort("subject", "visit", "lesion", "rank", "TRSEQ")
        .unique([*_KEY, "lesion"], keep="first", maintain_order=True)
    )
    state = (
        pl.when(not_done)
        .then(pl.lit("not_done"))
        .when(said.str.contains("TOO SMALL"))
        .then(pl.lit("too_small"))
        .when(said.str.contains("MERGED|COALESCED"))
        .then(pl.lit("merged"))
        .when(pl.col("TRSTRESN").is_null())
        .then(pl.lit("not_evaluable"))
        .otherwise(pl.lit("measured"))
    )
    return measured.select(
        *_KEY,
        "day",
        "lesion",
        "is_node",
        "location",
        diameter_mm=pl.col("TRSTRESN"),
        state=state,
        seq=pl.col("TRSEQ").cast(pl.Int64),
    )


def _non_targets(rows: pl.DataFrame) -> pl.DataFrame:
    said = pl.coalesce(*(pl.col(name) for name in ("TRSTRESC", "TRORRES") if name in rows.columns)).str.to_uppercase()
    not_done = (pl.col("TRSTAT") == "NOT DONE").fill_null(False) if "TRSTAT" in rows.columns else pl.lit(False)
    state = (
        pl.when(not_done)
        .then(pl.lit("not_done"))
        .when(said.str.contains("UNEQUIVOCAL|PROGRESS"))
        .then(pl.lit("progression"))
        .when(said.str.contains("INCREAS"))
        .then(pl.lit("increased"))
        .when(said.str.contains("ABSENT|RESOLVED|DISAPPEARED"))
        .then(pl.lit("absent"))
        .when(said.str.contains("PRESENT|UNCHANGED|STABLE|DECREAS"))
        .then(pl.lit("present"))
        .otherwise(pl.lit("not_evaluable"))
    )
    return (
        rows.filter(pl.col("TRTESTCD") == "TUMSTATE")
        .select(*_KEY, "day", "lesion", "location", state=state, seq=pl.col("TRSEQ").cast(pl.Int64))
        .unique([*_KEY, "lesion"], keep="first", maintain_order=True)
    )


def _new(rows: pl.DataFrame, identified: pl.DataFrame) -> pl.DataFrame:
    """New lesions from TR and from TU; one that is named or measured without a word of doubt is unequivocal."""
    said = pl.coalesce(*(pl.col(name) for name in ("TRSTRESC", "TRORRES") if name in rows.columns)).str.to_uppercase()
    seen = pl.col("TRTESTCD") == "TUMSTATE"
    size = pl.col("TRTESTCD").is_in(["LDIAM", "DIAMETER"])
    followed = (
        rows.filter(seen | (size & pl.col("TRSTRESN").is_not_null()))
        .group_by(*_KEY, "lesion", maintain_order=True)
        .agg(
            pl.col("day").min(),
            pl.col("location").first(),
            said=said.filter(seen).first(),
            diameter_mm=pl.col("TRSTRESN").filter(size).max(),
        )
        .select(
            *_KEY,
            "day",
            "lesion",
            "location",
            state=pl.when(pl.col("said").str.contains(r"^EQUIVOCAL"))
            .then(pl.lit("equivocal"))
            .when(pl.col("said").str.contains("ABSENT|NONE|RESOLVED|DISAPPEARED") | (pl.col("diameter_mm") == 0))
            .then(pl.lit("none"))
            .when(pl.col("said").str.contains("INCREAS"))
            .then(pl.lit("increased"))
            .otherwise(pl.lit("unequivocal")),
            diameter_mm=pl.col("diameter_mm").cast(pl.Float64),
        )
    )
    named = identified.filter(pl.col("kind").str.starts_with("NEW") & pl.col("day").is_not_null()).select(
        *_KEY,
        "day",
        "lesion",
        "location",
        state=pl.when(pl.col("kind").str.contains("EQUIVOCAL") & ~pl.col("kind").str.contains("UNEQUIVOCAL"))
        .then(pl.lit("equivocal"))
        .otherwise(pl.lit("unequivocal")),
        diameter_mm=pl.lit(None, dtype=pl.Float64),
    )
    both = pl.concat([followed, named], how="vertical_relaxed")
    return both.unique([*_KEY, "lesion"], keep="first", maintain_order=True)
