"""Where the first progression was: in a few sites or in many."""

from __future__ import annotations

import polars as pl

from onearm.derivations.lesions import Lesions
from onearm.derivations.rules import recist_rules
from onearm.derivations.schemas import ADRS
from onearm.frames import empty
from onearm.protocol import Protocol
from onearm.rules.kinetics import progression_extent

__all__ = ["progression_extent_rows"]


def progression_extent_rows(lesions: Lesions | None, concluded: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Count the sites that progressed or were new at the first progression.

    Parameters
    ----------
    lesions : Lesions or None
        Lesions of the assessor.
    concluded : polars.DataFrame
        Rows of ADRS with ``PD``.
    protocol : Protocol
        ``tumour.oligo_at_most_sites``, ``tumour.oligo_site`` and what a target's progression is.

    Returns
    -------
    polars.DataFrame
        Rows ``PDEXT`` with ``OLIGO`` or ``SYSTEMIC``, one per subject whose lesions progressed.

    Notes
    -----
    A site progressed if it has a new lesion, a non-target with unequivocal progression, or a target that grew by
    ``progression_pct`` and ``progression_mm`` from its own smallest diameter. Where only the sum of the targets
    progressed, every target that grew counts. An organ counts once; a lesion of unknown place is a site of its own.
    """
    if lesions is None or concluded.is_empty():
        return empty(ADRS)
    progressed = concluded.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
    days = progressed.select(subject="USUBJID", day="ADT")
    # RECIST dates a progression to its earliest scan; the lesions of that visit may have been scanned later
    visits = pl.concat(
        part.join(days, on=["subject", "day"], how="semi").select("subject", "visit")
        for part in (lesions.target, lesions.non_target, lesions.new)
    ).unique()
    target = _grown(lesions.target, protocol)
    sure = pl.col("state").is_in(["unequivocal", "increased"])
    later = (pl.when(sure).then("day").max().over("subject", "lesion") > pl.col("day")).fill_null(False)
    backdated = (pl.col("state") == "equivocal") & later & pl.lit(protocol.tumour.recist.backdate_equivocal)
    parts = [
        target.filter(pl.col("is_progressed")),
        lesions.non_target.filter(pl.col("state") == "progression"),
        lesions.new.filter(sure | backdated),
    ]
    columns = ("subject", "lesion", "location")
    sites = pl.concat(part.join(visits, on=["subject", "visit"], how="semi").select(columns) for part in parts)
    rest = target.filter(pl.col("is_grown")).join(visits, on=["subject", "visit"], how="semi").select(columns)
    sites = pl.concat([sites, rest.join(sites, on="subject", how="anti")])
    return _said(sites, days, protocol)


def _grown(target: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Targets compared with their own smallest diameter before."""
    rules = recist_rules(protocol)
    mm = (
        pl.when(pl.col("state") == "too_small")
        .then(pl.col("diameter_mm").fill_null(rules.too_small_mm))
        .when(pl.col("state") == "absent")
        .then(0.0)
        .otherwise("diameter_mm")
    )
    rows = target.with_columns(mm=mm)
    rows = rows.sort("subject", "lesion", "day", "visit")
    smallest = pl.col("mm").cum_min().shift(1).over("subject", "lesion")
    rise = pl.col("mm") - smallest
    return rows.with_columns(
        is_grown=(rise > 0).fill_null(False),
        is_progressed=(
            (rise >= rules.progression_mm) & (rise >= smallest * rules.progression_pct / 100) & (rise > 0)
        ).fill_null(False),
    )


def _said(sites: pl.DataFrame, days: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    place = pl.coalesce("location", "lesion") if protocol.tumour.oligo_site == "organ" else pl.col("lesion")
    named = sites.with_columns(site=place)
    found = progression_extent(named, most_oligo=protocol.tumour.oligo_at_most_sites)
    words = named.group_by("subject").agg(named=pl.col("site").unique().sort().str.join(", "))
    joined = found.join(words, on="subject").join(days, on="subject")
    return joined.select(
        USUBJID="subject",
        PARAMCD=pl.lit("PDEXT"),
        AVALC=pl.col("extent").str.to_uppercase(),
        ADT="day",
        SRCDOM=pl.lit("TR"),
        RULE=pl.lit("PROGRESSION-EXTENT"),
        WHY=pl.format("Number of sites that progressed or are new: {} ({}).", "n_sites", "named"),
    )
