"""From the source tables to ADaM-like datasets: subjects, lesions, responses, times, exposure."""

from onearm.derivations.derive import Derived, derive

__all__ = ["Derived", "derive"]
