"""Scans and visits that were missed, or took place outside their window."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from onearm.derivations.records import Records
from onearm.protocol import Protocol, Visit
from onearm.rules.progression import planned_days
from onearm.rules.visits import compare_visits

__all__ = ["find_schedule_deviations"]


def find_schedule_deviations(
    adsl: pl.DataFrame, adrs: pl.DataFrame, records: Records, protocol: Protocol
) -> Iterator[pl.DataFrame]:
    """
    Set scans and visits against the days on which they were planned.

    Parameters
    ----------
    adsl, adrs : polars.DataFrame
        First and last dose, progression, the dates of assessments.
    records : Records
        The domains that the visits name.
    protocol : Protocol
        ``tumour.schedule``, ``tumour.scan_window_days`` and ``[[visit]]``.

    Yields
    ------
    polars.DataFrame
        ``USUBJID ADT SRCDOM SRCSEQ RULE WHY``. A scan is due until the first progression, a new anticancer therapy, death,
        the day last known alive or the cut-off, whichever is first, and of who withdrew or was lost until the last dose; a
        visit is due until the last dose.
    """
    treated = adsl.filter(pl.col("TRTSDT").is_not_null())
    steps = tuple((step.every_days, step.until_day) for step in protocol.tumour.schedule)
    # One row per patient says when somebody progressed, not when scans were made.
    are_recorded = any(records.get(domain) is not None for domain in ("tr", "tu", "rs"))
    if steps and treated.height and are_recorded:
        progressed = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).select("USUBJID", "ADT")
        ends = treated.join(progressed.unique("USUBJID"), on="USUBJID", how="left")
        # Who withdrew or was lost is not scanned any more.
        gone = pl.col("DCTREAS").str.to_uppercase().str.contains("WITHDR|LOST TO FOLLOW").fill_null(False)
        ends = ends.with_columns(_gone=pl.when(gone).then("TRTEDT"))
        followed = _until(ends, "ADT", "NTRTDT", "DTHDT", "LSTALVDT", "CUTOFFDT", "_gone")
        scans = adrs.filter((pl.col("PARAMCD") == "OVR") & pl.col("ADY").is_not_null())
        scans = scans.select(subject="USUBJID", day="ADY", seq="SRCSEQ")
        days = [int(day) + 1 for day in planned_days(steps, until=_last(followed))]
        yield _told(scans, followed, days, treated, ("scan", "RS", protocol.tumour.scan_window_days))
    for visit in protocol.visit:
        table = records.get(visit.domain)
        if table is not None and treated.height:
            yield _visit(visit, table, treated)


def _visit(visit: Visit, table: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
    prefix = visit.domain.upper()
    date = next((name for name in (f"{prefix}DT", f"{prefix}STDT") if name in table.columns), None)
    followed = _until(treated, "TRTEDT", "DTHDT", "LSTALVDT", "CUTOFFDT")
    seq = f"{prefix}SEQ"
    number = pl.col(seq).cast(pl.Int64) if seq in table.columns else pl.lit(None, dtype=pl.Int64)
    seen = (
        table.filter(pl.lit(date is not None))
        .select("USUBJID", date=pl.col(date) if date else pl.lit(None, dtype=pl.Date), seq=number)
        .drop_nulls("date")
        .unique(["USUBJID", "date"], keep="first", maintain_order=True)
        .join(treated.select("USUBJID", "TRTSDT"), on="USUBJID")
        .select(subject="USUBJID", day=(pl.col("date") - pl.col("TRTSDT")).dt.total_days() + 1, seq="seq")
    )
    days = list(range(1 + visit.every_days, _last(followed) + 1, visit.every_days))
    return _told(seen, followed, days, treated, (visit.name, prefix, visit.window_days))


def _until(subjects: pl.DataFrame, *ends: str) -> pl.DataFrame:
    """Last day on which something was due, from the first dose (day 1)."""
    end = pl.min_horizontal(*ends)
    return subjects.select(subject="USUBJID", until=(end - pl.col("TRTSDT")).dt.total_days() + 1).drop_nulls("until")


def _last(followed: pl.DataFrame) -> int:
    return int(followed["until"].max() or 0)  # type: ignore[arg-type]  # a column of whole numbers


def _told(
    seen: pl.DataFrame, followed: pl.DataFrame, days: list[int], treated: pl.DataFrame, what: tuple[str, str, int]
) -> pl.DataFrame:
    name, domain, window = what
    compared = compare_visits(seen, followed, days, window_days=window).filter(pl.col("status") != "kept")
    kind = "SCAN" if name == "scan" else "VISIT"
    label = "Scan" if name == "scan" else name
    late = pl.format(
        f"{label} planned for day {{}} was on day {{}}; {window} days early or late are allowed.", "planned", "actual"
    )
    missed = pl.format(f"{label} planned for day {{}} did not take place.", "planned")
    is_missed = pl.col("status") == "missed"
    return (
        compared.join(treated.select(subject="USUBJID", TRTSDT="TRTSDT"), on="subject", how="left")
        .with_columns(_day=pl.coalesce("actual", "planned"))
        .select(
            USUBJID="subject",
            ADT=pl.col("TRTSDT") + pl.duration(days=pl.col("_day") - 1),
            SRCDOM=pl.lit(domain),
            SRCSEQ="seq",
            RULE=pl.when(is_missed).then(pl.lit(f"{kind}-MISSED")).otherwise(pl.lit(f"{kind}-OUTSIDE-WINDOW")),
            WHY=pl.when(is_missed).then(missed).otherwise(late),
        )
    )
