"""Plausible datasets and results made by hand, in the shape of docs/datasets.md and docs/results.md."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from onearm.derivations.schemas import ADEX
from onearm.frames import empty
from onearm.protocol import Protocol, parse_protocol
from onearm.results import Rows, concat_results

MONTH = 365.25 / 12
CUTOFF = dt.date(2024, 2, 29)

PROTOCOL = """
schema = 1
[trial]
id = "NCT00000000"
title = "Drug A plus drug B, first line, advanced squamous cell carcinoma"
cutoff = 2024-02-29
synthetic = true
[[treatment]]
name = "drug A"
unit = "mg"
dose_levels = [12, 10, 8]
cycle_days = 21
dosing_days = "1-14"
[design]
kind = "simon"
p0 = 0.30
p1 = 0.50
r1 = 5
n1 = 15
r = 18
n = 46
criterion = "stated"
[sets]
ITT = ["enrolled"]
FAS = ["enrolled", "treated"]
[tumour]
schedule = [{ every_days = 42, until_day = 126 }, { every_days = 63 }]
[endpoint.ORR]
role = "primary"
label = "Objective response rate"
set = "ITT"
success = ["CR", "PR"]
[endpoint.DCR]
label = "Disease control rate"
set = "ITT"
success = ["CR", "PR", "SD", "NON-CR/NON-PD"]
[endpoint.PFS]
label = "Progression-free survival"
set = "ITT"
event = ["progression", "death"]
censor = ["last_adequate_assessment"]
landmarks_months = [12, 18]
interval = "log-log"
[endpoint.OS]
label = "Overall survival"
set = "ITT"
event = ["death"]
censor = ["last_known_alive"]
landmarks_months = [12, 18]
interval = "log-log"
[endpoint.DOR]
label = "Duration of response"
set = "ITT"
start = "first_confirmed_response"
event = ["progression", "death"]
censor = ["last_adequate_assessment"]
landmarks_months = [12]
[[baseline]]
variable = "AGE"
label = "Age"
unit = "years"
cuts = [65]
[[baseline]]
variable = "SEX"
label = "Sex"
levels = ["M", "F"]
[[baseline]]
variable = "METSITES"
label = "Sites of metastases"
separator = ";"
"""


@dataclass(frozen=True)
class Sample:
    """All that `onearm.outputs.present` takes, but the folder."""

    results: pl.DataFrame
    datasets: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    protocol: Protocol
    manifest: dict[str, Any]


def make_sample(
    n: int,
    *,
    seed: int = 1,
    protocol: str = PROTOCOL,
    subjects: Sequence[str] | None = None,
    cohorts: Sequence[str] = (),
    measured: bool = True,
) -> Sample:
    """Build a trial of n patients; `measured` False leaves every tumour size missing."""
    if cohorts:
        protocol += "".join(f'[cohort."{name}"]\n' for name in cohorts)
    rng = np.random.default_rng(seed)
    names = list(subjects) if subjects is not None else [f"ONE-{1001 + i}" for i in range(n)]
    patients = [_patient(rng, name, cohorts[i % len(cohorts)] if cohorts else None) for i, name in enumerate(names)]
    datasets = {
        "adsl": _adsl(patients),
        "adtr": _adtr(patients, measured=measured),
        "adrs": _adrs(patients),
        "adtte": _adtte(patients),
        "adex": empty(ADEX),
    }
    parts = [_trial_rows(n)]
    for cohort in cohorts or (None,):
        inside = [p for p in patients if p["cohort"] == cohort]
        parts += _results(inside, cohort, measured=measured)
    return Sample(concat_results(parts), datasets, _findings(names), parse_protocol(protocol), _manifest())


def _patient(rng: np.random.Generator, name: str, cohort: str | None) -> dict[str, Any]:
    start = dt.date(2022, 3, 1) + dt.timedelta(days=int(rng.integers(0, 200)))
    depth = float(np.clip(rng.normal(-35, 35), -100, 60))
    depth = -100.0 if depth < -90 else depth
    best = "CR" if depth <= -100 else "PR" if depth <= -30 else "SD" if depth < 20 else "PD"
    death = start + dt.timedelta(days=int(rng.exponential(700)) + 30)
    wait = {"CR": 1500, "PR": 700, "SD": 350, "PD": 0}[best]
    progression = start + dt.timedelta(days=42 + int(rng.exponential(wait)) if wait else 42)
    progressed = progression <= min(CUTOFF, death)
    died = death <= CUTOFF
    end = min(CUTOFF, death, progression + dt.timedelta(days=int(rng.integers(0, 20))))
    return {
        "id": name, "cohort": cohort, "start": start, "best": best, "depth": depth, "base": float(rng.integers(12, 180)),
        "death": death if died else None, "pd": progression if progressed else None, "end": end,
        "last": min(death, CUTOFF), "ongoing": end == CUTOFF, "age": int(rng.integers(44, 78)),
        "sex": "M" if rng.random() < 0.67 else "F", "sites": "lung;liver" if rng.random() < 0.3 else "lymph node",
        "new": progressed and bool(rng.random() < 0.4),
        "nontarget": progressed and bool(rng.random() < 0.15),
    }  # fmt: skip


def _visits(p: dict[str, Any]) -> list[tuple[dt.date, float]]:
    """Dates of assessment and percent change: down to the depth, then up again until progression."""
    last = p["pd"] or p["last"]
    days = [42, 84, 126, *range(189, 900, 63)]
    dates = [p["start"] + dt.timedelta(days=d) for d in days if p["start"] + dt.timedelta(days=d) < last]
    dates = [*dates, p["pd"]] if p["pd"] else dates
    out = []
    for k, date in enumerate(dates):
        share = min(1.0, (k + 1) / 2)
        rise = 25.0 if p["pd"] == date and not p["new"] and p["best"] != "PD" else 0.0
        out.append((date, round(min(p["depth"] * share + rise + 2 * max(0, k - 2) * (p["depth"] > -100), 180), 3)))
    return out


def _adsl(patients: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {
        "STUDYID": pl.String, "USUBJID": pl.String, "SUBJID": pl.String, "COHORT": pl.String, "AGE": pl.Float64,
        "SEX": pl.String, "METSITES": pl.String, "ENRLDT": pl.Date, "TRTSDT": pl.Date, "TRTEDT": pl.Date,
        "DTHDT": pl.Date, "DTHFL": pl.String, "LSTALVDT": pl.Date, "EOTSTT": pl.String, "DCTREAS": pl.String,
        "NTRTDT": pl.Date, "SCRFFL": pl.String, "ITTFL": pl.String, "FASFL": pl.String, "CUTOFFDT": pl.Date,
    }  # fmt: skip
    rows = [
        {
            "STUDYID": "S", "USUBJID": p["id"], "SUBJID": p["id"], "COHORT": p["cohort"], "AGE": p["age"], "SEX": p["sex"],
            "METSITES": p["sites"], "ENRLDT": p["start"], "TRTSDT": p["start"],
            "TRTEDT": None if p["ongoing"] else p["end"], "DTHDT": p["death"], "DTHFL": "Y" if p["death"] else None,
            "LSTALVDT": p["last"], "EOTSTT": "ONGOING" if p["ongoing"] else "DISCONTINUED",
            "DCTREAS": None if p["ongoing"] else "PROGRESSIVE DISEASE", "NTRTDT": None, "SCRFFL": None,
            "ITTFL": "Y", "FASFL": "Y", "CUTOFFDT": CUTOFF,
        }
        for p in patients
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _adtr(patients: list[dict[str, Any]], *, measured: bool) -> pl.DataFrame:
    schema = {
        "USUBJID": pl.String, "PARAMCD": pl.String, "ADT": pl.Date, "ADY": pl.Int64, "AVAL": pl.Float64,
        "BASE": pl.Float64, "PCHG": pl.Float64, "ABLFL": pl.String, "ANL01FL": pl.String, "RULE": pl.String, "WHY": pl.String,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for p in patients:
        first = p["start"] - dt.timedelta(days=10)
        shared = {"USUBJID": p["id"], "PARAMCD": "SUMDIAM", "BASE": p["base"] if measured else None}
        rows.append({**shared, "ADT": first, "ADY": -10, "AVAL": p["base"] if measured else None, "ABLFL": "Y"})
        for date, change in _visits(p):
            rows.append(
                {
                    **shared, "ANL01FL": "Y", "ADT": date, "ADY": (date - p["start"]).days + 1,
                    "AVAL": p["base"] * (1 + change / 100) if measured else None, "PCHG": change if measured else None,
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _adrs(patients: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {
        "USUBJID": pl.String, "PARAMCD": pl.String, "ADT": pl.Date, "ADY": pl.Int64, "AVALC": pl.String,
        "ANL01FL": pl.String, "RULE": pl.String, "WHY": pl.String,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for p in patients:
        for date, change in _visits(p):
            at = {"USUBJID": p["id"], "ADT": date, "ADY": (date - p["start"]).days + 1}
            is_pd = p["pd"] == date
            over = "PD" if is_pd else "CR" if change <= -100 else "PR" if change <= -30 else "SD"
            rows.append(
                {
                    **at,
                    "PARAMCD": "OVR",
                    "AVALC": over,
                    "ANL01FL": "Y",
                    "RULE": "recist.timepoint",
                    "WHY": "Made for a test.",
                }
            )
            rows.append({**at, "PARAMCD": "NEWLES", "AVALC": "Y" if is_pd and p["new"] else "N"})
            rows.append({**at, "PARAMCD": "NTRGRESP", "AVALC": "PD" if is_pd and p["nontarget"] else "NON-CR/NON-PD"})
        for code in ("BOR", "CBOR"):
            why = f"Smallest sum is {p['depth']:.1f}% from baseline."
            rows.append({"USUBJID": p["id"], "PARAMCD": code, "AVALC": p["best"], "RULE": "bor.confirmed", "WHY": why})
        rows.append({"USUBJID": p["id"], "PARAMCD": "PD", "AVALC": "Y" if p["pd"] else "N", "ADT": p["pd"]})
    return pl.DataFrame(rows, schema=schema)


def _time(p: dict[str, Any], code: str) -> tuple[int, int] | None:
    """Days and whether the event happened."""
    if code == "OS":
        return (p["last"] - p["start"]).days + 1, int(p["death"] is not None)
    ends = [d for d in (p["pd"], p["death"]) if d]
    if code == "DOR" and p["best"] not in ("CR", "PR"):
        return None
    start = p["start"] + dt.timedelta(days=42) if code == "DOR" else p["start"]
    visits = _visits(p)
    last = max([visits[-1][0] if visits else p["start"], start])
    return ((min(ends) if ends else last) - start).days + 1, int(bool(ends))


def _adtte(patients: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {
        "USUBJID": pl.String, "PARAMCD": pl.String, "AVAL": pl.Float64, "AVALU": pl.String, "CNSR": pl.Int64,
        "EVNTDESC": pl.String, "CNSDTDSC": pl.String, "RULE": pl.String, "WHY": pl.String,
    }  # fmt: skip
    rows = []
    for p in patients:
        for code in ("PFS", "OS", "DOR"):
            if (found := _time(p, code)) is not None:
                days, event = found
                rows.append(
                    {
                        "USUBJID": p["id"], "PARAMCD": code, "AVAL": days, "AVALU": "DAYS", "CNSR": 1 - event,
                        "EVNTDESC": "Event" if event else None, "CNSDTDSC": None if event else "Last assessment",
                        "RULE": "event.first", "WHY": f"{'Event' if event else 'Censored'} on day {days}.",
                    }
                )  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _trial_rows(n: int) -> pl.DataFrame:
    rows = Rows("trial")
    rows.add("text", text="NCT00000000", variable="id")
    rows.add("n", n, variable="subjects", unit="count")
    return rows.frame()


def _results(patients: list[dict[str, Any]], cohort: str | None, *, measured: bool) -> list[pl.DataFrame]:
    def start(analysis: str, dataset: str | None = None, paramcd: str | None = None, population: str = "ITT") -> Rows:
        group = ("COHORT", cohort) if cohort else (None, None)
        return Rows(analysis, dataset, paramcd, population, *group)

    n = len(patients)
    parts = [_disposition(patients, start("disposition", "ADSL")), _baseline(patients, start("baseline", "ADSL"))]
    for code in ("BOR", "CBOR"):
        rows = start("best_response", "ADRS", code)
        for level in ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE"):
            _share(rows, sum(p["best"] == level for p in patients), n, "response", level)
        parts.append(rows.frame())
    for code, good in (("ORR", ("CR", "PR")), ("DCR", ("CR", "PR", "SD"))):
        rows = start("response_rate", "ADRS", code)
        x = sum(p["best"] in good for p in patients)
        _share(rows, x, n, None, None)
        low, high = _wilson(x, n)
        rows.add("conf_low", low, method="clopper-pearson", conf_level=0.95, note=None if n else "no patients")
        rows.add("conf_high", high, method="clopper-pearson", conf_level=0.95, note=None if n else "no patients")
        parts.append(rows.frame())
    for code in ("PFS", "OS", "DOR"):
        times = [t for p in patients if (t := _time(p, code)) is not None]
        parts += _survival(times, code, start)
    parts.append(_change(patients, start("tumour_change", "ADTR"), measured=measured))
    rows = start("design", "ADRS", "ORR")
    for name, value in (("r1", 5), ("n1", 15), ("r", 18), ("n", 46), ("alpha", 0.05), ("power", 0.8)):
        rows.add("value", value, variable=name)
    x = sum(p["best"] in ("CR", "PR") for p in patients)
    rows.add("value", x, variable="observed", unit="count")
    rows.add("text", text="promising" if x > 18 else "not promising", variable="decision")
    return [*parts, rows.frame()]


def _share(rows: Rows, x: int, n: int, variable: str | None, level: str | None) -> None:
    rows.add("n", x, variable=variable, level=level, unit="count")
    rows.add("N", n, variable=variable, level=level, unit="count")
    rows.add(
        "p", x / n if n else None, variable=variable, level=level, unit="proportion", note=None if n else "no patients"
    )


def _wilson(x: int, n: int) -> tuple[float | None, float | None]:
    if not n:
        return None, None
    z, p = 1.959964, x / n
    mid, half = (p + z * z / 2 / n), z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return (mid - half) / (1 + z * z / n), (mid + half) / (1 + z * z / n)


def _disposition(patients: list[dict[str, Any]], rows: Rows) -> pl.DataFrame:
    n, ongoing = len(patients), sum(p["ongoing"] for p in patients)
    out = round(n * 0.15)
    counts = {"screened": n + out, "not_enrolled": out, "enrolled": n, "not_treated": 0, "treated": n,
              "ongoing": ongoing, "discontinued": n - ongoing, "completed": 0, "ITT": n, "FAS": n}  # fmt: skip
    for step, count in counts.items():
        rows.add("n", count, variable="step", level=step, unit="count")
    rows.add(
        "n", out - out // 3, variable="reason:not_enrolled", level="DID NOT MEET ELIGIBILITY CRITERIA", unit="count"
    )
    rows.add("n", out // 3, variable="reason:not_enrolled", level="WITHDRAWAL BY SUBJECT", unit="count")
    gone = n - ongoing
    for reason, part in (("PROGRESSIVE DISEASE", gone - gone // 4), ("ADVERSE EVENT", gone // 4)):
        rows.add("n", part, variable="reason:discontinued", level=reason, unit="count")
    return rows.frame()


def _baseline(patients: list[dict[str, Any]], rows: Rows) -> pl.DataFrame:
    n = len(patients)
    ages = np.array([p["age"] for p in patients], dtype=float)
    summary = {
        "median": np.median, "mean": np.mean, "min": np.min, "max": np.max,
        "q1": lambda a: np.quantile(a, 0.25), "q3": lambda a: np.quantile(a, 0.75),
    }  # fmt: skip
    rows.add("n", n, variable="AGE", unit="count")
    rows.add("missing", 0, variable="AGE", unit="count")
    for stat, function in summary.items():
        rows.add(
            stat, float(function(ages)) if n else None, variable="AGE", unit="years", note=None if n else "no patients"
        )
    rows.add("sd", float(np.std(ages, ddof=1)) if n > 1 else None, variable="AGE", note="too few")
    for level, inside in (("< 65", ages < 65), ("≥ 65", ages >= 65)):
        _share(rows, int(inside.sum()), n, "AGE", level)
    for level in ("M", "F"):
        _share(rows, sum(p["sex"] == level for p in patients), n, "SEX", level)
    for level in ("liver", "lung", "lymph node"):
        _share(rows, sum(level in p["sites"].split(";") for p in patients), n, "METSITES", level)
    return rows.frame()


def _survival(times: list[tuple[int, int]], code: str, start: Any) -> list[pl.DataFrame]:
    months = np.array([t / MONTH for t, _ in times])
    event = np.array([e for _, e in times], dtype=bool)
    rows, curve, risk, rate = (
        start(a, "ADTTE", code) for a in ("survival", "survival_curve", "survival_at_risk", "survival_rate")
    )
    method = "kaplan-meier, log-log"
    s, var, points = 1.0, 0.0, [(0.0, 1.0, 1.0, 1.0)]
    for t in np.unique(np.round(months, 6)):
        at = np.isclose(months, t, atol=1e-6)
        r, d = int((months >= t - 1e-6).sum()), int((at & event).sum())
        s *= 1 - d / r
        var += d / (r * (r - d)) if r > d else math.nan
        half = 1.96 * s * math.sqrt(var) if not math.isnan(var) else math.nan
        low, high = max(0.0, s - half), min(1.0, s + half)
        points.append((float(t), s, low, high))
        at_curve = {
            "survival": s,
            "conf_low": low,
            "conf_high": high,
            "at_risk": r,
            "events": d,
            "censored": int(at.sum()) - d,
        }
        for stat, value in at_curve.items():
            curve.add(stat, value, variable="time", level=f"{t:.6f}", method=method, note="not reached")

    def first(column: int) -> float | None:
        return next((p[0] for p in points if p[column] <= 0.5), None)

    def at(time: float, column: int) -> float:
        return [p[column] for p in points if p[0] <= time][-1]

    rows.add("n", len(times), unit="count")
    rows.add("events", int(event.sum()), unit="count")
    rows.add("censored", int((~event).sum()), unit="count")
    for stat, value in (("median", first(1)), ("median_low", first(2)), ("median_high", first(3))):
        level = 0.95 if stat != "median" else None
        rows.add(stat, value, unit="months", method=method, conf_level=level, note=None if value else "not reached")
    last = float(months.max()) if len(times) else 0.0
    for mark in () if code == "DOR" else (12.0, 18.0):
        known = mark <= last
        for stat, column in (("rate", 1), ("rate_low", 2), ("rate_high", 3)):
            value = at(mark, column) if known else None
            rate.add(
                stat,
                value,
                variable="time",
                level=f"{mark:g}",
                method=method,
                note=None if known else "beyond the last follow-up",
            )
    step = 3 if last <= 24 else 6
    for tick in range(0, int(last) + step, step) if len(times) else ():
        risk.add("at_risk", int((months >= tick).sum()), variable="time", level=str(tick), unit="count")
        risk.add("events", int((event & (months <= tick)).sum()), variable="time", level=str(tick), unit="count")
    follow = start("follow_up", "ADTTE", code)
    follow.add("median", 17.5 if len(times) else None, unit="months", method="reverse kaplan-meier", note="no patients")
    return [part.frame() for part in (rows, rate, curve, risk, follow)]


def _change(patients: list[dict[str, Any]], rows: Rows, *, measured: bool) -> pl.DataFrame:
    best = [min(c for _, c in _visits(p)) for p in patients if _visits(p)] if measured else []
    rows.add("n", len(best), variable="best_change", unit="count")
    for stat, function in (("median", np.median), ("min", np.min), ("max", np.max)):
        rows.add(stat, float(function(best)) if best else None, variable="best_change", unit="percent", note="no data")
    if best:
        _share(rows, sum(b < 0 for b in best), len(best), "shrinkage", "any")
    return rows.frame()


def _findings(names: list[str]) -> pl.DataFrame:
    rows = [
        {
            "severity": "warning",
            "rule": "tumour.gap",
            "subject": name,
            "message": "No assessment for more than 100 days.",
        }
        for name in names[:3]
    ]
    rows += [
        {"severity": "note", "rule": "dates.imputed", "subject": name, "message": "Day of death taken as 1."}
        for name in names[:1]
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("severity", "rule", "subject", "message"), pl.String))


def _manifest() -> dict[str, Any]:
    return {
        "onearm": "0.1.0",
        "python": "3.11.7",
        "seed": 1,
        "inputs": {"protocol.toml": "0f" * 32, "data/dm.csv": "a1" * 32},
        "protocol": {"schema": 1},
    }
