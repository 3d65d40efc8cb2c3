"""Work on a trial folder: ``onearm run``, ``check``, ``explain``, ``explain-patient``, ``new``, ``diff``, ``demo``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl

    from onearm.run import Run

__all__ = ["register"]

Folder = Annotated[Path, typer.Argument(help="Trial folder, with protocol.toml and data/.", metavar="DIR")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are findings of severity error.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_MOST_FINDINGS = 20


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("run")(run)
    app.command("check")(check)
    app.command("explain")(explain)
    app.command("explain-patient")(explain_patient)
    app.command("new")(new)
    app.command("sensitivity")(sensitivity)
    app.command("diff")(diff)
    app.command("demo")(demo)


def run(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="Where runs are kept. [default: DIR/out]")] = None,
    strict: Strict = False,
) -> None:
    """Derive, analyse and report a trial."""
    from onearm.cli.progress import progress_bar
    from onearm.run import run_trial

    with progress_bar() as progress:
        finished = run_trial(folder, out=out, progress=progress)
    _print_headlines(finished)
    _print_count(finished.findings)
    print(f"\nReport: {finished.report}")
    _leave(finished.n_errors, strict)


def check(folder: Folder, strict: Strict = False, as_json: AsJson = False) -> None:
    """Check protocol and data, and list what was found and who deviated from the protocol."""
    from onearm.run import check_trial

    checked = check_trial(folder)
    if as_json:
        print(_check_json(checked.findings, checked.derived.datasets["addv"]))
    else:
        tables = ", ".join(f"{name} {table.height:,}" for name, table in checked.source.tables.items())
        print(f"{checked.protocol.trial.id}: the protocol is complete; data: {tables}.")
        _print_findings(checked.findings)
        _print_deviations(checked.derived.datasets["addv"])
    _leave(checked.n_errors, strict)


def explain(folder: Folder) -> None:
    """Print the statistical plan as prose."""
    from onearm.analyses import resolve_design
    from onearm.protocol import describe_protocol, read_protocol

    protocol = read_protocol(folder)
    print(describe_protocol(protocol.model_copy(update={"design": resolve_design(protocol.design)})), end="")


def explain_patient(
    folder: Folder,
    subject: Annotated[str, typer.Argument(help="USUBJID, or its end.", metavar="USUBJID")],
    picture: Annotated[
        Path | None,
        typer.Option(help="Also draw planned against given treatment into this file, .svg or .png.", metavar="FILE"),
    ] = None,
) -> None:
    """Tell the course of one patient: each scan, what was concluded, and why."""
    from onearm.errors import OnearmError
    from onearm.outputs.story import find_patient, tell_patient
    from onearm.run import check_trial

    if picture is not None and picture.suffix not in (".svg", ".png"):
        raise OnearmError(f"--picture {picture}: found no ending .svg or .png. Fix: name the file patient.svg.")
    checked = check_trial(folder)
    datasets = checked.derived.datasets
    print(tell_patient(datasets, checked.findings, checked.protocol, subject), end="")
    if picture is not None:
        from onearm.data import write_bytes
        from onearm.outputs import figures
        from onearm.outputs.figures.style import stamp_synthetic

        whole = find_patient(datasets["adsl"], subject)
        figure = figures.draw_timeline(figures.timeline_data(datasets, checked.protocol, whole))
        if checked.protocol.trial.synthetic:
            stamp_synthetic(figure)
        write_bytes(figures.to_svg(figure) if picture.suffix == ".svg" else figures.to_png(figure), picture)
        print(f"\nPicture: {picture}")


def new(
    kind: Annotated[str, typer.Argument(help="Template: simon (a protocol) or published (what a paper printed).")],
) -> None:
    """Print a commented template: onearm new simon > protocol.toml."""
    from importlib.resources import files

    from onearm.errors import OnearmError, suggest

    folders = [files(room) / "templates" for room in ("onearm.protocol", "onearm.published")]
    templates = {
        item.name.removesuffix(".toml"): item
        for folder in folders
        for item in folder.iterdir()
        if item.name.endswith(".toml")
    }
    if kind not in templates:
        raise OnearmError(f"no template '{kind}'.{suggest(kind, templates)}")
    print(templates[kind].read_text(encoding="utf-8"), end="")


def diff(
    old: Annotated[Path, typer.Argument(help="A run, or a trial folder (its latest run).", metavar="RUN1")],
    new: Annotated[Path, typer.Argument(help="Another.", metavar="RUN2")],
    as_json: AsJson = False,
) -> None:
    """List the results that changed between two runs."""
    from onearm.results import compare_results
    from onearm.run import read_results

    changed = compare_results(read_results(old), read_results(new))
    if as_json:
        print(changed.write_json())
        return
    for row in changed.iter_rows(named=True):
        names = (
            "analysis",
            "paramcd",
            "population",
            "group1_level",
            "group2_level",
            "variable",
            "variable_level",
            "stat",
        )
        where = " ".join(str(row[name]) for name in names if row[name] is not None)
        print(f"{row['change']:<8} {where}: {_shown(row, '')} -> {_shown(row, '_new')}")
    print(f"{changed.height} results differ." if changed.height else "No result differs.")


def sensitivity(folder: Folder, as_json: AsJson = False) -> None:
    """Show how every headline number moves under the alternatives that the protocol names."""
    from onearm.analyses import analyse
    from onearm.errors import OnearmError
    from onearm.outputs.tables.sensitivity import sensitivity_lines
    from onearm.run import analyse_sensitivity, check_trial

    checked = check_trial(folder)
    if not checked.protocol.sensitivity:
        raise OnearmError(
            "protocol.toml, sensitivity: no alternative is named. "
            'Fix: add [sensitivity.NAME] with change = { "endpoint.ORR.of" = "unconfirmed" }.'
        )
    results = analyse_sensitivity(checked, analyse(checked.derived.datasets, checked.protocol))
    if as_json:
        print(results.write_json())
        return
    for line in sensitivity_lines(results, checked.protocol):
        print(line)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the synthetic trial goes.", metavar="DIR")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Of whatever the paper leaves open.")] = 1,
) -> None:
    """Reproduce the ALTER-E-003 trial: synthetic records that lead to the paper's numbers, and their report."""
    from onearm.cli.progress import progress_bar
    from onearm.cli.reproduce import print_missing_figures, print_share
    from onearm.run.reproduce import reproduce_trial, write_page

    with progress_bar() as progress:
        made = reproduce_trial("alter_e_003", folder, seed=seed, progress=progress)
    page = write_page(made)
    _print_headlines(made.run)
    _print_count(made.run.findings)
    print_share(made)
    print_missing_figures(made)
    print(f"\nPaper beside onearm: {page}\nReport: {made.run.report}")


def _shown(row: dict[str, object], side: str) -> str:
    value, text, note = row[f"value{side}"], row[f"text{side}"], row[f"note{side}"]
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(text or note or "-")


def _leave(n_errors: int, strict: bool) -> None:
    from onearm.cli.exit_codes import FINDINGS

    if strict and n_errors:
        print(f"{n_errors} findings of severity error.", file=sys.stderr)
        raise typer.Exit(FINDINGS)


def _print_headlines(finished: Run) -> None:
    from onearm.outputs import headlines_of

    print(f"{finished.protocol.trial.title} ({finished.protocol.trial.id})\n")
    for headline in headlines_of(finished.results, finished.protocol):
        print(" ".join(part for part in (headline.group, headline.sentence, headline.decision) if part))


def _print_count(findings: pl.DataFrame) -> None:
    counts = dict(findings["severity"].value_counts().iter_rows())
    parts = [f"{counts.get(name, 0)} {name}s" for name in ("error", "warning", "note")]
    print(f"Findings in the data: {', '.join(parts)}.")


def _print_findings(findings: pl.DataFrame) -> None:
    _print_count(findings)
    for rule, part in findings.group_by("rule", maintain_order=True):
        first = part.row(0, named=True)
        where = " ".join(str(first[name]) for name in ("file", "column") if first[name])
        print(f"\n{first['severity']:<8} {rule[0]} ({part.height}x) {where}")
        print(f"         {first['message']}\n         Fix: {first['fix']}")
        rows = [
            f"{row['subject'] or '-'}" + (f" (row {row['row']})" if row["row"] else "")
            for row in part.iter_rows(named=True)
        ]
        each = [f"{name} ({n}x)" if n > 1 else name for name, n in Counter(rows).items()]
        if each != ["-"]:
            more = f" and {len(each) - _MOST_FINDINGS} more" if len(each) > _MOST_FINDINGS else ""
            print(f"         {', '.join(each[:_MOST_FINDINGS])}{more}")


def _check_json(findings: pl.DataFrame, addv: pl.DataFrame) -> str:
    """One list, so that who reads findings still finds them; ``kind`` tells the deviations apart (docs/data.md)."""
    named = {
        "rule": "RULE",
        "subject": "USUBJID",
        "date": "ADT",
        "category": "DVCAT",
        "evidence": "WHY",
        "domain": "SRCDOM",
        "sequence": "SRCSEQ",
    }
    deviations = addv.select(**named)
    found = [{"kind": "finding", **row} for row in findings.iter_rows(named=True)]
    return json.dumps(
        [*found, *({"kind": "deviation", **row} for row in deviations.iter_rows(named=True))],
        ensure_ascii=False,
        default=str,
    )


def _print_deviations(addv: pl.DataFrame) -> None:
    """Every deviation with patient, date, rule and evidence; of each rule the first twenty."""
    if addv.is_empty():
        return
    print(f"\nDeviations from the protocol: {addv.height}.")
    for (rule,), part in addv.group_by("RULE", maintain_order=True):
        print(f"\n{rule} ({part.height}x)")
        for row in part.head(_MOST_FINDINGS).iter_rows(named=True):
            print(f"         {row['USUBJID']}  {row['ADT'] or 'no date'}  {row['WHY']}")
        if part.height > _MOST_FINDINGS:
            print(
                f"         and {part.height - _MOST_FINDINGS} more; onearm run writes all of them to datasets/addv.parquet"
            )
