"""DM, DS and SS: who was screened, what became of them, and when they were known to be alive."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions
from onearm.simulation.course import FAR
from onearm.simulation.history import Exit, History, Stop
from onearm.simulation.phases import last_days, phase_starts
from onearm.simulation.randomness import Bools, Ints, draw_levels
from onearm.simulation.screening import Screening
from onearm.simulation.subjects import Subjects, draw_subjects
from onearm.simulation.tables.characteristics import characteristics, cohort_column, disease_columns
from onearm.simulation.tables.columns import Keys, dates, domain, keys_of, optional_dates, repeated, texts

__all__ = ["dm_table", "ds_table", "ss_table"]

STOPS: Final = (
    None,
    "PROGRESSIVE DISEASE",
    "ADVERSE EVENT",
    "DEATH",
    "WITHDRAWAL BY SUBJECT",
    "WITHDRAWAL BY SUBJECT",
    "COMPLETED",
)
"""DSDECOD by `Stop`, in the terms of CDISC (codelist NCOMPLT)."""

STOP_TERMS: Final = (*STOPS[:4], "WITHDRAWAL OF CONSENT", "REFUSAL OF FURTHER TREATMENT", "COMPLETED")
"""DSTERM by `Stop`."""

EXITS: Final = (None, "DEATH", "WITHDRAWAL BY SUBJECT", "LOST TO FOLLOW-UP")
"""DSDECOD by `Exit`."""


def dm_table(
    rng: np.random.Generator,
    protocol: Protocol,
    assumptions: Assumptions,
    screening: Screening,
    history: History,
    *,
    keys: Keys,
) -> pl.DataFrame:
    """
    Lay out DM.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers for the patients who were not enrolled.
    protocol : Protocol
        Names the arm and the cohorts.
    assumptions : Assumptions
        Columns of baseline characteristics.
    screening : Screening
        The block.
    history : History
        What was observed in the enrolled.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        One row per screened patient, in the order of consent.
    """
    enrolled = screening.is_enrolled
    failed = ~enrolled
    others = draw_subjects(rng, assumptions, int(failed.sum()))
    treated = _enrolled_columns(protocol, assumptions, history, keys)
    screened = _columns(others, keys_of(screening, failed), assumptions)
    arm = {"ARMCD": pl.lit("SCRNFAIL"), "ARM": pl.lit("Screen Failure")}
    screened = screened.with_columns(**arm).with_columns(ACTARMCD="ARMCD", ACTARM="ARM")
    place = np.concatenate([np.flatnonzero(enrolled), np.flatnonzero(failed)])
    both = pl.concat([treated, screened], how="diagonal").gather(np.argsort(place))
    return both.with_columns(
        RFICDTC=dates(screening.consent),
        SITEID=texts(screening.sites, screening.site),
        SUBJID=both["USUBJID"].str.strip_prefix(screening.study + "-"),
        COUNTRY=pl.lit(assumptions.subject.country),
        RACE=pl.lit(assumptions.subject.race),
    ).select(_order(both.columns))


def _order(columns: list[str]) -> list[str]:
    front = ["STUDYID", "DOMAIN", "USUBJID", "SUBJID", "SITEID", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC"]
    front += ["RFICDTC", "RFPENDTC", "DTHDTC", "DTHFL", "AGE", "AGEU", "SEX", "RACE"]
    front += ["ARMCD", "ARM", "ACTARMCD", "ACTARM", "COUNTRY"]
    made = {*columns, "RFICDTC", "SITEID", "SUBJID", "COUNTRY", "RACE"}
    return [name for name in front if name in made] + [name for name in columns if name not in front]


def _columns(subjects: Subjects, keys: Keys, assumptions: Assumptions) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "STUDYID": repeated(keys.study, len(keys.subject)),
        "DOMAIN": repeated("DM", len(keys.subject)),
        "USUBJID": keys.subject,
        "AGE": pl.Series(subjects.age),
        "AGEU": repeated("YEARS", len(keys.subject)),
    }
    return pl.DataFrame({**columns, **characteristics(subjects, assumptions)})


def _enrolled_columns(protocol: Protocol, assumptions: Assumptions, history: History, keys: Keys) -> pl.DataFrame:
    died = history.exit == Exit.DEATH
    start = keys.first_dose
    first = dates(start)
    last = optional_dates(start + history.last_dose, history.stop != Stop.ONGOING)
    drugs = " + ".join(drug.name for drug in protocol.treatment) or "treatment"
    frame = _columns(history.subjects, keys, assumptions).with_columns(
        RFSTDTC=first,
        RFENDTC=last,
        RFXSTDTC=first,
        RFXENDTC=last,
        RFPENDTC=optional_dates(start + history.follow_up_end, history.exit != Exit.ONGOING),
        DTHDTC=optional_dates(start + history.follow_up_end, died),
        DTHFL=texts(("Y", None), np.where(died, 0, 1)),
        ARMCD=pl.lit("TREATED"),
        ARM=pl.lit(drugs),
        **disease_columns(history.subjects, assumptions),
    )
    frame = frame.with_columns(ACTARMCD="ARMCD", ACTARM="ARM")
    later = assumptions.subsequent_therapy
    if later.column:
        regimen = np.where(history.therapy_start < FAR, history.regimen + 1, 0)
        frame = frame.with_columns(texts(["NONE", *later.regimens], regimen).alias(later.column))
    cohort = cohort_column(protocol, assumptions, np.arange(len(died)))
    return frame if cohort is None else frame.with_columns(COHORT=cohort)


def ds_table(
    rng: np.random.Generator,
    protocol: Protocol,
    assumptions: Assumptions,
    screening: Screening,
    history: History,
    *,
    keys: Keys,
) -> pl.DataFrame:
    """
    Lay out DS.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers for the reasons of screening failures.
    protocol : Protocol
        Phases of treatment.
    assumptions : Assumptions
        Those reasons.
    screening : Screening
        The block.
    history : History
        What was observed in the enrolled.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        Milestones, end of screening, treatment and study; none for a treatment or study that goes on. Where treatment has
        phases, also the completion of each, and EPOCH.
    """
    everybody = keys_of(screening, np.ones(len(screening.site), dtype=bool))
    position = np.flatnonzero(screening.is_enrolled)
    failed = np.flatnonzero(~screening.is_enrolled)
    start = keys.first_dose
    reasons = tuple(assumptions.subject.screen_failures)
    why = draw_levels(rng, assumptions.subject.screen_failures, len(failed))
    stopped, left = history.stop != Stop.ONGOING, history.exit != Exit.ONGOING
    milestone, event = "PROTOCOL MILESTONE", "DISPOSITION EVENT"
    parts = [
        _ds(np.arange(len(screening.site)), screening.consent, "INFORMED CONSENT OBTAINED", milestone, None),
        _ds(position, screening.enrolment[position], "ENROLLED", milestone, None),
        _ds(failed, screening.enrolment[failed], "SCREEN FAILURE", event, "SCREENING", term=texts(reasons, why)),
        _ds(
            position[stopped],
            (start + history.treatment_end)[stopped],
            texts(STOPS, history.stop[stopped]),
            event,
            "TREATMENT",
            term=texts(STOP_TERMS, history.stop[stopped]),
            epoch=_last_epochs(protocol, history, stopped),
        ),
        *_completed_phases(protocol, history, position, start),
        _ds(position[left], (start + history.follow_up_end)[left], texts(EXITS, history.exit[left]), event, "STUDY"),
    ]
    rows = pl.concat(parts).sort("row", "DSSTDTC", "part", maintain_order=True)
    if not protocol.phase:
        rows = rows.drop("EPOCH")
    codes = rows["row"].to_numpy()
    return domain(everybody, "DS", codes, {name: rows[name] for name in rows.columns if name not in ("row", "part")})


def _ds(
    rows: Ints,
    day: Ints,
    decoded: str | pl.Series,
    category: str,
    subcategory: str | None,
    *,
    term: pl.Series | None = None,
    epoch: pl.Series | None = None,
) -> pl.DataFrame:
    n = len(rows)
    name = repeated(decoded, n) if isinstance(decoded, str) else decoded
    return pl.DataFrame(
        {
            "row": pl.Series(rows, dtype=pl.Int64),
            # records of one day stand in the order of a patient's way through the trial
            "part": pl.repeat(_ORDER[subcategory or str(decoded)], n, dtype=pl.Int64, eager=True),
            "DSTERM": name if term is None else term,
            "DSDECOD": name,
            "DSCAT": repeated(category, n),
            "DSSCAT": repeated(subcategory, n),
            "EPOCH": repeated(None, n) if epoch is None else epoch,
            "DSSTDTC": dates(day),
        }
    )


def _last_epochs(protocol: Protocol, history: History, stopped: Bools) -> pl.Series | None:
    """EPOCH of the phase in which treatment ended."""
    if not protocol.phase:
        return None
    begun = (phase_starts(protocol, history) < FAR).sum(axis=1)
    return texts([phase.epoch for phase in protocol.phase], begun[stopped])


def _completed_phases(protocol: Protocol, history: History, position: Ints, start: Ints) -> list[pl.DataFrame]:
    """A phase is completed on the day of its last dose once the next one was begun."""
    if not protocol.phase:
        return []
    starts = phase_starts(protocol, history)
    last = last_days(history.doses, starts)
    parts = []
    for number, phase in enumerate(protocol.phase[:-1]):
        done = np.flatnonzero((starts[:, number] < FAR) & (last[:, number] >= 0))
        epoch = repeated(phase.epoch, len(done))
        days = (start + last[:, number])[done]
        parts.append(_ds(position[done], days, "COMPLETED", "DISPOSITION EVENT", "TREATMENT", epoch=epoch))
    return parts


_ORDER: Final = {"INFORMED CONSENT OBTAINED": 0, "ENROLLED": 1, "SCREENING": 2, "TREATMENT": 3, "STUDY": 4}


def ss_table(rng: np.random.Generator, assumptions: Assumptions, history: History, keys: Keys) -> pl.DataFrame:
    """
    Lay out SS, the survival status at every contact.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers for the last contact before the cut-off.
    assumptions : Assumptions
        How often patients are contacted.
    history : History
        What was observed.
    keys : Keys
        Identifiers of the enrolled.

    Returns
    -------
    polars.DataFrame
        Contacts at fixed distances after the end of treatment, one shortly before the cut-off, and death.
    """
    model = assumptions.follow_up
    n = len(history.stop)
    last = rng.integers(0, model.last_contact_within_days, n, endpoint=True)
    sweep = np.where(history.exit == Exit.ONGOING, np.maximum(history.horizon - last, 0), FAR)
    death = np.where(history.exit == Exit.DEATH, history.follow_up_end, FAR)
    most = int(history.horizon.max(initial=0)) // model.contact_every_days + 1
    regular = history.treatment_end[:, None] + model.contact_every_days * np.arange(1, most + 1)
    end = np.where(history.exit == Exit.ONGOING, sweep, history.follow_up_end)
    is_due = (history.stop != Stop.ONGOING)[:, None] & _before_end(regular, end, history.exit)
    day = np.column_stack([np.where(is_due, regular, FAR), sweep, death])
    row, contact = np.nonzero(day < FAR)
    status = texts(("ALIVE", "DEAD"), np.where(contact == day.shape[1] - 1, 1, 0))
    return domain(
        keys,
        "SS",
        row,
        {
            "SSTESTCD": "SURVSTAT",
            "SSTEST": "Survival Status",
            "SSORRES": status,
            "SSSTRESC": status,
            "SSDTC": dates(keys.first_dose[row] + day[row, contact]),
        },
    )


def _before_end(day: Ints, end: Ints, reason: Ints) -> Bools:
    """The contact that a lost patient was last heard of at counts; on the day of death or cut-off there is no other."""
    is_before: Bools = np.where((reason == Exit.LOST)[:, None], day <= end[:, None], day < end[:, None])
    return is_before
