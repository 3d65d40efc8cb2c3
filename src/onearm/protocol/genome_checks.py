"""Checks of sequencing assays and signatures against the rest of the protocol, on the file as typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onearm.errors import suggest
from onearm.protocol.endpoints import kind_of
from onearm.terms import VARIANT_CLASS_SETS

__all__ = ["check_genomes"]

Problem = tuple[str, str]


def check_genomes(raw: dict[str, Any]) -> Iterator[Problem]:
    """
    Find sequencing assays and signatures that name what the protocol does not have.

    Parameters
    ----------
    raw : dict
        The file as typed; values of a wrong type are passed over, the model reports them.

    Yields
    ------
    tuple of str
        Key and problem.
    """
    assays = _section(raw, "assay")
    sequenced = [name for name, assay in assays.items() if isinstance(assay, dict) and assay.get("kind") == "mutations"]
    for name in sequenced:
        key, assay = f"assay.{name}", assays[name]
        yield from _classes(key, assay)
        if "segments" in assay and "gene_places" not in assay:
            yield f"{key}.gene_places", "segments give the copies of genes only where it is said where the genes lie."
        for marker in _words(assay, "oncoprint_markers"):
            if marker not in (known := _section(raw, "biomarker")):
                yield f"{key}.oncoprint_markers", f"no biomarker of that name: {marker!r}.{suggest(marker, known)}"
        if isinstance(association := assay.get("association"), dict):
            yield from _against(f"{key}.association", association, raw)
    for name, signature in _section(raw, "signature").items():
        if isinstance(signature, dict):
            key, used = f"signature.{name}", signature.get("assay")
            if isinstance(used, str) and used not in sequenced:
                yield f"{key}.assay", f"no assay of kind 'mutations' has that name: {used!r}.{suggest(used, sequenced)}"
            yield from _against(key, signature, raw)


def _section(raw: dict[str, Any], key: str) -> dict[str, Any]:
    section = raw.get(key)
    return section if isinstance(section, dict) else {}


def _words(section: dict[str, Any], key: str) -> list[str]:
    words = section.get(key)
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _classes(key: str, assay: dict[str, Any]) -> Iterator[Problem]:
    known = [*VARIANT_CLASS_SETS, *VARIANT_CLASS_SETS["all"]]
    for name in ("burden_classes", "gene_classes"):
        for word in _words(assay, name):
            if word not in known:
                yield f"{key}.{name}", f"unknown class of variants {word!r}.{suggest(word, known)}"


def _against(key: str, section: dict[str, Any], raw: dict[str, Any]) -> Iterator[Problem]:
    kinds = {name: kind_of(endpoint) for name, endpoint in _section(raw, "endpoint").items()}
    times, rates = ([name for name, kind in kinds.items() if kind == wanted] for wanted in ("time", "rate"))
    for word in _words(section, "against"):
        if word not in ("response", *times):
            known = ["response", *times]
            yield f"{key}.against", f"neither 'response' nor a time: {word!r}.{suggest(word, known)}"
        if word == "response" and not rates:
            yield f"{key}.against", "'response' needs a rate among the endpoints."
    rate, chosen, sets = section.get("response_endpoint"), section.get("set"), _section(raw, "sets")
    if isinstance(rate, str) and rate not in rates:
        yield f"{key}.response_endpoint", f"no rate of that name: {rate!r}.{suggest(rate, rates)}"
    if isinstance(chosen, str) and sets and chosen not in sets:
        yield f"{key}.set", f"no set of that name: {chosen!r}.{suggest(chosen, sets)}"
