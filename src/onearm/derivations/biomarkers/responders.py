"""Who is a responder, for each biomarker: a success of the rate that it is set against."""

from __future__ import annotations

import polars as pl

from onearm.protocol import Protocol
from onearm.protocol.endpoints import RateEndpoint
from onearm.terms import IMMUNE_BEST_RESPONSES

__all__ = ["flag_responders", "with_responders"]


def with_responders(adbm: pl.DataFrame, adrs: pl.DataFrame, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Add to every row whether its patient is a responder.

    Parameters
    ----------
    adbm : polars.DataFrame
        With ``USUBJID PARAMCD``.
    adrs : polars.DataFrame
        Responses.
    adsl : polars.DataFrame
        Analysis sets.
    protocol : Protocol
        The rate that each biomarker is set against.

    Returns
    -------
    polars.DataFrame
        With ``RSPFL``: Y, N, or missing where the protocol has no rate or the patient is not of its set.
    """
    parts = [adbm.filter(pl.col("PARAMCD") == name) for name in protocol.biomarker]
    done = []
    for (_, marker), part in zip(protocol.biomarker.items(), parts, strict=True):
        rate = protocol.responders_of(marker)
        if rate is None:
            done.append(part)
            continue
        flags = flag_responders(adrs, adsl, rate, protocol.rates[rate])
        done.append(part.drop("RSPFL").join(flags, on="USUBJID", how="left", maintain_order="left"))
    columns = adbm.columns
    return pl.concat([part.select(columns) for part in done]) if done else adbm


def flag_responders(adrs: pl.DataFrame, adsl: pl.DataFrame, name: str, endpoint: RateEndpoint) -> pl.DataFrame:
    """
    Say of every patient of a rate's set whether it is a success.

    Parameters
    ----------
    adrs : polars.DataFrame
        Responses; rows of the rate's own name decide where there are some, else the best overall response.
    adsl : polars.DataFrame
        Analysis sets.
    name : str
        Name of the rate.
    endpoint : RateEndpoint
        What is a success.

    Returns
    -------
    polars.DataFrame
        ``USUBJID RSPFL``, one row per patient of the set; a patient without a response is no success.
    """
    own = adrs.filter(pl.col("PARAMCD") == name)
    immune = "I" if set(endpoint.success) & set(IMMUNE_BEST_RESPONSES) - {"NE"} else ""
    best = f"{immune}{'CBOR' if endpoint.of == 'confirmed' else 'BOR'}"
    is_success = pl.col("AVALC") == "Y" if own.height else pl.col("AVALC").is_in(endpoint.success)
    rows = own if own.height else adrs.filter(pl.col("PARAMCD") == best)
    found = rows.filter(is_success)["USUBJID"].unique().implode()
    members = adsl.filter(pl.col(f"{endpoint.set}FL") == "Y").select("USUBJID")
    return members.with_columns(RSPFL=pl.when(pl.col("USUBJID").is_in(found)).then(pl.lit("Y")).otherwise(pl.lit("N")))
