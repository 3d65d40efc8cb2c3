"""Analyses of assays with many features: quality, difference, sets, scores, times, correlations."""

from onearm.analyses.omics.difference import feature_difference, feature_score
from onearm.analyses.omics.quality import feature_quality
from onearm.analyses.omics.survival import feature_survival

__all__ = [
    "feature_difference",
    "feature_quality",
    "feature_score",
    "feature_survival",
]
