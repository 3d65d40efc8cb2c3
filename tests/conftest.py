"""What every test may use: the shared folder that lies beside the project, where it is present."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline would time the machine, not the code.
settings.register_profile("onearm", deadline=None)
settings.load_profile("onearm")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Folder of a real data set, or a skip that names it."""

    def folder(name: str) -> Path:
        path = SHARED / "data" / name
        if not path.exists():
            pytest.skip(f"real data set '{name}' is absent: expected at ../shared/data/{name}")
        return path

    return folder


@pytest.fixture(scope="session")
def shared_reference() -> Callable[[str], Path]:
    """File or folder of reference numbers, or a skip that names it."""

    def file(name: str) -> Path:
        path = SHARED / "reference" / name
        if not path.exists():
            pytest.skip(f"reference numbers '{name}' are absent: expected at ../shared/reference/{name}")
        return path

    return file
