"""Figures of sequencing: oncoprint, lollipops, curves of signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.figures.curves import curves_data, draw_curves
from onearm.outputs.figures.lollipop import Change, codon_of, draw_lollipop
from onearm.outputs.figures.oncoprint import Oncoprint, draw_oncoprint, kind_of_class, order_patients, track_of
from onearm.outputs.figures.patients import best_responses
from onearm.outputs.format import say_p_value
from onearm.outputs.labels import curve_label, endpoint_label, start_label
from onearm.outputs.lookup import subgroup_rows
from onearm.outputs.methods import method_footnotes
from onearm.protocol.assay_genomes import MutationAssay

if TYPE_CHECKING:
    from onearm.outputs.lookup import Block, Lookup

__all__ = ["lollipops", "oncoprint_data", "oncoprints", "signature_curves"]

_MOST_GENES: Final = 20
_BURDEN: Final = ("tmb", "tmb_count")


def _mine(trial: Trial, lookup: Lookup, name: str) -> pl.DataFrame:
    """Rows of a dataset that belong to the patients of a group."""
    rows = trial.datasets.get(name)
    if rows is None:
        return pl.DataFrame()
    members = trial.datasets["adsl"]
    if lookup.group.level is not None:
        members = members.filter(pl.col("COHORT") == lookup.group.level)
    return rows.join(members.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left")


def oncoprint_data(trial: Trial, lookup: Lookup, assay: str) -> Oncoprint:
    """
    Lay out an oncoprint.

    Parameters
    ----------
    trial : Trial
        Datasets and protocol.
    lookup : Lookup
        Whose patients.
    assay : str
        Name of the assay.

    Returns
    -------
    Oncoprint
        The genes that the protocol names, else the 20 most often altered; patients with the same genes lie together.
    """
    section = trial.protocol.assay[assay]
    genes = section.oncoprint if isinstance(section, MutationAssay) else ()
    status = _mine(trial, lookup, "adgene").filter(pl.col("ASSAY") == assay)
    if genes:
        status = status.filter(pl.col("GENE").is_in(list(genes)))
    counts = status.group_by("GENE").agg(pl.col("ALTERED").sum()).sort(["ALTERED", "GENE"], descending=[True, False])
    shown = counts.filter(pl.col("ALTERED") > 0)["GENE"].to_list()[: len(genes) or _MOST_GENES]
    patients = status["USUBJID"].unique(maintain_order=True).to_list()
    variants = _mine(trial, lookup, "advar").filter(
        (pl.col("ASSAY") == assay) & (pl.col("GENEFL") == "Y") & pl.col("GENE").cast(pl.String).is_in(shown)
    )
    words: dict[tuple[str, str], list[str]] = {}
    for gene, patient, word in variants.select(pl.col("GENE", "USUBJID", "CLASS").cast(pl.String)).iter_rows():
        words.setdefault((gene, patient), []).append(word)
    kinds: dict[tuple[str, str], str | None] = {}
    calls: dict[tuple[str, str], int] = {}
    kept = status.filter(pl.col("GENE").is_in(shown)).select("GENE", "USUBJID", "MUTATED", "CALL")
    for gene, patient, mutated, call in kept.iter_rows():
        own = words.get((gene, patient), [])
        kinds[gene, patient] = None if mutated is None else kind_of_class(own or ["Unknown"]) if mutated else ""
        calls[gene, patient] = call or 0
    matrix = np.array([[bool(kinds[g, p]) or abs(calls[g, p]) >= 2 for p in patients] for g in shown], dtype=bool)
    order = [patients[i] for i in order_patients(matrix)] if shown else []
    best = dict(best_responses(trial.datasets).iter_rows())
    return Oncoprint(
        patients=order,
        genes=shown,
        kinds=[[kinds[gene, patient] for patient in order] for gene in shown],
        calls=[[calls[gene, patient] for patient in order] for gene in shown],
        tracks=[track_of(*track, order) for track in _tracks(trial, lookup, assay)],
        responses=[best.get(patient) for patient in order] if any(p in best for p in order) else [],
    )


def _tracks(trial: Trial, lookup: Lookup, assay: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Burden, and the markers that the protocol names."""
    section = trial.protocol.assay[assay]
    named = section.oncoprint_markers if isinstance(section, MutationAssay) else ()
    markers = trial.protocol.biomarker
    burden = [name for name, m in markers.items() if m.assay == assay and m.measure.lower() in _BURDEN][:1]
    adbm = _mine(trial, lookup, "adbm")
    for name in dict.fromkeys([*burden, *named]):
        marker = markers[name]
        rows = adbm.filter((pl.col("PARAMCD") == name) & (pl.col("ANL01FL") == "Y") & pl.col("AVAL").is_not_null())
        rows = rows.filter(pl.col("AVISIT").str.to_lowercase() == marker.timepoint.lower())
        label = f"{marker.label or name}" + (f"\n({marker.unit})" if marker.unit else "")
        yield label, dict(rows.select("USUBJID", "AVAL").iter_rows())
    if not burden:
        counts = _mine(trial, lookup, "advar").filter((pl.col("ASSAY") == assay) & (pl.col("BURDENFL") == "Y"))
        found = dict.fromkeys(_mine(trial, lookup, "adgene").filter(pl.col("ASSAY") == assay)["USUBJID"].unique(), 0.0)
        yield "Mutations", found | dict(counts.group_by("USUBJID").agg(pl.len().cast(pl.Float64)).iter_rows())


def oncoprints(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw an oncoprint of each sequencing assay.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        None where the protocol has no such assay.
    """
    for name, section in trial.protocol.assay.items():
        if not isinstance(section, MutationAssay) or "adgene" not in trial.datasets:
            continue
        data = oncoprint_data(trial, lookup, name)
        shares = [
            f"{gene} {sum(bool(k) or abs(c) >= 2 for k, c in zip(kinds, calls, strict=True))}"
            for gene, kinds, calls in zip(data.genes, data.kinds, data.calls, strict=True)
        ]
        label = section.label or name
        notes = [
            f"{label}; {len(data.patients)} sequenced patients, one column each. Per cent: altered of those in whom the gene "
            "was profiled. Bars in the middle of a cell: mutations; whole cells: copy number.",
            *(["Triangles: bars cut off. Crosses: not known."] if any(None in t.values for t in data.tracks) else []),
        ]
        yield make_picture(
            trial,
            draw_oncoprint(data),
            name=f"oncoprint_{file_name(name)}",
            section="biomarkers",
            title=f"Altered genes, {label}" if section.label else "Altered genes",
            notes=notes,
            alt=f"Oncoprint of {len(data.patients)} patients. Altered: {', '.join(shares)}.",
            group=lookup.group,
            sources=["adgene MUTATED CALL", "advar CLASS", "adbm AVAL", "adrs BOR"],
        )


def lollipops(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the protein changes of the genes that the protocol names.

    Parameters
    ----------
    trial : Trial
        Datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each gene.
    """
    for name, section in trial.protocol.assay.items():
        genes = section.lollipop if isinstance(section, MutationAssay) else ()
        for gene in genes if "advar" in trial.datasets else ():
            rows = _mine(trial, lookup, "advar").filter(
                (pl.col("ASSAY") == name) & (pl.col("GENE").cast(pl.String) == gene) & (pl.col("GENEFL") == "Y")
            )
            counts = rows.select("USUBJID", "PROTEIN", pl.col("CLASS").cast(pl.String)).unique()
            counts = (
                counts.group_by("PROTEIN", "CLASS")
                .agg(pl.len().alias("N"))
                .sort(["N", "PROTEIN"], descending=[True, False])
            )
            placed = [(codon_of(text), text, word, n) for text, word, n in counts.iter_rows()]
            changes = [
                Change(codon, str(text).removeprefix("p."), kind_of_class([word]), n)
                for codon, text, word, n in placed
                if codon
            ]
            lost = sum(n for codon, _, _, n in placed if not codon)
            notes = [
                f"{rows['USUBJID'].n_unique()} patients with a mutation of {gene}; the commonest changes are named."
            ]
            notes += [f"{lost} changes tell no codon and are not drawn."] if lost else []
            yield make_picture(
                trial,
                draw_lollipop(gene, changes),
                name=f"lollipop_{file_name(name)}_{file_name(gene)}",
                section="biomarkers",
                title=f"Changes of the protein of {gene}",
                notes=notes,
                alt=f"Lollipop plot of {gene}: " + ", ".join(f"{c.label} in {c.patients}" for c in changes[:12]) + ".",
                group=lookup.group,
                sources=["advar PROTEIN CLASS"],
            )


def signature_curves(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the curves of patients with and without each signature.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each signature and time.
    """
    rows = subgroup_rows(trial.results.filter(pl.col("analysis") == "signature_curve"), lookup.group)
    for key in rows["paramcd"].unique(maintain_order=True).to_list():
        name, target = str(key).split(" · ", 1)
        plan = trial.protocol.signature[name]
        block = lookup.block("signature", name)
        data = curves_data(rows.filter(pl.col("paramcd") == key))
        lines = _heading(trial, block, target)
        label = endpoint_label(trial.protocol, target)
        yield make_picture(
            trial,
            draw_curves(
                data,
                y_label=curve_label(trial.protocol, target),
                x_label=f"Time since {start_label(trial.protocol, target)} (months)",
                heading=lines,
                size=trial.size,
            ),
            name=f"signature_{file_name(name)}_{file_name(target)}",
            section="biomarkers",
            title=f"{label} by {plan.label or name}",
            notes=[
                f"Positive: {plan.composite}. Ticks: censored. The adjusted P counts every composite of this form.",
                *method_footnotes(m for m in block.methods() if "bootstrap" not in m),
            ],
            alt=f"Kaplan-Meier curves of {label.lower()} by signature. {'; '.join(lines)}.",
            group=lookup.group,
            sources=[f"signature_curve {key}", f"signature {name}"],
        )


def _heading(trial: Trial, block: Block, target: str) -> list[str]:
    printer = trial.printer
    lines = []
    for level in ("positive", "negative"):
        median, n, events = (block.stat(s, target, level) for s in ("median", "n", "events"))
        when = "not reached" if median.value is None else f"{printer.months(median.value)} months"
        lines.append(f"{level}: median {when}; {printer.number(events.value)} of {printer.number(n.value)} with event")
    found = [block.stat(s, target).value for s in ("hazard_ratio", "conf_low", "conf_high")]
    if found[0] is not None:
        texts = [printer.number(value, 2) for value in found]
        lines.append(f"Hazard ratio {texts[0]} ({printer.coverage()} {printer.interval(texts[1], texts[2])})")
    p, honest = block.stat("p_log_rank", target), block.stat("p_max_t", f"{target}, search", "signature")
    tests = [say_p_value("log-rank P", p.value)] if p.value is not None else []
    tests += [say_p_value("adjusted for the search P", honest.value)] if honest.value is not None else []
    text = ", ".join(tests)
    return [*lines, text[:1].upper() + text[1:]] if text else lines
