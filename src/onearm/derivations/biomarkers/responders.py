"""Who is a responder, for each biomarker: a success of the rate that it is set against."""

from __future__ import annotations

import polars as pl

from onearm.protocol import Protocol
from onearm.protocol.assay_omics import FeaturesAssay
from onearm.protocol.endpoints import RateEndpoint
from onearm.rules.successes import rate_successes, without_answer

__all__ = ["flag_responders", "with_responders", "with_sample_responders"]


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
        With ``RSPFL``: Y, N, or missing where the protocol has no rate or the patient is not of its denominator.
    """
    parts = [adbm.filter(pl.col("PARAMCD") == name) for name in protocol.biomarker]
    done = []
    for (_, marker), part in zip(protocol.biomarker.items(), parts, strict=True):
        rate = protocol.responders_of(marker)
        if rate is None:
            done.append(part)
            continue
        endpoint = protocol.rates[rate]
        flags = flag_responders(_members(adsl, endpoint.set), adrs, rate, endpoint)
        done.append(part.drop("RSPFL").join(flags, on="USUBJID", how="left", maintain_order="left"))
    columns = adbm.columns
    return pl.concat([part.select(columns) for part in done]) if done else adbm


def with_sample_responders(
    samples: pl.DataFrame, adrs: pl.DataFrame, adsl: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    """
    Add to every sample of an assay of many features whether its patient is a responder.

    Parameters
    ----------
    samples : polars.DataFrame
        With ``USUBJID ASSAY``.
    adrs : polars.DataFrame
        Responses.
    adsl : polars.DataFrame
        Analysis sets.
    protocol : Protocol
        The rate that each assay is set against, and the set whose patients are compared.

    Returns
    -------
    polars.DataFrame
        With ``RSPFL`` as in `with_responders`, in the order of the assays.
    """
    rate = next(iter(protocol.rates), None)
    done = []
    for (name,), part in samples.group_by("ASSAY", maintain_order=True):
        plan = protocol.assay[str(name)]
        if not isinstance(plan, FeaturesAssay):
            continue
        against = plan.response_endpoint or rate
        if against is None:
            done.append(part.with_columns(RSPFL=pl.lit(None, dtype=pl.String)))
            continue
        members = _members(adsl, plan.set or protocol.main_set)
        flags = flag_responders(members, adrs, against, protocol.rates[against])
        done.append(part.join(flags, on="USUBJID", how="left", maintain_order="left"))
    return pl.concat(done) if done else samples.with_columns(RSPFL=pl.lit(None, dtype=pl.String))


def _members(adsl: pl.DataFrame, name: str) -> pl.DataFrame:
    return adsl.filter(pl.col(f"{name}FL") == "Y").select("USUBJID")


def flag_responders(members: pl.DataFrame, adrs: pl.DataFrame, name: str, endpoint: RateEndpoint) -> pl.DataFrame:
    """
    Say of every member of a set whether it is a success of a rate.

    Parameters
    ----------
    members : polars.DataFrame
        ``USUBJID``.
    adrs : polars.DataFrame
        Responses; rows of the rate's own name decide where there are some, else the best overall response.
    name : str
        Name of the rate.
    endpoint : RateEndpoint
        What is a success.

    Returns
    -------
    polars.DataFrame
        ``USUBJID RSPFL``, one row per member; a patient without a response is no success, and one whom the
        protocol leaves out of the denominator, since nothing is known at the time, has no flag.
    """
    rows = adrs.select(subject="USUBJID", parameter="PARAMCD", answer="AVALC", rule="RULE")
    good = rate_successes(rows, name, success=endpoint.success, of=endpoint.of)["subject"]
    unknown = without_answer(rows, name)["subject"]
    flag = pl.when(pl.col("USUBJID").is_in(good.implode())).then(pl.lit("Y")).otherwise(pl.lit("N"))
    return members.with_columns(RSPFL=pl.when(~pl.col("USUBJID").is_in(unknown.implode())).then(flag))
