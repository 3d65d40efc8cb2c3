"""Cox regression by hand: ``onearm cox``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from onearm.errors import MethodError, suggest

if TYPE_CHECKING:
    import polars as pl

    from onearm.cli.columns import EventRule
    from onearm.stats.cox import CoxModel
    from onearm.stats.factors import Design

__all__ = ["register"]

HELP: Final = """
Cox regression: hazard ratios, their tests, concordance and the test of proportional hazards.

`onearm cox patients.csv --time os_months --event death=1 --covariates age,sex[ref=M]` prints a table; --json prints
every field.
"""
ROW: Final = "row number of the file"
PRESETS: Final = {"r": "efron", "sas": "breslow", "spss": "breslow"}
"""What each program does with ties unless told otherwise."""


class _Covariate(NamedTuple):
    """``age``, or ``sex[ref=M]`` for a factor."""

    name: str
    reference: str | None


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("cox", help=HELP, no_args_is_help=True)(cox_command)


def cox_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Table with one row per patient, in any format.")],
    *,
    time: Annotated[str, typer.Option("--time", "-t", help="Column of the time.")],
    event: Annotated[str, typer.Option("--event", "-e", help="What means event: COLUMN=VALUE, such as death=1.")],
    covariates: Annotated[
        str, typer.Option("--covariates", "-c", help="Columns, such as age,sex[ref=M]; a reference makes a factor.")
    ],
    entry: Annotated[str | None, typer.Option("--entry", help="Column of the start of observation.")] = None,
    strata: Annotated[str | None, typer.Option("--strata", "-s", help="Column of the strata.")] = None,
    ties: Annotated[
        str | None, typer.Option("--ties", help="efron, breslow or exact; by default the preset's.")
    ] = None,
    preset: Annotated[str, typer.Option("--preset", "-p", help="Conventions of r, sas or spss.")] = "r",
    interval: Annotated[str, typer.Option("--interval", help="wald or profile.")] = "wald",
    level: Annotated[float, typer.Option("--level", "-l", help="Two-sided confidence level.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print every field as JSON.")] = False,
) -> None:
    """
    Print a Cox model, its concordance and the test of proportional hazards.

    Parameters
    ----------
    file : Path
        The table.
    time, event : str
        Columns of time and event; which value means event must be said.
    covariates : str
        Columns parted by commas, each with its reference in brackets where it is a factor.
    entry, strata : str, optional
        Columns of the start of observation and of the strata.
    ties : str, optional
        What to do with tied times, where not as the preset does.
    preset : str
        ``r``, ``sas`` or ``spss``.
    interval : str
        Wald or profile-likelihood intervals.
    level : float
        Two-sided confidence level.
    as_json : bool
        Print JSON instead of text.
    """
    from onearm.cli.columns import parse_event
    from onearm.data.read import read_table

    if preset not in PRESETS:
        raise MethodError(f"--preset {preset}: unknown.{suggest(preset, PRESETS)}")
    asked = _Asked(time, parse_event(event), [_covariate(text) for text in _split(covariates)], entry, strata)
    options = {"ties": ties or PRESETS[preset], "interval": interval, "level": level}
    answer = _analyse(read_table(file), asked, options, where=file.name)
    print(_as_json(answer) if as_json else _as_text(answer))


class _Asked(NamedTuple):
    """Columns to analyse."""

    time: str
    event: EventRule
    covariates: list[_Covariate]
    entry: str | None
    strata: str | None

    @property
    def others(self) -> list[str]:
        """Columns beside time and event."""
        extra = [name for name in (self.entry, self.strata) if name is not None]
        return [*(covariate.name for covariate in self.covariates), *extra]


class _Answer(NamedTuple):
    """What is printed."""

    model: CoxModel
    notes: list[str]
    proportional: Any
    concordance: Any


def _analyse(table: pl.DataFrame, asked: _Asked, options: dict[str, Any], *, where: str) -> _Answer:
    """Take the columns from the table, fit the model and examine it."""
    import polars as pl

    from onearm.cli.columns import number_series, survival_columns
    from onearm.frames import check_columns
    from onearm.stats.cox import cox
    from onearm.stats.cox_diagnostics import concordance, proportional_hazards

    check_columns(table, asked.others, where=where)
    needed = [name for name in (asked.entry, asked.strata) if name is not None]
    known = table.with_columns(_as_code(table[name]).alias(name) for name in needed).with_row_index(ROW)
    # the row number comes back as the group, and says which rows are complete
    taken = survival_columns(known.drop_nulls(needed), time=asked.time, event=asked.event, by=ROW, where=where)
    rows = known[taken.table["group"].cast(pl.Int64).to_list()] if known.height else known
    design = _design(rows, asked.covariates, where)
    complete = pl.Series(design.complete)
    outcome, rows = taken.table.filter(complete), rows.filter(complete)
    model = cox(
        outcome["time"].to_numpy(),
        outcome["event"].to_numpy(),
        design.X,
        names=design.names,
        entry=None if asked.entry is None else number_series(rows[asked.entry], where=where).to_numpy(),
        strata=None if asked.strata is None else rows[asked.strata].to_numpy(),
        **options,
    )
    missing = table.height - taken.table.height
    what = ", ".join([asked.time, asked.event.column, *needed])
    notes = [f"{missing} of {table.height} rows left out: {what} missing."] if missing else []
    notes += [*design.notes, *model.notes]
    if model.separation is not None:
        return _Answer(model, notes, None, None)
    return _Answer(model, notes, proportional_hazards(model, terms=design.groups), concordance(model))


def _split(text: str) -> list[str]:
    """Split at commas outside brackets, so that a reference may hold one."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def _covariate(text: str) -> _Covariate:
    """Read ``name`` or ``name[ref=level]``."""
    match = re.fullmatch(r"([^\[\]]+?)\s*(?:\[\s*ref\s*=\s*([^\]]*?)\s*\])?", text)
    if match is None:
        raise MethodError(f"--covariates: cannot read {text!r}; write a column, or column[ref=level] for a factor.")
    return _Covariate(match[1].strip(), match[2])


def _design(rows: pl.DataFrame, covariates: list[_Covariate], where: str) -> Design:
    """Code the covariates; text whose values are all numbers is numeric unless a reference makes it a factor."""
    import polars as pl

    from onearm.cli.columns import number_series
    from onearm.stats.factors import design_matrix

    values: dict[str, Any] = {}
    for name, reference in covariates:
        text = _as_code(rows[name])
        is_number = text.drop_nulls().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False).is_not_null()
        if reference is None and is_number.all():
            values[name] = number_series(rows[name], where=where).to_numpy()
        else:
            values[name] = text.to_list()
    references = {name: reference for name, reference in covariates if reference is not None}
    return design_matrix(values, references=references)


def _as_code(values: pl.Series) -> pl.Series:
    """Text as a person writes it: 1.0 is 1; empty, NA and a single point are missing."""
    import polars as pl

    if values.dtype.is_float() and (values.drop_nulls() == values.drop_nulls().floor()).all():
        values = values.cast(pl.Int64)
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(["", "NA", "."]).fill_null(value=False), None)


def _as_text(answer: _Answer) -> str:
    model = answer.model
    # the notes on the data come with those of the model, once
    lines = [line for line in repr(model).splitlines() if not line.startswith("Note: ")]
    if answer.concordance is not None:
        lines.append(f"Concordance: {answer.concordance.estimate:.4g} (std. error {answer.concordance.std_error:.4g})")
        lines.append(repr(answer.proportional))
    return "\n".join([*lines, *(f"Note: {note}" for note in answer.notes)])


def _as_json(answer: _Answer) -> str:
    import json

    model = answer.model
    table = model.to_frame().to_dicts()
    out: dict[str, Any] = {
        "n": model.n,
        "n_events": model.n_events,
        "ties": model.ties,
        "interval": model.interval,
        "level": model.level,
        "covariates": [
            {key: value for key, value in row.items() if key not in ("ties", "interval", "level")} for row in table
        ],
        "log_likelihood": [model.log_likelihood_null, model.log_likelihood],
        "tests": {name: getattr(model, name)._asdict() for name in ("likelihood_ratio", "wald", "score")},
    }
    if answer.concordance is not None:
        out["concordance"] = {"estimate": answer.concordance.estimate, "std_error": answer.concordance.std_error}
        out["proportional_hazards"] = answer.proportional.to_frame().to_dicts()
    if model.separation is not None:
        separation = model.separation
        out["separation"] = [
            {"name": name, "sign": sign, "likelihood_ratio": test._asdict()}
            for name, sign, test in zip(separation.names, separation.signs, separation.likelihood_ratio, strict=True)
        ]
        out["firth"] = separation.firth.to_frame().to_dicts()
    out["notes"] = answer.notes
    return json.dumps(_plain(out), indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """JSON has neither NaN nor infinity: missing, and text."""
    import math

    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
