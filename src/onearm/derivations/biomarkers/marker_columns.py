"""Biomarkers as columns of ADSL, where a subgroup or a model speaks of them by name."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from onearm.protocol import Protocol

__all__ = ["with_marker_columns"]


def with_marker_columns(adsl: pl.DataFrame, datasets: Mapping[str, pl.DataFrame], protocol: Protocol) -> pl.DataFrame:
    """
    Add the biomarkers and signatures that subgroups, models and signatures name.

    Parameters
    ----------
    adsl : polars.DataFrame
        One row per patient.
    datasets : mapping of str to polars.DataFrame
        With ``adbm``, and ``adsig`` where there are signatures.
    protocol : Protocol
        Says which are named.

    Returns
    -------
    polars.DataFrame
        With one column for each, named as the biomarker: its group (below or above its cut-offs, or its level) at its own
        timepoint; the number itself where it is not split, or where a subgroup has limits of its own. A column that ADSL
        has already is left as it is.
    """
    named = {subgroup.variable for subgroup in protocol.subgroup}
    named |= {word for model in protocol.model.values() for word in (*model.covariates, *model.strata)}
    named |= {word for signature in protocol.signature.values() for word in signature.covariates}
    cut = {subgroup.variable for subgroup in protocol.subgroup if subgroup.cuts}
    for name, marker in protocol.biomarker.items():
        if name not in named or name in adsl.columns:
            continue
        rows = datasets["adbm"].filter(
            (pl.col("PARAMCD") == name)
            & (pl.col("ANL01FL") == "Y")
            & (pl.col("AVISIT").str.to_lowercase() == marker.timepoint.lower())
        )
        is_number = rows["AVAL"].is_not_null().any() and (name in cut or marker.splits_at == "none")
        adsl = _add(adsl, rows.select("USUBJID", pl.col("AVAL" if is_number else "ANLGRP").alias(name)))
    for name in protocol.signature:
        if name in named and name not in adsl.columns and "adsig" in datasets:
            rows = datasets["adsig"].filter(pl.col("PARAMCD") == name)
            adsl = _add(adsl, rows.select("USUBJID", pl.col("AVALC").alias(name)))
    return adsl


def _add(adsl: pl.DataFrame, column: pl.DataFrame) -> pl.DataFrame:
    return adsl.join(column.unique("USUBJID", keep="first"), on="USUBJID", how="left", maintain_order="left")
