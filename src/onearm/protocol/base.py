"""What every section of the protocol shares: closed keys, no silent conversion, no change after reading."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Days", "Level", "Months", "Name", "Positive", "Probability", "ProportionInterval", "Section"]


class Section(BaseModel):
    """A table of protocol.toml: an unknown key is an error, a text is never taken for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


Name = Annotated[str, Field(min_length=1)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Level = Annotated[float, Field(gt=0.5, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Days = Annotated[int, Field(ge=0)]
Months = Annotated[float, Field(gt=0)]
ProportionInterval = Literal[
    "clopper-pearson",
    "blaker",
    "mid-p",
    "wilson",
    "wilson-cc",
    "wilson-cc-r",
    "jeffreys",
    "agresti-coull",
    "wald",
    "wald-cc",
    "logit",
    "arcsine",
    "student-t",
]
"""Names of `onearm.stats.binomial.BINOMIAL_INTERVALS`, which this floor cannot import; a test keeps the two equal."""
