"""Protocol files: valid ones with what they resolve to, invalid ones with every sentence that is said about them."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from onearm.errors import ProtocolError
from onearm.protocol import describe_protocol, parse_protocol, read_protocol, resolve_protocol
from onearm.protocol.base import ProportionInterval
from onearm.protocol.prose import PROPORTION_INTERVALS
from onearm.protocol.tumour import BestResponseSwitches, IRecistSwitches, RecistSwitches, Tumour
from onearm.rules.best_response_rules import BestResponseRules
from onearm.rules.irecist import IRecistRules
from onearm.rules.recist import RecistRules
from onearm.stats.binomial import BINOMIAL_INTERVALS

CASES = Path(__file__).parents[1] / "cases" / "protocol"
SHIPPED = sorted(Path(str(files("onearm") / "trials")).glob("*/protocol.toml"))
TEMPLATES = sorted(Path(str(files("onearm.protocol") / "templates")).glob("*.toml"))


@pytest.mark.parametrize("path", sorted((CASES / "valid").glob("*.toml")), ids=lambda path: path.stem)
def test_valid_protocol_resolves_as_written_down(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert json.loads(resolve_protocol(read_protocol(path))) == expected


@pytest.mark.parametrize("path", sorted((CASES / "invalid").glob("*.toml")), ids=lambda path: path.stem)
def test_invalid_protocol_reports_every_problem(path: Path) -> None:
    expected = [f"{path.name}, {line}" for line in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()]
    with pytest.raises(ProtocolError) as error:
        read_protocol(path)
    assert [problem.replace(f"{path.name}: ", f"{path.name}, ") for problem in error.value.problems] == expected


@pytest.mark.parametrize("path", SHIPPED + TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_shipped_is_valid_and_has_prose(path: Path) -> None:
    assert describe_protocol(read_protocol(path)).startswith("# ")


def test_all_problems_of_different_kinds_come_at_once() -> None:
    text = (
        '[trial]\nid = "A"\ntitle = 3\ncutof = 2024-01-01\n[sets]\nITT = ["enroled"]\n'
        '[endpoint.ORR]\nset = "IT"\nsucces = ["CR"]\n[design]\nkind = "simon"\np0 = 0.5\np1 = 0.3\n'
    )
    with pytest.raises(ProtocolError) as error:
        parse_protocol(text)
    keys = [problem.split(": ")[0].removeprefix("protocol.toml, ") for problem in error.value.problems]
    assert sorted(keys) == sorted(
        [
            "trial.title",
            "trial.cutof",
            "sets.ITT[1]",
            "endpoint.ORR.success",
            "endpoint.ORR.succes",
            "endpoint.ORR.set",
            "design.p1",
        ]
    )


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="onearm new simon"):
        read_protocol(tmp_path)


def test_resolved_protocol_reads_back_to_itself() -> None:
    resolved = resolve_protocol(read_protocol(SHIPPED[0]))
    from onearm.protocol.model import Protocol

    assert resolve_protocol(Protocol.model_validate_json(resolved)) == resolved


def test_the_template_shows_every_default_as_it_is() -> None:
    """A commented key of the template, uncommented, changes nothing."""
    template = next(path for path in TEMPLATES if path.stem == "simon").read_text(encoding="utf-8")
    head, conventions = template.split("[conventions]\n")
    shown = [
        line[2:] if line.startswith("# ") and " = " in line else line
        for line in conventions.split("# [source]")[0].splitlines()
    ]
    assert parse_protocol(head + "[conventions]\n" + "\n".join(shown)) == parse_protocol(template)


@pytest.mark.parametrize(
    ("rules", "switches", "elsewhere"),
    [
        (RecistRules, RecistSwitches, {}),
        (
            BestResponseRules,
            BestResponseSwitches,
            {
                "confirm_after_days": Tumour().confirm_response_after_days,
                "stable_at_least_days": Tumour().stable_at_least_days,
                "stable_from": "reference_day",
            },
        ),
    ],
)
def test_every_switch_of_the_rules_is_a_key_with_the_same_choices(
    rules: type, switches: type, elsewhere: dict[str, object]
) -> None:
    hints, kept = get_type_hints(rules), get_type_hints(switches)
    choices = {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}
    assert choices == {name: get_args(kept[name]) for name in choices}
    defaults = {field.name: field.default for field in dataclasses.fields(rules)}
    assert defaults == {**{n: f.default for n, f in switches.model_fields.items()}, **elsewhere}


def test_every_switch_of_irecist_is_a_key_with_the_same_default() -> None:
    defaults = {field.name: field.default for field in dataclasses.fields(IRecistRules)}
    keys = {name: field.default for name, field in IRecistSwitches.model_fields.items()}
    assert {name: keys.pop(name) for name in defaults} == defaults
    # what is left says how the records are read
    assert set(keys) == {"carry_new_lesions", "open_progression"}


def test_intervals_of_a_proportion_are_those_of_the_statistics() -> None:
    assert get_args(ProportionInterval) == tuple(BINOMIAL_INTERVALS)
    assert set(PROPORTION_INTERVALS) == set(BINOMIAL_INTERVALS)
