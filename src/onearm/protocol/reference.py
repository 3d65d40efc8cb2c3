"""Every key of protocol.toml as a Markdown page, written from the model itself so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from onearm.protocol.model import Protocol

__all__ = ["list_keys"]

_HEAD = """# The keys of protocol.toml

Written from the model by `onearm.protocol.reference.list_keys`; a test holds this page to it. Keys are closed: any other key is
an error. `onearm new simon > protocol.toml` writes a template with most of them, `onearm check DIR` tells what is wrong.
"""


def list_keys() -> str:
    """
    List every key with its type, its default and its meaning.

    Returns
    -------
    str
        Markdown: a table for each section, in the order of the model.
    """
    return _HEAD + "".join(_section(title, model) for title, model in _sections("", Protocol))


def _sections(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, field in model.model_fields.items():
        key = field.alias or name
        for inner in _models(field.annotation):
            where = f"{path}.{key}" if path else key
            many = get_origin(field.annotation) is dict
            repeated = get_origin(field.annotation) is tuple
            title = f"{where}.NAME" if many else f"[{where}]" if repeated and not path else where
            kind = inner.model_fields.get("kind")
            yield from _sections(
                f"{title} (kind = {kind.default or get_args(kind.annotation)[0]})" if kind else title, inner
            )


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from _models(inner)


def _section(path: str, model: type[BaseModel]) -> str:
    plain = [(n, f) for n, f in model.model_fields.items() if n != "kind" and not list(_models(f.annotation))]
    if not plain:
        return ""
    about = (model.__doc__ or "").strip().replace("\n    ", "\n").split("\n\n")[0]
    title = f"`[{path}]`" if path else "Top level"
    rows = "".join(_row(field.alias or name, field) for name, field in plain)
    return f"\n## {title}\n\n{about}\n\n| key | type | default | meaning |\n|---|---|---|---|\n{rows}"


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.default is PydanticUndefined and field.default_factory is None else _shown(field)
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{name}` | {_type(field.annotation)} | {default} | {meaning} |\n"


def _shown(field: FieldInfo) -> str:
    value = field.default_factory() if field.default_factory is not None else field.default  # type: ignore[call-arg]  # takes no data here
    if value is None or value in ((), {}):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


_NAMES = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Any": "any value"}


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if str(origin) == "typing.Literal" or hasattr(annotation, "__members__"):
        return " or ".join(f"`{value}`" for value in arguments or annotation)
    if origin is tuple or origin is dict:
        return f"list of {_type(arguments[0])}" if origin is tuple else f"table of {_type(arguments[1])}"
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if arguments:
        kinds = [_type(inner) for inner in arguments if inner is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    name = getattr(annotation, "__name__", str(annotation))
    return _NAMES.get(name, name)
