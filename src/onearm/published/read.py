"""Reading published.toml and a CSV of statements, with all problems of a file at once."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from onearm.errors import DataError, suggest
from onearm.published.model import RELATIONS, STATISTICS, Claims, Design, Published, Relation, Statement
from onearm.published.rounding import printed, printed_p

__all__ = ["parse_csv", "parse_published", "read_published"]

_SECTIONS: Final = ("schema", "trial", "methods", "statement", "relation", "design")
_OPEN: Final = frozenset({"ne", "nr", "na", "-", "not estimable", "not reached", "not evaluable"})
_DESIGNS: Final[dict[str, tuple[str, ...]]] = {
    "simon": ("p0", "p1", "alpha", "power", "r1", "n1", "r", "n"),
    "log_rank": (
        "median0", "median1", "hr", "alpha", "sides", "power", "events", "event_rate", "patients", "dropout", "enrolled",
    ),
}  # fmt: skip
_CSV: Final = {"statement": "label", "estimate": "value", "text": "text"}
_INTERVALS: Final = ("ci", "credible", "range", "iqr")


def read_published(path: str | Path) -> Published:
    """
    Read what a paper printed.

    Parameters
    ----------
    path : str or Path
        ``published.toml``, a folder that holds one, or a CSV with columns such as ``statement, count, total, percent,
        low, high, p``.

    Returns
    -------
    Published
        Numbers keep their printed decimals.

    Raises
    ------
    DataError
        Naming every problem of the file with its key, and the nearest known key.
    """
    path = Path(path)
    file = path / "published.toml" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{file}: no such file. `onearm new published > published.toml` writes one.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"{file}: cannot be read as UTF-8 text ({error}).") from None
    if file.suffix.lower() == ".csv":
        return parse_csv(text, name=file.name)
    return parse_published(text, name=file.name)


def parse_published(text: str, *, name: str = "published.toml") -> Published:
    """
    Read published.toml from its text.

    Parameters
    ----------
    text : str
        TOML. Numbers are read with the decimals that were typed: 72.0 is not 72.
    name : str
        Of the file, for the messages.

    Returns
    -------
    Published
        As typed; nothing has to be consistent.

    Raises
    ------
    DataError
        As `read_published`.

    Examples
    --------
    >>> paper = parse_published('[trial]\\nid = "A"\\n[[statement]]\\nplace = "Table 2"\\nstatistic = "rate"\\n'
    ...                         'count = 26\\ntotal = 46\\npercent = 56.5')
    >>> str(paper.statements[0].percent)
    '56.5'
    """
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ArithmeticError) as error:
        raise DataError(f"{name}: not valid TOML: {error}.") from None
    problems = [f"{name}, {key}: unknown key.{suggest(key, _SECTIONS)}" for key in raw if key not in _SECTIONS]
    claims = _claims(raw.get("methods", {}), f"{name}, methods", problems)
    statements = tuple(
        _statement(item, f"{name}, statement[{number}]", problems)
        for number, item in enumerate(_tables(raw, "statement", name, problems), start=1)
    )
    known = [statement.id for statement in statements if statement.id]
    problems += [
        f"{name}: the id '{key}' stands on more than one statement."
        for key in sorted(set(known))
        if known.count(key) > 1
    ]
    relations = tuple(
        _relation(item, known, f"{name}, relation[{number}]", problems)
        for number, item in enumerate(_tables(raw, "relation", name, problems), start=1)
    )
    designs = tuple(
        _design(item, f"{name}, design[{number}]", problems)
        for number, item in enumerate(_tables(raw, "design", name, problems), start=1)
    )
    if problems:
        raise DataError(*problems)
    trial = {key: str(value) for key, value in dict(raw.get("trial", {})).items()}
    return Published(trial, claims, statements, relations, designs)


def parse_csv(text: str, *, name: str = "published.csv") -> Published:
    """
    Read statements from a CSV, one a row.

    Parameters
    ----------
    text : str
        With a header; columns are keys of a statement, ``statement`` stands for its label. Empty cells are missing.
    name : str
        Of the file, for the messages.

    Returns
    -------
    Published
        Without relations.

    Raises
    ------
    DataError
        Naming every problem with its row.

    Examples
    --------
    >>> parse_csv("statement,count,total,percent\\nORR,26,46,56.5").statements[0].total
    46
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    problems: list[str] = []
    statements = []
    for number, row in enumerate(rows, start=2):
        given = {_CSV.get(key.strip(), key.strip()): value.strip() for key, value in row.items()
                 if isinstance(key, str) and isinstance(value, str) and value.strip()}  # fmt: skip
        given.setdefault("place", f"row {number}")
        given.setdefault(
            "statistic",
            "rate" if {"count", "total", "percent"} & set(given) else "median" if "value" in given else "p_value",
        )
        statements.append(_statement(given, f"{name}, row {number}", problems))
    if problems or not rows:
        raise DataError(
            *(
                problems
                or [
                    f"{name}: no statement. The first line names the columns, such as 'statement,count,total,percent,low,high,p'."
                ]
            )
        )
    return Published({"id": name}, Claims(), tuple(statements))


def _tables(raw: Mapping[str, Any], key: str, name: str, problems: list[str]) -> list[dict[str, Any]]:
    found = raw.get(key, [])
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    problems.append(f"{name}, {key}: must be a list of tables; write [[{key}]].")
    return []


def _claims(raw: Mapping[str, Any], where: str, problems: list[str]) -> Claims:
    known = [item.name for item in fields(Claims)]
    problems += [f"{where}.{key}: unknown key.{suggest(key, known)}" for key in raw if key not in known]
    return Claims(**{key: str(value) for key, value in raw.items() if key in known})


def _whole(value: Any) -> int:
    number = printed(value)
    if number is None or number.value != int(number.value) or number.value < 0:
        raise ValueError("must be a whole number, 0 or more")
    return int(number.value)


def _number(value: Any) -> Any:
    number = printed(str(value).strip().rstrip("%"))
    if number is None:
        raise ValueError("must be a number, with the decimals that were printed")
    return number


def _p(value: Any) -> Any:
    found = printed_p(value)
    if found is None:
        raise ValueError("must be a probability, or a text such as '<0.001'")
    return found


def _level(value: Any) -> float:
    level = _number(value).value
    level = level / 100 if level > 1 else level
    if not 0.5 <= level < 1:
        raise ValueError("must be a level such as 0.95")
    return float(level)


def _pairs(value: Any) -> tuple[tuple[int, int], ...]:
    pairs = tuple(tuple(_whole(cell) for cell in pair) for pair in value)
    if len(pairs) < 2 or any(len(pair) != 2 or pair[0] > pair[1] for pair in pairs):
        raise ValueError("must be [[successes, total], [successes, total]]")
    return tuple((pair[0], pair[1]) for pair in pairs)


def _statistic(value: Any) -> str:
    if value not in STATISTICS:
        raise ValueError(f"unknown statistic '{value}'.{suggest(str(value), STATISTICS)}")
    return str(value)


def _unit(value: Any) -> float:
    unit = float(_number(value).value)
    if unit <= 0:
        raise ValueError("must be the unit of the last place that was kept, such as 1 for whole per cent")
    return unit


def _interval(value: Any) -> str:
    if value not in _INTERVALS:
        raise ValueError(f"unknown interval '{value}'.{suggest(str(value), _INTERVALS)}")
    return str(value)


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "statistic": _statistic,
    "interval": _interval,
    "count": _whole,
    "total": _whole,
    "events": _whole,
    "percent": _number,
    "p": _p,
    "level": _level,
    "time": lambda value: float(_number(value).value),
    "prior": lambda value: tuple(float(_number(part).value) for part in value),
    "rounded_to": _unit,
    "groups": _pairs,
    "sizes": lambda value: tuple(_whole(part) for part in value),
    "total_is_inferred": bool,
}
_TEXTS: Final = ("place", "id", "label", "text", "group", "population", "method", "unit", "note")


def _statement(raw: Mapping[str, Any], where: str, problems: list[str]) -> Statement:
    known = [*_READERS, *_TEXTS, "value", "low", "high", "date"]
    given: dict[str, Any] = {}
    for key, value in raw.items():
        try:
            given |= _read_key(key, value, known)
        except (ValueError, TypeError) as error:
            problems.append(f"{where}.{key}: {error}; found {value!r}." if key in known else f"{where}.{key}: {error}")
    given["open_limits"] = " ".join(side for side in ("value", "low", "high") if given.pop(f"open_{side}", False))
    for key in ("place", "statistic"):
        if key not in raw:
            problems.append(f"{where}.{key}: this key is required and missing.")
    return Statement(**{"place": where, "statistic": "value"} | given)


def _read_key(key: str, value: Any, known: list[str]) -> dict[str, Any]:
    if key not in known:
        raise ValueError(f"unknown key.{suggest(key, known)}")
    if key in _READERS:
        return {key: _READERS[key](value)}
    if key in {"value", "low", "high"}:
        is_open = isinstance(value, str) and value.strip().lower() in _OPEN
        return {f"open_{key}": True} if is_open else {key: _number(value)}
    if key == "date":
        return _date(value)
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return {key: value}


def _date(value: Any) -> dict[str, Any]:
    if isinstance(value, dt.date):
        return {"date": value}
    text = str(value)
    is_month = len(text) == len("2024-02")
    return {"date": dt.date.fromisoformat(f"{text}-01" if is_month else text), "date_is_month": is_month}


def _relation(raw: Mapping[str, Any], ids: list[str], where: str, problems: list[str]) -> Relation:
    known = [item.name for item in fields(Relation)]
    problems += [f"{where}.{key}: unknown key.{suggest(key, known)}" for key in raw if key not in known]
    kind = str(raw.get("kind", ""))
    if kind not in RELATIONS:
        problems.append(f"{where}.kind: unknown relation '{kind}'.{suggest(kind, RELATIONS)}")
    raw_parts = raw.get("parts", [])
    parts = tuple(str(part) for part in raw_parts) if isinstance(raw_parts, list) else ()
    whole = str(raw.get("whole", ""))
    if not parts:
        problems.append(f"{where}.parts: this key is required: a list of ids of statements.")
    for key in (*parts, *([whole] if whole else [])):
        if key not in ids:
            problems.append(f"{where}: no statement has the id '{key}'.{suggest(key, ids)}")
    return Relation(kind, str(raw.get("place", "")), whole, parts, str(raw.get("note", "")))


def _design(raw: Mapping[str, Any], where: str, problems: list[str]) -> Design:
    kind = str(raw.get("kind", ""))
    if kind not in _DESIGNS:
        problems.append(f"{where}.kind: unknown design '{kind}'.{suggest(kind, _DESIGNS)}")
        return Design(kind, "", {})
    known = (*_DESIGNS[kind], "kind", "place", "note")
    problems += [f"{where}.{key}: unknown key.{suggest(key, known)}" for key in raw if key not in known]
    numbers: dict[str, float] = {}
    for key in _DESIGNS[kind]:
        if key in raw:
            number = printed(raw[key])
            if number is None:
                problems.append(f"{where}.{key}: must be a number; found {raw[key]!r}.")
            else:
                numbers[key] = number.value
    return Design(kind, str(raw.get("place", "")), numbers)
