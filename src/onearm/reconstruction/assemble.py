"""From what the solvers found to whole patients, and from patients to source tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.reconstruction.course import Way, lay_out_ways
from onearm.reconstruction.lesions import SMALLEST, lay_out_lesions, sum_of
from onearm.reconstruction.patients import Lesion, Patient, Therapy
from onearm.reconstruction.scans import Course, plan_scans
from onearm.reconstruction.setting import Setting
from onearm.reconstruction.solutions import AdverseEvent, CohortSolution
from onearm.reconstruction.tables import Keyed, source_tables
from onearm.reconstruction.treatment import WITHDRAWN, change_doses, date_events, give_doses
from onearm.rules.progression import planned_days

__all__ = ["assemble_patients", "identify", "reconstruct_tables"]

_USUAL_SUM: Final = 45.0
_GROWS_FROM: Final = 30.0


def assemble_patients(
    solution: CohortSolution,
    events: Sequence[AdverseEvent],
    setting: Setting,
    protocol: Protocol,
    *,
    seed: int = 1,
    cohort: str = "",
) -> list[Patient]:
    """
    Build the patients of one cohort.

    Parameters
    ----------
    solution : CohortSolution
        Times, responses, characteristics.
    events : sequence of AdverseEvent
        Adverse events.
    setting : Setting
        Everything that no printed number says.
    protocol : Protocol
        Schedules of scans and doses.
    seed : int
        Of the random numbers.
    cohort : str
        Value of the cohort column; empty for a trial without cohorts.

    Returns
    -------
    list of Patient
        In the order of the solution.

    Raises
    ------
    DataError
        If no course of assessments leads to a required response.
    """
    rng = np.random.default_rng(seed)
    first_day = 1 if protocol.conventions.count_start_day else 0
    ways = lay_out_ways(solution, setting, first_day=first_day, rng=rng)
    lists = change_doses(date_events(events, ways, setting, protocol, rng), ways, setting, protocol)
    grows = _who_grows(ways, setting)
    planned = _planned(protocol, int(max(way.end_day for way in ways)) + 100)
    patients = []
    for i, way in enumerate(ways):
        if way.stop_day is not None and any(event.action == WITHDRAWN for event in lists[i]) and not setting.stop_reasons:
            way = replace(way, stop_reason="ADVERSE EVENT")  # noqa: PLW2901 - the way is now known in full
        columns, organs = _columns(solution, i, setting)
        lesions = _lesions(solution, i, way, organs, setting, rng)
        patients.append(
            Patient(
                start=_start(way, setting, rng),
                columns=columns,
                lesions=lesions,
                scans=plan_scans(_course(way, lesions, protocol, is_shrinking=i not in grows), planned, rng),
                last_seen=way.last_seen,
                is_dead=way.is_dead,
                stop_day=way.stop_day,
                stop_reason=way.stop_reason,
                doses=give_doses(way, lists[i], protocol),
                events=tuple(lists[i]),
                therapies=tuple(Therapy(name, way.therapy_day) for name in way.therapies),
                cohort=cohort,
            )
        )
    return patients


def _planned(protocol: Protocol, until: int) -> tuple[int, ...]:
    schedule = tuple((step.every_days, step.until_day) for step in protocol.tumour.schedule) or ((56, None),)
    return tuple(int(day) for day in planned_days(schedule, until=until))


def _who_grows(ways: Sequence[Way], setting: Setting) -> set[int]:
    """Whose lesions never shrink, so that as many shrink as was printed; patients without a scan count as neither."""
    stable = [i for i, way in enumerate(ways) if way.response == "SD"]
    if setting.shrunk is None:
        return set(stable[::3])
    responders = sum(way.response in {"CR", "PR"} for way in ways)
    return set(stable[max(0, setting.shrunk - responders) :])


def _columns(solution: CohortSolution, i: int, setting: Setting) -> tuple[dict[str, object], tuple[str, ...]]:
    labels = {name: str(values[i]) for name, values in solution.labels.items()}
    columns: dict[str, object] = {}
    organs: list[str] = []
    for name, value in solution.values.items():
        if name != "TUMSIZE" and name not in labels:
            columns[name] = _number(float(value[i]))
    for name in setting.columns:
        if name in labels:
            columns[name] = None if labels[name] == "unknown" else labels[name]
    for column, parts in setting.joined.items():
        there = [category for category, name in parts.items() if labels.get(name) == "Y"]
        columns[column] = ";".join(there) or None
        if column == setting.sites_column:
            organs = [setting.organs.get(category, category) for category in there]
    return columns, tuple(organs)


def _number(value: float) -> int | float | None:
    if np.isnan(value):
        return None
    return int(value) if value == int(value) else round(value, 2)


def _lesions(
    solution: CohortSolution, i: int, way: Way, organs: tuple[str, ...], setting: Setting, rng: np.random.Generator
) -> tuple[Lesion, ...]:
    if "TUMSIZE" in solution.values:
        total = float(solution.values["TUMSIZE"][i])
    else:
        total = round(float(np.clip(rng.lognormal(np.log(_USUAL_SUM), 0.5), 12, 180)), 1)
    return lay_out_lesions(total, organs, setting.primary, rng)


def _course(way: Way, lesions: tuple[Lesion, ...], protocol: Protocol, *, is_shrinking: bool) -> Course:
    smallest = min(lesion.diameter for lesion in lesions if lesion.is_target)
    return Course(
        response=way.response,
        end=way.end,  # type: ignore[arg-type]  # one of the three that _way gives
        end_day=way.end_day,
        response_day=way.response_day,
        deepest=1 - SMALLEST / smallest,
        is_shrinking=is_shrinking,
        can_grow=sum_of(lesions) >= _GROWS_FROM,
        confirm_days=protocol.tumour.confirm_response_after_days,
        stable_days=protocol.tumour.stable_at_least_days,
    )


def _start(way: Way, setting: Setting, rng: np.random.Generator) -> dt.date:
    """Late enough to be seen until shortly before the cut-off, early enough for the whole time to lie before it."""
    latest = min(setting.last_start, setting.cutoff - dt.timedelta(days=way.last_seen + 1))
    span = max(0, (latest - setting.first_start).days)
    back = int(rng.integers(0, span + 1)) if way.is_dead else min(span, int(rng.integers(0, 15)))
    return max(setting.first_start, latest - dt.timedelta(days=back)) if span else latest


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
        (setting.first_start + dt.timedelta(days=int(rng.integers(0, days + 1))), None, setting.failures[k % len(setting.failures)])
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
    return source_tables(keyed, protocol, country=setting.country, race=setting.race)
