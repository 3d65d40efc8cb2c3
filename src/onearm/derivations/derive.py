"""From source tables to datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from onearm.data import Source, concat_findings
from onearm.derivations.adae import derive_adae
from onearm.derivations.addv import derive_addv
from onearm.derivations.adex import derive_adex
from onearm.derivations.adlb import derive_adlb
from onearm.derivations.adrs import derive_adrs, recist_rules, timepoints
from onearm.derivations.adsl import derive_adsl, flag_sets
from onearm.derivations.adtr import derive_adtr, flag_usable
from onearm.derivations.adtte import derive_adtte
from onearm.derivations.consistency import check_consistency
from onearm.derivations.lesions import read_lesions
from onearm.derivations.records import date_records
from onearm.derivations.safety_checks import check_safety
from onearm.derivations.sources import Course
from onearm.protocol import Protocol
from onearm.rules.recist_target import sum_of_diameters, target_response

__all__ = ["Derived", "derive"]


@dataclass(frozen=True)
class Derived:
    """
    Datasets and what was found while deriving them.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs adtte adex adae adlb addv``.
    findings : polars.DataFrame
        Contradictions between records, beside those that reading found.
    """

    datasets: Mapping[str, pl.DataFrame]
    findings: pl.DataFrame


def derive(source: Source, protocol: Protocol) -> Derived:
    """
    Derive every dataset.

    Parameters
    ----------
    source : Source
        What was read.
    protocol : Protocol
        What was planned.

    Returns
    -------
    Derived
        Datasets and findings; the same input always gives the same output.

    Raises
    ------
    DataError
        For tables that cannot be used as they stand.
    """
    records = date_records(source, protocol)
    adsl = derive_adsl(records, protocol)
    lesions = read_lesions(records, protocol)
    target = None
    if lesions is not None:
        rules = recist_rules(protocol)
        target = target_response(sum_of_diameters(lesions.target, rules), rules)
    adtr = derive_adtr(lesions, target, records.get("sizes"), adsl, protocol)
    adsl = _with_tumour_size(adsl, adtr)
    derived = timepoints(lesions, target, protocol)
    adrs = derive_adrs(derived, lesions, records, adsl, protocol)
    adtr = flag_usable(adtr, adrs, adsl)
    adsl = flag_sets(adsl, adrs, records, protocol)
    adtte = derive_adtte(Course(adsl, adrs), protocol, patients=records.get("patients"))
    adex = derive_adex(records, adsl, protocol)
    adae, adlb = derive_adae(records, adsl, protocol), derive_adlb(records, adsl, protocol)
    datasets = {"adsl": adsl, "adtr": adtr, "adrs": adrs, "adtte": adtte, "adex": adex, "adae": adae, "adlb": adlb}
    datasets["addv"] = derive_addv(datasets, protocol)
    found = [check(source, records, datasets, protocol) for check in (check_consistency, check_safety)]
    return Derived(datasets, concat_findings(found))


def _with_tumour_size(adsl: pl.DataFrame, adtr: pl.DataFrame) -> pl.DataFrame:
    baseline = adtr.filter((pl.col("PARAMCD") == "SUMDIAM") & (pl.col("ABLFL") == "Y")).select("USUBJID", _SIZE="AVAL")
    return (
        adsl.join(baseline, on="USUBJID", how="left", maintain_order="left")
        .with_columns(TUMSIZE=pl.coalesce("_SIZE", "TUMSIZE"))
        .drop("_SIZE")
    )
