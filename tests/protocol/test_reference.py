"""The page of all keys is written from the model; a key that is new or changed must be on it."""

from __future__ import annotations

from pathlib import Path

from onearm.protocol.reference import list_keys

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


def test_the_page_of_keys_is_the_model() -> None:
    assert PAGE.read_text(encoding="utf-8") == list_keys(), "write it anew: make docs"
