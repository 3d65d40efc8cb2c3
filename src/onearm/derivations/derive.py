"""From source tables to datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from onearm.data import Source, concat_findings
from onearm.derivations.adae import derive_adae
from onearm.derivations.adcm import derive_adcm
from onearm.derivations.addv import derive_addv
from onearm.derivations.adex import derive_adex
from onearm.derivations.adhy import derive_adhy
from onearm.derivations.adlb import derive_adlb
from onearm.derivations.adrs import derive_adrs, timepoints
from onearm.derivations.adsl import derive_adsl, flag_sets
from onearm.derivations.adtr import derive_adtr, flag_usable
from onearm.derivations.adtte import derive_adtte
from onearm.derivations.biomarkers import derive_biomarkers
from onearm.derivations.biomarkers.marker_columns import with_marker_columns
from onearm.derivations.consistency import check_consistency
from onearm.derivations.immune import immune_timepoints
from onearm.derivations.lesions import Lesions, read_lesions
from onearm.derivations.phases import derive_adds, with_phase_ends
from onearm.derivations.reader_rows import stack_readers, with_own_readers
from onearm.derivations.readers import Reader, as_read_by, reader_of, readers_of, same_reader
from onearm.derivations.records import Records, date_records
from onearm.derivations.rules import recist_rules
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
        ``adsl adtr adrs adrsr adtte adex adae adlb adhy adcm addv adbm``, ``adds`` where treatment has phases, and those of
        the assays.
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
    subjects = derive_adsl(records, protocol)
    own = Reader(protocol.tumour.assessor, protocol.tumour.reader)
    tracks = {own: _track(records, subjects, protocol)}
    mine = tracks[own]
    found = readers_of(records)
    named = {reader_of(endpoint, protocol) for endpoint in protocol.endpoint.values()} - {own}
    # Several readers are compared; one is not, and need not be derived twice.
    compared = {who: same_reader(who, [own, *sorted(named, key=str)], found) for who in found if len(found) > 1}
    for who in sorted(named | {who for who, twin in compared.items() if twin is None}, key=str):
        tracks[who] = _track(records, subjects, as_read_by(protocol, who))
    adrs = with_own_readers(mine.adrs, {who: track.adrs for who, track in tracks.items()}, protocol)
    adsl = flag_sets(mine.adsl, adrs, records, protocol)
    courses = {
        name: Course(tracks[who].adsl, tracks[who].adrs)
        for name, endpoint in protocol.times.items()
        if (who := reader_of(endpoint, protocol)) != own
    }
    adtte = derive_adtte(Course(adsl, adrs), protocol, patients=records.get("patients"), courses=courses)
    adex = derive_adex(records, adsl, protocol)
    every = stack_readers({who: tracks[twin or who].adrs for who, twin in compared.items()})
    datasets = {"adsl": adsl, "adtr": mine.adtr, "adrs": adrs, "adrsr": every, "adtte": adtte, "adex": adex}
    datasets |= {"adae": derive_adae(records, adsl, protocol), "adlb": derive_adlb(records, adsl, protocol)}
    if protocol.phase:
        datasets["adds"] = derive_adds(records, adsl, adex, protocol)
        datasets["adex"] = with_phase_ends(adex, datasets["adds"])
    datasets["adhy"] = derive_adhy(datasets["adlb"], adsl)
    datasets["adcm"] = derive_adcm(records, adsl, protocol)
    datasets["addv"] = derive_addv(datasets, records, protocol)
    biomarkers = derive_biomarkers(source, adsl, adrs, protocol)
    datasets |= biomarkers.datasets
    datasets["adsl"] = with_marker_columns(adsl, datasets, protocol)
    consistency = check_consistency(source, records, datasets, protocol, lesions=mine.lesions)
    safety = check_safety(source, records, datasets, protocol)
    return Derived(datasets, concat_findings([consistency, safety, biomarkers.findings]))


class _Track(NamedTuple):
    """What follows from the assessments of one reader."""

    adsl: pl.DataFrame
    adtr: pl.DataFrame
    adrs: pl.DataFrame
    lesions: Lesions | None


def _track(records: Records, subjects: pl.DataFrame, protocol: Protocol) -> _Track:
    lesions = read_lesions(records, protocol)
    target = None
    if lesions is not None:
        rules = recist_rules(protocol)
        target = target_response(sum_of_diameters(lesions.target, rules), rules)
    adtr = derive_adtr(lesions, target, records.get("sizes"), subjects, protocol)
    adsl = _with_tumour_size(subjects, adtr)
    derived = timepoints(lesions, target, protocol)
    immune = immune_timepoints(lesions, target, protocol)
    adrs = derive_adrs(derived, lesions, records, adsl, protocol, immune=immune)
    return _Track(adsl, flag_usable(adtr, adrs, adsl), adrs, lesions)


def _with_tumour_size(adsl: pl.DataFrame, adtr: pl.DataFrame) -> pl.DataFrame:
    baseline = adtr.filter((pl.col("PARAMCD") == "SUMDIAM") & (pl.col("ABLFL") == "Y")).select("USUBJID", _SIZE="AVAL")
    return (
        adsl.join(baseline, on="USUBJID", how="left", maintain_order="left")
        .with_columns(TUMSIZE=pl.coalesce("_SIZE", "TUMSIZE"))
        .drop("_SIZE")
    )
