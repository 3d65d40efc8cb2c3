"""The line of each anticancer therapy after the study treatment."""

from __future__ import annotations

import polars as pl

from onearm.protocol import Protocol
from onearm.rules.therapy_lines import number_lines

__all__ = ["later_lines"]


def later_lines(adcm: pl.DataFrame, protocol: Protocol) -> pl.Series:
    """
    Number the lines of subsequent anticancer therapy of each patient.

    Parameters
    ----------
    adcm : polars.DataFrame
        ``USUBJID ACAT LINE ASTDT``, one row per record.
    protocol : Protocol
        ``therapy.later_lines`` and ``therapy.same_line_within_days``.

    Returns
    -------
    polars.Series
        One number per record, in the order of `adcm`: 1 for the first line after the study treatment, whatever number was
        recorded for it; missing for what is not subsequent, and for a record without a number where only recorded numbers
        count.

    Examples
    --------
    >>> from onearm.protocol import parse_protocol
    >>> text = ('[trial]\\nid = "A"\\ntitle = "B"\\n[sets]\\nITT = ["enrolled"]\\n'
    ...         '[endpoint.ORR]\\nset = "ITT"\\nsuccess = ["CR"]')
    >>> adcm = pl.DataFrame({"USUBJID": ["1", "1"], "ACAT": ["SUBSEQUENT"] * 2, "LINE": [2, 3], "ASTDT": [None, None]})
    >>> later_lines(adcm, parse_protocol(text)).to_list()
    [1, 2]
    """
    rule, within = protocol.therapy.later_lines, protocol.therapy.same_line_within_days
    rows = adcm.with_row_index("_ROW").filter(pl.col("ACAT") == "SUBSEQUENT")
    found: dict[int, int | None] = {}
    for _, mine in rows.group_by("USUBJID", maintain_order=True):
        recorded = mine["LINE"].rank("dense").cast(pl.Int64).to_list()
        by_date = number_lines(mine["ASTDT"].cast(pl.Date).to_physical().to_list(), within_days=within)
        takes_number = rule == "recorded" or (rule == "auto" and None not in recorded)
        found |= dict(zip(mine["_ROW"].to_list(), recorded if takes_number else by_date, strict=True))
    return pl.Series("LATERLN", [found.get(row) for row in range(adcm.height)], dtype=pl.Int64)
