"""Reading protocol.toml: from text to a checked `Protocol`, with all problems of the file at once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from onearm.errors import ProtocolError, suggest
from onearm.protocol.conventions import with_preset
from onearm.protocol.cross_checks import cross_check
from onearm.protocol.model import Protocol
from onearm.protocol.sources import gather_endpoint_columns

__all__ = ["parse_protocol", "read_protocol", "resolve_protocol", "vary_protocol"]

_TAGS = {"rate", "time", "simon", "exact", "bayes", "one_sample_log_rank", "none"}


def read_protocol(path: str | Path) -> Protocol:
    """
    Read a protocol.

    Parameters
    ----------
    path : str or Path
        A TOML file, or the trial folder that holds ``protocol.toml``.

    Returns
    -------
    Protocol
        With every default resolved.

    Raises
    ------
    ProtocolError
        Naming every problem of the file with its key, and the nearest known key or rule.
    """
    path = Path(path)
    file = path / "protocol.toml" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProtocolError(
            f"{file}: no such file. A trial folder holds a protocol.toml; "
            "`onearm new simon > protocol.toml` writes one."
        ) from None
    except (UnicodeDecodeError, OSError) as error:
        raise ProtocolError(f"{file}: cannot be read as UTF-8 text ({error}).") from None
    return parse_protocol(text, name=file.name)


def parse_protocol(text: str, *, name: str = "protocol.toml") -> Protocol:
    """
    Read a protocol from its text.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Name of the file, for the messages.

    Returns
    -------
    Protocol
        With every default resolved.

    Raises
    ------
    ProtocolError
        As `read_protocol`.

    Examples
    --------
    >>> parse_protocol('[trial]\\nid = "A"\\ntitle = "B"\\ncutof = 1\\n[sets]\\nITT = ["enrolled"]\\n'
    ...                '[endpoint.OS]\\nset = "ITT"\\nevent = ["death"]\\ncensor = ["last_known_alive"]')
    Traceback (most recent call last):
    onearm.errors.ProtocolError: protocol.toml, trial.cutof: unknown key. Did you mean 'cutoff'?
    """
    try:
        typed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: not valid TOML: {error}.") from None
    raw = _spelled_out(typed)
    problems = [f"{name}, {key}: {problem}" for key, problem in cross_check(raw)]
    try:
        # Through JSON, so that strict types still let a TOML array be a tuple and a text be a term.
        protocol = Protocol.model_validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        problems = list(dict.fromkeys(f"{name}, {key}: {text}" for key, text in _explained(error, typed))) + problems
        raise ProtocolError(*problems) from None
    for alternative, section in protocol.sensitivity.items():
        try:
            vary_protocol(protocol, section.change, name=alternative)
        except ProtocolError as error:
            problems += [f"{name}, {problem}" for problem in error.problems]
    if problems:
        raise ProtocolError(*problems)
    return protocol


def _spelled_out(typed: dict[str, Any]) -> dict[str, Any]:
    """Write out what people may leave to a preset or to the name of an endpoint."""
    raw = dict(typed)
    if isinstance(raw.get("conventions", {}), dict):
        raw["conventions"] = with_preset(raw.get("conventions", {}))
    source = raw.get("source")
    if isinstance(source, dict) and isinstance(source.get("patients"), dict):
        raw["source"] = {**source, "patients": gather_endpoint_columns(source["patients"])}
    return raw


def resolve_protocol(protocol: Protocol) -> str:
    """
    Write the machine form of a protocol.

    Parameters
    ----------
    protocol : Protocol
        Any protocol.

    Returns
    -------
    str
        JSON with every default spelled out and sorted keys: the same protocol always gives the same text.
    """
    data = json.loads(protocol.model_dump_json(by_alias=True))
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def vary_protocol(protocol: Protocol, change: Mapping[str, Any], *, name: str = "variation") -> Protocol:
    """
    Change some keys of a protocol.

    Parameters
    ----------
    protocol : Protocol
        As planned.
    change : mapping of str to object
        Dotted names of keys, such as ``endpoint.ORR.of``, and their values.
    name : str
        What the variation is called, for the messages.

    Returns
    -------
    Protocol
        Checked like any other; a changed preset also changes the conventions that it implies.

    Raises
    ------
    ProtocolError
        For a key that does not exist or a value that it cannot have.

    Examples
    --------
    >>> text = ('[trial]\\nid = "A"\\ntitle = "B"\\n[sets]\\nITT = ["enrolled"]\\n'
    ...         '[endpoint.ORR]\\nset = "ITT"\\nsuccess = ["CR"]')
    >>> vary_protocol(parse_protocol(text), {"endpoint.ORR.of": "unconfirmed"}).rates["ORR"].of
    'unconfirmed'
    """
    data = json.loads(protocol.model_dump_json(by_alias=True))
    where = f"sensitivity.{name}.change"
    problems = [problem for key, value in change.items() if (problem := _set(data, key, value))]
    if problems:
        raise ProtocolError(*(f"{where}: {problem}" for problem in problems))
    problems = [f"{where}: {key}: {problem}" for key, problem in cross_check(data)]
    try:
        varied = Protocol.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise ProtocolError(*(f"{where}: {key}: {text}" for key, text in _explained(error, data)), *problems) from None
    if problems:
        raise ProtocolError(*problems)
    return varied


def _set(data: dict[str, Any], key: str, value: Any) -> str | None:
    """Change one key in place; say what is wrong with it where it does not exist."""
    here: Any = data
    *path, last = key.split(".")
    for part in path:
        if not isinstance(here, dict) or part not in here:
            return f"no key '{key}'.{suggest(part, here if isinstance(here, dict) else [])}"
        here = here[part]
    if not isinstance(here, dict) or last not in here:
        return f"no key '{key}'.{suggest(last, here if isinstance(here, dict) else [])}"
    here[last] = value
    if key == "conventions.preset":
        here.update(with_preset({"preset": value}))
    return None


def _explained(error: ValidationError, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    details = error.errors(include_url=False)
    inner = {detail["loc"][:-1] for detail in details}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in inner:
            continue  # its items were reported one by one
        path = _typed_path(detail["loc"], raw)
        yield _dotted(path), _sentence(detail, path)


def _typed_path(loc: Sequence[str | int], raw: Any) -> list[str | int]:
    """Keep the parts of a location that a person typed: tags of unions are not keys of the file."""
    path: list[str | int] = []
    here: Any = raw
    for position, part in enumerate(loc):
        inside = _item(here, part)
        last = position == len(loc) - 1
        if inside is None and (not last or not isinstance(here, dict) or part in _TAGS):
            continue
        here = here if inside is None else inside
        path.append(part)
    return path


def _item(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(part)
    if isinstance(here, list) and isinstance(part, int) and part < len(here):
        return here[part]
    return None


def _dotted(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(top level)"


def _sentence(detail: ErrorDetails, path: Sequence[str | int]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    found = detail.get("input")
    if kind == "extra_forbidden":
        return f"unknown key.{suggest(str(path[-1]), _known_keys(detail['loc']))}"
    if kind == "missing":
        return "this key is required and missing."
    if kind in {"enum", "literal_error"}:
        allowed = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        near = suggest(str(found), allowed)
        listed = f" Allowed: {', '.join(allowed)}." if "Did you mean" in near else ""
        return f"unknown value {found!r}.{near or ''}{listed}"
    if kind == "union_tag_invalid":
        allowed = [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
        return f"unknown kind {context['tag']!r}.{suggest(str(context['tag']), allowed)}"
    if kind == "union_tag_not_found":
        return "this table needs a 'kind'."
    message = detail["msg"].replace("Input should", "should")
    shown = f"; found {found!r}" if isinstance(found, (str, int, float, bool)) else ""
    return f"{message}{shown}."


def _known_keys(loc: Sequence[str | int]) -> list[str]:
    """Keys of the section in which an unknown one was found: follow the location through the models."""
    options: list[type[BaseModel]] = [Protocol]
    for part in loc[:-1]:
        inner = [found for model in options for found in _models_at(model, part)]
        options = inner or options
    return sorted({field.alias or name for model in options for name, field in model.model_fields.items()})


def _models_at(model: type[BaseModel], part: str | int) -> list[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if part in (field.alias, name):
            return list(_models_in(field.annotation))
    kind = model.model_fields.get("kind")
    return [model] if kind is not None and kind.default == part else []


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)
