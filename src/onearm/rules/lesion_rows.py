"""What every frame of lesions must satisfy before it is read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from onearm.errors import DataError, suggest
from onearm.frames import check_columns

__all__ = ["check_lesion_rows"]


def check_lesion_rows(lesions: pl.DataFrame, states: Sequence[str], *, where: str, columns: Sequence[str] = ()) -> None:
    """
    Check the columns of a frame of lesions, its states, and that every row has a subject, a visit and a day.

    Parameters
    ----------
    lesions : polars.DataFrame
        One row per subject, visit and lesion.
    states : sequence of str
        The known states; a missing one is allowed.
    where : str
        What the frame is, for the message.
    columns : sequence of str
        Columns that are needed beside ``subject, visit, day, lesion, state``.

    Raises
    ------
    DataError
        With all problems at once.

    Examples
    --------
    >>> row = {"subject": ["1"], "visit": [1], "day": [43], "lesion": ["T1"], "state": ["absent"]}
    >>> check_lesion_rows(pl.DataFrame(row), ["absent", "present"], where="non-target lesions")
    """
    check_columns(lesions, ("subject", "visit", "day", "lesion", "state", *columns), where=where)
    unknown = sorted(str(word) for word in lesions["state"].unique().drop_nulls().to_list() if word not in states)
    problems = [f"{where}: unknown state '{word}'.{suggest(word, states)}" for word in unknown]
    fixes = {
        "subject": "Leave the rows out, or say whose they are.",
        "visit": "Name the visit; an unscheduled one may be named by its day.",
        "day": "Impute the date, or leave the row out.",
    }
    for name, fix in fixes.items():
        lacking = lesions.filter(pl.col(name).is_null())
        if lacking.height:
            subject, visit = lacking.select("subject", "visit").row(0)
            problems.append(
                f"{where}: {lacking.height} rows have no {name}; the first is subject {subject!r}, visit {visit!r}. "
                f"{fix}"
            )
    if problems:
        raise DataError(*problems)
