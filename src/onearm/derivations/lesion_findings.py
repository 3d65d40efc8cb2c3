"""Findings about the lesions that were chosen, named and measured."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from onearm.data import FindingRule, Findings
from onearm.derivations.lesions import Lesions, of_assessor
from onearm.derivations.records import Records
from onearm.derivations.rules import recist_rules
from onearm.protocol import Protocol
from onearm.rules.recist_lesions import check_target_lesions
from onearm.terms import Severity

__all__ = ["LESION_RULES", "add_lesion_findings"]

_RECIST: Final = "Eisenhauer et al. (2009), Eur J Cancer 45:228-247"

LESION_RULES: Final[Mapping[str, FindingRule]] = MappingProxyType(
    {
        "DERIVE-TARGETS-TOO-MANY": FindingRule(
            Severity.WARNING,
            "there are more than {limit} target lesions at {visit}; all are summed.",
            "Check which lesions are targets, or set tumour.recist.max_targets.",
            f"{_RECIST}, 3.2",
        ),
        "DERIVE-TARGETS-PER-ORGAN": FindingRule(
            Severity.WARNING,
            "there are more than {limit} target lesions in one organ at {visit}; all are summed.",
            "Check which lesions are targets, or set tumour.recist.max_targets_per_organ.",
            f"{_RECIST}, 3.2; lymph nodes are one organ",
        ),
        "DERIVE-TARGET-NOT-MEASURABLE": FindingRule(
            Severity.WARNING,
            "target {lesion} is not measurable at {visit}: below {limit} mm, of a node {node_limit} mm; it is summed as it is.",
            "Check the diameter, or whether the lesion is a target.",
            f"{_RECIST}, 3.1.1",
        ),
        "DERIVE-TARGET-WITHOUT-BASELINE": FindingRule(
            Severity.ERROR,
            "target {lesion} has no diameter at {visit}, the baseline; no target response can be derived.",
            "Add the diameter.",
            f"{_RECIST}, 4.2",
        ),
        "DERIVE-TARGET-AFTER-BASELINE": FindingRule(
            Severity.ERROR,
            "target {lesion} first appears at {visit}, after the baseline; it is not in the sum.",
            "Record it as a new lesion, or correct its identifier.",
            f"{_RECIST}, 4.3.5",
        ),
        "DERIVE-LESION-RENAMED": FindingRule(
            Severity.WARNING,
            "target {lesion} first appears at {visit} in an organ in which another target is not recorded any more: the "
            "identifier may have changed. The two are taken as different lesions.",
            "Give a lesion one identifier at all visits.",
            "CDISC SDTMIG 3.4, TULNKID: one identifier over the course of the study",
        ),
        "DERIVE-LESION-TWO-PLACES": FindingRule(
            Severity.ERROR,
            "lesion {lesion} is recorded in more than one place or as more than one kind; the first record is used.",
            "Give each lesion its own identifier.",
            "CDISC SDTMIG 3.4, TULNKID: one identifier over the course of the study",
        ),
        "DERIVE-TARGET-STATE": FindingRule(
            Severity.ERROR,
            "target {lesion} has a diameter at {visit} and is said not to have been measured; it is taken as not measured.",
            "Remove the one or the other.",
            f"{_RECIST}, 4.3.2",
        ),
        "DERIVE-DIAMETER-UNIT": FindingRule(
            Severity.WARNING,
            "all diameters at {visit} are about a tenth of those at baseline: they may be in cm. They are used as they are.",
            "Correct the diameters or their unit.",
            "a unit that changes from visit to visit",
        ),
    }
)
_NAMES: Final = {
    "RECIST1.1-CHECK-TARGETS": "DERIVE-TARGETS-TOO-MANY",
    "RECIST1.1-CHECK-ORGAN": "DERIVE-TARGETS-PER-ORGAN",
    "RECIST1.1-CHECK-MEASURABLE": "DERIVE-TARGET-NOT-MEASURABLE",
    "RECIST1.1-CHECK-BASELINE": "DERIVE-TARGET-WITHOUT-BASELINE",
    "RECIST1.1-CHECK-NO-BASELINE": "DERIVE-TARGET-AFTER-BASELINE",
    "RECIST1.1-CHECK-STATE": "DERIVE-TARGET-STATE",
    "RECIST1.1-CHECK-UNIT": "DERIVE-DIAMETER-UNIT",
}
"""The checks of `onearm.rules.recist_lesions`. A negative diameter is found in reading, and a lesion is a node or not by its
one place, so those two checks have nothing left to find."""


def add_lesion_findings(
    findings: Findings, lesions: Lesions | None, records: Records, protocol: Protocol, files: Mapping[str, str]
) -> None:
    """
    Add what RECIST 1.1 would not allow of the targets, and identifiers that do not stay with their lesion.

    Parameters
    ----------
    findings : Findings
        To which they are added.
    lesions : Lesions or None
        Lesions of the assessor.
    records : Records
        With ``tu``.
    protocol : Protocol
        The limits.
    files : mapping of str to str
        Names of the files by domain.
    """
    if lesions is None:
        return
    rules = recist_rules(protocol)
    targets = lesions.target.with_columns(organ=pl.col("location").str.to_uppercase())
    found = check_target_lesions(targets, rules).with_columns(
        pl.col("rule").replace_strict(_NAMES, default=None, return_dtype=pl.String)
    )
    limits: dict[str, dict[str, Any]] = {
        "DERIVE-TARGETS-TOO-MANY": {"limit": rules.max_targets},
        "DERIVE-TARGETS-PER-ORGAN": {"limit": rules.max_targets_per_organ},
        "DERIVE-TARGET-NOT-MEASURABLE": {
            "limit": f"{rules.measurable_mm:g}",
            "node_limit": f"{rules.measurable_node_mm:g}",
        },
    }
    renamed = _renamed(targets)
    columns = ["subject", "visit", "lesion", "rule"]
    rows = pl.concat([found.drop_nulls("rule").select(columns), renamed.select(columns)])
    rows = rows.join(lesions.visits, on=["subject", "visit"], how="left", maintain_order="left").with_columns(
        USUBJID="subject",
        SRCROW=pl.lit(None, dtype=pl.Int64),
        name=pl.coalesce("name", pl.format("visit {}", pl.col("visit"))),
    )
    for (rule, name, lesion), part in rows.group_by("rule", "name", "lesion", maintain_order=True):
        facts = limits.get(str(rule), {})
        findings.add_rows(str(rule), part, domain="tr", file=files.get("tr"), visit=name, lesion=lesion, **facts)
    _two_places(findings, records, protocol, files)


def _renamed(targets: pl.DataFrame) -> pl.DataFrame:
    """Targets that begin after the baseline, in an organ where one of the baseline has ended before."""
    first_visit = targets.group_by("subject").agg(baseline=pl.col("day").min())
    course = (
        targets.filter(pl.col("parent").is_null())
        .group_by("subject", "lesion", "organ")
        .agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"), pl.col("visit").min())
        .join(first_visit, on="subject")
    )
    begun = course.filter((pl.col("first") > pl.col("baseline")) & pl.col("organ").is_not_null())
    old = course.filter(pl.col("first") == pl.col("baseline")).select("subject", "organ", ended="last")
    pairs = begun.join(old, on=["subject", "organ"], how="inner").filter(pl.col("ended") < pl.col("first"))
    return (
        pairs.unique(["subject", "lesion"], keep="first")
        .sort("subject", "lesion")
        .with_columns(rule=pl.lit("DERIVE-LESION-RENAMED"))
    )


def _two_places(findings: Findings, records: Records, protocol: Protocol, files: Mapping[str, str]) -> None:
    """Identifiers of TU with several places, or several kinds."""
    tu = records.get("tu")
    if tu is None or "TULNKID" not in tu.columns:
        return
    mine = of_assessor(tu, "TU", protocol).filter(pl.col("TULNKID").is_not_null())
    if "TUSTRESC" in mine.columns:
        # a new lesion may be equivocal first and unequivocal later
        mine = mine.with_columns(pl.col("TUSTRESC").str.to_uppercase().str.replace("^NEW.*", "NEW"))
    what = [name for name in ("TULOC", "TULAT", "TUSTRESC") if name in mine.columns]
    if not what:
        return
    several = mine.group_by("USUBJID", "TULNKID", maintain_order=True).agg(
        pl.max_horizontal(*(pl.col(name).drop_nulls().str.to_uppercase().n_unique() for name in what)).alias("n")
    )
    rows = several.filter(pl.col("n") > 1).with_columns(SRCROW=pl.lit(None, dtype=pl.Int64))
    for (lesion,), part in rows.group_by("TULNKID", maintain_order=True):
        findings.add_rows("DERIVE-LESION-TWO-PLACES", part, domain="tu", file=files.get("tu"), lesion=lesion)
