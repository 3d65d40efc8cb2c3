"""From reconstructed patients to source tables, named as in CDISC SDTMIG 3.4; one function for each domain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from onearm.protocol import Protocol
from onearm.reconstruction.laboratory import BATTERY, Battery, lab_values
from onearm.reconstruction.lesions import diameter_at
from onearm.reconstruction.patients import Lesion, Patient, Scan

__all__ = ["Keyed", "event_rows", "source_tables"]

Row = dict[str, Any]
_SUBSEQUENT: Final = "SUBSEQUENT ANTI-CANCER THERAPY"
_METHOD: Final = "CT SCAN"
_OTHER_ORGANS: Final = ("BONE", "ADRENAL GLAND", "BRAIN", "PLEURA", "SKIN")
"""Where new lesions appear when there are more of them than organs with lesions."""
_KEEP_TEXT: Final = ("USUBJID", "SUBJID", "SITEID", "AETOXGR")


@dataclass(frozen=True)
class Keyed:
    """
    A patient with identifiers.

    Parameters
    ----------
    study, subject, site : str
        STUDYID, USUBJID and SITEID.
    consent : date
        Day of consent.
    patient : Patient or None
        None for a patient who was screened and not enrolled.
    failure : str
        Why not.
    """

    study: str
    subject: str
    site: str
    consent: dt.date
    patient: Patient | None = None
    failure: str = ""

    def date(self, day: int) -> str:
        """
        Write a day as ISO 8601.

        Parameters
        ----------
        day : int
            Days from the first dose.

        Returns
        -------
        str
            Such as ``2022-03-01``.
        """
        assert self.patient is not None
        return (self.patient.start + dt.timedelta(days=day)).isoformat()


def source_tables(keyed: Sequence[Keyed], protocol: Protocol, *, country: str, race: str) -> dict[str, pl.DataFrame]:
    """
    Lay out all domains of a reconstructed trial.

    Parameters
    ----------
    keyed : sequence of Keyed
        Everybody who was screened, in the order of consent.
    protocol : Protocol
        Drugs, assessor, cut-off.
    country, race : str
        Of all patients.

    Returns
    -------
    dict of str to polars.DataFrame
        ``dm ex tu tr ae ds cm ss lb``, and ``dv`` where there are deviations; no table says what the response was.
    """
    enrolled = [one for one in keyed if one.patient is not None]
    rows = {
        "dm": [_dm(one, protocol, country, race) for one in keyed],
        "ds": [row for one in keyed for row in _ds(one)],
        "ex": [row for one in enrolled for row in _ex(one, protocol)],
        "tu": [row for one in enrolled for row in _tu(one, protocol)],
        "tr": [row for one in enrolled for row in _tr(one, protocol)],
        "ae": [row for one in enrolled for row in event_rows(one, protocol)],
        "cm": [row for one in enrolled for row in _cm(one)],
        "ss": [row for one in enrolled for row in _ss(one)],
        "lb": [row for one in enrolled if one.patient and one.patient.doses for row in _lb(one)],
        "dv": [row for one in enrolled for row in _dv(one)],
    }
    return {name: _table(name, table) for name, table in rows.items() if table}


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if name == "dm":
        return frame
    code = name.upper()
    number = pl.int_range(1, pl.len() + 1).over("USUBJID").alias(f"{code}SEQ")
    frame = frame.with_columns(DOMAIN=pl.lit(code)).with_columns(number)
    front = ["STUDYID", "DOMAIN", "USUBJID", f"{code}SEQ"]
    return frame.select(*front, *(column for column in frame.columns if column not in front))


def _head(one: Keyed) -> Row:
    return {"STUDYID": one.study, "USUBJID": one.subject}


def _dm(one: Keyed, protocol: Protocol, country: str, race: str) -> Row:
    arm = " + ".join(drug.name for drug in protocol.treatment) or "treatment"
    row: Row = {"STUDYID": one.study, "DOMAIN": "DM", "USUBJID": one.subject}
    row |= {"SUBJID": one.subject.removeprefix(f"{one.study}-"), "SITEID": one.site}
    row |= dict.fromkeys(("RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC"))
    row |= {"RFICDTC": one.consent.isoformat(), "RFPENDTC": None, "DTHDTC": None, "DTHFL": None, "AGEU": "YEARS"}
    row |= {"RACE": race, "COUNTRY": country}
    patient = one.patient
    if patient is None:
        return (
            row | dict.fromkeys(("ARMCD", "ACTARMCD"), "SCRNFAIL") | dict.fromkeys(("ARM", "ACTARM"), "Screen Failure")
        )
    last_dose = None if patient.stop_day is None else max((dose.end for dose in patient.doses), default=0)
    end = None if last_dose is None or not patient.doses else one.date(last_dose)
    first = one.date(0) if patient.doses else None
    row |= {"RFSTDTC": one.date(0), "RFXSTDTC": first, "RFENDTC": end, "RFXENDTC": end}
    if patient.is_dead:
        row |= {"DTHDTC": one.date(patient.last_seen), "DTHFL": "Y", "RFPENDTC": one.date(patient.last_seen)}
    row |= dict.fromkeys(("ARMCD", "ACTARMCD"), "TREATED") | dict.fromkeys(("ARM", "ACTARM"), arm)
    if patient.cohort:
        row["COHORT"] = patient.cohort
    return row | dict(patient.columns)


def _ds(one: Keyed) -> Iterator[Row]:
    def record(term: str, decoded: str, category: str, part: str | None, date: str) -> Row:
        return _head(one) | {
            "DSTERM": term, "DSDECOD": decoded, "DSCAT": category, "DSSCAT": part, "DSSTDTC": date,
        }  # fmt: skip

    milestone, event = "PROTOCOL MILESTONE", "DISPOSITION EVENT"
    consent = "INFORMED CONSENT OBTAINED"
    yield record(consent, consent, milestone, None, one.consent.isoformat())
    patient = one.patient
    if patient is None:
        later = (one.consent + dt.timedelta(days=5)).isoformat()
        yield record(one.failure, "SCREEN FAILURE", event, "SCREENING", later)
        return
    yield record("ENROLLED", "ENROLLED", milestone, None, patient.start.isoformat())
    for end in patient.phases:
        yield record(end.reason, end.reason, event, "TREATMENT", one.date(end.day)) | {"EPOCH": end.epoch}
    if patient.stop_day is not None and patient.doses and not patient.phases:
        yield record(patient.stop_reason, patient.stop_reason, event, "TREATMENT", one.date(patient.stop_day))
    if patient.is_dead:
        yield record("DEATH", "DEATH", event, "STUDY", one.date(patient.last_seen))


def _ex(one: Keyed, protocol: Protocol) -> Iterator[Row]:
    assert one.patient is not None
    drugs = {drug.name: drug for drug in protocol.treatment}
    for dose in one.patient.doses:
        drug = drugs[dose.drug]
        yield _head(one) | {
            "EXTRT": dose.drug,
            "EXDOSE": float(drug.dose_levels[dose.level]),
            "EXDOSU": drug.unit,
            "EXADJ": dose.reason or None,
            **({"EPOCH": dose.epoch} if dose.epoch else {}),
            "EXSTDTC": one.date(dose.start),
            "EXENDTC": one.date(dose.end),
        }


def _all_scans(patient: Patient) -> list[Scan]:
    return [Scan(-5, 1.0), *patient.scans]


def _visit(day: int) -> str:
    return "SCREENING" if day <= 0 else f"DAY {day + 1}"


def _tu(one: Keyed, protocol: Protocol) -> Iterator[Row]:
    assert one.patient is not None
    found = [("TARGET" if lesion.is_target else "NON-TARGET", lesion, -5) for lesion in one.patient.lesions]
    found += [
        ("NEW", lesion, scan.day)
        for scan in one.patient.scans
        if scan.finding == "new"
        for lesion in _new_lesions(one.patient, scan)
    ]
    for group, lesion, day in found:
        yield _head(one) | {
            "TUTESTCD": "TUMIDENT",
            "TUTEST": "Tumor Identification",
            "TUORRES": group,
            "TUSTRESC": group,
            "TULOC": lesion.organ,
            "TUMETHOD": _METHOD,
            "TULNKID": lesion.name,
            "TUEVAL": protocol.tumour.assessor,
            "VISITNUM": max(1, day + 1),
            "VISIT": _visit(day),
            "TUDTC": one.date(day),
        }


def _new_lesions(patient: Patient, scan: Scan) -> list[Lesion]:
    """One in each of as many organs as the scan says, those with lesions already before others."""
    known = sorted({lesion.organ for lesion in patient.lesions})
    first = scan.day % len(known)
    organs = [*known[first:], *known[:first], *(organ for organ in _OTHER_ORGANS if organ not in known)]
    return [Lesion(f"NEW{number:02d}", organ) for number, organ in enumerate(organs[: scan.new_sites], start=1)]


def _tr(one: Keyed, protocol: Protocol) -> Iterator[Row]:
    assert one.patient is not None
    for scan in _all_scans(one.patient):
        seen: list[tuple[str, str, str | float]] = []
        for lesion in one.patient.lesions:
            if lesion.is_target:
                size = lesion.diameter if scan.day <= 0 else diameter_at(lesion, scan.size)
                seen.append((lesion.name, "LPERP" if lesion.is_node else "LDIAM", size))
            else:
                seen.append((lesion.name, "TUMSTATE", _state(scan)))
        if scan.finding == "new":
            seen += [(lesion.name, "TUMSTATE", "PRESENT") for lesion in _new_lesions(one.patient, scan)]
        for name, test, result in seen:
            yield (
                _head(one)
                | _measured(name, test, result)
                | {
                    "TREVAL": protocol.tumour.assessor,
                    "VISITNUM": max(1, scan.day + 1),
                    "VISIT": _visit(scan.day),
                    "TRDTC": one.date(scan.day),
                }
            )


_TESTS: Final = {"LDIAM": "Longest Diameter", "LPERP": "Longest Perpendicular", "TUMSTATE": "Tumor State"}


def _measured(name: str, test: str, result: str | float) -> Row:
    group = "NEW" if name.startswith("NEW") else "NON-TARGET" if name.startswith("NT") else "TARGET"
    text = result if isinstance(result, str) else f"{result:.1f}"
    unit = None if isinstance(result, str) else "mm"
    return {
        "TRGRPID": group,
        "TRLNKID": name,
        "TRTESTCD": test,
        "TRTEST": _TESTS[test],
        "TRORRES": text,
        "TRORRESU": unit,
        "TRSTRESC": text,
        "TRSTRESN": None if isinstance(result, str) else result,
        "TRSTRESU": unit,
        "TRMETHOD": _METHOD,
    }


def _state(scan: Scan) -> str:
    if scan.finding == "non-target":
        return "UNEQUIVOCAL PROGRESSION"
    return "ABSENT" if scan.size == 0.0 else "PRESENT"


def event_rows(one: Keyed, protocol: Protocol) -> Iterator[Row]:
    """
    Lay out the adverse events of a patient.

    Parameters
    ----------
    one : Keyed
        An enrolled patient.
    protocol : Protocol
        ``safety.immune_related_column`` names where the investigator's judgement stands, if anywhere.

    Yields
    ------
    dict
        One record of AE, by day, without a sequence number.
    """
    assert one.patient is not None
    judgement = protocol.safety.immune_related_column
    for event in sorted(one.patient.events, key=lambda event: event.start):
        outcome = (
            "FATAL"
            if event.is_fatal
            else "RECOVERED/RESOLVED"
            if event.end is not None
            else "NOT RECOVERED/NOT RESOLVED"
        )
        yield _head(one) | {
            "AETERM": event.term,
            "AEDECOD": event.term,
            "AETOXGR": str(event.grade),
            "AESER": "Y" if event.is_serious or event.is_fatal else "N",
            "AEREL": "RELATED" if event.drug else "NOT RELATED",
            "AERELTRT": event.drug or None,
            "AEACN": event.action,
            "AEOUT": outcome,
            "AESDTH": "Y" if event.is_fatal else "N",
            "AESTDTC": one.date(event.start),
            "AEENDTC": None if event.end is None else one.date(event.end),
            **({} if judgement is None else {judgement.upper(): "Y" if event.is_immune else "N"}),
        }


def _cm(one: Keyed) -> Iterator[Row]:
    assert one.patient is not None
    for therapy in one.patient.therapies:
        yield _head(one) | {
            "CMTRT": therapy.name,
            "CMDECOD": therapy.name,
            "CMCAT": _SUBSEQUENT,
            "CMINDC": "DISEASE UNDER STUDY",
            "CMSTDTC": one.date(therapy.start),
            "CMENDTC": None,
        }


def _dv(one: Keyed) -> Iterator[Row]:
    assert one.patient is not None
    if one.patient.deviation:
        yield _head(one) | {
            "DVTERM": one.patient.deviation,
            "DVDECOD": one.patient.deviation,
            "DVCAT": "MAJOR",
            "DVSTDTC": one.date(0),
        }


def _ss(one: Keyed) -> Iterator[Row]:
    patient = one.patient
    assert patient is not None
    status = "DEAD" if patient.is_dead else "ALIVE"
    yield _head(one) | {
        "SSTESTCD": "SURVSTAT",
        "SSTEST": "Survival Status",
        "SSORRES": status,
        "SSSTRESC": status,
        "SSDTC": one.date(patient.last_seen),
    }


def _lb(one: Keyed) -> Iterator[Row]:
    assert one.patient is not None
    for day, battery, value in lab_values(one.patient, one.subject, BATTERY):
        yield (
            _head(one)
            | _result(battery, value)
            | {
                "LBBLFL": "Y" if day <= 0 else None,
                "VISITNUM": max(1, day + 1),
                "VISIT": _visit(day),
                "LBDTC": one.date(day),
            }
        )


def _result(battery: Battery, value: float) -> Row:
    text = f"{value:.{battery.digits}f}"
    place = "LOW" if value < battery.low else "HIGH" if value > battery.high else "NORMAL"
    return {
        "LBTESTCD": battery.code,
        "LBTEST": battery.test,
        "LBCAT": battery.category,
        "LBORRES": text,
        "LBORRESU": battery.unit,
        "LBSTRESC": text,
        "LBSTRESN": value,
        "LBSTRESU": battery.unit,
        "LBSTNRLO": battery.low,
        "LBSTNRHI": battery.high,
        "LBNRIND": place,
    }
