"""The iRECIST track of ADRS, beside that of RECIST 1.1."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.derivations.assessed import assessed_responses, dated_responses
from onearm.derivations.lesions import Lesions
from onearm.derivations.records import Records
from onearm.derivations.rules import best_response_rules, irecist_rules, recist_rules
from onearm.derivations.schemas import ADRS
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.rules.irecist import IMMUNE_TERMS, immune_timepoint_response
from onearm.rules.irecist_best import confirmed_immune_best_response, immune_best_response, immune_progression
from onearm.rules.new_lesions import carry_new_lesions
from onearm.rules.recist_non_target import new_lesion_response, non_target_response
from onearm.terms import IMMUNE_BEST_RESPONSES

__all__ = ["conclude_immune", "immune_rows", "immune_timepoints", "plain_from_immune"]

_PLAIN: Final = {immune: plain for plain, immune in IMMUNE_TERMS.items()} | {"iUPD": "PD"}


def immune_timepoints(lesions: Lesions | None, target: pl.DataFrame | None, protocol: Protocol) -> pl.DataFrame | None:
    """
    Derive the iRECIST response of each timepoint from the lesions.

    Parameters
    ----------
    lesions : Lesions or None
        Lesions of the assessor.
    target : polars.DataFrame or None
        Target response at each visit.
    protocol : Protocol
        Criteria and switches.

    Returns
    -------
    polars.DataFrame or None
        As `onearm.rules.irecist.immune_timepoint_response`; None without lesions or where the protocol does not ask
        for iRECIST.
    """
    if lesions is None or target is None or protocol.tumour.criteria != "iRECIST":
        return None
    recist = recist_rules(protocol)
    new = lesions.new
    if protocol.tumour.irecist.carry_new_lesions and new.height:
        new = carry_new_lesions(new, _visits(lesions))
    return immune_timepoint_response(
        target,
        non_target_response(lesions.non_target, recist) if lesions.non_target.height else None,
        new_lesion_response(new, recist) if new.height else None,
        irecist_rules(protocol),
        recist=recist,
    )


def _visits(lesions: Lesions) -> pl.DataFrame:
    """Visits at which any lesion was looked at."""
    parts = (lesions.target, lesions.non_target, lesions.new)
    seen = [part.filter(pl.col("state") != "not_done").select("subject", "visit", "day") for part in parts]
    return pl.concat(seen).group_by("subject", "visit").agg(pl.col("day").min()).sort("subject", "visit")


def immune_rows(
    derived: pl.DataFrame | None, lesions: Lesions | None, records: Records, protocol: Protocol
) -> pl.DataFrame:
    """
    Give the timepoint responses by iRECIST: derived, and as assessed.

    Parameters
    ----------
    derived : polars.DataFrame or None
        What `immune_timepoints` returns.
    lesions : Lesions or None
        For the names of visits.
    records : Records
        With ``rs``.
    protocol : Protocol
        Assessor.

    Returns
    -------
    polars.DataFrame
        Rows of ADRS: ``IOVR``, derived from the lesions or, for subjects without any, as assessed; ``IOVRA`` as
        assessed.
    """
    parts = [empty(ADRS)]
    with_lesions: list[str] = []
    if derived is not None and lesions is not None:
        with_lesions = derived["subject"].unique().to_list()
        named = derived.join(lesions.visits, on=["subject", "visit"], how="left", maintain_order="left")
        parts.append(
            named.filter(pl.col("response").is_not_null()).select(
                USUBJID="subject",
                PARAMCD=pl.lit("IOVR"),
                AVISIT="name",
                AVISITN="visit",
                ADT="day",
                AVALC="i_response",
                SRCDOM=pl.lit("ADTR"),
                RULE="i_rule",
                WHY="i_why",
            )
        )
    assessed = assessed_responses(records, protocol, "iRECIST", {"OVRLRESP": "IOVRA"}, IMMUNE_BEST_RESPONSES)
    if assessed is not None:
        without = assessed.filter(~pl.col("USUBJID").is_in(with_lesions))
        parts += [assessed, without.with_columns(PARAMCD=pl.lit("IOVR"))]
    return conform(pl.concat(parts, how="diagonal_relaxed"), ADRS)


def plain_from_immune(immune: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """
    Say what assessed iRECIST responses are by RECIST 1.1, for subjects without any response by RECIST 1.1.

    To the first iUPD, which is PD by RECIST 1.1, both criteria say the same; what follows has no equal.

    Parameters
    ----------
    immune : polars.DataFrame
        What `immune_rows` returns.
    rows : polars.DataFrame
        Rows of ADRS by RECIST 1.1.

    Returns
    -------
    polars.DataFrame
        Rows ``OVR``, to the first PD.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152: iUPD is defined by the criteria of RECIST 1.1 for PD.
    """
    known = rows.filter(pl.col("PARAMCD") == "OVR")["USUBJID"].unique().to_list()
    mine = immune.filter((pl.col("PARAMCD") == "IOVR") & ~pl.col("USUBJID").is_in(known))
    first = pl.col("ADT").filter(pl.col("AVALC").is_in(["iUPD", "iCPD"])).min().over("USUBJID")
    return mine.filter((pl.col("ADT") <= first).fill_null(True)).with_columns(
        PARAMCD=pl.lit("OVR"),
        AVALC=pl.col("AVALC").replace(_PLAIN),
        RULE=pl.lit("RESPONSE-FROM-IRECIST"),
        WHY=pl.format("Assessed as {} by iRECIST, of which iUPD is PD by RECIST 1.1.", "AVALC"),
    )


def conclude_immune(rows: pl.DataFrame, subjects: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive progression and best response by iRECIST of every enrolled subject.

    Parameters
    ----------
    rows : polars.DataFrame
        What `immune_rows` returns.
    subjects : polars.DataFrame
        ``subject, reference_day, therapy_day``.
    protocol : Protocol
        Switches.

    Returns
    -------
    polars.DataFrame
        Rows ``IPD``, ``IBOR`` and ``ICBOR``.
    """
    overall = dated_responses(rows, "IOVR", subjects)
    rules = best_response_rules(protocol)
    parts = [
        function(overall, subjects, rules).select(
            USUBJID="subject",
            PARAMCD=pl.lit(paramcd),
            AVALC="response",
            ADT="day",
            SRCDOM=pl.lit("ADRS"),
            SRCSEQ=pl.col("seq").cast(pl.Int64),
            RULE="rule",
            WHY="why",
        )
        for paramcd, function in {"IBOR": immune_best_response, "ICBOR": confirmed_immune_best_response}.items()
    ]
    return pl.concat([*parts, _progression(overall, subjects, protocol)], how="diagonal_relaxed")


def _progression(overall: pl.DataFrame, subjects: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Whether and when progression by iRECIST began; assessments before treatment do not count."""
    days = overall.join(subjects.select("subject", "reference_day"), on="subject", how="left", maintain_order="left")
    after = days.filter((pl.col("day") >= pl.col("reference_day")).fill_null(True))
    found = immune_progression(after, unconfirmed=protocol.tumour.irecist.open_progression)
    joined = subjects.select("subject").join(found, on="subject", how="left", maintain_order="left")
    return joined.select(
        USUBJID="subject",
        PARAMCD=pl.lit("IPD"),
        AVALC=pl.when(pl.col("day").is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N")),
        ADT="day",
        SRCDOM=pl.lit("ADRS"),
        SRCSEQ=pl.col("seq").cast(pl.Int64),
        RULE=pl.col("rule").fill_null("iRECIST-PD-NONE"),
        WHY=pl.coalesce(
            pl.col("why").str.head(1).str.to_uppercase() + pl.col("why").str.slice(1),
            pl.lit("No progression by iRECIST was confirmed or is open."),
        ),
    )
