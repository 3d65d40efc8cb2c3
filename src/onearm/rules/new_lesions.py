"""New lesions at visits that do not mention them."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.frames import check_columns
from onearm.rules.lesion_rows import check_lesion_rows
from onearm.rules.recist_non_target import NEW_LESION_STATES

__all__ = ["carry_new_lesions"]

_KEY: Final = ("subject", "visit", "lesion")


def carry_new_lesions(lesions: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """
    Take every new lesion as still there at later visits that do not mention it.

    Many trials record a new lesion once, when it is first seen. iRECIST needs to know whether it is still there:
    without a row at a visit the lesion has gone there, and the unconfirmed progression is reset.

    Parameters
    ----------
    lesions : polars.DataFrame
        One row per ``subject, visit, lesion`` with ``day`` and ``state``, as for `new_lesion_response`; optional
        ``diameter_mm``. A lesion that has gone needs one row with the state "none", at the first visit without it.
    visits : polars.DataFrame
        One row per ``subject`` and ``visit`` with its ``day``: the visits at which lesions were looked for.

    Returns
    -------
    polars.DataFrame
        ``subject, visit, day, lesion, state`` and ``diameter_mm`` if it was given, sorted: the rows of ``lesions`` and
        one for each later visit without one, with the last known diameter and state ("increased" becomes
        "unequivocal").

    Raises
    ------
    DataError
        For a missing column, an unknown state, a missing subject, visit or day.

    References
    ----------
    .. [1] Seymour L et al. (2017), Lancet Oncol 18:e143-e152, Table 2.

    Examples
    --------
    >>> lesions = pl.DataFrame(
    ...     {"subject": ["1"], "visit": [1], "day": [43], "lesion": ["X1"], "state": ["unequivocal"]}
    ... )
    >>> visits = pl.DataFrame({"subject": ["1"] * 3, "visit": [0, 1, 2], "day": [1, 43, 85]})
    >>> carry_new_lesions(lesions, visits).select("visit", "state").rows()
    [(1, 'unequivocal'), (2, 'unequivocal')]
    """
    check_lesion_rows(lesions, NEW_LESION_STATES, where="new lesions")
    check_columns(visits, ("subject", "visit", "day"), where="visits")
    names = ["subject", "visit", "day", "lesion", "state"]
    names += ["diameter_mm"] if "diameter_mm" in lesions.columns else []
    known = lesions.select(names).with_columns(pl.col("state").fill_null("unequivocal"))
    first = known.drop_nulls("lesion").group_by("subject", "lesion").agg(first_day=pl.col("day").min())
    later = first.join(visits.select("subject", "visit", "day"), on="subject", how="inner")
    later = later.filter(pl.col("day") > pl.col("first_day")).drop("first_day").join(known, on=_KEY, how="anti")
    rows = pl.concat([known, later], how="diagonal").sort("subject", "lesion", "day", "visit")
    # what is carried was recorded, so an increase is not repeated and a lesion that has gone stays away
    last_state = pl.col("state").replace("increased", "unequivocal").forward_fill().over("subject", "lesion")
    rows = rows.with_columns(is_carried=pl.col("state").is_null(), state=pl.coalesce("state", last_state))
    if "diameter_mm" in names:
        last_mm = pl.col("diameter_mm").forward_fill().over("subject", "lesion")
        rows = rows.with_columns(diameter_mm=pl.when("is_carried").then(last_mm).otherwise("diameter_mm"))
    return rows.filter(~(pl.col("is_carried") & (pl.col("state") == "none"))).select(names).sort(names[:4])
