"""
A whole cohort at once: responses, times of all endpoints, and characteristics, so that every printed number holds.

Characteristics are assigned first (`margins`); progression-free and overall survival of all patients are then looked for by
themselves (`times`), because their curves bind most; in the end patients, times and labels are put together, exchanged and moved
until the curves of subgroups, hazard ratios, durations and times of response come out as well.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Final

import numpy as np

from onearm.errors import MethodError
from onearm.reconstruction.anneal import anneal, anneal_in_rounds
from onearm.reconstruction.check import check_terms
from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.comparison_terms import comparison_term
from onearm.reconstruction.count_targets import Cross, Margin
from onearm.reconstruction.curve_terms import ReachTerm, curve_term, follow_up_term, lost_term, response_time_term
from onearm.reconstruction.event_terms import event_terms
from onearm.reconstruction.joint import (
    STABLE_DAYS,
    FaultTerm,
    JointMoves,
    JointPatients,
    latest_first_scan,
)
from onearm.reconstruction.margins import assign_margins, exchange_groups
from onearm.reconstruction.proofs import landmark_conflicts
from onearm.reconstruction.solutions import Check, CohortSolution, Conflict, LabelSolution
from onearm.reconstruction.targets import Comparison, CurveTargets
from onearm.reconstruction.terms import Term
from onearm.reconstruction.times import Bound, named_days, solve_times

__all__ = ["cohort_terms", "solve_cohort"]

_STEPS: Final = 120_000
_TRIES: Final = 3
_REASON: Final = "no cohort was found that gives this number together with the others"


def solve_cohort(
    cohort: Cohort, *, seed: int = 0, steps: int = _STEPS, tries: int = _TRIES, faults: float = 1.0
) -> CohortSolution:
    """
    Look for a cohort that gives every printed number.

    Parameters
    ----------
    cohort : Cohort
        What was printed.
    seed : int
        The same seed gives the same cohort.
    steps : int
        Moves of each of a few searches; the first that meets everything ends them.
    tries : int
        Searches at most.
    faults : float
        How much a patient who cannot be weighs beside a printed number that is not met.

    Returns
    -------
    CohortSolution
        Patients in the order of their best responses, and each printed number beside theirs.

    Raises
    ------
    MethodError
        If the best responses do not add up to the patients.
    """
    if sum(cohort.responses.values()) != cohort.n:
        raise MethodError(
            f"responses: {sum(cohort.responses.values())} patients by best response, {cohort.n} in the cohort; "
            "give those without a known one as NE."
        )
    best = [name for name, count in cohort.responses.items() for _ in range(count)]
    terms = cohort_terms(cohort)
    found: tuple[float, JointPatients, LabelSolution] | None = None
    for attempt in range(tries):
        rng = random.Random(1000 * seed + attempt)
        labels = _labels(cohort, best, seed=1000 * seed + attempt)
        patients = _begin(cohort, best, labels, rng, seed=1000 * seed + attempt)
        loss = _search(cohort, patients, terms, rng, steps=steps, faults=faults)
        if found is None or loss < found[0]:
            found = (loss, patients, labels)
        if loss == 0.0:
            break
    assert found is not None
    _end_in_time(cohort, found[1], terms)
    return _solution(cohort, *found[1:], terms)


def _end_in_time(cohort: Cohort, patients: JointPatients, terms: Sequence[Term]) -> None:
    """Nobody is observed for longer than from the first start to the cut-off, unless a printed number asks for it."""
    longest = cohort.schedule.longest_follow_up

    def loss() -> float:
        patients.sorted_times.clear()
        patients.restored()
        return sum(patients.faults) + sum(term.loss(patients) for term in terms)

    before, least = {name: list(patients.codes[name]) for name in ("PFS", "OS")}, loss()
    for name, codes in before.items():
        patients.codes[name] = [min(code, 2 * longest + (code & 1)) for code in codes]
    if loss() > least:
        patients.codes |= before
        loss()


def cohort_terms(cohort: Cohort) -> list[Term]:
    """
    Write every printed number about times as a term.

    Parameters
    ----------
    cohort : Cohort
        What was printed.

    Returns
    -------
    list of Term
        The curves of all patients first: they are quick to compute and refuse most moves.
    """
    conventions = cohort.conventions
    comparisons = [_with_reference(one, cohort) for one in cohort.comparisons]
    terms = [curve_term(curve, conventions) for curve in sorted(cohort.curves, key=lambda curve: len(curve.among))]
    terms += [follow_up_term(one, conventions) for one in cohort.follow_up]
    if cohort.response_times is not None:
        terms.append(response_time_term(cohort.response_times, conventions))
    if cohort.schedule.lost is not None:
        terms.append(lost_term("OS", cohort.schedule))
    terms += event_terms(cohort)
    terms += [comparison_term(one, conventions) for one in sorted(comparisons, key=lambda one: len(one.adjusted_for))]
    return [term for term in terms if term.names]


def _with_reference(comparison: Comparison, cohort: Cohort) -> Comparison:
    """Name the reference where it was left open: every other level that was counted, or else the rest."""
    if comparison.reference:
        return comparison
    margin = next((one for one in cohort.margins if one.variable == comparison.variable), None)
    if margin is None:
        raise MethodError(f"{comparison.name}: '{comparison.variable}' has no margin, so the reference must be named.")
    others = [level for level in margin.counts if level not in comparison.level.split("|")] or [margin.rest]
    return dataclasses.replace(comparison, reference="|".join(others))


def _labels(cohort: Cohort, best: list[str], *, seed: int) -> LabelSolution:
    responder = ["Y" if one in {"CR", "PR"} else "N" for one in best]
    given = {"BOR": best, "RESPONDER": responder}
    return assign_margins(cohort.n, cohort.margins, cohort.crosses, cohort.measures, given=given, seed=seed)


def _begin(cohort: Cohort, best: list[str], labels: LabelSolution, rng: random.Random, *, seed: int) -> JointPatients:
    """Put times and patients together in an order that is nearly possible."""
    earliest, latest = latest_first_scan(cohort)
    pfs = _marginal(cohort, "PFS", seed, _early(cohort, latest))
    overall = _marginal(cohort, "OS", seed, ())
    n, first_day = cohort.n, cohort.conventions.first_day
    by_best: dict[str, list[int]] = {}
    for i, one in enumerate(best):
        by_best.setdefault(one, []).append(i)
    left = sorted(pfs)
    codes = [0] * n
    for name, is_early in (("NE", lambda code: code & 1), ("PD", lambda code: not code & 1)):
        for i in by_best.get(name, ()):
            k = next((k for k, code in enumerate(left) if is_early(code)), 0)
            codes[i] = left.pop(k)
    rest = [i for i, one in enumerate(best) if one not in {"NE", "PD"}]
    # responders tend to stay longer without progression, but not all of them
    rest.sort(key=lambda i: rng.random() + (0.7 if best[i] in {"CR", "PR"} else 0.0))
    for i, code in zip(rest, left, strict=True):
        codes[i] = code
    order = sorted(range(n), key=lambda i: codes[i])
    last = [0] * n
    for i, code in zip(order, sorted(overall), strict=True):
        last[i] = code
    first = 2 * (min(latest, max(earliest, STABLE_DAYS)) + first_day)
    start = [first if one in {"CR", "PR"} else -1 for one in best]
    patients = JointPatients(
        n,
        {"PFS": codes, "OS": last, "TTR": start, "DOR": [-1] * n},
        {name: [str(label) for label in values] for name, values in labels.labels.items()},
        best=best,
        first_day=first_day,
        earliest=earliest,
        latest=latest,
        death_ends_pfs=cohort.death_ends_pfs,
    )
    patients.restored()
    return patients


def _early(cohort: Cohort, latest: int) -> tuple[Bound, ...]:
    """Say what the best responses ask of the curve of progression-free survival."""
    first_day = cohort.conventions.first_day
    unknown, progressed = cohort.responses.get("NE", 0), cohort.responses.get("PD", 0)
    bounds = [Bound("any", unknown + progressed, STABLE_DAYS + first_day + 1, cohort.schedule.longest_follow_up)]
    if unknown:
        bounds.append(Bound("censored", unknown - 1, 1, STABLE_DAYS - 1 + first_day))
    if progressed:
        bounds.append(Bound("event", progressed - 1, 1, latest + first_day))
    return tuple(bound for bound in bounds if bound.rank < cohort.n)


def _marginal(cohort: Cohort, endpoint: str, seed: int, bounds: Sequence[Bound]) -> list[int]:
    """Look for the times of all patients by themselves."""
    curves = [curve for curve in cohort.curves if curve.endpoint == endpoint and not curve.among]
    target = curves[0] if curves else CurveTargets(endpoint, endpoint)
    target = dataclasses.replace(target, n=cohort.n)
    if endpoint == "PFS" and target.events is None and cohort.death_ends_pfs:
        target = dataclasses.replace(target, events=_fewest_events(cohort))
    follow_up = [one for one in cohort.follow_up if one.endpoint == endpoint]
    found = solve_times(target, cohort.conventions, cohort.schedule, follow_up=follow_up, seed=seed, bounds=bounds)
    return [2 * int(day) + (0 if event else 1) for day, event in zip(found.day, found.event, strict=True)]


def _fewest_events(cohort: Cohort) -> int | None:
    """Leave the number of events open unless progressions and deaths ask for a certain number."""
    return None if cohort.responses.get("PD", 0) < cohort.n // 3 else round(0.85 * cohort.n)


def _search(
    cohort: Cohort, patients: JointPatients, terms: Sequence[Term], rng: random.Random, *, steps: int, faults: float
) -> float:
    """Remove what cannot be in a patient, then look for the printed numbers."""
    every = {
        endpoint: named_days([t for t in terms if endpoint in t.touches], cohort.conventions) for endpoint in _TIMES
    }
    marks = [
        (curve, day)
        for curve in cohort.curves
        if curve.among
        for day in named_days([curve_term(curve, cohort.conventions)], cohort.conventions)
    ]
    moves = JointMoves(cohort, every, _exchangeable(cohort, patients), marks)
    fault = FaultTerm(faults)
    anneal(patients, [fault, *(t for t in terms if not _about_groups(t))], moves, rng, steps=steps // 3, hot=1.0)
    quick = [term for term in terms if not term.is_slow]
    guides = [ReachTerm(curve, cohort.conventions) for curve in cohort.curves]
    loss = anneal_in_rounds(patients, [fault, *guides, *quick], moves, rng, steps=steps)
    if len(quick) == len(terms):
        return loss
    return anneal_in_rounds(patients, [fault, *guides, *terms], moves, rng, steps=steps // 2, hot=0.4)


_TIMES: Final = ("PFS", "OS", "TTR", "DOR")


def _about_groups(term: Term) -> bool:
    return bool(term.touches - set(_TIMES))


def _exchangeable(cohort: Cohort, patients: JointPatients) -> list[tuple[tuple[str, ...], list[str] | None]]:
    """Find characteristics that matter for times, with what two patients must share to exchange them."""
    active = {variable for curve in cohort.curves for variable, _ in curve.among}
    active |= {one.variable for one in cohort.comparisons}
    active |= {variable for one in cohort.comparisons for variable, _ in one.adjusted_for}
    active |= {variable for one in cohort.stable for variable, _ in one.among}
    fixed = frozenset({"BOR", "RESPONDER"})
    margins = [*cohort.margins, *(Margin(m.variable, {}) for m in cohort.measures)]
    groups = exchange_groups(margins, cohort.crosses, fixed)
    found = []
    for group in groups:
        if active & set(group):
            tied = {one.variable for cross in cohort.crosses for one in cross.among if set(group) & _variables(cross)}
            shared = "BOR" if "BOR" in tied else "RESPONDER" if "RESPONDER" in tied else None
            names = tuple(name for name in group if name in patients.labels)
            found.append((names, patients.labels[shared] if shared else None))
    return found


def _variables(cross: Cross) -> set[str]:
    return {one.variable for one in cross.among}


def _solution(cohort: Cohort, patients: JointPatients, labels: LabelSolution, terms: Sequence[Term]) -> CohortSolution:
    codes = {name: np.array(values, dtype=np.int64) for name, values in patients.codes.items()}
    checks = [*labels.checks, *check_terms(terms, patients, reason=_REASON)]
    faulty = sum(patients.fault(i) > 0 for i in range(cohort.n))
    reason = f"{faulty} patients have times that cannot be in one patient" if faulty else ""
    checks.append(Check("possible patients", str(cohort.n), float(cohort.n - faulty), not faulty, reason))
    return CohortSolution(
        n=cohort.n,
        day={name: np.where(values < 0, -1, values // 2) for name, values in codes.items()},
        event={name: (values >= 0) & (values % 2 == 0) for name, values in codes.items()},
        is_death=(codes["PFS"] % 2 == 0) & (codes["PFS"] == codes["OS"]),
        labels={name: np.array(values) for name, values in patients.labels.items()},
        values=_values(labels, patients),
        checks=tuple(checks),
        conflicts=(*labels.conflicts, *_conflicts(cohort)),
    )


def _values(labels: LabelSolution, patients: JointPatients) -> dict[str, np.ndarray]:
    """Give measured values to the patients who have their class by now: classes may have been exchanged."""
    values = {}
    for name, found in labels.values.items():
        group = f"{name}_GROUP"
        if group not in patients.labels:
            values[name] = found
            continue
        by_class: dict[str, list[float]] = {}
        for label, value in zip(labels.labels[group].tolist(), found.tolist(), strict=True):
            by_class.setdefault(label, []).append(value)
        values[name] = np.array([by_class[label].pop() for label in patients.labels[group]])
    return values


def _conflicts(cohort: Cohort) -> list[Conflict]:
    """Find what counting alone shows."""
    events = {curve.endpoint: curve.events for curve in cohort.curves if not curve.among}
    pfs, deaths = events.get("PFS"), events.get("OS")
    conflicts = []
    if cohort.death_ends_pfs and pfs is not None and deaths is not None and deaths > pfs:
        reason = f"{deaths} deaths, each an event of progression-free survival, which has {pfs}"
        conflicts.append(Conflict(("PFS.events", "OS.events"), reason, is_proved=True))
    for curve in cohort.curves:
        n = curve.n or (cohort.n if not curve.among and curve.endpoint in {"PFS", "OS"} else None)
        if n is not None:
            conflicts += landmark_conflicts(curve, n, cohort.conventions)
    return conflicts
