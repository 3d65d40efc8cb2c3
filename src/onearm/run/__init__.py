"""The only place where the stages meet: from a trial folder to datasets, results, figures and a report."""

from onearm.run.check import Checked, check_trial
from onearm.run.folder import find_run, read_results
from onearm.run.sensitivity import AS_PLANNED, analyse_sensitivity
from onearm.run.source import read_trial_source
from onearm.run.trial import Run, run_trial

__all__ = [
    "AS_PLANNED",
    "Checked",
    "Run",
    "analyse_sensitivity",
    "check_trial",
    "find_run",
    "read_results",
    "read_trial_source",
    "run_trial",
]
