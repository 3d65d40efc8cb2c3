"""How every headline number moves when the protocol is read another way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from onearm.analyses import ANALYSES
from onearm.derivations import derive
from onearm.frames import empty
from onearm.protocol import Protocol, vary_protocol
from onearm.results import SCHEMA, concat_results
from onearm.run.check import Checked
from onearm.run.source import Progress

__all__ = ["AS_PLANNED", "analyse_sensitivity"]

AS_PLANNED: Final = "as planned"
_KEPT: Final = {
    "response_rate": ("n", "N", "p", "conf_low", "conf_high"),
    "survival": ("n", "events", "median", "median_low", "median_high"),
}
_NAMES: Final = {"median_low": "conf_low", "median_high": "conf_high"}


def analyse_sensitivity(checked: Checked, main: pl.DataFrame, *, progress: Progress | None = None) -> pl.DataFrame:
    """
    Repeat the headline numbers under every alternative of the protocol.

    Parameters
    ----------
    checked : Checked
        The trial as read; its source is derived anew under each alternative.
    main : polars.DataFrame
        Results as planned, which stand first.
    progress : callable, optional
        Called with the name of each alternative.

    Returns
    -------
    polars.DataFrame
        Analysis ``sensitivity``, split by ``SENSITIVITY``: rates and medians with their intervals. Empty where the
        protocol names no alternative.
    """
    alternatives = checked.protocol.sensitivity
    if not alternatives:
        return empty(SCHEMA)
    tables = [_headlines(main, AS_PLANNED)]
    for done, (name, alternative) in enumerate(alternatives.items()):
        if progress:
            progress(f"sensitivity {name}", done, len(alternatives))
        varied = vary_protocol(checked.protocol, alternative.change, name=name)
        tables.append(_headlines(_results(checked, varied), alternative.label or name))
    return concat_results(tables)


def _results(checked: Checked, protocol: Protocol) -> pl.DataFrame:
    datasets = derive(checked.source, protocol).datasets
    return concat_results(ANALYSES[name].function(datasets, protocol) for name in _KEPT)


def _headlines(results: pl.DataFrame, name: str) -> pl.DataFrame:
    return concat_results(_parts(results, name))


def _parts(results: pl.DataFrame, name: str) -> Iterator[pl.DataFrame]:
    for analysis, stats in _KEPT.items():
        rows = results.filter((pl.col("analysis") == analysis) & pl.col("stat").is_in(stats))
        first = pl.col("group1").is_null()
        yield rows.with_columns(
            analysis=pl.lit("sensitivity"),
            group1=pl.coalesce("group1", pl.lit("SENSITIVITY")),
            group1_level=pl.coalesce("group1_level", pl.lit(name)),
            group2=pl.when(~first).then(pl.lit("SENSITIVITY")).otherwise("group2"),
            group2_level=pl.when(~first).then(pl.lit(name)).otherwise("group2_level"),
            stat=pl.col("stat").replace(_NAMES),
        )
