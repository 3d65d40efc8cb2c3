"""
Numerical functions: NumPy arrays in, frozen dataclasses out; no data frames, no CDISC names, no trials.

Import from the module that holds the method (``onearm.stats.kaplan_meier``, ``onearm.stats.cox`` …); the ones that people
use by hand stand in `onearm` itself. docs/statistics lists them with their conventions and sources.
"""
