"""Who is screened where and when, and who enrols: laid out for the whole trial, cut into blocks afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from onearm.errors import MethodError, ProtocolError
from onearm.protocol import Protocol
from onearm.simulation.assumptions import Accrual, Assumptions
from onearm.simulation.randomness import BLOCK_SIZE, Bools, Floats, Ints, Stage, draw_levels, generator

__all__ = ["EPOCH", "Screening", "plan_screening"]

EPOCH: Final = dt.date(1970, 1, 1)
"""Dates are whole days from here."""

WHOLE_TRIAL: Final = 2**31
"""Number that stands in for a block where random numbers belong to no block."""


@dataclass(frozen=True)
class Screening:
    """
    Everybody who was screened, in the order of consent.

    Parameters
    ----------
    study : str
        STUDYID.
    digits : int
        Digits of a number within a site.
    sites : tuple of str
        Site numbers.
    site : ndarray of int, shape (n_screened,)
        Position in ``sites``.
    number : ndarray of int, shape (n_screened,)
        Number of the patient within the site, from 1.
    consent, enrolment, first_dose : ndarray of int, shape (n_screened,)
        Days since 1970; the last two without meaning for a screening failure.
    is_enrolled : ndarray of bool, shape (n_screened,)
        False: a screening failure.
    cutoff : int
        Days since 1970.
    longest_follow_up : int
        Days from the trial's first first dose to the cut-off, the same for every block.
    """

    study: str
    digits: int
    sites: tuple[str, ...]
    site: Ints
    number: Ints
    consent: Ints
    enrolment: Ints
    first_dose: Ints
    is_enrolled: Bools
    cutoff: int
    longest_follow_up: int

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-len(self.site) // BLOCK_SIZE)

    def block(self, position: int) -> Screening:
        """
        Cut out one block.

        Parameters
        ----------
        position : int
            From 0.

        Returns
        -------
        Screening
            Its patients.
        """
        part = slice(position * BLOCK_SIZE, (position + 1) * BLOCK_SIZE)
        return Screening(
            self.study,
            self.digits,
            self.sites,
            self.site[part],
            self.number[part],
            self.consent[part],
            self.enrolment[part],
            self.first_dose[part],
            self.is_enrolled[part],
            self.cutoff,
            self.longest_follow_up,
        )


def plan_screening(protocol: Protocol, assumptions: Assumptions, *, n: int, seed: int) -> Screening:
    """
    Lay out screening and enrolment.

    Parameters
    ----------
    protocol : Protocol
        Gives the trial's name and the cut-off.
    assumptions : Assumptions
        Accrual, sites and the share of screening failures.
    n : int
        Number of patients to enrol, at least 1.
    seed : int
        Seed of the trial, 0 or more.

    Returns
    -------
    Screening
        With exactly ``n`` enrolled.

    Raises
    ------
    MethodError
        If ``n`` or ``seed`` is out of range.
    ProtocolError
        If the cut-off comes before every patient can have had a first dose.
    """
    if n < 1 or seed < 0:
        raise MethodError(f"simulation: n should be at least 1 and seed at least 0; found n = {n}, seed = {seed}.")
    rng = generator(seed, WHOLE_TRIAL, Stage.SCREENING)
    accrual, size = assumptions.accrual, assumptions.size
    screened = max(n, round(n * size.screened / size.enrolled))
    consent = np.sort(_consent_days(rng, accrual, screened))
    is_enrolled = np.ones(screened, dtype=bool)
    is_enrolled[rng.permutation(screened)[: screened - n]] = False
    site = draw_levels(rng, assumptions.subject.sites, screened)
    enrolment = consent + rng.integers(*accrual.screening_days, screened, endpoint=True)
    first_dose = enrolment + rng.integers(*accrual.dose_lag_days, screened, endpoint=True)
    cutoff = _cutoff(protocol, accrual)
    return Screening(
        study=f"{protocol.trial.id}-SYNTHETIC",
        digits=max(3, len(str(screened))),
        sites=tuple(assumptions.subject.sites),
        site=site,
        number=_number_within(site, len(assumptions.subject.sites)),
        consent=consent,
        enrolment=enrolment,
        first_dose=first_dose,
        is_enrolled=is_enrolled,
        cutoff=cutoff,
        longest_follow_up=int(cutoff - first_dose.min()),
    )


def _consent_days(rng: np.random.Generator, accrual: Accrual, n: int) -> Ints:
    """Draw days of consent from a rate that is constant in equal parts of the period."""
    first, last = (date.toordinal() - EPOCH.toordinal() for date in (accrual.first_consent, accrual.last_consent))
    edges = np.linspace(first, last + 1, len(accrual.weights) + 1)
    shares = np.concatenate([[0.0], np.cumsum(accrual.weights)])
    days: Floats = np.interp(rng.random(n) * shares[-1], shares, edges)
    return np.floor(days).astype(np.int64)


def _number_within(site: Ints, n_sites: int) -> Ints:
    number = np.empty(len(site), dtype=np.int64)
    for position in range(n_sites):
        here = np.flatnonzero(site == position)
        number[here] = np.arange(1, len(here) + 1)
    return number


def _cutoff(protocol: Protocol, accrual: Accrual) -> int:
    longest = accrual.screening_days[1] + accrual.dose_lag_days[1]
    last_dose = accrual.last_consent + dt.timedelta(days=longest)
    cutoff = protocol.trial.cutoff or last_dose + dt.timedelta(days=accrual.follow_up_days)
    if cutoff <= last_dose:
        raise ProtocolError(
            f"protocol.toml, trial.cutoff: {cutoff} comes before the last first dose that assumptions.toml allows "
            f"({last_dose}). Move the cut-off, or accrual.last_consent."
        )
    return cutoff.toordinal() - EPOCH.toordinal()
