"""
What the columns of a file with one row per patient mean.

These are the plain counterparts of the protocol's ``[source.patients]`` and ``[source.sizes]``. What a code means is
always stated, because real files reverse it: the value that means event, the value that means a response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from onearm.data.coerce import MISSING
from onearm.errors import suggest
from onearm.terms import RESPONSES

__all__ = [
    "DATE_NAMES",
    "UNITS",
    "FlagColumn",
    "PatientsMapping",
    "ResponseColumn",
    "SizesMapping",
    "TimeColumn",
    "mapping_problems",
]

UNITS: Final[tuple[str, ...]] = ("days", "weeks", "months", "years")

DATE_NAMES: Final[tuple[str, ...]] = (
    "birth",
    "consent",
    "enrolled",
    "first_dose",
    "last_dose",
    "response",
    "progression",
    "death",
    "last_assessment",
    "last_contact",
    "new_anticancer_therapy",
)
"""What a column of dates may mean; it becomes a column named in upper case with ``_DTC``, such as FIRST_DOSE_DTC."""


@dataclass(frozen=True)
class TimeColumn:
    """
    A time to an event with its status.

    Parameters
    ----------
    time : str
        Column of the time.
    unit : str
        One of `UNITS`.
    status : str
        Column that says whether the event was seen.
    event : tuple of str
        The values of ``status`` that mean event; every other value means censored. ``1``, ``1.0`` and ``01`` are one.
    censored : tuple of str
        If given, the only values that mean censored; any further value is a finding.
    """

    time: str
    unit: str
    status: str
    event: tuple[str, ...]
    censored: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResponseColumn:
    """
    The best overall response.

    Parameters
    ----------
    column : str
        Name in the file.
    values : mapping of str to str
        Value in the file to term of `onearm.terms.RESPONSES`.
    """

    column: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class FlagColumn:
    """
    Yes or no, such as whether a patient responded where the file does not tell complete from partial.

    Parameters
    ----------
    column : str
        Name in the file.
    yes, no : tuple of str
        The values that mean yes and no; any other is a finding.
    """

    column: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True)
class SizesMapping:
    """
    A long table of tumour sizes, one row per patient and time.

    Parameters
    ----------
    file : str
        Relative to the trial folder or its ``data/``.
    subject : str
        Column of the subject.
    time : str
        Column of the time since start of treatment.
    unit : str
        One of `UNITS`.
    percent_change : str or None
        Column of the change from baseline in percent.
    diameter : str or None
        Column of the diameter, or sum of diameters, in mm.
    sheet : str or None
        Sheet of a workbook.
    """

    file: str
    subject: str
    time: str
    unit: str
    percent_change: str | None = None
    diameter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class PatientsMapping:
    """
    How to read a file with one row per patient.

    Parameters
    ----------
    file : str
        Relative to the trial folder or its ``data/``.
    subject : str or None
        Column of the subject; without it, subjects are numbered by their row.
    sheet : str or None
        Sheet of a workbook.
    best_response : ResponseColumn or None
        Becomes BOR.
    times : mapping of str to TimeColumn
        By endpoint; ``PFS`` becomes PFS_TIME, PFS_UNIT and PFS_EVENT.
    dates : mapping of str to str
        Name in `DATE_NAMES` to column; ``first_dose`` becomes FIRST_DOSE_DTC.
    date_format : str or None
        Such as ``%m/%d/%Y``, for files whose dates are not ISO 8601.
    flags : mapping of str to FlagColumn
        Name to column; ``ORR`` becomes ORR_FLAG.
    covariates : tuple of str
        Columns kept under their names in upper case, as numbers where every value is one.
    missing : tuple of str
        Values that mean missing, besides an empty field.
    sizes : SizesMapping or None
        A second file with tumour sizes.
    """

    file: str
    subject: str | None = None
    sheet: str | None = None
    best_response: ResponseColumn | None = None
    times: Mapping[str, TimeColumn] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    flags: Mapping[str, FlagColumn] = field(default_factory=dict)
    covariates: tuple[str, ...] = ()
    missing: tuple[str, ...] = MISSING
    sizes: SizesMapping | None = None

    def files(self) -> tuple[str, ...]:
        """
        Name the files that the mapping reads.

        Returns
        -------
        tuple of str
            The file of patients, and the file of sizes if there is one.
        """
        return (self.file, self.sizes.file) if self.sizes else (self.file,)


def mapping_problems(mapping: PatientsMapping) -> list[str]:
    """
    Say what in a mapping itself cannot be.

    Parameters
    ----------
    mapping : PatientsMapping
        Any mapping.

    Returns
    -------
    list of str
        One sentence for each problem; empty where there is none.

    Examples
    --------
    >>> mapping_problems(PatientsMapping("p.csv", "id", times={"OS": TimeColumn("os", "month", "dead", ("1",))}))
    ["[source.patients] OS: unknown unit 'month'. Did you mean 'months'?"]
    """
    where = "[source.patients]"
    problems = []
    if mapping.best_response is not None:
        problems += [
            f"{where} best_response: unknown response '{term}'.{suggest(term, RESPONSES)}"
            for term in mapping.best_response.values.values()
            if term not in RESPONSES
        ]
    problems += [
        f"{where} dates: unknown name '{n}'.{suggest(n, DATE_NAMES)}" for n in mapping.dates if n not in DATE_NAMES
    ]
    units = {name: column.unit for name, column in mapping.times.items()}
    if mapping.sizes is not None:
        units["sizes"] = mapping.sizes.unit
        if mapping.sizes.percent_change is None and mapping.sizes.diameter is None:
            problems.append("[source.sizes]: neither percent_change nor diameter is named.")
    problems += [f"{where} {n}: unknown unit '{u}'.{suggest(u, UNITS)}" for n, u in units.items() if u not in UNITS]
    problems += [f"{where} {n}: no value means event. Fix: state it." for n, c in mapping.times.items() if not c.event]
    names = [name.upper() for name in mapping.covariates]
    fixed = {"USUBJID", "SRCROW", "BOR"}
    problems += [
        f"{where} covariates: '{name}' becomes a column that exists already. Fix: rename it in the file."
        for name in mapping.covariates
        if name.upper() in fixed or names.count(name.upper()) > 1
    ]
    return problems
