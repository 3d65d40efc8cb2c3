"""From patients to source tables: consent dates, sites, identifiers, and those who failed screening."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.reconstruction.patient_table import patient_tables
from onearm.reconstruction.patients import Patient
from onearm.reconstruction.setting import Setting
from onearm.reconstruction.tables import Keyed, source_tables

__all__ = ["identify", "reconstruct_tables"]


def identify(patients: Sequence[Patient], setting: Setting, protocol: Protocol, *, seed: int = 1) -> list[Keyed]:
    """
    Give consent dates, sites and identifiers, and add the screening failures.

    Parameters
    ----------
    patients : sequence of Patient
        The enrolled.
    setting : Setting
        Sites, screened patients.
    protocol : Protocol
        Name of the study.
    seed : int
        Of the random numbers.

    Returns
    -------
    list of Keyed
        In the order of consent.
    """
    rng = np.random.default_rng([seed, 1])
    study = f"{protocol.trial.id}-SYNTHETIC"
    consents = [(patient.start - dt.timedelta(days=int(rng.integers(6, 14))), patient, "") for patient in patients]
    days = (setting.last_start - setting.first_start).days
    failed: list[tuple[dt.date, Patient | None, str]] = [
        (
            setting.first_start + dt.timedelta(days=int(rng.integers(0, days + 1))),
            None,
            setting.failures[k % len(setting.failures)],
        )
        for k in range(max(0, setting.screened - len(patients)))
    ]
    everybody = sorted([*consents, *failed], key=lambda item: item[0])
    seen: dict[str, int] = {}
    keyed = []
    for consent, patient, failure in everybody:
        site = f"{int(rng.integers(1, setting.sites + 1)):02d}"
        seen[site] = seen.get(site, 0) + 1
        keyed.append(Keyed(study, f"{study}-{site}-{seen[site]:03d}", site, consent, patient, failure))
    return keyed


def reconstruct_tables(
    patients: Sequence[Patient], setting: Setting, protocol: Protocol, *, seed: int = 1
) -> Mapping[str, pl.DataFrame]:
    """
    Write reconstructed patients down as source tables.

    Parameters
    ----------
    patients : sequence of Patient
        Of all cohorts.
    setting : Setting
        Sites, screened patients, country.
    protocol : Protocol
        Drugs, assessor.
    seed : int
        Of the random numbers.

    Returns
    -------
    mapping of str to polars.DataFrame
        By domain.
    """
    keyed = identify(patients, setting, protocol, seed=seed)
    if protocol.source.patients is not None:
        responses = [one.patient.response for one in keyed if one.patient is not None]
        return patient_tables([one for one in keyed if one.patient is not None], responses, protocol)
    return source_tables(keyed, protocol, country=setting.country, race=setting.race)
