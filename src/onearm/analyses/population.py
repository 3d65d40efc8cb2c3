"""Who an analysis is about: the analysis sets, split by the cohorts of the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from onearm.protocol import Protocol
from onearm.results import Rows

__all__ = ["Datasets", "Population", "populations"]

Datasets = Mapping[str, pl.DataFrame]
"""Derived datasets by their lower-case names."""


@dataclass(frozen=True)
class Population:
    """
    Members of an analysis set, of one cohort where the protocol has cohorts.

    Parameters
    ----------
    name : str
        Name of the set.
    subjects : polars.DataFrame
        Their rows of ADSL.
    cohort : str or None
        Name of the cohort.
    """

    name: str
    subjects: pl.DataFrame
    cohort: str | None = None

    @property
    def n(self) -> int:
        """Number of members."""
        return self.subjects.height

    def rows(self, analysis: str, dataset: str, paramcd: str | None = None) -> Rows:
        """
        Start collecting results about this population.

        Parameters
        ----------
        analysis, dataset : str
            Names of both.
        paramcd : str, optional
            Endpoint or parameter.

        Returns
        -------
        Rows
            With the cohort as first group.
        """
        group = None if self.cohort is None else "COHORT"
        return Rows(analysis, dataset, paramcd, self.name, group, self.cohort)

    def of(self, dataset: pl.DataFrame) -> pl.DataFrame:
        """
        Keep the members' rows of a dataset.

        Parameters
        ----------
        dataset : polars.DataFrame
            With USUBJID.

        Returns
        -------
        polars.DataFrame
            Its rows, in order.
        """
        return dataset.join(self.subjects.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left")


def populations(datasets: Datasets, protocol: Protocol, name: str) -> Iterator[Population]:
    """
    Give an analysis set, one for each cohort where there are cohorts.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``.
    protocol : Protocol
        Sets and cohorts.
    name : str
        Name of the set.

    Yields
    ------
    Population
        Also one without members.
    """
    members = datasets["adsl"].filter(pl.col(f"{name}FL") == "Y")
    if not protocol.cohort:
        yield Population(name, members)
    for cohort in protocol.cohort:
        yield Population(name, members.filter(pl.col("COHORT") == cohort), cohort)
