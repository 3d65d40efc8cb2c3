"""Checks between the biomarkers of a protocol, their assays and its endpoints, on the file as typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onearm.errors import suggest
from onearm.protocol.endpoints import kind_of

__all__ = ["check_biomarkers"]

Problem = tuple[str, str]


def check_biomarkers(raw: dict[str, Any]) -> Iterator[Problem]:
    """
    Find biomarkers that name what the protocol does not have, or that contradict themselves.

    Parameters
    ----------
    raw : dict
        The file as typed; values of a wrong type are passed over, the model reports them.

    Yields
    ------
    tuple of str
        Key and problem.
    """
    endpoints = _section(raw, "endpoint")
    kinds = {name: kind_of(endpoint) for name, endpoint in endpoints.items()}
    for name, marker in _section(raw, "biomarker").items():
        if isinstance(marker, dict):
            yield from _names(f"biomarker.{name}", marker, raw, kinds)
            yield from _splits(f"biomarker.{name}", marker, kinds)
    for name, assay in _section(raw, "assay").items():
        if isinstance(assay, dict) and assay.get("kind", "table") == "table":
            yield from _table(f"assay.{name}", assay)


def _section(raw: dict[str, Any], key: str) -> dict[str, Any]:
    section = raw.get(key)
    return section if isinstance(section, dict) else {}


def _names(key: str, marker: dict[str, Any], raw: dict[str, Any], kinds: dict[str, str]) -> Iterator[Problem]:
    assays, sets = _section(raw, "assay"), _section(raw, "sets")
    used = marker.get("assay")
    if isinstance(used, str) and used not in assays:
        yield f"{key}.assay", f"no assay of that name: {used!r}.{suggest(used, assays)}"
    chosen = marker.get("set")
    if isinstance(chosen, str) and sets and chosen not in sets:
        yield f"{key}.set", f"no set of that name: {chosen!r}.{suggest(chosen, sets)}"
    rate = marker.get("response_endpoint")
    rates = [name for name, kind in kinds.items() if kind == "rate"]
    if isinstance(rate, str) and rate not in rates:
        yield f"{key}.response_endpoint", f"no rate of that name: {rate!r}.{suggest(rate, rates)}"
    against = marker.get("against", [])
    times = [name for name, kind in kinds.items() if kind == "time"]
    known = ["response", "change", *times]
    for position, word in enumerate(against if isinstance(against, list) else [], start=1):
        if isinstance(word, str) and word not in known:
            yield (
                f"{key}.against[{position}]",
                f"neither 'response', 'change' nor a time: {word!r}.{suggest(word, known)}",
            )
        if word == "response" and not rates:
            yield f"{key}.against[{position}]", "'response' needs a rate among the endpoints."


def _splits(key: str, marker: dict[str, Any], kinds: dict[str, str]) -> Iterator[Problem]:
    cutoffs = marker.get("cutoffs", [])
    if (
        isinstance(cutoffs, list)
        and all(isinstance(c, (int, float)) for c in cutoffs)
        and cutoffs != sorted(set(cutoffs))
    ):
        yield f"{key}.cutoffs", "should increase from one to the next."
    if marker.get("split") == "cutoffs" and not cutoffs:
        yield f"{key}.split", "'cutoffs' needs cutoffs."
    against = marker.get("against", [])
    is_later = str(marker.get("timepoint", "baseline")).lower() != "baseline"
    is_timed = isinstance(against, list) and any(kinds.get(str(word)) == "time" for word in against)
    if is_later and is_timed and marker.get("landmark_months") is None:
        yield (
            f"{key}.landmark_months",
            "a marker measured after baseline needs a landmark before it is set against a time: "
            "who has lived to be measured cannot have died before (Anderson et al. 1983).",
        )


def _table(key: str, assay: dict[str, Any]) -> Iterator[Problem]:
    if "sample" not in assay and "subject" not in assay:
        yield f"{key}.subject", "name the column of the patient (subject), or that of the sample (sample)."
    if "sample" in assay and "samples" not in assay and "subject" not in assay:
        yield f"{key}.samples", "a sample needs a sheet that says whose it is: [assay.NAME.samples]."
    if ("measure" in assay) != ("value" in assay):
        missing = "value" if "measure" in assay else "measure"
        yield f"{key}.{missing}", "one row per measure needs both columns: measure and value."
