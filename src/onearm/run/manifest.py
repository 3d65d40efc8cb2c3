"""The manifest: where every number of a run comes from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from onearm.analyses import ANALYSES
from onearm.protocol import resolve_protocol
from onearm.run.check import Checked

__all__ = ["make_manifest"]

_PACKAGES: Final = ("numpy", "scipy", "polars", "pydantic", "matplotlib", "jinja2", "pyreadstat")


def make_manifest(folder: Path, checked: Checked) -> dict[str, Any]:
    """
    Collect the hashes of all input, the resolved protocol, the versions and the cut-off.

    Parameters
    ----------
    folder : Path
        The trial folder.
    checked : Checked
        What was read.

    Returns
    -------
    dict
        JSON-safe; all but ``time`` is the same for the same input.
    """
    resolved = resolve_protocol(checked.protocol)
    inputs = [
        {"domain": f.domain, "file": f.path.name, "sha256": f.sha256, "rows": f.n_rows, "format": f.format}
        for f in checked.source.files
    ]
    protocol_hash = hashlib.sha256(resolved.encode()).hexdigest()
    content = json.dumps([protocol_hash, inputs, version("onearm")], sort_keys=True)
    cutoff = checked.protocol.trial.cutoff
    return {
        "trial": checked.protocol.trial.id,
        "synthetic": checked.protocol.trial.synthetic,
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "hash": hashlib.sha256(content.encode()).hexdigest(),
        "protocol": {
            "file": "protocol.toml",
            "sha256": hashlib.sha256((folder / "protocol.toml").read_bytes()).hexdigest(),
            "resolved_sha256": protocol_hash,
        },
        "inputs": inputs,
        "cutoff": None if cutoff is None else cutoff.isoformat(),
        "versions": {"onearm": version("onearm"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "methods": {name: analysis.reference for name, analysis in ANALYSES.items()},
    }
