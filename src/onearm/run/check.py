"""A trial folder, read and derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.analyses import check_claims
from onearm.data import FindingRule, Findings, Source, concat_findings
from onearm.derivations import Derived, derive
from onearm.protocol import Protocol, read_protocol
from onearm.run.source import Progress, read_trial_source
from onearm.terms import Severity

__all__ = ["RULES", "Checked", "check_trial"]

RULES: Final[Mapping[str, FindingRule]] = MappingProxyType(
    {
        "DESIGN-CLAIM": FindingRule(
            Severity.WARNING,
            "the design is not what it claims: {problem}",
            "Correct the design, or state the limits that it has; onearm design computes both.",
            "exact enumeration; Simon (1989), Controlled Clinical Trials 10(1):1-10",
        ),
    }
)


@dataclass(frozen=True)
class Checked:
    """
    A trial folder whose protocol and data were read and derived.

    Parameters
    ----------
    protocol : Protocol
        What was planned.
    source : Source
        What was read.
    derived : Derived
        Datasets.
    findings : polars.DataFrame
        Everything that reading and deriving found.
    """

    protocol: Protocol
    source: Source
    derived: Derived
    findings: pl.DataFrame

    @property
    def n_errors(self) -> int:
        """Number of findings of severity error."""
        return self.findings.filter(pl.col("severity") == Severity.ERROR).height


def check_trial(folder: str | Path, *, progress: Progress | None = None) -> Checked:
    """
    Read a trial folder and derive its datasets, without analysing them.

    Parameters
    ----------
    folder : str or Path
        The trial folder, with ``protocol.toml``.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Returns
    -------
    Checked
        Protocol, data, datasets and findings.

    Raises
    ------
    OnearmError
        If protocol or data cannot be used.
    """
    folder = Path(folder)
    protocol = read_protocol(folder)
    source = read_trial_source(folder, protocol, progress=progress)
    derived = derive(source, protocol)
    claims = _claims(protocol)
    return Checked(protocol, source, derived, concat_findings([source.findings, derived.findings, claims]))


def _claims(protocol: Protocol) -> pl.DataFrame:
    """Findings for what the designs of the protocol claim and do not keep."""
    findings = Findings(rules=RULES)
    for problem in check_claims(protocol):
        findings.add("DESIGN-CLAIM", file="protocol.toml", problem=problem)
    return findings.frame()
