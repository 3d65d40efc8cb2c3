"""Every assessor and reader of a trial, and the protocol as each of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from onearm.derivations.records import Records
from onearm.protocol import Protocol
from onearm.protocol.endpoints import RateEndpoint, TimeEndpoint

__all__ = ["ACCEPTED", "Reader", "as_read_by", "reader_of", "readers_of", "same_reader"]

ACCEPTED: Final = "ACCEPTED"
"""``EVALID`` of what was adjudicated: of each patient or visit the accepted one of an assessor's readers."""


class Reader(NamedTuple):
    """Who assessed: ``TREVAL`` or ``RSEVAL``, and ``TREVALID`` or ``RSEVALID``, missing for one reader or the accepted."""

    assessor: str
    reader: str | None = None


def reader_of(endpoint: RateEndpoint | TimeEndpoint, protocol: Protocol) -> Reader:
    """
    Say whose assessments an endpoint rests on.

    Parameters
    ----------
    endpoint : RateEndpoint or TimeEndpoint
        With or without its own ``assessor`` and ``reader``.
    protocol : Protocol
        ``[tumour]``.

    Returns
    -------
    Reader
        That of ``[tumour]`` where the endpoint names none.

    Examples
    --------
    >>> from onearm.protocol import parse_protocol
    >>> text = ('[trial]\\nid = "A"\\ntitle = "B"\\n[sets]\\nITT = ["enrolled"]\\n'
    ...         '[endpoint.ORR]\\nset = "ITT"\\nsuccess = ["CR"]\\nassessor = "CENTRAL"')
    >>> protocol = parse_protocol(text)
    >>> reader_of(protocol.endpoint["ORR"], protocol)
    Reader(assessor='CENTRAL', reader=None)
    """
    tumour = protocol.tumour
    if endpoint.assessor is None:
        return Reader(tumour.assessor, endpoint.reader or tumour.reader)
    return Reader(endpoint.assessor, endpoint.reader)


def as_read_by(protocol: Protocol, who: Reader) -> Protocol:
    """
    Give the protocol with another assessor and reader.

    Parameters
    ----------
    protocol : Protocol
        As planned.
    who : Reader
        Whose assessments are used.

    Returns
    -------
    Protocol
        The same in every other key.
    """
    tumour = protocol.tumour.model_copy(update={"assessor": who.assessor, "reader": who.reader})
    return protocol.model_copy(update={"tumour": tumour})


def readers_of(records: Records) -> tuple[Reader, ...]:
    """
    Find every reader of a trial.

    Parameters
    ----------
    records : Records
        With ``tr`` and ``rs``.

    Returns
    -------
    tuple of Reader
        Sorted; of an assessor with several readers and a flag of the accepted one also ``Reader(assessor, None)``, the
        adjudicated reading. Records without an assessor have none.
    """
    found: set[Reader] = set()
    for domain in ("tr", "rs"):
        table, prefix = records.get(domain), domain.upper()
        if table is None or f"{prefix}EVAL" not in table.columns:
            continue
        which = pl.col(f"{prefix}EVALID") if f"{prefix}EVALID" in table.columns else pl.lit(None, dtype=pl.String)
        pairs = table.select(who=pl.col(f"{prefix}EVAL").str.to_uppercase(), which=which.str.to_uppercase()).unique()
        mine = {Reader(who, which) for who, which in pairs.drop_nulls("who").rows()}
        if f"{prefix}ACPTFL" in table.columns:
            several = {r.assessor for r in mine if len({o for o in mine if o.assessor == r.assessor}) > 1}
            mine |= {Reader(assessor) for assessor in several}
        found |= mine
    return tuple(sorted(found, key=lambda r: (r.assessor, r.reader or "")))


def same_reader(who: Reader, named: Sequence[Reader], found: Sequence[Reader]) -> Reader | None:
    """
    Find who of those that the protocol names is a reader of the data.

    Parameters
    ----------
    who : Reader
        One of ``found``.
    named : sequence of Reader
        As the protocol names them, in any case, and without a reader where the assessor has one only.
    found : sequence of Reader
        What `readers_of` returns.

    Returns
    -------
    Reader or None
        The first that is the same; None where the protocol does not name this reader.

    Examples
    --------
    >>> found = (Reader("CENTRAL", "R1"), Reader("INVESTIGATOR"))
    >>> same_reader(found[0], [Reader("Central")], found)
    Reader(assessor='Central', reader=None)
    """
    alone = [other for other in found if other.assessor == who.assessor] == [who]
    return next(
        (
            name
            for name in named
            if name.assessor.upper() == who.assessor
            and ((name.reader or "").upper() == (who.reader or "") or (name.reader is None and alone))
        ),
        None,
    )
