"""Time the response rules on simulated lesions: 100,000 patients, 10 visits, 4 lesions, to BOR, iBOR, PFS and DoR."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from onearm.rules.best_response import (
    best_response,
    confirmed_best_response,
    confirmed_response,
)
from onearm.rules.censoring import PFS_RULES, time_to_event
from onearm.rules.irecist import immune_timepoint_response
from onearm.rules.irecist_best import immune_best_response, immune_progression
from onearm.rules.recist_non_target import new_lesion_response
from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response


def simulate(n_subjects: int, n_visits: int, n_lesions: int, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lesions with log-linear growth or shrinkage and noise, 2 % missing; a few new lesions."""
    rng = np.random.default_rng(seed)
    shape = (n_subjects, n_visits, n_lesions)
    rate = rng.normal(-0.02, 0.12, (n_subjects, 1, 1))
    visit = np.arange(n_visits)[None, :, None]
    start = rng.uniform(15, 60, (n_subjects, 1, n_lesions))
    mm = start * np.exp(rate * visit + 0.01 * visit**2 * rng.normal(0, 1, (n_subjects, 1, 1)))
    mm = np.round(mm * rng.normal(1, 0.03, shape), 1)
    mm[mm < 3] = 0
    missing = (rng.random(shape) < 0.02) & (visit > 0)
    flat = {
        "subject": np.repeat(np.arange(n_subjects), n_visits * n_lesions),
        "visit": np.tile(np.repeat(np.arange(n_visits), n_lesions), n_subjects),
        "lesion": np.tile(np.arange(n_lesions), n_subjects * n_visits),
        "diameter_mm": np.where(missing, np.nan, mm).ravel(),
    }
    lesions = pl.DataFrame(flat).with_columns(
        subject=pl.format("S{}", pl.col("subject")),
        day=pl.date(2020, 1, 1) + pl.duration(days=42 * pl.col("visit")),
        is_node=pl.col("lesion") == 0,
        lesion=pl.format("T{}", pl.col("lesion")),
        diameter_mm=pl.col("diameter_mm").fill_nan(None),
        state=pl.lit(None, dtype=pl.String),
    )
    new = lesions.filter((pl.col("lesion") == "T1") & (pl.col("visit") > 0)).select("subject", "visit", "day")
    new = new.filter(pl.Series(rng.random(new.height) < 0.04))
    return lesions, new.with_columns(lesion=pl.lit("X"), state=pl.lit("unequivocal"))


def timed(name: str, function: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Run a step and print how long it took, and how long the processors worked."""
    started, worked = time.perf_counter(), time.process_time()
    result = function()
    print(f"{name:30s}{time.perf_counter() - started:8.2f} s {time.process_time() - worked:8.2f} s of work")
    return result


def main() -> None:
    """Run every step once and print times and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=100_000)
    n = parser.parse_args().subjects
    lesions, new = simulate(n, 10, 4)
    started, worked = time.perf_counter(), time.process_time()
    sums = timed("sum of diameters", lambda: sum_of_diameters(lesions))
    target = timed("target response", lambda: target_response(sums))
    news = timed("new lesions", lambda: new_lesion_response(new))
    points = timed("timepoint response", lambda: timepoint_response(target, None, news))
    immune = timed("iRECIST timepoint response", lambda: immune_timepoint_response(target, None, news))
    first = pl.date(2020, 1, 1)
    subjects = lesions.select("subject").unique(maintain_order=True).with_columns(reference_day=first, start_day=first)
    timed("best response", lambda: best_response(points, subjects))
    timed("confirmed best response", lambda: confirmed_best_response(points, subjects))
    assessed = immune.select("subject", "day", response="i_response")
    timed("iBOR", lambda: immune_best_response(assessed, subjects))
    timed("immune progression", lambda: immune_progression(assessed))
    responses = timed("confirmed response", lambda: confirmed_response(points, subjects))
    timed("PFS", lambda: time_to_event(subjects, points, PFS_RULES))
    responders = responses.filter("is_responder").select("subject", start_day="day")
    timed("duration of response", lambda: time_to_event(responders, points, PFS_RULES))
    print(
        f"{'all of it':30s}{time.perf_counter() - started:8.2f} s {time.process_time() - worked:8.2f} s of work, "
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GB"
    )


if __name__ == "__main__":
    main()
