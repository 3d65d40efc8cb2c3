"""Can the printed numbers of a paper be right: ``onearm audit``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from onearm.published import Finding

__all__ = ["register"]

HELP = """
Check the printed numbers of a trial paper.

FILE is published.toml, a CSV of statements or the text of a paper (.txt, .md). `onearm new published > published.toml`
writes a commented template. A number that cannot be checked is never called wrong.
"""

_TEXTS: Final = frozenset({".txt", ".md", ".markdown", ".text"})
_NAMES: Final = {
    "cannot_be_right": "cannot be right",
    "rounding_slip": "rounding slip",
    "holds_under_another_method": "holds under another method",
    "holds": "holds",
    "not_checkable": "not checkable",
}


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("audit", help=HELP, no_args_is_help=True)(audit)


def audit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="published.toml, a CSV, or the text of a paper.")],
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with each statement in its sentence.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", "-a", help="List the statements that hold, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every statement as JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a number cannot be right.")] = False,
) -> None:
    """Check the printed numbers of a trial paper."""
    from onearm.cli.exit_codes import FINDINGS

    findings = _findings(file)
    rows = [_row(finding) for finding in findings]
    if html is not None:
        from onearm.outputs.audit_page import write_audit_page

        write_audit_page(html, title=file.name, rows=rows)
    if as_json:
        keys = ("place", "statement", "verdict", "method", "working", "closest", "severity")
        print(json.dumps([{key: row[key] for key in keys} for row in rows], indent=2, ensure_ascii=False))
    else:
        _print_table(rows, every)
        if html is not None:
            print(f"\nPage: {html}")
    if strict and any(row["verdict"] == "cannot_be_right" for row in rows):
        raise typer.Exit(FINDINGS)


def _findings(file: Path) -> tuple[Finding, ...]:
    from onearm.cli.progress import progress_bar
    from onearm.errors import DataError
    from onearm.published import audit_published, audit_text, read_published

    with progress_bar() as progress:
        if file.suffix.lower() not in _TEXTS:
            return audit_published(read_published(file), progress=progress)
        try:
            text = file.read_bytes().decode("utf-8", errors="replace")
        except OSError as error:
            raise DataError(f"{file}: cannot be read ({error.strerror}).") from None
        return audit_text(text, progress=progress)


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "place": finding.place,
        "statement": finding.statement,
        "verdict": finding.verdict.value,
        "method": finding.method,
        "working": finding.working,
        "closest": finding.closest,
        "severity": finding.severity,
        "sentence": finding.sentence,
    }


def _print_table(rows: list[dict[str, Any]], every: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [
        row
        for row in rows
        if every or row["verdict"] in {"cannot_be_right", "rounding_slip", "holds_under_another_method"}
    ]
    console = Console(highlight=False)
    if shown:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
        for name in ("verdict", "place", "statement", "working", "closest"):
            table.add_column(name, overflow="fold")
        for row in sorted(shown, key=lambda row: list(_NAMES).index(row["verdict"])):
            cells = (_NAMES[row["verdict"]], row["place"], row["statement"], row["working"], row["closest"])
            table.add_row(*(Text(str(cell)) for cell in cells))
        console.print(table)
    counted = {name: sum(row["verdict"] == key for row in rows) for key, name in _NAMES.items()}
    console.print(
        f"{len(rows)} statements: " + ", ".join(f"{number} {name}" for name, number in counted.items() if number) + "."
    )
