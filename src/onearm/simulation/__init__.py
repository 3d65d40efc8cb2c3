"""Synthetic trials that emit the same source tables as a real one, and know nothing of what is derived from them."""

from onearm.simulation.assumptions import Assumptions, parse_assumptions, read_assumptions, shipped_assumptions
from onearm.simulation.folder import TrialFolder, simulate_trial_folder, write_trial
from onearm.simulation.simulate import simulate, simulate_blocks

__all__ = [
    "Assumptions",
    "TrialFolder",
    "parse_assumptions",
    "read_assumptions",
    "shipped_assumptions",
    "simulate",
    "simulate_blocks",
    "simulate_trial_folder",
    "write_trial",
]
