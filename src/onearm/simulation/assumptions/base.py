"""Types that the sections of assumptions.toml share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

__all__ = ["NotNegative", "Share", "Weights"]

Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Weights = Annotated[dict[str, NotNegative], Field(min_length=1)]
"""Relative frequencies; counts from a paper's table may stand as they are."""
