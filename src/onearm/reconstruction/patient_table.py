"""Reconstructed patients as an investigator's spreadsheet: one row per patient, with tumour sizes and events beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from onearm.protocol import Protocol
from onearm.protocol.sources import PatientSource
from onearm.reconstruction.lesions import diameter_at, sum_of
from onearm.reconstruction.patients import Patient, Scan
from onearm.reconstruction.tables import Keyed, event_rows

__all__ = ["patient_tables"]


def patient_tables(keyed: Sequence[Keyed], responses: Sequence[str], protocol: Protocol) -> dict[str, pl.DataFrame]:
    """
    Lay out a retrospective cohort.

    Parameters
    ----------
    keyed : sequence of Keyed
        Everybody who was enrolled.
    responses : sequence of str
        Best response of each, as the chart says: such a table holds no lesion to derive it from.
    protocol : Protocol
        ``[source.patients]`` names the columns.

    Returns
    -------
    dict of str to polars.DataFrame
        The patients, by the name of their file; ``sizes`` where the protocol maps them; ``ae``.
    """
    section = protocol.source.patients
    assert section is not None
    ids = [f"P{number:03d}" for number in range(1, len(keyed) + 1)]
    rows = [_row(one, name, response, section) for one, name, response in zip(keyed, ids, responses, strict=True)]
    tables = {section.file.rpartition(".")[0]: pl.DataFrame(rows, infer_schema_length=None)}
    sizes = protocol.source.sizes
    if sizes is not None:
        changes = [
            {sizes.subject: name, sizes.time: scan.day, sizes.change_percent or "CHANGE": round(_change(one, scan), 1)}
            for one, name in zip(keyed, ids, strict=True)
            for scan in (one.patient.scans if one.patient else ())
        ]
        tables[sizes.file.rpartition(".")[0]] = pl.DataFrame(changes, infer_schema_length=None)
    events = [
        {**row, "USUBJID": name} for one, name in zip(keyed, ids, strict=True) for row in event_rows(one, protocol)
    ]
    if events:
        number = pl.int_range(1, pl.len() + 1).over("USUBJID").alias("AESEQ")
        tables["ae"] = pl.DataFrame(events, infer_schema_length=None).with_columns(number)
    return tables


def _change(one: Keyed, scan: Scan) -> float:
    assert one.patient is not None
    targets = [lesion for lesion in one.patient.lesions if lesion.is_target]
    now = sum(diameter_at(lesion, scan.size) for lesion in targets)
    return 100 * (now / sum_of(one.patient.lesions) - 1)


def _row(one: Keyed, name: str, response: str, section: PatientSource) -> dict[str, Any]:
    patient = one.patient
    assert patient is not None
    row: dict[str, Any] = {section.subject or "PATIENT": name}
    if section.best_response is not None:
        known = {term: value for value, term in section.best_response.values.items()}
        row[section.best_response.column] = known.get(response, response)
    dates = _dates(one, patient)
    for key, column in (section.dates.model_dump() if section.dates else {}).items():
        if column is not None:
            row[column] = dates.get(key)
    columns = {**patient.columns}
    for covariate in section.covariates:
        row[covariate] = columns.get(covariate)
    return row


def _dates(one: Keyed, patient: Patient) -> dict[str, str | None]:
    progressed = patient.progression_day
    last = max((dose.end for dose in patient.doses), default=patient.stop_day)
    if last is None:
        last = patient.last_seen
    return {
        "enrolled": one.date(0),
        "consent": one.consent.isoformat(),
        "first_dose": one.date(0),
        "last_dose": one.date(min(last, patient.last_seen)),
        "response": None if patient.response_day is None else one.date(patient.response_day),
        "progression": None if progressed is None else one.date(progressed),
        "death": one.date(patient.last_seen) if patient.is_dead else None,
        "last_assessment": one.date(patient.scans[-1].day) if patient.scans else None,
        "last_contact": one.date(patient.last_seen),
        "new_anticancer_therapy": one.date(patient.therapies[0].start) if patient.therapies else None,
    }
