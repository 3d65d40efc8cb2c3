"""
onearm takes a single-arm phase II oncology trial from its protocol to its paper.

Five names, one direction: `read_protocol`, `read_source`, `derive`, `analyse`, `present`; `run_trial` joins them. Beside
them stand the statistics that people use by hand, each a line that gives a frozen dataclass.

Everything is imported when it is first used, so that ``import onearm`` costs nothing.

Examples
--------
>>> import onearm
>>> low, high = onearm.binomial_interval(26, 46)
>>> round(low, 3), round(high, 3)
(0.411, 0.711)
>>> onearm.find_simon(0.3, 0.5).optimal.n
46
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "OnearmError": "onearm.errors",
    "ProtocolError": "onearm.errors",
    "DataError": "onearm.errors",
    "MethodError": "onearm.errors",
    "read_protocol": "onearm.protocol",
    "read_source": "onearm.data",
    "read_table": "onearm.data",
    "derive": "onearm.derivations",
    "analyse": "onearm.analyses",
    "present": "onearm.outputs",
    "check_trial": "onearm.run",
    "run_trial": "onearm.run",
    "binomial_interval": "onearm.stats.binomial",
    "fisher_exact": "onearm.stats.contingency",
    "kaplan_meier": "onearm.stats.kaplan_meier",
    "survival_quantile": "onearm.stats.quantiles",
    "log_rank": "onearm.stats.log_rank",
    "cox": "onearm.stats.cox",
    "cox_screen": "onearm.stats.cox_screen",
    "find_simon": "onearm.stats.design.two_stage",
    "infer_two_stage": "onearm.stats.design.two_stage_inference",
}

__all__ = [
    "DataError",
    "MethodError",
    "OnearmError",
    "ProtocolError",
    "analyse",
    "binomial_interval",
    "check_trial",
    "cox",
    "cox_screen",
    "derive",
    "find_simon",
    "fisher_exact",
    "infer_two_stage",
    "kaplan_meier",
    "log_rank",
    "present",
    "read_protocol",
    "read_source",
    "read_table",
    "run_trial",
    "survival_quantile",
]

if TYPE_CHECKING:
    from onearm.analyses import analyse
    from onearm.data import read_source, read_table
    from onearm.derivations import derive
    from onearm.errors import DataError, MethodError, OnearmError, ProtocolError
    from onearm.outputs import present
    from onearm.protocol import read_protocol
    from onearm.run import check_trial, run_trial
    from onearm.stats.binomial import binomial_interval
    from onearm.stats.contingency import fisher_exact
    from onearm.stats.cox import cox
    from onearm.stats.cox_screen import cox_screen
    from onearm.stats.design.two_stage import find_simon
    from onearm.stats.design.two_stage_inference import infer_two_stage
    from onearm.stats.kaplan_meier import kaplan_meier
    from onearm.stats.log_rank import log_rank
    from onearm.stats.quantiles import survival_quantile


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'onearm' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
