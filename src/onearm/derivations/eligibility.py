"""Who was enrolled outside the limits of the protocol."""

from __future__ import annotations

import re

import polars as pl

from onearm.derivations.records import Records
from onearm.derivations.sources import set_member
from onearm.protocol import Eligibility

__all__ = ["find_ineligible", "is_prior_therapy", "name_of_limit"]


def name_of_limit(limit: Eligibility) -> str:
    """
    Name the rule of a limit.

    Parameters
    ----------
    limit : Eligibility
        Any.

    Returns
    -------
    str
        Such as ``ELIGIBILITY-AGE``.

    Examples
    --------
    >>> name_of_limit(Eligibility(variable="AGE", at_least=18)), name_of_limit(Eligibility(no_prior=("drug",)))
    ('ELIGIBILITY-AGE', 'ELIGIBILITY-PRIOR-THERAPY')
    """
    what = limit.variable or (limit.meets.value if limit.meets is not None else "prior_therapy")
    return f"ELIGIBILITY-{what.upper().replace('_', '-')}"


def find_ineligible(
    limit: Eligibility, adsl: pl.DataFrame, adrs: pl.DataFrame, records: Records
) -> pl.DataFrame | None:
    """
    Find who was enrolled outside a limit, or without the value being known.

    Parameters
    ----------
    limit : Eligibility
        One limit.
    adsl, adrs : polars.DataFrame
        Subject-level and response datasets.
    records : Records
        Earlier therapy, in ``cm``.

    Returns
    -------
    polars.DataFrame or None
        ``USUBJID ADT SRCDOM SRCSEQ WHY``; None where the data have nothing that the limit could be checked with.
    """
    enrolled = adsl.filter(pl.col("SCRFFL").is_null())
    if limit.no_prior:
        return _treated_before(limit, enrolled, records)
    if limit.meets is not None:
        met = adsl.filter(set_member(limit.meets, adsl, adrs, records))
        name = limit.label or limit.meets.value.replace("_", " ")
        return _rows(enrolled.join(met, on="USUBJID", how="anti"), pl.lit(f"Not met, or not known: {name}."))
    if limit.variable is None or limit.variable not in adsl.columns:
        return None
    return _outside(enrolled, limit, limit.variable)


def _rows(found: pl.DataFrame, why: pl.Expr) -> pl.DataFrame:
    return found.select(
        "USUBJID",
        ADT=pl.col("ENRLDT").cast(pl.Date),
        SRCDOM=pl.lit("DM"),
        SRCSEQ=pl.lit(None, dtype=pl.Int64),
        WHY=why,
    )


def _outside(enrolled: pl.DataFrame, limit: Eligibility, variable: str) -> pl.DataFrame:
    value = pl.col(variable)
    number = value.cast(pl.Float64, strict=False)
    met = pl.lit(True)
    if limit.at_least is not None:
        met = met & (number >= limit.at_least)
    if limit.at_most is not None:
        met = met & (number <= limit.at_most)
    if limit.values:
        # A code such as MSS, or a number that is a code: 0 and 0.0 are one.
        met = met & value.cast(pl.String).str.replace(r"\.0$", "").is_in(list(limit.values))
    bounds = [f"at least {limit.at_least:g}"] if limit.at_least is not None else []
    bounds += [f"at most {limit.at_most:g}"] if limit.at_most is not None else []
    bounds += [f"one of {', '.join(limit.values)}"] if limit.values else []
    name, asked = limit.label or limit.variable, ", ".join(bounds)
    met = met.fill_null(False) | (value.is_null() if limit.if_known else pl.lit(False))
    why = (
        pl.when(value.is_null())
        .then(pl.lit(f"{name} is not known; {asked} is asked for."))
        .otherwise(pl.format(f"{name} is {{}}; {asked} is asked for.", value.cast(pl.String).str.replace(r"\.0$", "")))
    )
    return _rows(enrolled.filter(~met), why)


def is_prior_therapy(cm: pl.DataFrame) -> pl.Expr:
    """
    Say which records are of anticancer therapy before the trial.

    Parameters
    ----------
    cm : polars.DataFrame
        Domain ``cm``.

    Returns
    -------
    polars.Expr
        True where CMCAT or CMSCAT says prior and anticancer (or a kind of it).
    """
    named = [pl.col(name).str.to_uppercase().fill_null("") for name in ("CMCAT", "CMSCAT") if name in cm.columns]
    if not named:
        return pl.lit(False)
    text = pl.concat_str(*named, separator=" ")
    return text.str.contains(r"\bPRIOR\b|PREVIOUS") & text.str.contains(
        r"CANCER|TUMOU?R|SYSTEMIC|CHEMO|IMMUNO|TARGETED|RADIO|SURG|THERAP"
    )


def _treated_before(limit: Eligibility, enrolled: pl.DataFrame, records: Records) -> pl.DataFrame | None:
    cm = records.get("cm")
    if cm is None or not ({"CMCAT", "CMSCAT"} & set(cm.columns)):
        return None
    pattern = "|".join(re.escape(word.upper()) for word in limit.no_prior)
    names = [pl.col(name).str.to_uppercase().fill_null("") for name in ("CMDECOD", "CMTRT") if name in cm.columns]
    found = cm.filter(is_prior_therapy(cm) & pl.concat_str(*names, separator=" ").str.contains(pattern))
    date = pl.col("CMSTDT") if "CMSTDT" in cm.columns else pl.lit(None, dtype=pl.Date)
    name = limit.label or f"no earlier {', '.join(limit.no_prior)}"
    return (
        found.join(enrolled.select("USUBJID"), on="USUBJID", how="semi")
        .select(
            "USUBJID",
            ADT=date,
            SRCDOM=pl.lit("CM"),
            SRCSEQ=pl.col("CMSEQ").cast(pl.Int64),
            WHY=pl.format(f"Treated before with {{}}; asked for: {name}.", pl.col("CMTRT")),
        )
        .unique(["USUBJID", "SRCSEQ"], keep="first", maintain_order=True)
    )
