"""Which adverse events the investigator called immune-related: a column of AE, or a supplemental qualifier of it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import polars as pl

from onearm.derivations.records import Records

__all__ = ["Judgement", "immune_judgement"]

_ROW: Final = "_IMMUNE_ROW"


class Judgement(NamedTuple):
    """
    What the investigator said of each event.

    Parameters
    ----------
    said : polars.Series
        One value per record of ae, in its order: the text in upper case without blanks around it, missing where nothing is
        said.
    unmatched : polars.DataFrame
        Qualifiers of suppae that name no record of ae, with all their columns.
    """

    said: pl.Series
    unmatched: pl.DataFrame


def immune_judgement(records: Records, column: str | None) -> Judgement | None:
    """
    Read whether the investigator called each event immune-related.

    Parameters
    ----------
    records : Records
        Domain ``ae``, and ``suppae`` where there is one.
    column : str or None
        ``safety.immune_related_column``, in any case.

    Returns
    -------
    Judgement or None
        A value in ae goes before a qualifier of the same name. None where the protocol names no column, there are no events,
        or neither table has such a column or qualifier.

    References
    ----------
    .. [1] CDISC SDTMIG v3.4, section 8.4: supplemental qualifiers, linked by IDVAR and IDVARVAL.

    Examples
    --------
    >>> ae = pl.DataFrame({"USUBJID": ["1", "1", "2"], "AESEQ": [1, 2, 1], "AEIRAE": ["y", " ", None]})
    >>> immune_judgement(Records({"ae": ae}, {}), "AEIRAE").said.to_list()
    ['Y', None, None]
    """
    ae = records.get("ae")
    if ae is None or column is None:
        return None
    name, supp = column.upper(), records.get("suppae")
    own = _plain(pl.col(name)) if name in ae.columns else None
    mine = None if supp is None else supp.filter(_plain(pl.col("QNAM")) == name)
    if own is None and (mine is None or mine.is_empty()):
        return None
    said = pl.Series([None] * ae.height, dtype=pl.String) if own is None else ae.select(own).to_series()
    if mine is None or mine.is_empty():
        return Judgement(said, pl.DataFrame())
    linked = _linked(ae, mine)
    values = linked.group_by(_ROW).agg(_SAID=pl.col("QVAL").drop_nulls().first())
    found = ae.select(pl.int_range(pl.len()).alias(_ROW)).join(values, on=_ROW, how="left", maintain_order="left")
    used = linked["_SUPP_ROW"].unique().to_list()
    unmatched = mine.with_row_index("_SUPP_ROW").filter(~pl.col("_SUPP_ROW").is_in(used)).drop("_SUPP_ROW")
    both = pl.DataFrame({"own": said, "qualifier": found.select(_plain(pl.col("_SAID"))).to_series()})
    return Judgement(both.select(pl.coalesce("own", "qualifier")).to_series(), unmatched)


def _linked(ae: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    """Each qualifier beside the number of its record of ae, by whichever column its IDVAR names."""
    numbered = ae.with_columns(pl.int_range(pl.len()).alias(_ROW))
    mine = mine.with_row_index("_SUPP_ROW").with_columns(_LINK=_link("IDVARVAL"), _BY=_plain(pl.col("IDVAR")))
    parts = [
        mine.filter(pl.col("_BY") == by)
        .select("USUBJID", "_LINK", "QVAL", "_SUPP_ROW")
        .join(numbered.select("USUBJID", _ROW, _LINK=_link(by)), on=["USUBJID", "_LINK"], how="inner")
        for by in mine["_BY"].drop_nulls().unique().sort().to_list()
        if by in ae.columns
    ]
    empty: dict[str, Any] = {"QVAL": pl.String, "_SUPP_ROW": pl.get_index_type(), _ROW: pl.Int64}
    return pl.concat([pl.DataFrame(schema=empty), *(part.select(list(empty)).cast(pl.Schema(empty)) for part in parts)])


def _link(column: str) -> pl.Expr:
    """A number and its text are one identifier, ``1.0`` too."""
    return pl.col(column).cast(pl.String).str.strip_chars().str.replace(r"^(\d+)\.0+$", "${1}")


def _plain(column: pl.Expr) -> pl.Expr:
    text = column.cast(pl.String).str.strip_chars().str.to_uppercase()
    return pl.when(text != "").then(text)
