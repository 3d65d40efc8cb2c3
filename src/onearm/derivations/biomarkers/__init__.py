"""Biomarkers: from what was measured in samples to one value per patient and time, with its group."""

from onearm.derivations.biomarkers.adbm import Biomarkers, derive_biomarkers

__all__ = ["Biomarkers", "derive_biomarkers"]
