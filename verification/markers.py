"""Whether simulated biomarkers, baseline numbers and effects on resistance are those assumed, found out from the tables."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import polars as pl
from verification.simulation import SEED, Check, N, changed, moments, share, still

from onearm.protocol import Protocol
from onearm.protocol.assays import TableAssay
from onearm.simulation import Assumptions, simulate
from onearm.simulation.assumptions import Assay, Effect, Measure, NumberColumn

__all__ = ["CHECKS"]

ASSAY = "blood"
RESISTANT, SPREAD = 0.52, 0.9


def _tables(protocol: Protocol, assumptions: Assumptions) -> dict[str, pl.DataFrame]:
    """Lesions of one patient alike and the sensitive part gone at once, so that week 6 shows the resistant fraction."""
    base = still(assumptions)
    base["growth"] |= {
        "resistant": RESISTANT, "resistant_sd": SPREAD, "shrink_per_day": 10.0, "grow_per_day": 1e-9,
    }  # fmt: skip
    plan = protocol.model_copy(
        update={"assay": {ASSAY: TableAssay(file="b.csv", subject="USUBJID", timepoint="VISIT")}, "biomarker": {}}
    )
    measures = (
        Measure(names=("LINKED",), median=10, sd=0.5, digits=4, with_resistance=-0.5, change=2.0, change_sd=0.3),
        Measure(names=("ZERO",), median=10, sd=0.5, digits=4, zero=0.3),
        Measure(names=("KIND",), levels={"LOW": 3, "HIGH": 1}, with_resistance=0.4),
    )
    subject = assumptions.subject.model_copy(
        update={"numbers": {"MARK": NumberColumn(median=5, sd=0.4, digits=3, missing=0.2)}, "groups": {}}
    )
    own = changed(assumptions, **base).model_copy(
        update={
            "subject": subject,
            "assay": {ASSAY: Assay(available=0.7, later={"C2D1": 21}, paired=0.6, measure=measures)},
            "effect": (Effect(on="resistance", column="PRIORSURG", level="Y", ratio=0.5),),
        }
    )
    return simulate(plan, own, n=N, seed=SEED)


def _resistance(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Logit of the resistant fraction of each patient, read off the first target lesion at week 6."""
    first = tables["tr"].filter((pl.col("TRLNKID") == "T01") & pl.col("VISIT").is_in(["SCREENING", "WEEK 6"]))
    wide = first.pivot("VISIT", index="USUBJID", values="TRSTRESN").drop_nulls()
    ratio = pl.col("WEEK 6") / pl.col("SCREENING")
    return wide.select("USUBJID", logit=(ratio / (1 - ratio)).log()).filter(pl.col("logit").is_finite())


def markers(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Means, spreads and shares of the values; correlations with what the lesions show."""
    tables = _tables(protocol, assumptions)
    values = tables[f"assays/{ASSAY}"]
    first = values.filter(pl.col("VISIT") == "baseline")
    yield share("assay.available", 0.7, first.height, N)
    yield share("assay.paired", 0.6, values.height - first.height, first.height)
    yield from moments("assay.measure, log", math.log(10), 0.5, first["LINKED"].log().to_numpy())
    both = values.pivot("VISIT", index="USUBJID", values="LINKED").drop_nulls()
    yield from moments(
        "assay.measure.change, log", math.log(2), 0.3, (both["C2D1"] / both["baseline"]).log().to_numpy()
    )
    yield share("assay.measure.zero", 0.3, (first["ZERO"] == 0).sum(), first.height)
    yield share("assay.measure.levels", 0.25, (first["KIND"] == "HIGH").sum(), first.height)
    yield from _links(tables, first)


def _links(tables: dict[str, pl.DataFrame], first: pl.DataFrame) -> Iterator[Check]:
    known = tables["dm"].select("USUBJID", "PRIORSURG", "MARK").join(_resistance(tables), on="USUBJID")
    part = {level: known.filter(pl.col("PRIORSURG") == level)["logit"].to_numpy() for level in ("Y", "N")}
    error = math.sqrt(sum(values.var() / len(values) for values in part.values()))
    yield Check(
        "effect on resistance: log odds ratio", math.log(0.5), float(part["Y"].mean() - part["N"].mean()), error
    )
    # within patients without the effect; a correlation is normal on Fisher's scale
    plain = first.join(known.filter(pl.col("PRIORSURG") == "N"), on="USUBJID")
    found = np.corrcoef(plain["LINKED"].log().to_numpy(), plain["logit"].to_numpy())[0, 1]
    yield Check("assay.measure.with_resistance", math.atanh(-0.5), math.atanh(found), 1 / math.sqrt(plain.height - 3))
    marked = tables["dm"].filter(pl.col("ARMCD") == "TREATED")["MARK"]
    yield share("subject.numbers.missing", 0.2, marked.null_count(), N)
    yield from moments("subject.numbers, log", math.log(5), 0.4, marked.drop_nulls().log().to_numpy())


CHECKS = (markers,)
