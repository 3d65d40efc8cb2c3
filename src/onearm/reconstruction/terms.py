"""
Printed numbers as terms of a loss: each term computes a few numbers from the patients and knows what was printed for them.

The loss of a number is zero where it rounds to what was printed and grows with the logarithm of the miss, counted in halves of
the last printed place: a search then closes in on a median from months away as well as from the neighbouring day.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from onearm.reconstruction.count_targets import Cross
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.targets import Among

__all__ = ["NO_NUMBER", "Patients", "Term", "count_term", "levels_of"]

NO_NUMBER: Final = 8.0
"""Loss where a number does not exist that was printed, or the other way round."""


@dataclass
class Patients:
    """
    The patients of a search: changed in place.

    Parameters
    ----------
    n : int
        Patients.
    codes : dict of str to list of int
        Times by endpoint (`onearm.reconstruction.curve_numbers.code_of`); -1 for patients who do not have one.
    labels : dict of str to list of str
        Levels by characteristic.
    sorted_times : dict
        What `times` has collected since the last change; whoever changes times or labels clears it.
    """

    n: int
    codes: dict[str, list[int]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    sorted_times: dict[tuple[str, tuple[Among, ...]], list[int]] = field(default_factory=dict)

    def members(self, among: Sequence[tuple[list[str], frozenset[str]]]) -> Iterator[int]:
        """
        Find the patients with all of several levels.

        Parameters
        ----------
        among : sequence of (list of str, frozenset of str)
            Labels of all patients and the levels wanted.

        Yields
        ------
        int
            Index of a patient.
        """
        if len(among) == 1:
            labels, levels = among[0]
            return (i for i, label in enumerate(labels) if label in levels)
        return (i for i in range(self.n) if all(labels[i] in levels for labels, levels in among))

    def restored(self) -> None:
        """Bring up to date what is derived from times and labels, after all of them were put back."""

    def times(self, endpoint: str, among: Sequence[Among] = ()) -> list[int]:
        """
        Collect the times of some patients.

        Parameters
        ----------
        endpoint : str
            Whose times.
        among : sequence of Among
            Of whom; empty for all.

        Returns
        -------
        list of int
            Ascending codes of those who have the endpoint.
        """
        key = (endpoint, tuple(among))
        if key not in self.sorted_times:
            self.sorted_times[key] = self._collect(endpoint, among)
        return self.sorted_times[key]

    def _collect(self, endpoint: str, among: Sequence[Among]) -> list[int]:
        codes = self.codes[endpoint]
        if not among:
            return sorted([code for code in codes if code >= 0])
        if len(among) == 1:
            variable, level = among[0]
            levels = levels_of(level)
            return sorted(
                [
                    code
                    for code, label in zip(codes, self.labels[variable], strict=True)
                    if code >= 0 and label in levels
                ]
            )
        wanted = [(self.labels[variable], levels_of(level)) for variable, level in among]
        return sorted(codes[i] for i in self.members(wanted) if codes[i] >= 0)


_LEVELS: Final[dict[str, frozenset[str]]] = {}


def levels_of(level: str) -> frozenset[str]:
    """Split levels that count as one."""
    if level not in _LEVELS:
        _LEVELS[level] = frozenset(level.split("|"))
    return _LEVELS[level]


@dataclass(frozen=True)
class Term:
    """
    Printed numbers that come from one computation.

    Parameters
    ----------
    names : tuple of str
        Of the numbers.
    printed : tuple of Printed
        What was printed for them.
    compute : callable
        Gives the numbers from the patients, NaN where they do not exist.
    touches : frozenset of str
        Endpoints and characteristics that the numbers depend on.
    among : tuple of Among
        Of whose times; empty for all.
    is_slow : bool
        Whether the numbers come from a model of several covariates.
    """

    names: tuple[str, ...]
    printed: tuple[Printed, ...]
    compute: Callable[[Patients], Sequence[float]]
    touches: frozenset[str]
    among: tuple[Among, ...] = ()
    is_slow: bool = False

    def concerns(self, patients: Patients, changed: Sequence[int]) -> bool:
        """
        Say whether new times of some patients can change the numbers.

        Parameters
        ----------
        patients : Patients
            As they are.
        changed : sequence of int
            Whose times are new; empty where labels changed.

        Returns
        -------
        bool
            False only if none of them is among those the numbers are about.
        """
        if not self.among or not changed:
            return True
        wanted = [(patients.labels[variable], levels_of(level)) for variable, level in self.among]
        return any(all(labels[i] in levels for labels, levels in wanted) for i in changed)

    def loss(self, patients: Patients) -> float:
        """
        Add up the losses of the numbers.

        Parameters
        ----------
        patients : Patients
            As they are.

        Returns
        -------
        float
            Zero where all numbers round to what was printed.
        """
        return sum(_loss(shown, exact) for shown, exact in zip(self.printed, self.compute(patients), strict=True))


def _loss(shown: Printed, exact: float) -> float:
    miss = shown.miss(exact)
    if miss == 0.0:
        return 0.0
    return NO_NUMBER if math.isinf(miss) else 0.5 + math.log1p(miss / shown.half_unit)


def count_term(target: Cross) -> Term:
    """
    Write a count of patients with several levels as a term.

    Parameters
    ----------
    target : Cross
        What was printed.

    Returns
    -------
    Term
        One number.
    """

    def compute(patients: Patients) -> list[float]:
        wanted = [(patients.labels[variable], levels_of(level)) for variable, level in target.among]
        return [float(sum(1 for _ in patients.members(wanted)))]

    touches = frozenset(variable for variable, _ in target.among)
    return Term((target.name,), (Printed(float(target.count), 0),), compute, touches)
