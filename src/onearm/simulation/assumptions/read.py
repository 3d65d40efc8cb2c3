"""Reading assumptions.toml: from text to checked `Assumptions`, with all problems of the file at once."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from onearm.errors import ProtocolError, suggest
from onearm.simulation.assumptions.model import Assumptions

__all__ = ["parse_assumptions", "read_assumptions", "shipped_assumptions"]


def shipped_assumptions(trial: str = "alter_e_003") -> Assumptions:
    """
    Read the assumptions that ship beside a protocol.

    Parameters
    ----------
    trial : str
        Folder below ``onearm/trials``.

    Returns
    -------
    Assumptions
        Checked.

    Raises
    ------
    ProtocolError
        If no such trial ships.

    Examples
    --------
    >>> shipped_assumptions("alter_e_003").size.screened
    53
    """
    folder = resources.files("onearm").joinpath("trials")
    file = folder.joinpath(trial, "assumptions.toml")
    if not file.is_file():
        known = [item.name for item in folder.iterdir() if item.joinpath("assumptions.toml").is_file()]
        raise ProtocolError(f"no assumptions ship for a trial {trial!r}.{suggest(trial, known)}")
    return parse_assumptions(file.read_text(encoding="utf-8"))


def read_assumptions(path: str | Path) -> Assumptions:
    """
    Read assumptions.

    Parameters
    ----------
    path : str or Path
        A TOML file, or the folder that holds ``assumptions.toml``.

    Returns
    -------
    Assumptions
        Checked.

    Raises
    ------
    ProtocolError
        Naming every problem of the file with its key.
    """
    path = Path(path)
    file = path / "assumptions.toml" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProtocolError(
            f"{file}: no such file. A synthetic trial needs assumptions.toml beside protocol.toml; "
            "start from the one that ships with alter_e_003."
        ) from None
    except (UnicodeDecodeError, OSError) as error:
        raise ProtocolError(f"{file}: cannot be read as UTF-8 text ({error}).") from None
    return parse_assumptions(text, name=file.name)


def parse_assumptions(text: str, *, name: str = "assumptions.toml") -> Assumptions:
    """
    Read assumptions from their text.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Name of the file, for the messages.

    Returns
    -------
    Assumptions
        Checked.

    Raises
    ------
    ProtocolError
        As `read_assumptions`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: not valid TOML: {error}.") from None
    try:
        # Through JSON, so that strict types still let a TOML array be a tuple.
        return Assumptions.model_validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise ProtocolError(*(f"{name}, {_dotted(d['loc'])}: {_sentence(dict(d))}" for d in details)) from None


def _dotted(loc: tuple[str | int, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(top level)"


def _sentence(detail: dict[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"unknown key.{suggest(str(detail['loc'][-1]), _keys_at(detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return "this key is required and missing."
    found = detail.get("input")
    shown = f"; found {found!r}" if isinstance(found, (str, int, float, bool)) else ""
    return f"{detail['msg'].removeprefix('Value error, ').replace('Input should', 'should')}{shown}."


def _keys_at(loc: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = Assumptions
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = next(iter(_models_in(model.model_fields[part].annotation)), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
