"""Weight and body surface area on the day of a dose, and the dose in the unit of the protocol."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.derivations.records import Records
from onearm.protocol import Treatment

__all__ = ["body_sizes", "planned_dose", "with_body_size"]

_GRAMS: Final = {"g": 1.0, "gram": 1.0, "mg": 1e-3, "milligram": 1e-3, "ug": 1e-6, "mcg": 1e-6, "kg": 1e3}
_KILOGRAMS: Final = {"kg": 1.0, "lb": 0.45359237, "lbs": 0.45359237, "g": 1e-3}
_CENTIMETRES: Final = {"cm": 1.0, "m": 100.0, "in": 2.54, "inch": 2.54, "mm": 0.1}


def body_sizes(records: Records) -> pl.DataFrame:
    """
    Take weights and body surface areas from the vital signs.

    Parameters
    ----------
    records : Records
        Domain ``vs`` with WEIGHT, HEIGHT and, where it was recorded, BSA.

    Returns
    -------
    polars.DataFrame
        ``USUBJID date kg m2``, one row per subject and day with a weight or an area, sorted by day. The area is the
        recorded one, else that of Mosteller with the subject's last height.

    References
    ----------
    .. [1] Mosteller RD (1987), Simplified calculation of body-surface area, N Engl J Med 317:1098.
    """
    vs = records.get("vs")
    empty = pl.DataFrame(schema={"USUBJID": pl.String, "date": pl.Date, "kg": pl.Float64, "m2": pl.Float64})
    if vs is None or "VSDT" not in vs.columns:
        return empty
    value = "VSSTRESN" if "VSSTRESN" in vs.columns else "VSSTRESC" if "VSSTRESC" in vs.columns else "VSORRES"
    unit = pl.col("VSSTRESU") if "VSSTRESU" in vs.columns else pl.lit(None, dtype=pl.String)
    rows = vs.select(
        "USUBJID",
        date="VSDT",
        test=pl.col("VSTESTCD").str.to_uppercase(),
        value=pl.col(value).cast(pl.Float64, strict=False),
        unit=unit.str.to_lowercase().str.strip_chars(),
    ).filter(pl.col("value") > 0)
    weight = _scaled(rows, "WEIGHT", _KILOGRAMS, "kg")
    height = _scaled(rows, "HEIGHT", _CENTIMETRES, "cm").group_by("USUBJID").agg(pl.col("cm").last())
    area = _scaled(rows, "BSA", {}, "m2")
    sizes = weight.join(area, on=["USUBJID", "date"], how="full", coalesce=True).join(height, on="USUBJID", how="left")
    return (
        sizes.with_columns(m2=pl.coalesce("m2", (pl.col("kg") * pl.col("cm") / 3600).sqrt()))
        .select(list(empty.schema))
        .drop_nulls("date")
        .sort("date", "USUBJID")
    )


def _scaled(rows: pl.DataFrame, test: str, factors: dict[str, float], name: str) -> pl.DataFrame:
    """Values of a test in one unit, the last of a day; without a unit they are in that unit already."""
    mine = rows.filter(pl.col("test") == test)
    if factors:
        factor = pl.when(pl.col("unit").is_null()).then(1.0).otherwise(
            pl.col("unit").replace_strict(factors, default=None, return_dtype=pl.Float64)
        )  # fmt: skip
        mine = mine.with_columns(value=pl.col("value") * factor).filter(pl.col("value").is_not_null())
    return mine.sort("date", maintain_order=True).group_by("USUBJID", "date", maintain_order=True).agg(
        pl.col("value").last().alias(name)
    )  # fmt: skip


def with_body_size(doses: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    """
    Put the weight and the area beside each dose.

    Parameters
    ----------
    doses : polars.DataFrame
        With ``USUBJID`` and ``ASTDT``.
    sizes : polars.DataFrame
        See `body_sizes`.

    Returns
    -------
    polars.DataFrame
        The doses with ``WEIGHT`` (kg) and ``BSA`` (m²): the last on or before the day of the dose, else the first after.
    """
    placed = doses.with_row_index("_order").sort("ASTDT")
    for name, column in (("WEIGHT", "kg"), ("BSA", "m2")):
        known = sizes.select("USUBJID", "date", pl.col(column).alias(name)).drop_nulls(name).sort("date")
        first = known.group_by("USUBJID", maintain_order=True).agg(pl.col(name).first().alias("_FIRST"))
        placed = (
            placed.join_asof(
                known, left_on="ASTDT", right_on="date", by="USUBJID", strategy="backward", check_sortedness=False
            )
            .drop("date")
            .join(first, on="USUBJID", how="left", maintain_order="left")
            .with_columns(pl.coalesce(name, "_FIRST").alias(name))
            .drop("_FIRST")
        )
    return placed.sort("_order").drop("_order")


def planned_dose(drug: Treatment) -> pl.Expr:
    """
    Express a recorded dose in the unit of the protocol.

    Parameters
    ----------
    drug : Treatment
        Its unit.

    Returns
    -------
    polars.Expr
        Over ``EXDOSE EXDOSU WEIGHT BSA``. A dose without a unit is in that of the protocol; masses are converted; an
        amount is divided by the weight or the area where the protocol's dose is relative to it. Missing where the unit
        is another one, or the weight or the area is not known.
    """
    unit = (
        pl.col("EXDOSU")
        .str.to_lowercase()
        .str.replace_all(" ", "")
        .str.replace_all("²", "2")
        .str.replace_all("µ|μ", "u")
    )
    own = drug.unit.lower().replace(" ", "").replace("²", "2").replace("µ", "u").replace("μ", "u")
    dose = pl.when(pl.col("EXDOSU").is_null() | (unit == own)).then(pl.col("EXDOSE"))
    amount = drug.amount_unit.lower().replace("µ", "u").replace("μ", "u")
    factors = {name: grams / _GRAMS[amount] for name, grams in _GRAMS.items()} if amount in _GRAMS else {amount: 1.0}
    size = {"kg": pl.col("WEIGHT"), "m2": pl.col("BSA"), None: pl.lit(1.0)}[drug.per]
    converted = pl.col("EXDOSE") * unit.replace_strict(factors, default=None, return_dtype=pl.Float64) / size
    return dose.otherwise(converted)
