"""What the protocol plans to do with biomarkers, as prose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from onearm.protocol.assays import Biomarker

if TYPE_CHECKING:
    from onearm.protocol.model import Protocol

__all__ = ["describe_biomarkers"]


def describe_biomarkers(protocol: Protocol) -> str:
    """
    Say of every biomarker what it is and what it is set against.

    Parameters
    ----------
    protocol : Protocol
        ``[assay.NAME]``, ``[biomarker.NAME]`` and ``[signature.NAME]``.

    Returns
    -------
    str
        Paragraphs; empty where no biomarker is planned.
    """
    return "\n\n".join(_sentences(protocol))


def _sentences(protocol: Protocol) -> Iterator[str]:
    for name, marker in protocol.biomarker.items():
        parts = [f"**{marker.label or name}** ({_source(marker, protocol)}) {_groups(marker)}"]
        parts += [sentence for target in marker.against if (sentence := _against(target, marker, protocol))]
        yield " ".join(parts)
    for name, signature in protocol.signature.items():
        yield (
            f"**{signature.label or name}** is the composite signature `{signature.composite}`; the P value of the best of all "
            "composites of that form is given beside that of the signature itself."
        )
    families = {marker.family for marker in protocol.biomarker.values()}
    if len(protocol.biomarker) > 1:
        within = "" if len(families) == 1 else " of a family"
        method = "by the method of Benjamini and Hochberg, for each outcome"
        yield f"P values of the biomarkers{within} are adjusted together {method}."


def _source(marker: Biomarker, protocol: Protocol) -> str:
    assay = protocol.assay[marker.assay]
    scale = "" if marker.transform == "none" else f", {marker.transform}"
    unit = f", {marker.unit}" if marker.unit else ""
    return f"{assay.label or marker.assay}: {marker.measure}{unit}{scale}; {marker.timepoint}"


def _groups(marker: Biomarker) -> str:
    if marker.splits_at == "none":
        return "is analysed as it is."
    if marker.splits_at == "median":
        return "is analysed as it is and, if it is a number, split at the median."
    return f"is analysed as it is and split at {' and '.join(f'{cut:g}' for cut in marker.cutoffs)}."


def _against(target: str, marker: Biomarker, protocol: Protocol) -> str:
    if target == "response":
        rate = protocol.responders_of(marker)
        label = protocol.rates[rate].label or rate if rate else "response"
        return (
            f"Successes of {label} are compared with the other patients by the rank-sum test, groups by Fisher's test."
        )
    if target == "change":
        return "Later values are compared with it within patients by the signed-rank test."
    label = protocol.times[target].label or target
    since = (
        ""
        if marker.landmark_months is None
        else f", from a landmark at {marker.landmark_months:g} months among those still without the event"
    )
    return f"It is set against {label} by Cox models and the groups by the log-rank test{since}."
