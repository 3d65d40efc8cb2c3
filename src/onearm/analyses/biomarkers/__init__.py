"""Biomarkers described, and set against response, change and times."""

from onearm.analyses.biomarkers.response import biomarker_response
from onearm.analyses.biomarkers.survival import biomarker_survival
from onearm.analyses.biomarkers.values import biomarker_change, biomarker_summary

__all__ = ["biomarker_change", "biomarker_response", "biomarker_summary", "biomarker_survival"]
