"""Best overall response two ways on 100,000 random courses, under a new set of switches for every 250."""

from __future__ import annotations

import sys
import time

import numpy as np
from tests.rules.compare_best_response import differences, random_rules

N_SUBJECTS = 100_000
N_PER_RULES = 250


def main() -> int:
    """Compare, print what was found, and return the number of subjects for whom the two disagree."""
    started = time.perf_counter()
    found = []
    for seed in range(N_SUBJECTS // N_PER_RULES):
        rng = np.random.default_rng([2009, seed])
        found += differences(random_rules(rng), n_subjects=N_PER_RULES, rng=rng)
    seconds = time.perf_counter() - started
    print(
        f"best response, fast against slow: {N_SUBJECTS} random courses, confirmed and unconfirmed, "
        f"{N_SUBJECTS // N_PER_RULES} sets of switches: {len(found)} differences ({seconds:.0f} s)"
    )
    for difference in found[:5]:
        print(difference)
    return len(found)


if __name__ == "__main__":
    sys.exit(main() > 0)
