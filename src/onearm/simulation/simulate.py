"""From a protocol and assumptions to the source tables of a synthetic trial."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions
from onearm.simulation.history import observe
from onearm.simulation.randomness import Stage, generator
from onearm.simulation.screening import Screening, plan_screening
from onearm.simulation.tables.assays import assay_tables
from onearm.simulation.tables.columns import keys_of
from onearm.simulation.tables.patients import patient_tables
from onearm.simulation.tables.safety import ae_table, lb_table, with_judgement
from onearm.simulation.tables.subjects import dm_table, ds_table, ss_table
from onearm.simulation.tables.treatment import cm_table, ex_table
from onearm.simulation.tables.tumours import tumour_tables

__all__ = ["simulate", "simulate_block", "simulate_blocks"]

Tables = dict[str, pl.DataFrame]


def simulate(protocol: Protocol, assumptions: Assumptions, *, n: int, seed: int) -> Tables:
    """
    Simulate a trial.

    Parameters
    ----------
    protocol : Protocol
        Drugs, doses, schedule of scans, cut-off.
    assumptions : Assumptions
        Everything that a protocol does not say.
    n : int
        Number of patients to enrol, at least 1; those who fail screening come on top.
    seed : int
        0 or more. The same seed, protocol and assumptions give the same tables.

    Returns
    -------
    dict of str to polars.DataFrame
        ``dm ex tu tr ae ds ss cm lb`` with CDISC names. They hold records only: no response, no time to an event. There
        is no ``rs``, as an assessed response would be an answer. Where the protocol reads one row per patient
        (``[source.patients]``) they are ``patients``, ``sizes``, ``ae`` and ``cm`` instead, with the best response as it was
        recorded.

    Raises
    ------
    MethodError
        If ``n`` or ``seed`` is out of range.
    ProtocolError
        If protocol and assumptions do not fit each other.

    Examples
    --------
    >>> from importlib import resources
    >>> from onearm.protocol import parse_protocol
    >>> from onearm.simulation import shipped_assumptions
    >>> text = resources.files("onearm").joinpath("trials/alter_e_003/protocol.toml").read_text(encoding="utf-8")
    >>> tables = simulate(parse_protocol(text), shipped_assumptions("alter_e_003"), n=46, seed=1)
    >>> tables["dm"].height, tables["dm"].filter(ARMCD="SCRNFAIL").height
    (53, 7)
    """
    blocks = list(simulate_blocks(protocol, assumptions, n=n, seed=seed))
    return {name: pl.concat([block[name] for block in blocks]) for name in blocks[0]}


def simulate_blocks(protocol: Protocol, assumptions: Assumptions, *, n: int, seed: int) -> Iterator[Tables]:
    """
    Simulate a trial piece by piece, for more patients than fit into memory.

    Parameters
    ----------
    protocol : Protocol
        As in `simulate`.
    assumptions : Assumptions
        As in `simulate`.
    n : int
        Number of patients to enrol.
    seed : int
        0 or more.

    Yields
    ------
    dict of str to polars.DataFrame
        Tables of one block of patients; put one below the other they are what `simulate` gives.
    """
    screening = plan_screening(protocol, assumptions, n=n, seed=seed)
    for block in range(screening.n_blocks):
        yield simulate_block(protocol, assumptions, screening.block(block), seed=seed, block=block)


def simulate_block(
    protocol: Protocol, assumptions: Assumptions, screening: Screening, *, seed: int, block: int
) -> Tables:
    """
    Simulate one block; it depends on no other, so that blocks may be made in any order and by any process.

    Parameters
    ----------
    protocol : Protocol
        As in `simulate`.
    assumptions : Assumptions
        As in `simulate`.
    screening : Screening
        Of this block: `Screening.block`.
    seed : int
        0 or more.
    block : int
        Which block, from 0.

    Returns
    -------
    dict of str to polars.DataFrame
        Its tables.
    """
    history = observe(protocol, assumptions, screening, seed=seed, block=block)
    keys = keys_of(screening, screening.is_enrolled)
    rest = generator(seed, block, Stage.SCREENING)
    medication, sampled = generator(seed, block, Stage.MEDICATION), generator(seed, block, Stage.ASSAYS)
    dm = dm_table(rest, protocol, assumptions, screening, history, keys=keys)
    judgement = generator(seed, block, Stage.JUDGEMENT)
    ae = with_judgement(judgement, protocol, assumptions, ae_table(medication, protocol, assumptions, history, keys))
    if protocol.source.patients is not None:
        treated = dm.filter(pl.col("ARMCD") == "TREATED")
        rows = patient_tables(rest, protocol, assumptions, history, keys=keys, dm=treated)
        events = {
            "ae": ae,
            "cm": cm_table(medication, assumptions, history, keys),
        }
        return {**rows, **events, **assay_tables(sampled, protocol, assumptions, history, keys)}
    tu, tr = tumour_tables(protocol, assumptions, history, keys)
    tables = {
        "dm": dm,
        "ex": ex_table(protocol, assumptions, history, keys),
        "tu": tu,
        "tr": tr,
        "ae": ae,
        "ds": ds_table(rest, protocol, assumptions, screening, history, keys=keys),
        "ss": ss_table(rest, assumptions, history, keys),
        "cm": cm_table(medication, assumptions, history, keys),
    }
    if assumptions.laboratory.parameter:
        tables["lb"] = lb_table(generator(seed, block, Stage.LABORATORY), assumptions, history, keys)
    return {**tables, **assay_tables(sampled, protocol, assumptions, history, keys)}
