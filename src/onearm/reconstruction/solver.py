"""TEMPORARY stand-in."""

import numpy as np
from onearm.reconstruction.solutions import *
from onearm.reconstruction.labels import hand_out_labels
from onearm.reconstruction.measures import lay_out_values
from onearm.reconstruction.events import hand_out_events


def solve_cohort(cohort, *, seed=1):
    rng = np.random.default_rng(seed)
    n = cohort.n
    bor = np.array([r for r, c in cohort.responses.items() for _ in range(c)])
    pfs = np.zeros(n, int)
    os_ = np.zeros(n, int)
    ev = np.zeros(n, bool)
    dead = np.zeros(n, bool)
    isd = np.zeros(n, bool)
    ttr = -np.ones(n, int)
    for i in range(n):
        os_[i] = rng.integers(150, 700)
        dead[i] = rng.random() < 0.5
        if bor[i] in ("CR", "PR"):
            ttr[i] = rng.choice([43, 45, 86])
            pfs[i] = rng.integers(ttr[i] + 40, os_[i])
            ev[i] = rng.random() < 0.5
        elif bor[i] == "SD":
            pfs[i] = rng.integers(60, os_[i])
            ev[i] = rng.random() < 0.5
        elif bor[i] == "PD":
            pfs[i] = 43
            ev[i] = True
        else:
            pfs[i] = 1
        if dead[i] and not ev[i] and bor[i] == "NE":
            os_[i] = pfs[i] = 30
            ev[i] = isd[i] = True
    fixed = {"BOR": bor, "RESPONDER": np.where(np.isin(bor, ["CR", "PR"]), "Y", "N")}
    labels, checks = hand_out_labels(n, cohort.margins, cohort.crosses, fixed, seed=seed)
    values = {m.variable: lay_out_values(m, labels.get(m.variable + "_GROUP"), n, rng) for m in cohort.measures}
    return CohortSolution(
        n,
        {"PFS": pfs, "OS": os_, "TTR": ttr, "DOR": np.where(ttr > 0, pfs - ttr, -1)},
        {"PFS": ev, "OS": dead},
        isd,
        labels,
        values,
        checks,
    )


def solve_adverse_events(t, *, seed=1):
    return hand_out_events(t, seed=seed)
