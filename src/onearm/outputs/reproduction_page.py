"""The page of a reproduced trial: figures beside what the paper says of them, and every printed number beside onearm's."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from onearm.data import write_text

__all__ = ["render_reproduction_page", "write_reproduction_page"]

_VERDICTS: Final = (
    ("met", "Met", "✓"),
    ("differs", "Differs", "✕"),
    ("cannot_be_met", "Cannot be met", "≠"),
    ("not_computable", "Not computable", "?"),
)
"""Each has a sign, so that no verdict is told by colour alone."""


def render_reproduction_page(
    title: str, reference: str, rows: Sequence[Mapping[str, str]], figures: Sequence[Mapping[str, str]]
) -> str:
    """
    Write the page of a reproduced trial.

    Parameters
    ----------
    title, reference : str
        Trial and paper.
    rows : sequence of mapping
        ``place, statistic, printed, computed, verdict, note`` of every printed number.
    figures : sequence of mapping
        ``place``, ``says``, ``title``, ``file`` and ``image``, a data address; without one, the page says that there is
        no such figure.

    Returns
    -------
    str
        One HTML file without script or network that says that it is synthetic; everything from the paper is escaped.

    Examples
    --------
    >>> row = {"place": "Table 2", "statistic": "<ORR>", "printed": "26", "computed": "26", "verdict": "met", "note": ""}
    >>> "&lt;ORR&gt;" in render_reproduction_page("Trial", "Paper", [row], [])
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
    counts = [
        {"key": key, "title": name, "sign": sign, "n": sum(row["verdict"] == key for row in rows)}
        for key, name, sign in _VERDICTS
    ]
    signs = {key: f"{sign} {name}" for key, name, sign in _VERDICTS}
    return environment.get_template("reproduction.html.j2").render(
        title=title, reference=reference, counts=counts, signs=signs, sections=_sections(rows), figures=figures
    )


def _sections(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Gather rows by the part of the paper, in the order of the paper's numbers."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        found.setdefault(row["place"].split(",")[0], []).append(row)
    return [
        {
            "title": name,
            "rows": part,
            "met": sum(row["verdict"] == "met" for row in part),
            "open": any(row["verdict"] != "met" for row in part),
        }
        for name, part in found.items()
    ]


def write_reproduction_page(
    path: Path,
    *,
    title: str,
    reference: str,
    rows: Sequence[Mapping[str, str]],
    figures: Sequence[Mapping[str, str]],
    drawn: Path,
) -> None:
    """
    Write the page of a reproduced trial to a file.

    Parameters
    ----------
    path : Path
        The file.
    title, reference : str
        Trial and paper.
    rows : sequence of mapping
        As `render_reproduction_page`.
    figures : sequence of mapping
        ``file``, the name of a drawn figure, with ``title``, ``place`` and ``says``: what the paper says of its own.
    drawn : Path
        Folder of the drawn figures.
    """
    shown = [{**figure, "image": _embedded(drawn / f"{figure['file']}.svg")} for figure in figures]
    write_text(render_reproduction_page(title, reference, rows, shown), path)


def _embedded(image: Path) -> str:
    if not image.is_file():
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(image.read_bytes()).decode('ascii')}"
