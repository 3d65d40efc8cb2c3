"""
Whether the simulator does what its assumptions say, found out from its tables alone.

Each check simplifies the assumptions until one number can be estimated from the records by a formula that is not the
simulator's, and holds the estimate against what was assumed, in standard errors. Nothing of onearm's pipeline is used.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm

from onearm.protocol import Protocol, parse_protocol
from onearm.simulation import Assumptions, parse_assumptions, simulate
from onearm.simulation.assumptions import Toxicity

N = 20_000
SEED = 20220301
MONTH = 365.25 / 12
LARGEST_Z = 4.0
"""About a hundred estimates stray beyond 4 standard errors once in 150 runs; the seed is fixed."""

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Check:
    """A number as assumed and as found, and the standard error of the latter."""

    name: str
    assumed: float
    found: float
    error: float

    @property
    def z(self) -> float:
        """Difference in standard errors."""
        if self.error > 0:
            return (self.found - self.assumed) / self.error
        # what is assumed of everybody or of nobody has no error, and must be found so
        return 0.0 if self.found == self.assumed else math.inf


def changed(assumptions: Assumptions, **sections: dict[str, object]) -> Assumptions:
    """Replace single values, without effects of baseline characteristics."""
    update: dict[str, object] = {
        name: getattr(assumptions, name).model_copy(update=values) for name, values in sections.items()
    }
    return assumptions.model_copy(update={"effect": (), **update})


def still(assumptions: Assumptions) -> dict[str, dict[str, object]]:
    """Nothing happens: no growth, progression, death, leaving, deviation or adverse event."""
    return {
        "growth": {
            "resistant": 1.0, "resistant_sd": 0.0, "cured": 0.0, "shrink_sd": 0.0, "grow_per_day": 1e-9, "grow_sd": 0.0,
            "lesion_sd": 0.0, "measurement_sd": 0.0, "invisible_mm": 0.0, "smallest_node_mm": 0.0,
        },
        "lesions": {"digits": 2},
        "progression": {"new_lesion_per_month": 0.0, "non_target_per_month": 0.0, "resistance_power": 0.0},
        "death": {
            "before_progression_per_month": 0.0, "progression_ratio": 1.0, "burden_power": 0.0, "frailty_sd": 0.0,
        },
        "follow_up": {
            "withdrawal_per_month": 0.0, "treatment_refusal_per_month": 0.0, "loss_per_month": 0.0,
            "scans_after_treatment": 1.0,
        },
        "visits": {"jitter_sd_days": 0.0, "missed": 0.0, "late_cycles": 0.0},
        "subsequent_therapy": {"probability": 0.0},
        "toxicity": {"event": (), "medication": (), "recurrence": 0.0},
        "laboratory": {"every_days": 1000, "parameter": assumptions.laboratory.parameter[:1]},
    }  # fmt: skip


def run(protocol: Protocol, assumptions: Assumptions, **sections: dict[str, object]) -> Tables:
    """Simulate with everything still but what is named."""
    base = still(assumptions)
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return simulate(protocol, changed(assumptions, **base), n=N, seed=SEED)


def patients(protocol: Protocol, tables: Tables) -> pl.DataFrame:
    """One row per enrolled patient: days from the first dose to what DM, DS, EX and the cut-off say."""
    start = pl.col("RFSTDTC").str.to_date()
    frame = tables["dm"].filter(pl.col("ARMCD") == "TREATED").select("USUBJID", "METSITES", start=start, death="DTHDTC")
    for name, table, column in (
        ("treatment_end", tables["ds"].filter(pl.col("DSSCAT") == "TREATMENT"), "DSSTDTC"),
        ("study_end", tables["ds"].filter(pl.col("DSSCAT") == "STUDY"), "DSSTDTC"),
        ("progression", tables["ds"].filter(pl.col("DSDECOD") == "PROGRESSIVE DISEASE"), "DSSTDTC"),
        ("last_dose", tables["ex"].group_by("USUBJID").agg(pl.col("EXENDTC").max()), "EXENDTC"),
    ):
        frame = frame.join(table.select("USUBJID", pl.col(column).alias(name)), on="USUBJID", how="left")
    dates = ["death", "treatment_end", "study_end", "progression", "last_dose"]
    frame = frame.with_columns((pl.col(name).str.to_date() - pl.col("start")).dt.total_days() for name in dates)
    return frame.with_columns(cutoff=(pl.lit(protocol.trial.cutoff) - pl.col("start")).dt.total_days())


def rate(name: str, assumed: float, events: float, days: float) -> Check:
    """Events over time at risk, per month; its error is that of a Poisson count."""
    found = events / (days / MONTH)
    return Check(name, assumed, found, found / math.sqrt(events))


def share(name: str, assumed: float, hits: float, n: float) -> Check:
    """Proportion, with the error that it has if the assumption holds."""
    return Check(name, assumed, hits / n, math.sqrt(assumed * (1 - assumed) / n))


def moments(name: str, mean: float, sd: float, values: np.ndarray) -> Iterator[Check]:
    """Mean and standard deviation of a normal sample."""
    n = len(values)
    yield Check(f"{name}: mean", mean, float(values.mean()), float(values.std()) / math.sqrt(n))
    if sd > 0:
        yield Check(f"{name}: sd", sd, float(values.std()), sd / math.sqrt(2 * n))


def hazards_of_leaving(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Constant hazards, each alone: events over time at risk."""
    for key, column in (("withdrawal_per_month", "study_end"), ("treatment_refusal_per_month", "treatment_end")):
        tables = run(protocol, assumptions, follow_up={key: 0.02})
        frame = patients(protocol, tables)
        days = frame.select(pl.coalesce(column, "cutoff")).sum().item()
        yield rate(f"follow_up.{key}", 0.02, frame[column].count(), days)


def hazards_of_death(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Before and after progression, with time at risk cut at the scan that shows it."""
    tables = run(
        protocol,
        assumptions,
        death={"before_progression_per_month": 0.015, "progression_ratio": 6.0},
        progression={"new_lesion_per_month": 0.06},
    )
    frame = patients(protocol, tables).with_columns(end=pl.coalesce("death", "cutoff"))
    before = frame.select(pl.min_horizontal("progression", "end")).sum().item()
    early = frame.filter(pl.col("death").is_not_null() & pl.col("progression").is_null()).height
    after = frame.filter(pl.col("progression").is_not_null())
    yield rate("death.before_progression_per_month", 0.015, early, before)
    yield rate(
        "death.before_progression_per_month x progression_ratio",
        0.09,
        after["death"].count(),
        after.select(pl.col("end") - pl.col("progression")).sum().item(),
    )


def frailty(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Survival to one year is the mean of exp(-hazard x frailty) over log-normal frailties, by quadrature."""
    tables = run(protocol, assumptions, death={"before_progression_per_month": 0.05, "frailty_sd": 1.0})
    frame = patients(protocol, tables)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    for days in (180, 365):
        expected = float(np.sum(weights * np.exp(-0.05 / MONTH * (days + 0.5) * np.exp(nodes))) / weights.sum())
        alive = frame.filter(pl.col("death").is_null() | (pl.col("death") > days)).height
        yield share(f"death.frailty_sd = 1: alive at day {days}", expected, alive, frame.height)


def burden(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """A burden that decays as exp(-k t) between scans on known days gives a piecewise constant hazard."""
    tables = run(
        protocol,
        assumptions,
        growth={"resistant": 0.0, "shrink_per_day": 0.01},
        death={"before_progression_per_month": 0.05, "burden_power": 1.0},
    )
    frame = patients(protocol, tables)
    edges, cumulative = [0, 42, 84, 126, 189, 252, 315, 378], 0.0
    for left, right in pairwise(edges):
        cumulative += 0.05 / MONTH * max(math.exp(-0.01 * left), 1 / 50) * (right - left + (0.5 if right == 378 else 0))
        if right in (126, 378):
            alive = frame.filter(pl.col("death").is_null() | (pl.col("death") > right)).height
            expected = math.exp(-cumulative - (0.5 * 0.05 / MONTH * math.exp(-1.26) if right == 126 else 0))
            yield share(f"death.burden_power = 1: alive at day {right}", expected, alive, frame.height)


def hazards_of_progression(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Seen at scans only: the maximum of the likelihood of interval-censored times."""
    for key, kind in (("new_lesion_per_month", "NEW"), ("non_target_per_month", "NON-TARGET")):
        tables = run(protocol, assumptions, progression={key: 0.03})
        frame = tables["tr"].join(patients(protocol, tables), on="USUBJID")
        if kind == "NON-TARGET":
            followed = frame.filter(pl.col("TRGRPID") == kind)["USUBJID"].unique().to_list()
            frame = frame.filter(pl.col("USUBJID").is_in(followed))
        event = ((pl.col("TRGRPID") == "NEW") | (pl.col("TRSTRESC") == "UNEQUIVOCAL PROGRESSION")).any()
        scans = frame.group_by("USUBJID", "VISITNUM").agg(event=event).sort("USUBJID", "VISITNUM")
        scans = scans.with_columns(before=pl.col("VISITNUM").shift(1).over("USUBJID")).drop_nulls()
        width = (scans["VISITNUM"] - scans["before"]).to_numpy() / MONTH
        seen = scans["event"].to_numpy()

        def score(hazard: float, width: np.ndarray = width, seen: np.ndarray = seen) -> float:
            survived = np.exp(-hazard * width)
            return float((width * survived / (1 - survived))[seen].sum() - width[~seen].sum())

        found = float(brentq(score, 1e-6, 1.0))
        information = float((width**2 * np.exp(-found * width) / (1 - np.exp(-found * width)) ** 2)[seen].sum())
        yield Check(f"progression.{key}", 0.03, found, 1 / math.sqrt(information))


def effects(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Ratio of the rates of death with and without liver metastases."""
    effect = assumptions.effect[0].model_copy(update={"on": "death", "ratio": 3.0})
    base = still(assumptions)
    base["death"]["before_progression_per_month"] = 0.02
    tables = simulate(protocol, changed(assumptions, **base).model_copy(update={"effect": (effect,)}), n=N, seed=SEED)
    frame = patients(protocol, tables).with_columns(
        liver=pl.col("METSITES").str.contains("LIVER"), time=pl.coalesce("death", "cutoff")
    )
    groups = {liver: (part["death"].count(), part["time"].sum()) for (liver,), part in frame.group_by("liver")}
    ratio = (groups[True][0] / groups[True][1]) / (groups[False][0] / groups[False][1])
    yield Check(
        "effect: log ratio of 3", math.log(3), math.log(ratio), math.sqrt(1 / groups[True][0] + 1 / groups[False][0])
    )


def kinetics(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Solve the size at the first scan for each lesion's own rate or fraction, one at a time."""
    ratio = _ratio_at_first_scan(
        run(
            protocol, assumptions, growth={"resistant": 0.0, "shrink_per_day": 0.01, "shrink_sd": 0.4, "lesion_sd": 0.0}
        )
    )
    yield from moments("growth.shrink_per_day, log", math.log(0.01), 0.4, np.log(-np.log(ratio) / 42))
    ratio = _ratio_at_first_scan(run(protocol, assumptions, growth={"grow_per_day": 0.01, "grow_sd": 0.3}))
    yield from moments("growth.grow_per_day, log", math.log(0.01), 0.3, np.log(np.log(ratio) / 42))
    ratio = _ratio_at_first_scan(
        run(protocol, assumptions, growth={"resistant": 0.52, "resistant_sd": 0.9, "shrink_per_day": 10.0})
    )
    yield from moments("growth.resistant, logit", math.log(0.52 / 0.48), 0.9, np.log(ratio / (1 - ratio)))
    ratio = _ratio_at_first_scan(run(protocol, assumptions, growth={"measurement_sd": 0.04}))
    yield from moments("growth.measurement_sd", 0.0, 0.04, np.log(ratio))


def _ratio_at_first_scan(tables: Tables) -> np.ndarray:
    """Size of the first target lesion at week 6 relative to baseline."""
    first = tables["tr"].filter(pl.col("TRLNKID") == "T01").select("USUBJID", "VISIT", "TRSTRESN")
    wide = first.filter(pl.col("VISIT").is_in(["SCREENING", "WEEK 6"])).pivot(
        "VISIT", index="USUBJID", values="TRSTRESN"
    )
    # a lesion rounded to nothing has no logarithm; with these numbers there are none
    return (wide["WEEK 6"] / wide["SCREENING"]).to_numpy()


def baseline(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Counts against the probabilities of the tables that they are drawn from; half the sizes lie below the median."""
    tables = run(protocol, assumptions)
    dm = tables["dm"].filter(pl.col("ARMCD") == "TREATED")
    for column, weights in assumptions.subject.categories.items():
        level, weight = next(iter(weights.items()))
        yield share(f"subject.{column} = {level}", weight / sum(weights.values()), (dm[column] == level).sum(), N)
    stages = assumptions.subject.categories["STAGE"]
    for site in assumptions.lesions.site:
        if site.listed and site.name != assumptions.lesions.fallback:
            expected = sum(site.probability[level] * weight for level, weight in stages.items()) / sum(stages.values())
            hits = dm["METSITES"].str.split(";").list.contains(site.name).sum()
            yield share(f"lesions.site {site.name}", expected, hits, N)
    sizes = tables["tr"].filter((pl.col("VISIT") == "SCREENING") & (pl.col("TRTESTCD") == "LDIAM"))["TRSTRESN"]
    # of the organs that are measured by the longest diameter no site has a median of its own
    median = assumptions.lesions.measurable_mm + assumptions.lesions.excess_mm
    yield share("lesions.excess_mm: below the median", 0.5, (sizes < median).sum(), len(sizes))
    above = assumptions.lesions.measurable_mm + assumptions.lesions.excess_mm * math.exp(assumptions.lesions.excess_sd)
    yield share("lesions.excess_sd: above one sd", 0.158655, (sizes > above).sum(), len(sizes))
    consent = dm["RFICDTC"].str.to_date()
    first, last = assumptions.accrual.first_consent, assumptions.accrual.last_consent
    days = (last - first).days + 1
    found = np.array([(day - first).days for day in consent])
    yield Check("accrual: mean day", (days - 1) / 2, float(found.mean()), math.sqrt((days**2 - 1) / 12 / N))


def adverse_events(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Each term: patients with it, against the sum over patients of its probability within the time watched."""
    toxicity = assumptions.toxicity
    quiet = toxicity.actions.model_copy(update={f"grade_{g}": type(toxicity.actions.grade_1)() for g in (1, 2, 3, 4)})
    tables = run(
        protocol,
        assumptions,
        toxicity={"event": toxicity.event, "actions": quiet},
        follow_up={"withdrawal_per_month": 0.03},
        death={"before_progression_per_month": 0.03},
    )
    frame = patients(protocol, tables)
    end = frame.select(pl.min_horizontal(pl.col("last_dose") + toxicity.safety_days, "study_end", "cutoff"))
    window = end.to_series().to_numpy().astype(float)
    yield _together(toxicity, tables, window)
    for event in toxicity.event:
        wait = (event.median_onset_days or toxicity.median_onset_days) / math.log(2)
        chance = event.any_grade / toxicity.watched * (1 - np.exp(-window / wait))
        rows = tables["ae"].filter(pl.col("AETERM") == event.term)
        yield Check(
            f"toxicity: {event.term}",
            float(chance.mean()),
            rows["USUBJID"].n_unique() / N,
            math.sqrt(float((chance * (1 - chance)).sum())) / N,
        )
        if event.grade_3_or_more:
            severe = rows.filter(pl.col("AETOXGR").is_in(["3", "4"])).height
            yield share(
                f"toxicity: {event.term}, grade 3 or more", event.grade_3_or_more / event.any_grade, severe, rows.height
            )


def _together(toxicity: Toxicity, tables: Tables, window: np.ndarray) -> Check:
    """Two events in one patient: a bivariate normal probability, thinned by the time each needs to be seen."""
    pair = toxicity.event[:2]
    ever = [event.any_grade / toxicity.watched for event in pair]
    law = multivariate_normal(mean=[0, 0], cov=[[1, toxicity.shared], [toxicity.shared, 1]])
    waits = [(event.median_onset_days or toxicity.median_onset_days) / math.log(2) for event in pair]
    chance = law.cdf(norm.ppf(ever)) * np.prod([1 - np.exp(-window / wait) for wait in waits], axis=0)
    rows = tables["ae"].filter(pl.col("AETERM").is_in([event.term for event in pair]))
    both = (rows.group_by("USUBJID").agg(pl.col("AETERM").n_unique())["AETERM"] == 2).sum()
    error = math.sqrt(float((chance * (1 - chance)).sum())) / N
    return Check("toxicity.shared: two events in one patient", float(chance.mean()), both / N, error)


def dose_actions(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """First events within three weeks, when every drug is still given: what was done, by grade."""
    toxicity = assumptions.toxicity
    tables = run(protocol, assumptions, toxicity={"event": toxicity.event})
    start = patients(protocol, tables).select("USUBJID", "start")
    first = tables["ae"].filter((pl.col("AESEQ") == 1) & (pl.col("AERELTRT") == "anlotinib")).join(start, on="USUBJID")
    first = first.filter((pl.col("AESTDTC").str.to_date() - pl.col("start")).dt.total_days() <= 21)
    for grade, actions in ((2, toxicity.actions.grade_2), (3, toxicity.actions.grade_3)):
        rows = first.filter(pl.col("AETOXGR") == str(grade))
        for name, action in (
            ("reduced", "DOSE REDUCED"),
            ("interrupted", "DRUG INTERRUPTED"),
            ("withdrawn", "DRUG WITHDRAWN"),
        ):
            hits = (rows["AEACN"] == action).sum()
            yield share(f"toxicity.actions.grade_{grade}.{name}", getattr(actions, name), hits, rows.height)


def later_therapy(protocol: Protocol, assumptions: Assumptions) -> Iterator[Check]:
    """Everybody who stops lives on, so that the share with later therapy is the one assumed."""
    tables = run(
        protocol,
        assumptions,
        follow_up={"treatment_refusal_per_month": 0.5},
        subsequent_therapy={"probability": 0.4, "lag_days": (1, 2)},
    )
    stopped = patients(protocol, tables).filter((pl.col("cutoff") - pl.col("treatment_end")) > 60)
    treated = tables["cm"].filter(pl.col("CMCAT").str.starts_with("SUBSEQUENT"))["USUBJID"]
    yield share(
        "subsequent_therapy.probability", 0.4, stopped["USUBJID"].is_in(treated.to_list()).sum(), stopped.height
    )


CHECKS = (
    baseline,
    hazards_of_leaving,
    hazards_of_death,
    frailty,
    burden,
    hazards_of_progression,
    effects,
    kinetics,
    adverse_events,
    dose_actions,
    later_therapy,
)


def main() -> int:
    """Run every check, print what was found, and return how many lie beyond Monte-Carlo error."""
    started = time.perf_counter()
    folder = resources.files("onearm").joinpath("trials", "alter_e_003")
    protocol = parse_protocol(folder.joinpath("protocol.toml").read_text(encoding="utf-8"))
    assumptions = parse_assumptions(folder.joinpath("assumptions.toml").read_text(encoding="utf-8"))
    from verification.markers import CHECKS as MARKERS  # which stands on the checks above

    found = [check for function in (*CHECKS, *MARKERS) for check in function(protocol, assumptions)]
    for check in found:
        mark = "" if abs(check.z) <= LARGEST_Z else "   <-- beyond Monte-Carlo error"
        print(f"{check.name:<62} assumed {check.assumed:9.5f}  found {check.found:9.5f}  z {check.z:6.2f}{mark}")
    failed = sum(abs(check.z) > LARGEST_Z for check in found)
    spread = math.sqrt(sum(check.z**2 for check in found) / len(found))
    print(
        f"simulation, {N} patients: {len(found)} numbers recovered from the tables, {failed} beyond {LARGEST_Z} standard "
        f"errors; root mean square of z {spread:.2f} ({time.perf_counter() - started:.0f} s)"
    )
    return failed


if __name__ == "__main__":
    sys.exit(main() > 0)
