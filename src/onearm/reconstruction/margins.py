"""
Characteristics of patients that give every printed count, over one characteristic and over several.

An integer program assigns the labels. Where it cannot, a smaller one says which printed counts stand against each other, and an
exchange of labels between patients, which keeps every margin, meets as many of the others as it can.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from onearm.errors import MethodError
from onearm.reconstruction.anneal import Move, anneal
from onearm.reconstruction.check import check_terms
from onearm.reconstruction.count_targets import Cross, Margin, Measure
from onearm.reconstruction.cross_program import conflicting_counts
from onearm.reconstruction.label_program import program_labels
from onearm.reconstruction.measures import measured_values
from onearm.reconstruction.solutions import Check, Conflict, LabelSolution
from onearm.reconstruction.terms import Patients, Term, count_term

__all__ = ["assign_margins", "exchange_groups"]

_STEPS: Final = 10_000


def assign_margins(
    n: int,
    margins: Sequence[Margin],
    crosses: Sequence[Cross] = (),
    measures: Sequence[Measure] = (),
    *,
    given: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
) -> LabelSolution:
    """
    Assign characteristics to patients.

    Parameters
    ----------
    n : int
        Patients.
    margins : sequence of Margin
        How many have each level.
    crosses : sequence of Cross
        How many have several levels at once.
    measures : sequence of Measure
        Measured characteristics; a margin ``VARIABLE_GROUP`` counts the patients of each class.
    given : mapping of str to sequence of str, optional
        Characteristics known beforehand, such as the best response; they are not changed.
    seed : int
        The same seed gives the same patients.

    Returns
    -------
    LabelSolution
        Labels and values, each printed number beside the one they give, and what cannot be met together.

    Raises
    ------
    MethodError
        If a cross names a characteristic that has no margin and is not given.

    Examples
    --------
    Of ten patients four respond and six are men; three men respond.

    >>> from onearm.reconstruction.targets import Among
    >>> solution = assign_margins(
    ...     10,
    ...     [Margin("SEX", {"M": 6, "F": 4})],
    ...     [Cross("men responding", (Among("SEX", "M"), Among("RESPONDER", "Y")), 3)],
    ...     given={"RESPONDER": ["Y"] * 4 + ["N"] * 6},
    ... )
    >>> [check.is_met for check in solution.checks]
    [True, True, True]
    """
    known = {name: list(labels) for name, labels in (given or {}).items()}
    names = {*known, *(margin.variable for margin in margins)}
    if unknown := sorted({one.variable for cross in crosses for one in cross.among} - names):
        raise MethodError(f"cross: {', '.join(unknown)} has neither a margin nor given labels; give one of them.")
    rng = random.Random(seed)
    conflicts = [conflict for margin in margins if (conflict := _too_many(margin, n)) is not None]
    terms = [count_term(cross) for cross in crosses]
    found = None if conflicts else program_labels(n, margins, crosses, known, seed=seed)
    if found is not None:
        patients = Patients(n, {}, known | found)
    else:
        patients = Patients(n, {}, known | {margin.variable: _deal(margin, n, rng) for margin in margins})
        free = [margin.variable for margin in margins if margin.variable not in known]
        open_levels = {margin.variable: list(margin.counts) for margin in margins if None in margin.counts.values()}
        anneal(patients, terms, _Exchanges(free, open_levels, terms), rng, steps=_STEPS if free else 0)
    measured = {m.variable: measured_values(m, patients.labels, n, seed=seed) for m in measures}
    checks = [*_margin_checks(margins, patients), *check_terms(terms, patients, reason="no assignment was found")]
    if not all(check.is_met for check in checks[-len(terms) :] if terms):
        conflicts += conflicting_counts(n, margins, crosses, known)
    return LabelSolution(
        labels={name: np.array(labels) for name, labels in patients.labels.items()},
        values={name: one.values for name, one in measured.items()},
        checks=(*checks, *(check for one in measured.values() for check in one.checks)),
        conflicts=tuple(conflicts),
    )


def exchange_groups(margins: Sequence[Margin], crosses: Sequence[Cross], fixed: frozenset[str]) -> list[list[str]]:
    """
    Collect characteristics that printed counts tie together.

    Parameters
    ----------
    margins : sequence of Margin
        All characteristics.
    crosses : sequence of Cross
        Counts over several.
    fixed : frozenset of str
        Characteristics that tie nothing, because exchanges keep to patients who share them.

    Returns
    -------
    list of list of str
        Exchanging all characteristics of a group between two patients changes no printed count.

    Examples
    --------
    >>> from onearm.reconstruction.targets import Among
    >>> both = (Among("A", "1"), Among("B", "1"))
    >>> exchange_groups([Margin("A", {}), Margin("B", {}), Margin("C", {})], [Cross("x", both, 1)], frozenset())
    [['A', 'B'], ['C']]
    """
    group = {margin.variable: {margin.variable} for margin in margins}
    for cross in crosses:
        tied = [one.variable for one in cross.among if one.variable in group and one.variable not in fixed]
        merged = set().union(*(group[name] for name in tied)) if tied else set()
        for name in merged:
            group[name] = merged
    seen: set[str] = set()
    groups = []
    for margin in margins:
        if margin.variable not in seen:
            groups.append(sorted(group[margin.variable]))
            seen |= group[margin.variable]
    return groups


def _deal(margin: Margin, n: int, rng: random.Random) -> list[str]:
    """Deal the levels out at random; where too many were printed, the last ones go short."""
    labels = [level for level, count in margin.counts.items() for _ in range(count or 0)]
    missing = [level for level, count in margin.counts.items() if count is None]
    while len(labels) < n:
        labels.append(rng.choice(missing) if missing else margin.rest)
    labels = labels[:n]
    rng.shuffle(labels)
    return labels


def _too_many(margin: Margin, n: int) -> Conflict | None:
    total = sum(count or 0 for count in margin.counts.values())
    if total <= n:
        return None
    names = tuple(f"{margin.variable} = {level}" for level in margin.counts)
    return Conflict(names, f"{total} patients are counted, {n} there are", is_proved=True)


def _margin_checks(margins: Sequence[Margin], patients: Patients) -> list[Check]:
    checks = []
    for margin in margins:
        labels = patients.labels[margin.variable]
        for level, count in margin.counts.items():
            if count is not None:
                found = labels.count(level)
                reason = "" if found == count else f"more are counted than the {patients.n} patients there are"
                checks.append(Check(f"{margin.variable} = {level}", str(count), float(found), found == count, reason))
    return checks


class _Exchanges:
    """Exchange one characteristic of two patients; where the counts of its levels are open, change that of one."""

    def __init__(self, free: Sequence[str], open_levels: Mapping[str, Sequence[str]], terms: Sequence[Term]) -> None:
        tied = frozenset(name for term in terms for name in term.touches)
        self.free = [name for name in free if name in tied]
        self.open_levels = open_levels

    def __call__(self, patients: Patients, rng: random.Random) -> Move | None:
        """Make one exchange."""
        if not self.free:
            return None
        i, j = rng.randrange(patients.n), rng.randrange(patients.n)
        if len(self.free) > 1 and rng.random() < 0.3:
            return _exchange_several(patients, rng.sample(self.free, rng.randint(2, len(self.free))), i, j)
        name = rng.choice(self.free)
        labels = patients.labels[name]
        one, other = labels[i], labels[j]
        if name in self.open_levels and rng.random() < 0.3 and one in self.open_levels[name]:
            labels[i] = rng.choice(self.open_levels[name])
            return Move(frozenset([name]), lambda: labels.__setitem__(i, one))
        if one == other:
            return None
        labels[i], labels[j] = other, one

        def undo() -> None:
            labels[i], labels[j] = one, other

        return Move(frozenset([name]), undo)


def _exchange_several(patients: Patients, names: Sequence[str], i: int, j: int) -> Move | None:
    """Exchange several characteristics of two patients: what must coincide moves together."""
    moved = [patients.labels[name] for name in names if patients.labels[name][i] != patients.labels[name][j]]
    if not moved:
        return None

    def exchange() -> None:
        for labels in moved:
            labels[i], labels[j] = labels[j], labels[i]

    exchange()
    return Move(frozenset(names), exchange)
