"""A damaged file of any format gives a table or a clear error, never a crash of a library below."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from onearm.data import read_table, write_table
from onearm.errors import DataError

FRAME = pl.DataFrame(
    {
        "USUBJID": [f"{i:03d}" for i in range(50)],
        "AGE": [float(i) for i in range(50)],
        "TERM": ['é x, "y"'] * 50,
    }
)


def damage(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data))
        kind = rng.random()
        if kind < 0.6:
            data[at] = rng.randrange(256)
        elif kind < 0.8:
            del data[at : at + rng.randint(1, 30)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 30))
    return bytes(data)


@pytest.mark.parametrize("extension", [".csv", ".xpt", ".parquet", ".json", ".ndjson", ".dsjc", ".xlsx", ".sas7bdat"])
def test_damage_is_a_data_error_or_leaves_a_table(tmp_path, extension):
    path = tmp_path / f"dm{extension}"
    if extension == ".sas7bdat":
        whole = (Path(__file__).parent / "files" / "dm.sas7bdat").read_bytes()
    else:
        write_table(FRAME, path)
        whole = path.read_bytes()
    refused: list[str] = []
    for seed in range(60):
        path.write_bytes(damage(whole, random.Random(seed)))
        try:
            read_table(path)
        except DataError as error:
            refused.append(error.problems[0])
    assert all(problem.startswith(path.name) for problem in refused)
    assert len(refused) >= 30  # a changed letter in a text cannot be seen


@pytest.mark.parametrize(
    ("at", "value"),
    [(b"NAMESTR ", b"x"), (b"MEMBER  ", b"x"), (b"0140", b"01x0"), (b"0000000003", b"00000000x3"), (b"0140", b"0000")],
)
def test_a_damaged_header_of_a_transport_file_is_refused(tmp_path, at, value):
    path = tmp_path / "dm.xpt"
    write_table(FRAME, path)
    data = path.read_bytes()
    path.write_bytes(data.replace(at, value.ljust(len(at)), 1))
    with pytest.raises(DataError, match="the header of the transport file is damaged"):
        read_table(path)
