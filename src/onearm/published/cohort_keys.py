"""The keys of ``[cohort]`` in reconstruction.toml: what a cohort needs that a paper does not print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from onearm.errors import suggest

__all__ = ["COHORT_KEYS", "CohortKey", "cohort_problems"]


class CohortKey(NamedTuple):
    """
    A key of ``[cohort]``.

    Attributes
    ----------
    kind : type
        Of its value, as TOML reads it.
    says : str
        What it says.
    is_required : bool
        Whether every cohort needs it.
    """

    kind: type
    says: str
    is_required: bool = False


COHORT_KEYS: Final[Mapping[str, CohortKey]] = {
    "n": CohortKey(int, "patients in the analyses of efficacy", is_required=True),
    "first_start": CohortKey(dt.date, "day on which the first patient started", is_required=True),
    "last_start": CohortKey(dt.date, "day on which the last patient started", is_required=True),
    "cutoff": CohortKey(dt.date, "end of observation, where the protocol names no cut-off; two years after the last start"),
    "name": CohortKey(str, "name of the cohort in the protocol, where it has several"),
    "search": CohortKey(dict, "`seed steps tries faults` with which `--solve` finds the patients that ship"),
    "left_open": CohortKey(list, "statements, or patterns of them, that are compared and not looked for"),
    "n_safety": CohortKey(int, "patients in the table of adverse events; `n` by default"),
    "screened": CohortKey(int, "patients screened, where the flow does not say it"),
    "ongoing": CohortKey(int, "patients on treatment at the end, where the flow does not say it"),
    "seek_ongoing": CohortKey(bool, "whether the search sees to as many patients alive without progression as are on treatment"),
    "responses": CohortKey(dict, "patients by best response, where no table counts them"),
    "margins": CohortKey(dict, "patients by level of a characteristic, where no table counts them"),
    "cross": CohortKey(list, "`among` levels of several characteristics, `count` patients"),
    "measures": CohortKey(dict, "`lowest highest decimals` of a measured characteristic"),
    "joined": CohortKey(dict, "column that lists several categories: the characteristic that stands for each"),
    "adjusted": CohortKey(dict, "covariates of a multivariable model beside the one that is printed, each with its level"),
    "landmark": CohortKey(list, "`endpoint months percent`: a rate that follows from the text"),
    "progressions": CohortKey(int, "events of progression-free survival that are no deaths"),
    "death_ends_pfs": CohortKey(bool, "whether every death is an event of progression-free survival; true"),
    "ends_at_last_visit": CohortKey(bool, "whether follow-up ends with the last visit, as in a chart review"),
    "shortest_follow_up": CohortKey(int, "days for which everybody but the lost is followed"),
    "lost": CohortKey(int, "patients lost before that"),
    "shrunk": CohortKey(int, "patients whose target lesions became smaller"),
    "terms": CohortKey(dict, "adverse events that no table counts: patients of any grade and of grade 3 or more by term"),
    "any_event": CohortKey(dict, "patients with any event, where nothing prints it"),
    "immune": CohortKey(dict, "`further` terms that may have been judged immune-related, in `most` patients each"),
    "fatal": CohortKey(dict, "terms of grade 5, and whether they are related to treatment"),
    "death_causes": CohortKey(dict, "deaths by cause besides adverse events"),
    "reduced_again": CohortKey(dict, "patients by drug whose dose was reduced twice"),
    "causes": CohortKey(dict, "drug that causes a term, by term"),
    "phase": CohortKey(dict, "course of a phase of treatment: cycles, reasons, patients who depart from the plan"),
    "stop_reasons": CohortKey(dict, "patients by reason why treatment ended"),
    "therapies": CohortKey(dict, "patients by later therapy"),
    "treated_later": CohortKey(int, "patients with any later therapy"),
    "therapy_column": CohortKey(str, "column of a patient table that lists later therapies"),
    "other": CohortKey(list, "patients in no analysis of efficacy: `patients columns deviation stop_reason treated`"),
    "previous": CohortKey(dict, "time on the line before: `column at_least median` of the growth-modulation index"),
    "sites": CohortKey(int, "centres; 1"),
    "primary": CohortKey(str, "organ of the primary tumour"),
    "organs": CohortKey(dict, "organ that a category of metastases stands for"),
    "sites_column": CohortKey(str, "column that lists the metastatic sites"),
    "country": CohortKey(str, "code of the country; CHN"),
    "race": CohortKey(str, "of everybody, in the term of CDISC; ASIAN"),
}  # fmt: skip
"""Every key, in the order in which one would fill it in."""


def cohort_problems(cohort: Mapping[str, Any], where: str) -> Iterator[str]:
    """
    Find what is wrong with the keys of a cohort.

    Parameters
    ----------
    cohort : mapping
        ``[cohort]`` as read.
    where : str
        Name of the file, for the messages.

    Yields
    ------
    str
        One problem each: an unknown key, a value of another kind, a key that is missing. None where there is no cohort.

    Examples
    --------
    >>> list(cohort_problems({"n": "46", "sights": 5}, "reconstruction.toml"))[0]
    'reconstruction.toml, cohort.n: found text, expected a whole number (patients in the analyses of efficacy).'
    """
    for name, value in cohort.items():
        known = COHORT_KEYS.get(name)
        if known is None:
            yield f"{where}, cohort.{name}: unknown key.{suggest(name, COHORT_KEYS)}"
        elif type(value) is not known.kind:
            found = _KINDS.get(type(value), type(value).__name__)
            yield f"{where}, cohort.{name}: found {found}, expected {_KINDS[known.kind]} ({known.says})."
    for name, key in COHORT_KEYS.items():
        if cohort and key.is_required and name not in cohort:
            yield f"{where}, cohort: '{name}' is missing. It says: {key.says}."


_KINDS: Final = {
    int: "a whole number",
    str: "text",
    bool: "true or false",
    float: "a number",
    dict: "a table",
    list: "a list",
    dt.date: "a date",
    dt.datetime: "a date with a time",
}
