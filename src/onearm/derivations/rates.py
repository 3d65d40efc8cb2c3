"""Rates that the best overall response alone does not give: by a month, of lasting benefit, free of progression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil, floor
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.derivations.assessed import dated_responses, enrolled
from onearm.derivations.rules import best_response_rules
from onearm.derivations.schemas import ADRS
from onearm.frames import empty
from onearm.protocol import Protocol
from onearm.protocol.endpoints import RateEndpoint
from onearm.rules.best_response import best_response, confirmed_best_response
from onearm.rules.best_response_rules import BestResponseRules
from onearm.rules.irecist_best import confirmed_immune_best_response, immune_best_response
from onearm.rules.progression import ADEQUATE
from onearm.rules.successes import NOT_ASSESSED, is_immune

__all__ = ["derive_rates"]

_BestResponse = Callable[[pl.DataFrame, pl.DataFrame, BestResponseRules], pl.DataFrame]
_BEST: Final[Mapping[tuple[str, str], _BestResponse]] = MappingProxyType(
    {
        ("OVR", "unconfirmed"): best_response,
        ("OVR", "confirmed"): confirmed_best_response,
        ("IOVR", "unconfirmed"): immune_best_response,
        ("IOVR", "confirmed"): confirmed_immune_best_response,
    }
)


def derive_rates(rows: pl.DataFrame, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive who is a success of each rate that rests on the assessments themselves.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows of ADRS with the timepoint responses.
    adsl : polars.DataFrame
        Subjects, their start, death and new therapy.
    protocol : Protocol
        Rates with ``by_months``, ``stable_at_least_months`` or ``progression_free_at_months``, or with an assessor or
        reader of their own, whom ``[tumour]`` then names.

    Returns
    -------
    polars.DataFrame
        Rows of ADRS with the endpoint's name as ``PARAMCD``, one per enrolled subject: ``AVALC`` is ``Y``, ``N`` or,
        with the rule `NOT_ASSESSED`, missing. Everything is missing where the trial has no dated assessments.
    """
    flags = set() if protocol.source.patients is None else set(protocol.source.patients.flags)
    parts = [
        _rate(name, endpoint, rows, adsl, protocol)
        for name, endpoint in protocol.rates.items()
        if (endpoint.rests_on_assessments or endpoint.assessor or endpoint.reader) and name not in flags
    ]
    return pl.concat(parts, how="diagonal_relaxed") if parts else empty(ADRS)


def _rate(
    name: str, endpoint: RateEndpoint, rows: pl.DataFrame, adsl: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    subjects = enrolled(adsl)
    track = "IOVR" if is_immune(endpoint.success) else "OVR"
    overall = dated_responses(rows, track, subjects)
    if overall.is_empty():
        found = subjects.select(
            "subject",
            answer=pl.lit(None, dtype=pl.String),
            day=pl.lit(None, dtype=pl.Date),
            seq=pl.lit(None, dtype=pl.Int64),
            rule=pl.lit(NOT_ASSESSED),
            why=pl.lit("The trial has no dated assessments."),
        )
    elif endpoint.progression_free_at_months is not None:
        found = _free_of_progression(overall, subjects, adsl, endpoint, protocol)
    else:
        found = _best(track, overall, subjects, endpoint, protocol)
    return found.select(
        USUBJID="subject",
        PARAMCD=pl.lit(name),
        PARAM=pl.lit(endpoint.label or name),
        AVALC="answer",
        ADT="day",
        SRCDOM=pl.lit("ADRS"),
        SRCSEQ=pl.col("seq").cast(pl.Int64),
        RULE="rule",
        WHY="why",
    )


def _best(
    track: str, overall: pl.DataFrame, subjects: pl.DataFrame, endpoint: RateEndpoint, protocol: Protocol
) -> pl.DataFrame:
    """The best overall response under the endpoint's own limits of time."""
    rules, month = best_response_rules(protocol), protocol.conventions.days_per_month
    if endpoint.by_months is not None:
        by = floor(endpoint.by_months * month)
        rules = replace(rules, within_days=min(by, rules.within_days or by))
    if endpoint.stable_at_least_months is not None:
        rules = replace(rules, stable_at_least_days=ceil(endpoint.stable_at_least_months * month))
    found = _BEST[track, endpoint.of](overall, subjects, rules)
    is_success = pl.col("response").is_in(endpoint.success)
    return found.with_columns(answer=pl.when(is_success).then(pl.lit("Y")).otherwise(pl.lit("N")))


def _free_of_progression(
    overall: pl.DataFrame, subjects: pl.DataFrame, adsl: pl.DataFrame, endpoint: RateEndpoint, protocol: Protocol
) -> pl.DataFrame:
    """Alive and without progression at a time, as an assessment shows; see docs/response.md for the order."""
    at = ceil((endpoint.progression_free_at_months or 0.0) * protocol.conventions.days_per_month)
    window = protocol.tumour.scan_window_days
    mark = pl.col("reference_day") + pl.duration(days=at)
    first, last = mark - pl.duration(days=window), mark + pl.duration(days=window)
    table = subjects.join(
        adsl.select(subject="USUBJID", death="DTHDT"), on="subject", how="left", maintain_order="left"
    )
    rows = overall.join(subjects, on="subject", how="left", maintain_order="left")
    rows = rows.filter((pl.col("day") >= pl.col("reference_day")).fill_null(False))
    if protocol.tumour.best_response.new_therapy == "ignore_after":
        rows = rows.filter((pl.col("day") <= pl.col("therapy_day")).fill_null(True))
    progressed = rows.filter(pl.col("response") == "PD").group_by("subject").agg(pd=pl.col("day").min())
    before = pl.col("day") < pl.col("pd")
    shown = (
        rows.join(progressed, on="subject", how="left", maintain_order="left")
        .filter(pl.col("response").is_in(ADEQUATE) & before.fill_null(True) & (pl.col("day") >= first))
        .unique("subject", keep="first", maintain_order=True)
        .select("subject", "day", "seq")
    )
    table = table.join(progressed, on="subject", how="left", maintain_order="left")
    table = table.join(shown, on="subject", how="left", maintain_order="left")
    event = pl.min_horizontal("pd", "death")
    case = (
        pl.when((event < mark).fill_null(False))
        .then(pl.lit("EVENT"))
        .when(pl.col("day").is_not_null())
        .then(pl.lit("FREE"))
        .when((event <= last).fill_null(False))
        .then(pl.lit("EVENT"))
        .otherwise(pl.lit("UNKNOWN"))
    )
    return _answered(table.with_columns(mark=mark, event=event, case=case), endpoint)


def _answered(table: pl.DataFrame, endpoint: RateEndpoint) -> pl.DataFrame:
    left_out = endpoint.without_assessment == "exclude"
    is_free, has_event, unknown = (pl.col("case") == case for case in ("FREE", "EVENT", "UNKNOWN"))
    what = pl.when((pl.col("pd") <= pl.col("death")).fill_null(pl.col("pd").is_not_null())).then(pl.lit("progression"))
    mark = pl.col("mark").cast(pl.String).fill_null("a day that is not known")
    return table.with_columns(
        answer=pl.when(is_free).then(pl.lit("Y")).when(has_event | pl.lit(not left_out)).then(pl.lit("N")),
        rule=pl.when(unknown & pl.lit(left_out))
        .then(pl.lit(NOT_ASSESSED))
        .when(unknown)
        .then(pl.lit("RATE-NOT-SHOWN"))
        .when(is_free)
        .then(pl.lit("RATE-PROGRESSION-FREE"))
        .otherwise(pl.lit("RATE-EVENT")),
        why=pl.when(is_free)
        .then(pl.format("No progression on {}, and none before {}.", "day", mark))
        .when(has_event)
        .then(pl.format("{} on {}, before an assessment could show otherwise.", what.fill_null("death"), "event"))
        .otherwise(pl.format("No assessment tells of {}.", mark)),
    ).with_columns(day=pl.when(is_free).then("day").when(has_event).then("event"))
