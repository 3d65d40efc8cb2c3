"""The trial's key facts and the flow of its patients."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, Population
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results

__all__ = ["describe_trial", "disposition"]

_DATES = (
    ("first consent", "RFICDT", False),
    ("last consent", "RFICDT", True),
    ("first enrolment", "ENRLDT", False),
    ("last enrolment", "ENRLDT", True),
    ("first dose", "TRTSDT", False),
    ("last dose begun", "TRTSDT", True),
)


def describe_trial(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Say what trial this is and how much of it there is.

    Parameters
    ----------
    datasets : Datasets
        Derived datasets.
    protocol : Protocol
        Its identification.

    Returns
    -------
    polars.DataFrame
        Results.
    """
    rows = Rows("trial")
    trial = protocol.trial
    rows.add("text", text=trial.id, variable="id")
    rows.add("text", text=trial.title, variable="title")
    cutoff = None if trial.cutoff is None else trial.cutoff.isoformat()
    rows.add("text", text=cutoff, variable="cutoff", note=None if cutoff else "no data cut-off is set")
    rows.add("text", text="yes" if trial.synthetic else "no", variable="synthetic")
    for variable, column, latest in _DATES:
        known = datasets["adsl"].filter(pl.col("SCRFFL").is_null() | pl.lit(column == "RFICDT"))[column].drop_nulls()
        if known.len():
            date = known.max() if latest else known.min()
            rows.add("text", text=str(date), variable=variable)
    for name, table in datasets.items():
        rows.add("n", table.height, variable="rows", level=name, unit="count")
    return rows.frame()


def disposition(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the patients at each step of the trial.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``.
    protocol : Protocol
        Sets and cohorts.

    Returns
    -------
    polars.DataFrame
        Results: ``step`` and, for those who leave, ``reason:<step>``; for a set, why the enrolled are not in it.

    References
    ----------
    .. [1] Hopewell S et al. (2025), CONSORT 2025 statement, BMJ 388:e081123.
    """
    adsl = datasets["adsl"]
    groups = [Population("ALL", adsl)]
    if protocol.cohort:
        groups = [Population("ALL", adsl.filter(pl.col("COHORT") == name), name) for name in protocol.cohort]
    return concat_results(_flow(group, protocol) for group in groups)


def _flow(group: Population, protocol: Protocol) -> pl.DataFrame:
    adsl = group.subjects
    rows = group.rows("disposition", "ADSL")
    enrolled, treated = pl.col("SCRFFL").is_null(), pl.col("TRTSDT").is_not_null()
    # Without any date of treatment (one row per patient), nothing is known of who was treated or stopped.
    known = adsl["TRTSDT"].null_count() < adsl.height
    # Without a screening failure on record, nobody can say how many were screened.
    screened = adsl["SCRFFL"].null_count() < adsl.height
    steps = {"screened": pl.lit(True), "not_enrolled": ~enrolled} if screened else {}
    steps["enrolled"] = enrolled
    if known:
        steps |= {"not_treated": enrolled & ~treated, "treated": treated}
        steps |= {name: pl.col("EOTSTT") == name.upper() for name in ("ongoing", "discontinued", "completed")}
    steps |= {name: pl.col(f"{name}FL") == "Y" for name in protocol.sets}
    for step, condition in steps.items():
        rows.add("n", adsl.filter(condition).height, variable="step", level=step, unit="count")
    for step, reason in (("not_enrolled", "SCRFREAS"), ("discontinued", "DCTREAS")):
        if step in steps:
            _reasons(rows, adsl.filter(steps[step]), step, reason)
    for name in protocol.sets:
        if f"{name}WHY" in adsl.columns:
            _reasons(rows, adsl.filter(enrolled & ~steps[name]), name, f"{name}WHY")
    return rows.frame()


def _reasons(rows: Rows, left: pl.DataFrame, step: str, column: str) -> None:
    counts = (
        left.group_by(pl.col(column).fill_null("Not recorded").alias("reason"))
        .len()
        .sort("len", "reason", descending=[True, False])
    )
    for reason, n in counts.iter_rows():
        rows.add("n", n, variable=f"reason:{step}", level=reason, unit="count")
