"""Which later assessment confirms a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from onearm.rules.best_response_rules import BestResponseRules

__all__ = ["confirm"]

_CODES: Final = {"CR": 0, "PR": 1, "SD": 2, "NE": 3, "ND": 3}
_OTHER: Final = 4


def confirm(rows: pl.DataFrame, rules: BestResponseRules) -> NDArray[np.int64]:
    """
    Find for every CR and PR the assessment that confirms it.

    A CR is confirmed by a later CR, with nothing but CR and NE between. A PR is confirmed by a later PR or CR, with
    nothing but PR, CR, NE and, if allowed, SD between; a PR that follows a CR does not confirm.

    Parameters
    ----------
    rows : polars.DataFrame
        Sorted by ``subject`` and day, with ``subject, day, response``.
    rules : BestResponseRules
        The window, and how many NE and SD may stand between.

    Returns
    -------
    numpy.ndarray
        Shape ``(rows.height,)``: the row number of the confirming assessment, -1 where there is none.

    Notes
    -----
    All candidates look one row further at a time, so the work is one pass over the candidates that are still open for
    each assessment of the longest subject. The first assessment in the window decides: whatever forbids it to confirm
    stands between the response and every later one too.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, Table 3.
    """
    n = rows.height
    found = np.full(n, -1, dtype=np.int64)
    code = rows["response"].replace_strict(_CODES, default=_OTHER, return_dtype=pl.Int8).to_numpy()
    day = rows["day"].to_physical().cast(pl.Int64).to_numpy()
    subject = rows["subject"].rle_id().to_numpy()
    latest = np.inf if rules.confirm_within_days is None else rules.confirm_within_days
    open_rows = np.flatnonzero(code <= 1)
    n_missing = np.zeros(n, dtype=np.int32)
    n_stable = np.zeros(n, dtype=np.int32)
    has_complete = np.zeros(n, dtype=bool)
    step = 0
    while open_rows.size:
        step += 1
        open_rows = open_rows[open_rows + step < n]
        later = open_rows + step
        same = subject[later] == subject[open_rows]
        open_rows, later = open_rows[same], later[same]
        is_complete = code[open_rows] == 0
        seen = code[later]
        n_missing[open_rows] += seen == 3
        n_stable[open_rows] += seen == 2
        confirms = (seen == 0) | (~is_complete & (seen == 1) & ~has_complete[open_rows])
        allowed = (
            confirms
            | ((seen == 3) & (n_missing[open_rows] <= rules.max_not_evaluable_between))
            | (~is_complete & (seen == 2) & (n_stable[open_rows] <= rules.max_stable_between))
        )
        has_complete[open_rows] |= seen == 0
        waited = day[later] - day[open_rows]
        hit = confirms & (waited >= rules.confirm_after_days) & (waited <= latest)
        found[open_rows[hit]] = later[hit]
        open_rows = open_rows[allowed & ~hit & (waited <= latest)]
    return found
