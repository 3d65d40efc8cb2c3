"""Dataset-JSON 1.1 by the specification, and against odmlib in both directions."""

from __future__ import annotations

import gzip
import json
import zlib

import polars as pl
import pytest
from odmlib.dataset_json_1_1.model import Column, DatasetJSON

from onearm.data import read_table, write_table
from onearm.errors import DataError

META = {
    "datasetJSONCreationDateTime": "2024-12-05T12:00:00",
    "datasetJSONVersion": "1.1.0",
    "itemGroupOID": "IG.DM",
    "records": 3,
    "name": "DM",
    "label": "Demographics",
    "columns": [
        {"itemOID": "IT.DM.USUBJID", "name": "USUBJID", "label": "Subject", "dataType": "string", "keySequence": 1},
        {"itemOID": "IT.DM.AGE", "name": "AGE", "label": "Age", "dataType": "integer"},
        {"itemOID": "IT.DM.BMI", "name": "BMI", "label": "Index", "dataType": "float"},
        {"itemOID": "IT.DM.DOSE", "name": "DOSE", "label": "Dose", "dataType": "decimal", "targetDataType": "decimal"},
        {
            "itemOID": "IT.DM.RFSTDT",
            "name": "RFSTDT",
            "label": "Start",
            "dataType": "date",
            "targetDataType": "integer",
        },
        {"itemOID": "IT.DM.OK", "name": "OK", "label": "Flag", "dataType": "boolean"},
    ],
}
ROWS = [
    ["001", 61, 24.5, "1,234.5", "2024-02-29", True],
    ["002", None, 30, "0.1", None, False],
    ["", 47, None, None, "2024-03", None],
]
TABLE = {
    "USUBJID": ["001", "002", None],
    "AGE": [61, None, 47],
    "BMI": [24.5, 30.0, None],
    "DOSE": [1234.5, 0.1, None],
    "RFSTDT": ["2024-02-29", None, "2024-03"],
    "OK": [True, False, None],
}
LINES = "\n".join(json.dumps(part) for part in [META, *ROWS]) + "\n"


def broken(path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dm.json", json.dumps({**META, "rows": ROWS}).encode()),
        ("dm.json", b"\xef\xbb\xbf" + json.dumps({**META, "rows": ROWS}, indent=2).encode()),
        ("dm.ndjson", LINES.encode()),
        ("dm.ndjson", LINES.replace("\n", "\r\n").encode()),
        ("dm.dsjc", zlib.compress(LINES.encode(), 9)),
        ("dm.dsjc", gzip.compress(LINES.encode(), mtime=0)),
        ("dm.dsjc", zlib.compress(json.dumps({**META, "rows": ROWS}).encode())),
    ],
)
def test_each_form_gives_the_same_table(write, name, content):
    table = read_table(write(name, content))
    assert table.to_dict(as_series=False) == TABLE
    assert table.schema == {
        "USUBJID": pl.String,
        "AGE": pl.Int64,
        "BMI": pl.Float64,
        "DOSE": pl.Float64,
        "RFSTDT": pl.String,
        "OK": pl.Boolean,
    }


def test_lines_may_be_objects(write):
    names = [column["name"] for column in META["columns"]]
    lines = [json.dumps(META), *(json.dumps(dict(zip(names, row, strict=True))) for row in ROWS)]
    assert read_table(write("dm.dsjc", zlib.compress("\n".join(lines).encode()))).to_dict(as_series=False) == TABLE


def test_metadata_without_rows_is_an_empty_table(write):
    table = read_table(write("dm.json", json.dumps({**META, "records": 0})))
    assert (table.height, table.columns[:2]) == (0, ["USUBJID", "AGE"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"records": 4}, "dm.json: the file states 4 rows and holds 3. Fix: copy it again."),
        ({"rows": [*ROWS[:2], ["003", 1]]}, "dm.json, row 3: it has not the 6 values of the columns."),
        (
            {"columns": [*META["columns"][:5], META["columns"][0]]},
            "dm.json: a column name stands twice. Fix: rename one.",
        ),
        (
            {"rows": [["001", 61.5, 1, "1", None, None]] * 3},
            "dm.json: column 'AGE' holds values that are not of its stated type.",
        ),
        (
            {"rows": [["001", 61, 1, "x", None, None]] * 3},
            "dm.json: column 'DOSE' holds values that are not of its stated type.",
        ),
        (
            {"datasetJSONVersion": "1.0.0"},
            "dm.json: the JSON is no Dataset-JSON 1.1. Fix: export it with 'datasetJSONVersion', 'columns', 'rows'.",
        ),
        (
            {"columns": None},
            "dm.json: the JSON is no Dataset-JSON 1.1. Fix: export it with 'datasetJSONVersion', 'columns', 'rows'.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(write, change, message):
    assert broken(write("dm.json", json.dumps({**META, "rows": ROWS, **change}))) == message


def test_a_list_is_no_dataset(write):
    assert "is no Dataset-JSON 1.1" in broken(write("dm.json", "[1, 2]"))
    assert "is no Dataset-JSON 1.1" in broken(write("dm.ndjson", "[1, 2]\n"))


def test_every_truncation_is_refused(write):
    whole = zlib.compress(LINES.encode())
    for size in range(1, len(whole)):
        assert "truncated" in broken(write("dm.dsjc", whole[:size]))
    for size in range(1, len(LINES) - 1):
        message = broken(write("dm.ndjson", LINES[:size]))
        assert "truncated" in message or "states 3 rows" in message


@pytest.mark.parametrize("name", ["dm.json", "dm.ndjson"])
def test_odmlib_reads_what_is_written(tmp_path, name):
    frame = pl.DataFrame({"USUBJID": ["001", "é"], "AGE": [61, None], "X": [0.1, 2.0]})
    write_table(frame, tmp_path / name)
    read = DatasetJSON.read_json if name.endswith(".json") else DatasetJSON.read_ndjson
    dataset = read(str(tmp_path / name))
    assert dataset.column_names == ["USUBJID", "AGE", "X"]
    assert [column.dataType for column in dataset.columns] == ["string", "integer", "double"]
    assert dataset.records == 2
    assert dataset.rows == [["001", 61, 0.1], ["é", None, 2.0]]


@pytest.mark.parametrize("name", ["dm.json", "dm.ndjson"])
def test_what_odmlib_writes_is_read(tmp_path, name):
    dataset = DatasetJSON(
        datasetJSONCreationDateTime="2024-12-05T12:00:00",
        datasetJSONVersion="1.1.0",
        itemGroupOID="IG.DM",
        records=0,
        name="DM",
        label="Demographics",
        columns=[
            Column(itemOID="IT.DM.USUBJID", name="USUBJID", label="Subject", dataType="string"),
            Column(itemOID="IT.DM.AGE", name="AGE", label="Age", dataType="integer"),
        ],
    )
    dataset.add_row(["007", 61])
    (dataset.write_json if name.endswith(".json") else dataset.write_ndjson)(str(tmp_path / name))
    assert read_table(tmp_path / name).to_dict(as_series=False) == {"USUBJID": ["007"], "AGE": [61]}
