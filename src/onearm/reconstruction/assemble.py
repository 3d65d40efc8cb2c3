"""From what the solvers found to whole patients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from onearm.protocol import Protocol
from onearm.reconstruction.course import Way, lay_out_ways
from onearm.reconstruction.exposure_days import fit_exposure
from onearm.reconstruction.lesions import SMALLEST, lay_out_lesions, sum_of
from onearm.reconstruction.patients import Lesion, Patient, Therapy
from onearm.reconstruction.phase_doses import dose_phases, phase_ends
from onearm.reconstruction.phase_ends import end_in_phases
from onearm.reconstruction.scans import Course, plan_scans
from onearm.reconstruction.setting import Setting
from onearm.reconstruction.solutions import AdverseEvent, CohortSolution
from onearm.reconstruction.treatment import WITHDRAWN, add_fatal_events, change_doses, date_events, give_doses
from onearm.rules.progression import planned_days

__all__ = ["assemble_patients", "cover_everybody"]

_USUAL_SUM: Final = 45.0
_GROWS_FROM: Final = 30.0
_GROWTH_MM: Final = 6.5


def assemble_patients(
    solution: CohortSolution,
    events: Sequence[AdverseEvent],
    setting: Setting,
    protocol: Protocol,
    *,
    seed: int = 1,
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
    # What is drawn of the phases leaves everything else as it is.
    phase_rng = np.random.default_rng([seed, 2])
    first_day = 1 if protocol.conventions.count_start_day else 0
    ways = lay_out_ways(
        solution,
        setting,
        first_day=first_day,
        confirm_days=protocol.tumour.confirm_response_after_days,
        rng=rng,
    )
    ways = end_in_phases(fit_exposure(ways, setting, protocol), setting, protocol, phase_rng)
    lists = change_doses(date_events(events, ways, setting, protocol, rng), ways, setting)
    lists, killed = add_fatal_events(lists, ways, setting, protocol)
    if setting.phases:
        doses = dose_phases(ways, lists, setting, protocol, phase_rng)
    else:
        doses = [give_doses(way, lists[i], protocol) for i, way in enumerate(ways)]
    causes = _causes(ways, killed, setting)
    labels = cover_everybody({name: [str(one) for one in values] for name, values in solution.labels.items()}, setting)
    starts = _starts(ways, setting, rng)
    grows = _who_grows(ways, setting)
    sites = _sites_of_progression(ways, setting, protocol)
    planned = _planned(protocol, int(max(way.end_day for way in ways)) + 100)
    patients = []
    for i, way in enumerate(ways):
        if (
            way.stop_day is not None
            and any(event.action == WITHDRAWN for event in lists[i])
            and not (setting.stop_reasons or setting.phases)
        ):
            way = replace(way, stop_reason="ADVERSE EVENT")  # noqa: PLW2901 - the way is now known in full
        columns, organs = _columns(labels, solution.values, i, setting)
        if setting.therapy_column:
            columns[setting.therapy_column] = ";".join(way.therapies) or "NONE"
        if causes[i]:
            columns["DTHCAUS"] = causes[i]
        lesions = _lesions(solution, i, organs, setting, rng)
        patients.append(
            Patient(
                start=starts[i],
                columns=columns,
                lesions=lesions,
                scans=plan_scans(
                    _course(way, lesions, protocol, is_shrinking=i not in grows, sites=sites[i]), planned, rng
                ),
                last_seen=way.last_seen,
                is_dead=way.is_dead,
                stop_day=way.stop_day,
                stop_reason=way.stop_reason,
                doses=doses[i],
                phases=phase_ends(way, doses[i], setting, protocol),
                events=tuple(lists[i]),
                therapies=tuple(Therapy(*one) for one in zip(way.therapies, way.therapy_days, strict=True)),
                cohort=setting.cohort,
                response=way.response,
                response_day=way.response_day,
                progression_day=way.end_day if way.end == "progression" else None,
            )
        )
    return [*_with_previous(patients, ways, setting, rng), *_others(setting, protocol, rng)]


def _with_previous(
    patients: list[Patient], ways: Sequence[Way], setting: Setting, rng: np.random.Generator
) -> list[Patient]:
    """Times on the line before, longest against the time on this one for those whose ratio is not to reach 1.33."""
    if not setting.previous:
        return patients
    column, most = str(setting.previous["column"]), int(str(setting.previous["at_least"]))
    median = float(str(setting.previous["median"]))
    order = sorted(range(len(patients)), key=lambda i: (ways[i].end != "censored", -ways[i].end_day))
    half = len(order) // 2
    ratios = [*rng.uniform(1.5, 3.0, most), *rng.uniform(median + 0.02, 1.2, half - most), median]
    ratios += [*rng.uniform(0.1, median - 0.02, len(order) - len(ratios))]
    done = list(patients)
    for i, ratio in zip(order, ratios, strict=True):
        months = round((ways[i].end_day + 1) / 30.4375 / float(ratio), 3)
        done[i] = replace(patients[i], columns={**patients[i].columns, column: max(months, 0.05)})
    return done


def _others(setting: Setting, protocol: Protocol, rng: np.random.Generator) -> list[Patient]:
    """Patients whom no analysis of efficacy counts: a baseline, at most a cycle of treatment, no assessment after it."""
    found = []
    span = (setting.last_start - setting.first_start).days
    for other in setting.others:
        for _ in range(other.patients):
            way = Way(
                "NE",
                "censored",
                0,
                None,
                int(rng.integers(30, 90)),
                is_dead=False,
                stop_day=20,
                stop_reason=other.stop_reason,
            )
            found.append(
                Patient(
                    start=setting.first_start + dt.timedelta(days=int(rng.integers(10, span - 10))),
                    columns=dict(other.columns),
                    lesions=lay_out_lesions(round(float(rng.uniform(20, 90)), 1), (), setting.primary, rng),
                    scans=(),
                    last_seen=way.last_seen,
                    is_dead=False,
                    stop_day=way.stop_day,
                    stop_reason=way.stop_reason,
                    doses=give_doses(way, (), protocol) if other.is_treated else (),
                    cohort=setting.cohort,
                    deviation=other.deviation,
                    response="NE",
                )
            )
    return found


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


def _sites_of_progression(ways: Sequence[Way], setting: Setting, protocol: Protocol) -> list[int | None]:
    """In how many organs each patient progresses: more than an oligoprogression has in as many as was printed."""
    if setting.systemic is None:
        return [None] * len(ways)
    progressed = [i for i, way in enumerate(ways) if way.end == "progression"]
    many = set(progressed[: setting.systemic])
    return [protocol.tumour.oligo_at_most_sites + 1 if i in many else 1 for i in range(len(ways))]


def cover_everybody(labels: dict[str, list[str]], setting: Setting) -> dict[str, list[str]]:
    """
    Let everybody have at least one category of each column that lists several.

    Parameters
    ----------
    labels : dict of str to list of str
        Levels of each characteristic, by patient.
    setting : Setting
        Which characteristics make up a column.

    Returns
    -------
    dict of str to list of str
        The same counts: a patient without any category takes one over from a patient with several. A characteristic that
        is a column of its own stays where it is, because times depend on it.
    """
    done = {name: list(values) for name, values in labels.items()}
    for parts in setting.joined.values():
        names = [name for name in parts.values() if name in done]
        free = [name for name in names if name not in setting.columns]
        for i in range(len(done["BOR"])):
            if names and all(done[name][i] != "Y" for name in names):
                _take_over(done, names, free, i)
    return done


def _take_over(labels: dict[str, list[str]], names: list[str], free: list[str], i: int) -> None:
    counts = [sum(labels[name][j] == "Y" for name in names) for j in range(len(labels[names[0]]))]
    for j in sorted(range(len(counts)), key=lambda j: -counts[j]):
        name = next((name for name in free if labels[name][j] == "Y"), None)
        if counts[j] > 1 and name is not None:
            labels[name][j], labels[name][i] = "N", "Y"
            return


def _columns(
    every: dict[str, list[str]], measured: Mapping[str, np.ndarray], i: int, setting: Setting
) -> tuple[dict[str, object], tuple[str, ...]]:
    labels = {name: values[i] for name, values in every.items()}
    columns: dict[str, object] = {}
    organs: list[str] = []
    for name, value in measured.items():
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
    solution: CohortSolution, i: int, organs: tuple[str, ...], setting: Setting, rng: np.random.Generator
) -> tuple[Lesion, ...]:
    if "TUMSIZE" in solution.values:
        total = float(solution.values["TUMSIZE"][i])
    else:
        total = round(float(np.clip(rng.lognormal(np.log(_USUAL_SUM), 0.5), 12, 180)), 1)
    return lay_out_lesions(total, organs, setting.primary, rng)


def _course(
    way: Way, lesions: tuple[Lesion, ...], protocol: Protocol, *, is_shrinking: bool, sites: int | None
) -> Course:
    # where the number of sites is printed, targets in too many of them do not grow together
    places = {
        lesion.organ if protocol.tumour.oligo_site == "organ" else lesion.name for lesion in lesions if lesion.is_target
    }
    are_few = sites is None or len(places) <= protocol.tumour.oligo_at_most_sites
    smallest = min(lesion.diameter for lesion in lesions if lesion.is_target)
    return Course(
        response=way.response,
        end=way.end,  # type: ignore[arg-type]  # one of the three that _way gives
        end_day=way.end_day,
        response_day=way.response_day,
        deepest=1 - SMALLEST / smallest,
        is_shrinking=is_shrinking,
        can_grow=sum_of(lesions) >= _GROWS_FROM and are_few,
        new_sites=1 if sites is None else sites,
        least_growth=_GROWTH_MM / sum_of(lesions),
        confirm_days=protocol.tumour.confirm_response_after_days,
        stable_days=protocol.tumour.stable_at_least_days,
    )


def _starts(ways: Sequence[Way], setting: Setting, rng: np.random.Generator) -> list[dt.date]:
    """
    Late enough to be seen until shortly before the cut-off, early enough for the whole time to lie before it.

    The first and the last patient start on the days on which accrual began and ended.
    """
    starts = []
    for way in ways:
        latest = min(setting.last_start, setting.cutoff - dt.timedelta(days=way.last_seen + 1))
        span = max(0, (latest - setting.first_start).days)
        back = int(rng.integers(0, span + 1)) if way.is_dead else min(span, int(rng.integers(0, 15)))
        starts.append(latest - dt.timedelta(days=back))
    first = min(range(len(ways)), key=lambda i: starts[i])
    starts[first] = min(starts[first], setting.first_start)
    others = [i for i in range(len(ways)) if i != first]
    able = [i for i in others if setting.last_start + dt.timedelta(days=ways[i].last_seen) <= setting.cutoff]
    if able:
        starts[max(able, key=lambda i: starts[i])] = setting.last_start
    return starts


def _causes(ways: Sequence[Way], killed: set[int], setting: Setting) -> list[str]:
    """Deaths that were no adverse event: of the disease first where it had progressed."""
    causes = [""] * len(ways)
    left = [i for i, way in enumerate(ways) if way.is_dead and i not in killed]
    left.sort(key=lambda i: ways[i].end != "progression")
    for cause, count in setting.death_causes.items():
        for i in left[:count]:
            causes[i] = cause
        left = left[count:]
    return causes
