"""The page of an audit: each printed statement in its sentence, with verdict and working."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from onearm.data import write_text

__all__ = ["render_audit_page", "write_audit_page"]

_VERDICTS: Final = (
    ("cannot_be_right", "Cannot be right", "✕"),
    ("rounding_slip", "Rounding slip", "≈"),
    ("holds_under_another_method", "Holds under another method", "≠"),
    ("holds", "Holds", "✓"),
    ("not_checkable", "Not checkable", "?"),
)
"""Gravest first; each has a sign, so that no verdict is told by colour alone."""


def render_audit_page(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """
    Write the page of an audit.

    Parameters
    ----------
    title : str
        What was audited.
    rows : sequence of mapping
        ``place, statement, verdict, method, working, closest, severity`` and ``sentence``, the text before, in and after
        the statement.

    Returns
    -------
    str
        One HTML file without script or network; everything from the paper is escaped.

    Examples
    --------
    >>> row = {"place": "line 1", "statement": "<b>", "verdict": "holds", "method": "", "working": "1/2 = 50%",
    ...        "closest": "", "severity": "none", "sentence": ("", "", "")}
    >>> "&lt;b&gt;" in render_audit_page("paper.txt", [row])
    True
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("onearm.outputs"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        {"key": key, "title": name, "sign": sign, "rows": [row for row in rows if row["verdict"] == key]}
        for key, name, sign in _VERDICTS
    ]
    return environment.get_template("audit.html.j2").render(title=title, sections=sections, total=len(rows))


def write_audit_page(path: Path, *, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """
    Write the page of an audit to a file.

    Parameters
    ----------
    path : Path
        Folders that do not exist are made.
    title : str
        What was audited.
    rows : sequence of mapping
        As `render_audit_page`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(render_audit_page(title, rows), path)
