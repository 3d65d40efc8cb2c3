"""From datasets to results: one file per theme, one visible registry."""

from onearm.analyses.design import resolve_design
from onearm.analyses.monitoring import CohortMonitoring, check_claims, monitor_trial
from onearm.analyses.registry import ANALYSES, Analysis, analyse

__all__ = ["ANALYSES", "Analysis", "CohortMonitoring", "analyse", "check_claims", "monitor_trial", "resolve_design"]
