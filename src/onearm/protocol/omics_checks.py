"""Checks of assays with many features against the rest of a protocol, on the file as typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onearm.errors import suggest
from onearm.protocol.endpoints import kind_of

__all__ = ["check_omics"]

Problem = tuple[str, str]
_WORDS = ("response", "change", "tissue")


def check_omics(raw: dict[str, Any]) -> Iterator[Problem]:
    """
    Find assays that name what the protocol does not have, or ask for what cannot be.

    Parameters
    ----------
    raw : dict
        The file as typed; values of a wrong type are passed over, the model reports them.

    Yields
    ------
    tuple of str
        Key and problem.
    """
    assays, endpoints, sets = (raw.get(key) for key in ("assay", "endpoint", "sets"))
    kinds = {name: kind_of(e) for name, e in endpoints.items()} if isinstance(endpoints, dict) else {}
    for name, assay in assays.items() if isinstance(assays, dict) else ():
        if isinstance(assay, dict) and assay.get("kind") == "features":
            yield from _one(f"assay.{name}", assay, kinds, sets if isinstance(sets, dict) else {})


def _one(key: str, assay: dict[str, Any], kinds: dict[str, str], sets: dict[str, Any]) -> Iterator[Problem]:
    times = [name for name, kind in kinds.items() if kind == "time"]
    rates = [name for name, kind in kinds.items() if kind == "rate"]
    against = assay.get("against", ["response"])
    for position, word in enumerate(against if isinstance(against, list) else [], start=1):
        if isinstance(word, str) and word not in (*_WORDS, *times):
            yield (
                f"{key}.against[{position}]",
                f"neither of {', '.join(_WORDS)} nor a time: {word!r}.{suggest(word, [*_WORDS, *times])}",
            )
        if word == "response" and not rates:
            yield f"{key}.against[{position}]", "'response' needs a rate among the endpoints."
    rate, chosen = assay.get("response_endpoint"), assay.get("set")
    if isinstance(rate, str) and rate not in rates:
        yield f"{key}.response_endpoint", f"no rate of that name: {rate!r}.{suggest(rate, rates)}"
    if isinstance(chosen, str) and sets and chosen not in sets:
        yield f"{key}.set", f"no set of that name: {chosen!r}.{suggest(chosen, sets)}"
    if "samples" not in assay and isinstance(against, list) and "change" in against:
        yield f"{key}.samples", "'change' needs a sheet that says when each sample was taken: [assay.NAME.samples]."
    is_later = str(assay.get("timepoint", "baseline")).lower() != "baseline"
    if is_later and isinstance(against, list) and set(times) & {str(word) for word in against}:
        yield (
            f"{key}.against",
            "features measured after baseline cannot be set against times: who has lived to be measured cannot have died.",
        )
    wanted = assay.get("normalise", [])
    if isinstance(wanted, list) and {"batches", "drift"} & {str(word) for word in wanted} and "runs" not in assay:
        yield f"{key}.runs", "batches and drift are corrected by QC samples: name the table of all runs."
    if isinstance(assay.get("scores"), list) and "ssgsea" in assay["scores"] and not assay.get("gene_sets"):
        yield f"{key}.gene_sets", "'ssgsea' needs gene sets."
