"""docs/simulation.md names every key of assumptions.toml and says of it what the model says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from onearm.simulation.assumptions import Assumptions

DOC = Path(__file__).resolve().parents[2] / "docs" / "simulation.md"


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in models_in(inner)]


def keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        inner = models_in(field.annotation)
        if inner:
            yield from keys(inner[0], f"{path}.{name}".strip("."))
        elif path:
            yield path, name, (field.description or "").replace("\n", " ").replace("``", "`")


def test_every_key_is_documented_with_its_meaning():
    sections = re.split(r"(?m)^### ", DOC.read_text(encoding="utf-8"))[1:]
    by_name = {re.sub(r"[\[\]`]", "", section.splitlines()[0]).split(" ")[0]: section for section in sections}
    for path, name, meaning in keys(Assumptions):
        section = by_name[path if not path.startswith("toxicity.actions") else "toxicity.actions.grade_1"]
        assert meaning, f"{path}.{name} has no description"
        line = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
        assert line.endswith(f"| {meaning} |"), f"{path}.{name}"


def test_shipped_values_are_the_documented_ones():
    import tomllib
    from importlib import resources

    file = resources.files("onearm").joinpath("trials", "alter_e_003", "assumptions.toml")
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    text = DOC.read_text(encoding="utf-8")
    for section in ("size", "growth", "progression", "death", "follow_up", "visits"):
        part = re.search(rf"(?ms)^### `\[{section}\]`\n(.*?)(?=^### |\Z)", text).group(1)
        documented = dict(re.findall(r"(?m)^\| `(\w+)` \| `([^`]+)` \|", part))
        assert documented == {key: str(value) for key, value in raw[section].items() if not isinstance(value, dict)}
