"""Outcomes of patients and the status of their genes, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.response import judged_members, successes
from onearm.analyses.survival import months
from onearm.protocol import Protocol
from onearm.protocol.assay_genomes import GeneAssociation, Signature

__all__ = ["Outcome", "gene_matrix", "outcomes"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """
    One outcome of a population.

    Parameters
    ----------
    target : str
        ``response``, or the name of a time.
    population : Population
        Whose.
    table : polars.DataFrame
        One row per patient of whom the outcome is known: USUBJID, and RESPONSE (Boolean), or MONTHS and EVENT.
    """

    target: str
    population: Population
    table: pl.DataFrame

    @property
    def is_response(self) -> bool:
        """Whether it is response and not a time."""
        return self.target == "response"

    def among(self, subjects: pl.Series) -> Outcome:
        """
        Keep some patients, in their order.

        Parameters
        ----------
        subjects : polars.Series
            USUBJID.

        Returns
        -------
        Outcome
            Those of whom the outcome is known.
        """
        kept = pl.DataFrame({"USUBJID": subjects}).join(self.table, on="USUBJID", how="inner", maintain_order="left")
        return Outcome(self.target, self.population, kept)

    @property
    def response(self) -> NDArray[np.bool_]:
        """Whether each patient responded."""
        return self.table["RESPONSE"].to_numpy()

    @property
    def time(self) -> NDArray[np.float64]:
        """Months to the event or to the end of observation."""
        return self.table["MONTHS"].to_numpy()

    @property
    def event(self) -> NDArray[np.bool_]:
        """Whether the event was seen."""
        return self.table["EVENT"].to_numpy()


def outcomes(datasets: Datasets, protocol: Protocol, plan: GeneAssociation | Signature) -> Iterator[Outcome]:
    """
    Go through the outcomes that a plan names, in each population.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs`` and ``adtte``.
    protocol : Protocol
        Endpoints and sets.
    plan : GeneAssociation or Signature
        What is set against what.

    Yields
    ------
    Outcome
        Patients without a known outcome are left out.
    """
    rate = protocol.responders_of(plan)
    for target in plan.against:
        if target == "response":
            if rate is None:
                continue
            endpoint = protocol.rates[rate]
            responders = successes(datasets["adrs"], rate, endpoint).with_columns(RESPONSE=pl.lit(value=True))
            for population in populations(datasets, protocol, plan.set or endpoint.set):
                judged = judged_members(population.subjects.select("USUBJID"), datasets["adrs"], rate)
                table = judged.join(responders, on="USUBJID", how="left", maintain_order="left")
                yield Outcome(target, population, table.with_columns(pl.col("RESPONSE").fill_null(value=False)))
            continue
        times = months(datasets["adtte"].filter(pl.col("PARAMCD") == target), protocol)
        times = times.select("USUBJID", "MONTHS", "EVENT").drop_nulls()
        for population in populations(datasets, protocol, plan.set or protocol.times[target].set):
            yield Outcome(target, population, population.of(times))


def gene_matrix(
    adgene: pl.DataFrame, assay: str, *, alterations: str, genes: Sequence[str] = ()
) -> tuple[pl.Series, tuple[str, ...], NDArray[np.float64]]:
    """
    Lay ADGENE out as a matrix.

    Parameters
    ----------
    adgene : polars.DataFrame
        Status by patient and gene.
    assay : str
        Whose rows.
    alterations : {"mutations", "any"}
        Whether amplifications and deletions count.
    genes : sequence of str
        Genes wanted; all where none is named.

    Returns
    -------
    tuple of polars.Series, tuple of str and numpy.ndarray
        Patients, genes, and status of shape ``(n_patients, n_genes)``: 1, 0, NaN where not profiled.
    """
    rows = adgene.filter(pl.col("ASSAY") == assay)
    if genes:
        rows = rows.filter(pl.col("GENE").is_in(list(genes)))
    column = "ALTERED" if alterations == "any" else "MUTATED"
    subjects = rows["USUBJID"].unique(maintain_order=True)
    names = rows["GENE"].unique(maintain_order=True)
    if rows.height == subjects.len() * names.len():
        values = rows[column].cast(pl.Float64).to_numpy().reshape(subjects.len(), names.len())
        return subjects, tuple(names), values
    wide = rows.pivot("GENE", index="USUBJID", values=column, maintain_order=True)
    return wide["USUBJID"], tuple(wide.columns[1:]), wide.drop("USUBJID").cast(pl.Float64).to_numpy()
