"""Best response on 100,000 random courses, and targets, iRECIST and events on 24,000 each, by two ways."""

from __future__ import annotations

import sys
import time

import numpy as np
from tests.rules.compare_best_response import differences, random_rules
from tests.rules.test_recist_two_ways import (
    test_events_and_censorings_agree,
    test_immune_responses_agree,
    test_targets_agree,
)

N_COURSES = 100_000
N_PER_RULES = 250
SEEDS = range(1000, 1200)


def best_responses() -> int:
    """Compare the best responses, and return the number of subjects for whom the two disagree."""
    started = time.perf_counter()
    found = []
    for seed in range(N_COURSES // N_PER_RULES):
        rng = np.random.default_rng([2009, seed])
        found += differences(random_rules(rng), n_subjects=N_PER_RULES, rng=rng)
    seconds = time.perf_counter() - started
    print(
        f"best response, fast against slow: {N_COURSES} random courses, confirmed and unconfirmed, "
        f"{N_COURSES // N_PER_RULES} sets of switches: {len(found)} differences ({seconds:.0f} s)"
    )
    for difference in found[:5]:
        print(difference)
    return len(found)


def main() -> int:
    """Compare everything, print what was found, and return the number of disagreements."""
    n_different = best_responses()
    for name, check in (
        ("target response", test_targets_agree),
        ("iRECIST timepoint response", test_immune_responses_agree),
        ("events and censorings", test_events_and_censorings_agree),
    ):
        failed = 0
        for seed in SEEDS:
            try:
                check(seed)
            except AssertionError as error:
                failed += 1
                print(str(error)[:1000])
        print(f"{name}, fast against slow: {len(SEEDS)} sets of switches, {failed} with a difference")
        n_different += failed
    return n_different


if __name__ == "__main__":
    sys.exit(main() > 0)
