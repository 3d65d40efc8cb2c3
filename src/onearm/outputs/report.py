"""The self-contained report: one HTML file, no network, no script, everything escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from markupsafe import Markup, escape

from onearm.outputs.album import Picture
from onearm.outputs.figures.text import short_labels
from onearm.outputs.format import format_date
from onearm.outputs.headline import headlines, key_facts
from onearm.outputs.methods import conventions_of
from onearm.outputs.tables import Table
from onearm.protocol import describe_protocol

if TYPE_CHECKING:
    from jinja2 import Environment

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup
    from onearm.protocol import Protocol

__all__ = ["Contents", "Section", "render_report"]

_MOST_ROWS: Final = 200
_TIES: Final = re.compile(r"[nN] = \d+|n of N|\([\d.]+% CI\)|\d+ of \d+|[\d.]+% CI (?=[\d−])|\d months?\b")
_DATES: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_HEX: Final = re.compile(r"[0-9a-f]{32,}")


@dataclass(frozen=True)
class Contents:
    """
    What the report is made of.

    Parameters
    ----------
    tables : dict of str to list of Table
        By section.
    pictures : list of Picture
        Each names its section.
    findings : list of Table
        One for each severity that occurs, errors first.
    finding_counts : dict of str to int
        By severity.
    patients : Table
        One line per patient.
    """

    tables: Mapping[str, Sequence[Table]]
    pictures: Sequence[Picture]
    findings: Sequence[Table]
    finding_counts: Mapping[str, int]
    patients: Table = field(default_factory=lambda: Table("patients", "", (), ()))


class Section(NamedTuple):
    """
    A part of the report that holds tables and figures.

    Parameters
    ----------
    key : str
        Its anchor.
    title : str
        Its heading.
    items : list
        Pairs of ``table`` or ``figure`` and a numbered item.
    """

    key: str
    title: str
    items: list[tuple[str, Any]]


class Numbered(NamedTuple):
    """
    A table or figure with its number.

    Parameters
    ----------
    number : int
        From 1, by kind.
    item : Table or Picture
        What is numbered.
    image : str
        Data URI of a picture.
    """

    number: int
    item: Any
    image: str = ""


_SECTIONS: Final = (
    ("flow", "Flow of patients"),
    ("baseline", "Baseline characteristics"),
    ("response", "Response"),
    ("change", "Change of tumour size"),
    ("course", "Course of each patient"),
    ("survival", "Time to event"),
    ("subgroups", "Subgroups"),
    ("sensitivity", "Other readings of the protocol"),
    ("exposure", "Exposure to treatment"),
    ("safety", "Safety"),
    ("therapy", "Therapy before, with and after"),
    ("biomarkers", "Biomarkers"),
    ("design", "Design and decision"),
    ("further", "Further results"),
)
_PICTURES_FIRST: Final = frozenset({"flow", "change", "course"})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("onearm.outputs", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tie"] = _tie
    environment.filters["dated"] = _dated
    environment.filters["runs"] = _runs
    return environment


def _dated(text: str) -> Markup:
    """Mark up ISO dates, which should not break at a hyphen; everything else is escaped."""
    return Markup(_DATES.sub(r"<time>\g<0></time>", str(escape(text))))


def _runs(text: str) -> list[tuple[str, bool]]:
    """Split a paragraph of the plan at its ``**``: text, and whether it is strong."""
    return [(part, number % 2 == 1) for number, part in enumerate(text.split("**")) if part]


def _tie(text: str) -> str:
    """Keep together what a line should not break: ``N = 46``, ``95% CI 41.1``."""
    return _TIES.sub(lambda match: match.group().replace(" ", "\N{NO-BREAK SPACE}"), text)


def render_report(
    contents: Contents,
    lookups: Sequence[Lookup],
    protocol: Protocol,
    printer: Printer,
    manifest: Mapping[str, Any],
) -> str:
    """
    Render the report.

    Parameters
    ----------
    contents : Contents
        Tables and figures.
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        The trial.
    printer : Printer
        How numbers are printed.
    manifest : mapping
        Provenance of the run.

    Returns
    -------
    str
        HTML, the same for the same input. Its content security policy allows its own style sheet and images held in the
        page, and nothing else.
    """
    style = files("onearm.outputs").joinpath("templates", "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown = [_cut(table) for table in contents.findings]
    references = manifest.get("methods", {})
    patients, hidden_patients = _cut(_abbreviate(contents.patients))
    return _environment().get_template("report.html.j2").render(
        # The style sheet ships with the package: it is the one text that must not be escaped.
        style=Markup(style),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        trial=protocol.trial,
        cutoff=format_date(protocol.trial.cutoff),
        facts=key_facts(lookups, protocol, printer),
        headlines=headlines(lookups, protocol, printer),
        sections=_sections(contents),
        findings=shown,
        finding_counts=contents.finding_counts,
        conventions=conventions_of(protocol),
        preset=protocol.conventions.preset,
        patients=patients,
        hidden_patients=hidden_patients,
        manifest=list(_flatten({name: value for name, value in manifest.items() if name != "methods"})),
        references=sorted({str(text) for text in references.values()}),
        plan=_plan(protocol),
    )  # fmt: skip


def _plan(protocol: Protocol) -> list[tuple[str, list[str]]]:
    """Headings and paragraphs of the plan in prose; its own title, which the page has already, is left out."""
    parts: list[tuple[str, list[str]]] = []
    for block in describe_protocol(protocol).strip().split("\n\n"):
        if block.startswith("## "):
            parts.append((block.removeprefix("## "), []))
        elif parts:
            parts[-1][1].append(block)
    return parts


def _abbreviate(table: Table) -> Table:
    """Leave out what all identifiers begin with, and say so; the file keeps them whole."""
    names = [row.label for row in table.rows]
    short = short_labels(names, longest=40)
    if short == names:
        return table
    rows = tuple(replace(row, label=label) for row, label in zip(table.rows, short, strict=True))
    start = names[0].removesuffix(short[0])
    notes = (f"Every identifier begins with {start}.",) if start != names[0] else ()
    return replace(table, rows=rows, footnotes=(*notes, *table.footnotes))


def _cut(table: Table) -> tuple[Table, int]:
    hidden = max(len(table.rows) - _MOST_ROWS, 0)
    if not hidden:
        return table, 0
    return replace(table, rows=table.rows[:_MOST_ROWS]), hidden


def _sections(contents: Contents) -> list[Section]:
    sections = []
    numbers = {"table": 0, "figure": 0}
    for key, title in _SECTIONS:
        pictures = [("figure", picture) for picture in contents.pictures if picture.section == key]
        tables = [("table", table) for table in contents.tables.get(key, ()) if table]
        items = []
        for kind, item in [*pictures, *tables] if key in _PICTURES_FIRST else [*tables, *pictures]:
            numbers[kind] += 1
            image = _data_uri(item) if isinstance(item, Picture) else ""
            items.append((kind, Numbered(numbers[kind], item, image)))
        if items:
            sections.append(Section(key, title, items))
    return sections


def _data_uri(picture: Picture) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.svg).decode()}"


def _flatten(manifest: Mapping[str, Any], lead: str = "", depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Name, text as shown, whole text; long hashes are cut."""
    for key, value in manifest.items():
        name = f"{lead}{key}"
        if isinstance(value, Mapping):
            if depth < 2:
                yield from _flatten(value, f"{name} · ", depth + 1)
        elif isinstance(value, (list, tuple)):
            if all(not isinstance(item, (Mapping, list, tuple)) for item in value):
                text = ", ".join(str(item) for item in value)
                yield name, _short(text), text
            else:
                for position, item in enumerate(value, start=1):
                    yield _on_one_line(item, name, position)
        else:
            yield name, _short(str(value)), str(value)


def _on_one_line(item: Any, name: str, position: int) -> tuple[str, str, str]:
    if not isinstance(item, Mapping):
        return f"{name} {position}", _short(str(item)), str(item)
    file = item.get("file") or item.get("name") or position
    parts = [f"{key} {value}" for key, value in item.items() if key not in ("file", "name")]
    text = ", ".join(parts)
    return f"{name} · {file}", _short(text), text


def _short(text: str) -> str:
    return _HEX.sub(lambda match: f"{match.group()[:12]}…", text)
