"""Reads the case files of ``tests/cases/recist``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "recist"


def read_cases(name: str) -> list[dict[str, Any]]:
    """Rows of a case file; switches become a dict with tuples for lists."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";", quoting=csv.QUOTE_NONE))
    for row in rows:
        assert None not in row, f"{name}: too many fields in {row}"
        assert row["citation"], f"{name}: no citation in {row}"
        switches = json.loads(row.get("switches") or "{}")
        row["switches"] = {key: _frozen(value) for key, value in switches.items()}
    return rows


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def case_id(row: dict[str, Any]) -> str:
    """Name of a case in the report of pytest."""
    return str(row.get("case") or "-".join(str(row[k]) for k in ("target", "non_target", "new_lesion")))
