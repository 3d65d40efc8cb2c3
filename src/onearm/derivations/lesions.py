"""From TU and TR to the lesions that the response rules read: targets, non-targets, new lesions, of one assessor."""

from __future__ import annotations

from collections.abc import Sequence
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
        ``subject visit day lesion parent is_node diameter_mm state location seq``, one row per lesion and visit. A
        fragment names the lesion that it split from as its ``parent``. Of lesions that merged the first carries the
        diameter and the others the state ``merged``.
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
    rows = rows.with_columns(kind=pl.coalesce("kind", group), is_node=pl.col("is_node").fill_null(False))
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
    """What each lesion is, where it lies, when it was first named, and whether it split off or is several merged."""
    words = ("subject", "lesion", "kind", "location", "test", "group")
    if tu is None:
        schema = {**dict.fromkeys(words, pl.String), "day": pl.Date, "visit": pl.Float64, "is_node": pl.Boolean}
        return pl.DataFrame(schema=schema)
    result = pl.coalesce(*(pl.col(name) for name in ("TUSTRESC", "TUORRES") if name in tu.columns))
    others = {"location": "TULOC", "test": "TUTESTCD", "group": "TUGRPID"}
    given = {name: pl.col(of) if of in tu.columns else pl.lit(None, dtype=pl.String) for name, of in others.items()}
    return (
        tu.filter(pl.col("lesion").is_not_null())
        .select("subject", "lesion", "day", "visit", kind=result.str.to_uppercase(), **given)
        .with_columns(is_node=pl.col("location").str.contains(_NODE))
        .sort("subject", "lesion", "day")
        .unique(["subject", "lesion"], keep="first", maintain_order=True)
    )


def _targets(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per target and visit: the long diameter, of a node the short axis, or what is said instead."""
    test = pl.col("TRTESTCD")
    node, other = (
        test.replace_strict(order, default=None, return_dtype=pl.Int8)
        for order in (
            {"LPERP": 0, "SAXIS": 0, "DIAMETER": 1, "LDIAM": 2, "TUMSTATE": 9},
            {"LDIAM": 0, "DIAMETER": 1, "LPERP": 2, "TUMSTATE": 9},
        )
    )
    key = [*_KEY, "lesion"]
    measured = rows.with_columns(rank=pl.when(pl.col("is_node")).then(node).otherwise(other))
    measured = measured.filter(pl.col("rank").is_not_null())
    several = measured.select(key).is_duplicated()
    if several.any():
        # The measurement that RECIST asks for, where several of one lesion were recorded; the others stay in the source.
        # What says nothing gives way to a record that does, such as a state beside a diameter that was not taken.
        chosen = measured.filter(several).with_columns(silent=_is_silent(measured.columns))
        chosen = chosen.sort(*key, "silent", "rank", "TRSEQ").unique(key, keep="first", maintain_order=True)
        measured = pl.concat([measured.filter(~several), chosen.drop("silent")])
    found = _with_state(measured).select(
        *_KEY,
        "day",
        "lesion",
        "is_node",
        "location",
        "test",
        "group",
        "state",
        diameter_mm=pl.col("TRSTRESN"),
        seq=pl.col("TRSEQ").cast(pl.Int64),
    )
    return _split(_merged(found)).drop("test", "group")


def _not_done(columns: Sequence[str]) -> pl.Expr:
    return (pl.col("TRSTAT") == "NOT DONE").fill_null(False) if "TRSTAT" in columns else pl.lit(False)


def _is_silent(columns: Sequence[str]) -> pl.Expr:
    said = pl.col("TRSTRESC") if "TRSTRESC" in columns else pl.lit(None, dtype=pl.String)
    return pl.col("TRSTRESN").is_null() & (said.is_null() | _not_done(columns))


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Give a lesion that several merged into (``TUMERGE``, named ``T01/T02``) back to them.

    The diameter of the whole is that of the first; the others add nothing (Eisenhauer 2009, 4.3.2).
    """
    if not (rows["test"] == "TUMERGE").any():
        return rows
    is_merged = (pl.col("test") == "TUMERGE").fill_null(False) & pl.col("lesion").str.contains("/")
    parts = rows.filter(is_merged).with_columns(lesion=pl.col("lesion").str.split("/"))
    parts = parts.with_columns(place=pl.int_ranges(pl.col("lesion").list.len())).explode("lesion", "place")
    later = pl.col("place") > 0
    parts = parts.with_columns(
        pl.col("lesion").str.strip_chars(),
        state=pl.when(later).then(pl.lit("merged")).otherwise("state"),
        diameter_mm=pl.when(~later).then("diameter_mm"),
    ).drop("place")
    # at a visit where the whole was measured, a record of a part says less
    kept = rows.filter(~is_merged).join(parts, on=[*_KEY, "lesion"], how="anti", maintain_order="left")
    return pl.concat([kept, parts]).sort(*_KEY, "lesion", maintain_order=True)


def _split(rows: pl.DataFrame) -> pl.DataFrame:
    """Name the lesion that a fragment (``TUSPLIT``) came from: its group, or its own name up to the last full stop."""
    if not (rows["test"] == "TUSPLIT").any():
        return rows.with_columns(parent=pl.lit(None, dtype=pl.String))
    known = pl.concat_str(["subject", "lesion"], separator="\0")
    names = rows.select(known)["subject"].unique().to_list()
    of_group = pl.concat_str(["subject", "group"], separator="\0").is_in(names).fill_null(False)
    from_name = pl.col("lesion").str.extract(r"^(.+)\.[^.]+$")
    is_fragment = (pl.col("test") == "TUSPLIT").fill_null(False)
    origin = pl.when(of_group & (pl.col("group") != pl.col("lesion"))).then("group").otherwise(from_name)
    return rows.with_columns(parent=pl.when(is_fragment).then(origin))


def _with_state(measured: pl.DataFrame) -> pl.DataFrame:
    """Say of each target whether it was measured, and if not, why; only rows with a word or without a number are read."""
    not_done = _not_done(measured.columns)
    said = pl.col("TRSTRESC") if "TRSTRESC" in measured.columns else pl.lit(None, dtype=pl.String)
    plain = pl.col("TRSTRESN").is_not_null() & ~not_done & said.cast(pl.Float64, strict=False).is_not_null()
    worded = measured.filter(~plain).with_columns(said=said.str.to_uppercase())
    state = (
        pl.when(not_done)
        .then(pl.lit("not_done"))
        .when(pl.col("said").str.contains("TOO SMALL"))
        .then(pl.lit("too_small"))
        .when(pl.col("said").str.contains("MERGED|COALESCED"))
        .then(pl.lit("merged"))
        .when(pl.col("TRSTRESN").is_null() & pl.col("said").str.contains("ABSENT|RESOLVED|DISAPPEARED"))
        .then(pl.lit("absent"))
        .when(pl.col("TRSTRESN").is_null())
        .then(pl.lit("not_evaluable"))
        .otherwise(pl.lit("measured"))
    )
    return pl.concat(
        [measured.filter(plain).with_columns(state=pl.lit("measured")), worded.with_columns(state=state).drop("said")]
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
