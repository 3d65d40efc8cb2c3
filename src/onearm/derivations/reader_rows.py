"""The responses of several readers: in one dataset to compare, and in ADRS for the endpoints that name their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from onearm.derivations.readers import ACCEPTED, Reader, reader_of
from onearm.derivations.schemas import ADRS
from onearm.frames import conform, empty
from onearm.protocol import Protocol

__all__ = ["stack_readers", "with_own_readers"]

_COMPARED: Final = ("OVR", "PD", "BOR", "CBOR", "IOVR", "IPD", "IBOR", "ICBOR")


def stack_readers(tracks: Mapping[Reader, pl.DataFrame]) -> pl.DataFrame:
    """
    Put the responses of every reader below each other.

    Parameters
    ----------
    tracks : mapping of Reader to polars.DataFrame
        ADRS as each of `onearm.derivations.readers.readers_of` gives it.

    Returns
    -------
    polars.DataFrame
        Rows of ADRS with ``EVAL`` and ``EVALID``; ``EVALID`` is `ACCEPTED` for the adjudicated reading of an
        assessor with several readers. No rows where the trial has one reader.
    """
    if len(tracks) < 2:
        return empty(ADRS)
    several = {who.assessor for who in tracks if who.reader is not None}
    parts = [
        adrs.filter(pl.col("PARAMCD").is_in(_COMPARED) & (pl.col("SRCDOM") != "PATIENTS")).with_columns(
            EVAL=pl.lit(who.assessor), EVALID=pl.lit(_name(who, several), dtype=pl.String)
        )
        for who, adrs in tracks.items()
    ]
    return conform(pl.concat(parts), ADRS)


def _name(who: Reader, several: set[str]) -> str | None:
    if who.reader is not None:
        return who.reader
    return ACCEPTED if who.assessor in several else None


def with_own_readers(adrs: pl.DataFrame, tracks: Mapping[Reader, pl.DataFrame], protocol: Protocol) -> pl.DataFrame:
    """
    Take the rates that name their own assessor or reader from that reader's responses.

    Parameters
    ----------
    adrs : polars.DataFrame
        ADRS of the reader of ``[tumour]``.
    tracks : mapping of Reader to polars.DataFrame
        ADRS of each reader.
    protocol : Protocol
        Rates.

    Returns
    -------
    polars.DataFrame
        ADRS with the rows of those rates replaced; ``EVAL`` and ``EVALID`` say whose they are.
    """
    own = Reader(protocol.tumour.assessor, protocol.tumour.reader)
    for name, endpoint in protocol.rates.items():
        who = reader_of(endpoint, protocol)
        if who != own:
            rows = tracks[who].filter(PARAMCD=name)
            adrs = pl.concat([adrs.filter(pl.col("PARAMCD") != name), rows])
    order = pl.col("PARAMCD").is_in(list(protocol.rates))
    return adrs.sort("USUBJID", order, maintain_order=True)
