"""Checks between sections of a protocol, on the file as typed, so that they are reported beside every other problem."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from onearm.errors import suggest
from onearm.protocol.biomarker_checks import check_biomarkers
from onearm.protocol.endpoints import kind_of
from onearm.protocol.genome_checks import check_genomes
from onearm.protocol.omics_checks import check_omics
from onearm.terms import BEST_RESPONSES, IMMUNE_BEST_RESPONSES

__all__ = ["cross_check"]

Problem = tuple[str, str]


def cross_check(raw: dict[str, Any]) -> Iterator[Problem]:
    """
    Find contradictions between keys that are each valid by themselves.

    Parameters
    ----------
    raw : dict
        The file as typed; values of a wrong type are passed over, the model reports them.

    Yields
    ------
    tuple of str
        Key and problem.
    """
    yield from _endpoints(raw)
    yield from _design(raw.get("design"), "design", raw)
    for name, cohort in _tables(raw, "cohort"):
        yield from _design(cohort.get("design"), f"cohort.{name}.design", raw)
    yield from _treatments(raw)
    yield from _phases(raw)
    yield from _schedule(raw)
    yield from _subgroups(raw)
    yield from _safety(raw)
    yield from _eligibility(raw)
    for name, model in _tables(raw, "model"):
        yield from _model(name, model, raw)
    yield from check_biomarkers(raw)
    yield from check_genomes(raw)
    yield from check_omics(raw)


def _tables(raw: dict[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    section = raw.get(key)
    return [(k, v) for k, v in section.items() if isinstance(v, dict)] if isinstance(section, dict) else []


def _endpoints(raw: dict[str, Any]) -> Iterator[Problem]:
    sets = raw.get("sets")
    for name, endpoint in _tables(raw, "endpoint"):
        used = endpoint.get("set")
        if isinstance(sets, dict) and isinstance(used, str) and used not in sets:
            yield f"endpoint.{name}.set", f"no set of that name: {used!r}.{suggest(used, sets)}"
        marks = endpoint.get("landmarks_months", [])
        if isinstance(marks, list) and all(isinstance(m, (int, float)) for m in marks) and marks != sorted(set(marks)):
            yield f"endpoint.{name}.landmarks_months", "should increase from one to the next."
        if kind_of(endpoint) == "time":
            yield from _time(name, endpoint, raw)
        else:
            yield from _rate(name, endpoint, raw)


def _by_irecist(raw: dict[str, Any]) -> bool:
    tumour = raw.get("tumour")
    return isinstance(tumour, dict) and tumour.get("criteria") == "iRECIST"


def _rate(name: str, endpoint: dict[str, Any], raw: dict[str, Any]) -> Iterator[Problem]:
    success, at = _names(endpoint.get("success")), endpoint.get("progression_free_at_months")
    if not endpoint.get("success") and at is None:
        yield f"endpoint.{name}.success", "this key is required and missing."
    for key in ("success", "by_months", "stable_at_least_months"):
        if endpoint.get(key) and at is not None:
            yield f"endpoint.{name}.{key}", "has no meaning beside progression_free_at_months; make two endpoints."
    immune = [word for word in success if word in IMMUNE_BEST_RESPONSES and word != "NE"]
    plain = [word for word in success if word in BEST_RESPONSES and word != "NE"]
    if immune and plain:
        yield (
            f"endpoint.{name}.success",
            f"'{plain[0]}' is of RECIST 1.1 and '{immune[0]}' of iRECIST; make two endpoints.",
        )
    if immune and not _by_irecist(raw):
        yield f"endpoint.{name}.success", f"'{immune[0]}' needs tumour.criteria = \"iRECIST\"."


def _safety(raw: dict[str, Any]) -> Iterator[Problem]:
    safety, sets = raw.get("safety"), raw.get("sets")
    used = safety.get("set") if isinstance(safety, dict) else None
    if isinstance(sets, dict) and isinstance(used, str) and used not in sets:
        yield "safety.set", f"no set of that name: {used!r}.{suggest(used, sets)}"
    for number, line in enumerate(raw.get("baseline", ()) if isinstance(raw.get("baseline"), list) else ()):
        used = line.get("set") if isinstance(line, dict) else None
        if isinstance(sets, dict) and isinstance(used, str) and used not in sets:
            yield f"baseline[{number}].set", f"no set of that name: {used!r}.{suggest(used, sets)}"


def _eligibility(raw: dict[str, Any]) -> Iterator[Problem]:
    sections = raw.get("eligibility", [])
    for position, limit in enumerate(sections if isinstance(sections, list) else [], start=1):
        if not isinstance(limit, dict):
            continue
        key = f"eligibility[{position}]"
        said = [name for name in ("variable", "meets", "no_prior") if limit.get(name)]
        if len(said) != 1:
            found = " and ".join(said) if said else "none"
            yield key, f"needs one of variable, meets and no_prior; found {found}."
        elif said == ["variable"] and not any(name in limit for name in ("at_least", "at_most", "values")):
            yield key, "needs a limit: at_least, at_most or values."


def _time(name: str, endpoint: dict[str, Any], raw: dict[str, Any]) -> Iterator[Problem]:
    events, censorings = set(_names(endpoint.get("event"))), set(_names(endpoint.get("censor")))
    if {"progression", "immune_progression"} <= events:
        yield f"endpoint.{name}.event", "progression and immune_progression are of two criteria; make two endpoints."
    if "immune_progression" in events and not _by_irecist(raw):
        yield f"endpoint.{name}.event", 'immune_progression needs tumour.criteria = "iRECIST".'
    if events and not events & {"progression", "immune_progression", "death", "response", "confirmed_response"}:
        yield f"endpoint.{name}.event", "needs progression, death or a response; other events only add to these."
    if events & {"response", "confirmed_response"} and len(events) > 1:
        yield f"endpoint.{name}.event", "a time to response has no other event."
    places = censorings & {"last_adequate_assessment", "last_known_alive"}
    if censorings and len(places) != 1:
        yield f"endpoint.{name}.censor", "needs one of last_adequate_assessment and last_known_alive."
    tumour = raw.get("tumour", {})
    if "missed_assessments" in censorings and not (isinstance(tumour, dict) and tumour.get("schedule")):
        yield f"endpoint.{name}.censor", "missed_assessments needs the planned scans: tumour.schedule."
    for rule in sorted(events & censorings):
        yield f"endpoint.{name}.censor", f"'{rule}' is an event of this endpoint already; it cannot censor it too."


def _names(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _design(design: Any, key: str, raw: dict[str, Any]) -> Iterator[Problem]:
    if not isinstance(design, dict):
        return
    p0, p1 = design.get("p0"), design.get("p1")
    if isinstance(p0, (int, float)) and isinstance(p1, (int, float)) and p1 <= p0:
        yield f"{key}.p1", f"should be above p0 = {p0}; found {p1}."
    stages = [design.get(name) for name in ("r1", "n1", "r", "n")]
    known = [part for part in stages if isinstance(part, int)]
    if len(known) == len(stages):
        r1, n1, r, n = known
        if not (r1 < n1 < n and r1 <= r < n):
            yield f"{key}.n", f"r1 < n1 < n and r1 <= r < n are needed; found r1 = {r1}, n1 = {n1}, r = {r}, n = {n}."
    elif design.get("criterion") == "stated":
        yield f"{key}.criterion", "a stated design needs r1, n1, r and n."
    endpoint, endpoints = design.get("endpoint"), raw.get("endpoint")
    if isinstance(endpoint, str) and isinstance(endpoints, dict) and endpoint not in endpoints:
        yield f"{key}.endpoint", f"no endpoint of that name: {endpoint!r}.{suggest(endpoint, endpoints)}"


def _subgroups(raw: dict[str, Any]) -> Iterator[Problem]:
    known = [name for name, _ in _tables(raw, "endpoint")]
    sections = raw.get("subgroup", [])
    for position, section in enumerate(sections if isinstance(sections, list) else [], start=1):
        for name in _names(section.get("endpoints")) if isinstance(section, dict) else []:
            if name not in known:
                yield f"subgroup[{position}].endpoints", f"no endpoint of that name: {name!r}.{suggest(name, known)}"


def _model(name: str, model: dict[str, Any], raw: dict[str, Any]) -> Iterator[Problem]:
    endpoint = model.get("endpoint")
    times = [key for key, value in _tables(raw, "endpoint") if kind_of(value) == "time"]
    if isinstance(endpoint, str) and endpoint not in times:
        yield f"model.{name}.endpoint", f"no time of that name: {endpoint!r}.{suggest(endpoint, times)}"
    covariates = _names(model.get("covariates"))
    pairs = model.get("interactions", [])
    for covariate in [word for pair in pairs if isinstance(pair, list) for word in _names(pair)]:
        if covariate not in covariates:
            yield (
                f"model.{name}.interactions",
                f"'{covariate}' is no covariate of this model.{suggest(covariate, covariates)}",
            )


def _treatments(raw: dict[str, Any]) -> Iterator[Problem]:
    treatments = raw.get("treatment", [])
    seen: set[str] = set()
    for position, drug in enumerate(treatments if isinstance(treatments, list) else [], start=1):
        if not isinstance(drug, dict):
            continue
        name, key = drug.get("name"), f"treatment[{position}]"
        if isinstance(name, str):
            if name in seen:
                yield f"{key}.name", f"'{name}' stands twice."
            seen.add(name)
        yield from _doses(key, drug)


def _phases(raw: dict[str, Any]) -> Iterator[Problem]:
    """A record belongs to one phase, so that no two may share its EPOCH."""
    sections = raw.get("phase", [])
    seen: set[tuple[str, str]] = set()
    for position, phase in enumerate(sections if isinstance(sections, list) else [], start=1):
        for name in ("name", "epoch"):
            value = phase.get(name) if isinstance(phase, dict) else None
            if isinstance(value, str):
                if (name, value.upper()) in seen:
                    yield f"phase[{position}].{name}", f"'{value}' stands twice."
                seen.add((name, value.upper()))


def _doses(key: str, drug: dict[str, Any]) -> Iterator[Problem]:
    levels = drug.get("dose_levels")
    if isinstance(levels, list) and levels and all(isinstance(x, (int, float)) for x in levels):
        for higher, lower in pairwise(levels):
            if lower >= higher:
                yield f"{key}.dose_levels", f"each level should be below the one before it; {lower} follows {higher}."
        lowest = drug.get("lowest_dose")
        if isinstance(lowest, (int, float)) and lowest > levels[0]:
            yield f"{key}.lowest_dose", f"should not be above the starting dose of {levels[0]}; found {lowest}."
    days, cycle = drug.get("dosing_days"), drug.get("cycle_days")
    if isinstance(days, str) and isinstance(cycle, int):
        late = [int(day) for day in re.findall(r"\d+", days) if not 1 <= int(day) <= cycle]
        if late:
            yield f"{key}.dosing_days", f"day {late[0]} is not a day of a cycle of {cycle} days."


def _schedule(raw: dict[str, Any]) -> Iterator[Problem]:
    tumour = raw.get("tumour")
    steps = tumour.get("schedule") if isinstance(tumour, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return
    ends = [step.get("until_day") for step in steps]
    if any(end is None for end in ends[:-1]):
        yield "tumour.schedule", "every step but the last needs an until_day."
    days = [end for end in ends if isinstance(end, int)]
    if days != sorted(set(days)):
        yield "tumour.schedule", "until_day should increase from one step to the next."
