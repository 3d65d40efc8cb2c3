"""reconstruction.toml: what a number is a number of."""

from __future__ import annotations

import pytest

from onearm.errors import DataError
from onearm.published.model import Statement
from onearm.published.numbers import parse_meanings


def test_all_problems_of_a_file_come_at_once() -> None:
    text = '[numbers]\n"A" = { baselin = "AGE" }\n"B" = { rate = "ORR", lvl = "x" }\n[figures]\n'
    with pytest.raises(DataError) as error:
        parse_meanings(text)
    said = "\n".join(error.value.problems)
    assert "figures: unknown key" in said
    assert "numbers.'A': unknown key 'baselin'" in said
    assert "baseline" in said
    assert "numbers.'B': unknown key 'lvl'" in said


def test_an_exact_name_goes_before_a_pattern_and_brackets_are_plain() -> None:
    text = '[numbers]\n"T2 *" = { rate = "DCR" }\n"T2 ORR [n]" = { rate = "ORR" }'
    meanings = parse_meanings(text)
    assert meanings.of(Statement("Table 2", "rate", id="T2 ORR [n]")).name == "ORR"  # type: ignore[union-attr]
    assert meanings.of(Statement("Table 2", "rate", id="T2 DCR")).name == "DCR"  # type: ignore[union-attr]


def test_a_statement_without_a_meaning_has_none() -> None:
    assert parse_meanings("").of(Statement("Table 2", "rate", id="x")) is None
