"""Every key of an endpoint, of the tumour section and of iRECIST stands in docs/response.md with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onearm.protocol.base import Section
from onearm.protocol.endpoints import RateEndpoint, TimeEndpoint
from onearm.protocol.model import Subgroup
from onearm.protocol.tumour import IRecistSwitches, Tumour

PAGE = Path(__file__).resolve().parents[2] / "docs" / "response.md"


def documented() -> dict[str, tuple[str, str]]:
    """Default and source of each key, by its name in the first cell."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [re.split(r"\s*\|\s*", line.strip())[1:-1] for line in lines]
    return {cell[0].strip("`"): (cell[1], cell[2]) for cell in cells if len(cell) == 4}


@pytest.mark.parametrize(
    ("section", "prefix", "keys"),
    [
        (
            RateEndpoint,
            "",
            "assessor reader of by_months stable_at_least_months progression_free_at_months without_assessment",
        ),
        (TimeEndpoint, "", "assessor reader landmarks_months previous_line"),
        (Subgroup, "subgroup.", "landmark_months"),
        (Tumour, "tumour.", "oligo_at_most_sites oligo_site agreement_within_days size_model"),
        (IRecistSwitches, "", "carry_new_lesions open_progression"),
    ],
)
def test_every_key_is_documented_with_its_default_and_source(section: type[Section], prefix: str, keys: str) -> None:
    table = documented()
    for key in keys.split():
        default, source = table[prefix + key]
        assert default.replace('"', "'") == repr(section.model_fields[key].default), key
        assert source, key
