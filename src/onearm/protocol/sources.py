"""``[source]``: where the records lie, and how one row per patient is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from onearm.protocol.base import Name, Section

__all__ = [
    "BestResponseColumn",
    "DateColumns",
    "FlagColumn",
    "PatientSource",
    "SizeSource",
    "SourceSection",
    "TimeColumns",
    "gather_endpoint_columns",
]

Value = str | int | float | bool


class BestResponseColumn(Section):
    """A column of best overall responses and what its values mean."""

    column: Name
    values: Annotated[dict[str, str], Field(min_length=1)]
    """From the value in the file to the term ``CR PR SD PD NE``; a value that is not listed is a finding."""
    confirmed: bool = True
    """Whether these responses are confirmed ones."""


class TimeColumns(Section):
    """Columns of a time and its status."""

    time: Name
    unit: Literal["days", "weeks", "months", "years"]
    status: Name
    event: Value | tuple[Value, ...]
    """Value or values of the status that mean that the event happened. Always stated, as real files reverse it."""
    censored: Value | tuple[Value, ...] | None = None
    """The value or values that mean censored; any other value is then a finding. Missing: every other value."""


class FlagColumn(Section):
    """A column that says whether a patient is a success of a rate, where the file does not tell which response it was."""

    column: Name
    yes: Value | tuple[Value, ...]
    no: Value | tuple[Value, ...]
    """Any further value is a finding."""


class DateColumns(Section):
    """Columns of dates, from which the times are derived as they are from domains."""

    birth: str | None = None
    consent: str | None = None
    enrolled: str | None = None
    first_dose: str | None = None
    last_dose: str | None = None
    response: str | None = None
    progression: str | None = None
    death: str | None = None
    last_assessment: str | None = None
    last_contact: str | None = None
    new_anticancer_therapy: str | None = None


class PatientSource(Section):
    """``[source.patients]``: the spreadsheet with one row per patient."""

    file: Name
    sheet: str | None = None
    subject: str | None = None
    """Column that identifies the patient; the number of the row where missing."""
    best_response: BestResponseColumn | None = None
    dates: DateColumns | None = None
    date_format: str | None = None
    """``strptime`` format of the dates, such as ``%m/%d/%Y``; ISO 8601 where missing."""
    missing: tuple[str, ...] = ()
    """Texts that mean missing, besides an empty cell and ``NA``."""
    times: dict[str, TimeColumns] = Field(default_factory=dict)
    """Times as they stand, by endpoint; typed as ``PFS = { time = …, unit = …, status = …, event = … }``."""
    flags: dict[str, FlagColumn] = Field(default_factory=dict)
    """Successes of a rate as they stand, by endpoint; typed as ``ORR = { column = …, yes = …, no = … }``."""
    covariates: tuple[Name, ...] = ()
    """Columns kept for baseline tables and subgroups, under their own names in upper case."""
    cohort: str | None = None
    """Column that holds the cohort."""


class SizeSource(Section):
    """``[source.sizes]``: repeated tumour sizes of the same patients, one row per assessment."""

    file: Name
    sheet: str | None = None
    subject: Name
    time: Name
    unit: Literal["days", "weeks", "months"]
    change_percent: str | None = None
    """Column of percent changes from baseline."""
    diameter_mm: str | None = None
    """Column of diameters or of their sum; the row at the earliest time is the baseline."""


class SourceSection(Section):
    """``[source]``: files that are not found by their name, and the shapes that are not domains."""

    files: dict[str, str] = Field(default_factory=dict)
    """Domain to file, relative to the trial folder or its ``data``; every other file there is found by its name."""
    pending_assays: tuple[Name, ...] = ()
    """Assays whose files may not be there yet: then a finding says so, and everything else is done without them."""
    patients: PatientSource | None = None
    sizes: SizeSource | None = None


def gather_endpoint_columns(section: Mapping[str, Any]) -> dict[str, Any]:
    """
    Sort the columns that stand under the name of an endpoint into times and flags.

    Parameters
    ----------
    section : mapping
        ``[source.patients]`` as typed.

    Returns
    -------
    dict
        The same, with every table that is no key of `PatientSource` moved to ``times`` (it names a time) or ``flags``.

    Examples
    --------
    >>> gather_endpoint_columns({"file": "a.csv", "ORR": {"column": "orr", "yes": 1, "no": 0}})
    {'file': 'a.csv', 'flags': {'ORR': {'column': 'orr', 'yes': 1, 'no': 0}}}
    """
    gathered: dict[str, Any] = {}
    for name, value in section.items():
        if name in PatientSource.model_fields or not isinstance(value, dict):
            gathered[name] = value
        else:
            kind = "times" if "time" in value else "flags"
            gathered[kind] = {**gathered.get(kind, {}), name: value}
    return gathered
