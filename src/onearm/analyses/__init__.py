"""From datasets to results: one file per theme, one visible registry."""

from onearm.analyses.design import resolve_design
from onearm.analyses.registry import ANALYSES, Analysis, analyse

__all__ = ["ANALYSES", "Analysis", "analyse", "resolve_design"]
