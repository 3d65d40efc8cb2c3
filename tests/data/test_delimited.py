"""Delimited text: every delimiter and encoding, and every way in which a file can be broken."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.data import read_table
from onearm.errors import DataError

TABLE = {"USUBJID": ["001", "002"], "AGE": ["61,5", None], "SITE": ["Köln", "a b"]}


def broken(path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found_and_identifiers_keep_zeros(write, delimiter):
    text = delimiter.join(["USUBJID", "AGE", "SITE"]) + "\n" + delimiter.join(["001", '"61,5"', "Köln"]) + "\n"
    text += delimiter.join(["002", "", '"a b"']) + "\n"
    assert read_table(write("dm.csv", text)).to_dict(as_series=False) == TABLE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_is_found(write, encoding):
    text = "USUBJID;AGE;SITE\r\n001;61,5;Köln\r\n002;;a b\r\n"
    assert read_table(write("dm.csv", text.encode(encoding))).to_dict(as_series=False) == TABLE


def test_a_semicolon_file_with_decimal_commas_is_not_split_at_them(write):
    table = read_table(write("lb.csv", "A;B\n1,5;2,5\n3,5;4,5\n5,5;6,5\n"))
    assert table.to_dict(as_series=False) == {"A": ["1,5", "3,5", "5,5"], "B": ["2,5", "4,5", "6,5"]}


def test_commas_inside_quotes_do_not_decide_the_delimiter(write):
    table = read_table(write("ae.csv", 'ID;"TERM, VERBATIM, LONG, WITH COMMAS"\n1;"a, b, c, d"\n2;"e, f, g, h"\n'))
    assert table.columns == ["ID", "TERM, VERBATIM, LONG, WITH COMMAS"]


def test_quoted_fields_hold_newlines_delimiters_and_doubled_quotes(write):
    table = read_table(write("ae.csv", 'ID,TERM\n1,"a\nb, ""c"""\n2,d\n'))
    assert table.rows() == [("1", 'a\nb, "c"'), ("2", "d")]


def test_lines_that_end_in_carriage_returns_only(write):
    assert read_table(write("dm.csv", "A,B\r1,2\r3,4\r")).rows() == [("1", "2"), ("3", "4")]


def test_the_delimiter_line_of_excel_is_used(write):
    assert read_table(write("dm.csv", "sep=|\nA|B,C\n1|2\n")).columns == ["A", "B,C"]


def test_a_blank_line_keeps_its_row_number(write):
    assert read_table(write("dm.csv", "A,B\n1,2\n\n3,4\n")).rows() == [("1", "2"), (None, None), ("3", "4")]


def test_a_header_alone_is_a_table_without_rows(write):
    table = read_table(write("dm.csv", "USUBJID,AGE"))
    assert (table.columns, table.height) == (["USUBJID", "AGE"], 0)


def test_unnamed_empty_columns_are_dropped_and_unnamed_full_ones_numbered(write):
    table = read_table(write("dm.csv", ",A,\n1,x,\n2,y,\n"))
    assert table.to_dict(as_series=False) == {"COLUMN_1": ["1", "2"], "A": ["x", "y"]}


def test_a_single_column_needs_no_delimiter(write):
    assert read_table(write("dm.csv", "USUBJID\n001\n002\n"))["USUBJID"].to_list() == ["001", "002"]


def test_gzipped_text_is_read(write):
    assert read_table(write("tr_onco.csv.gz", gzip.compress(b"A,B\n1,2\n"))).rows() == [("1", "2")]


def test_a_truncated_gzip_is_refused(write):
    text = "A,B\n" + "".join(f"{i},{random.Random(i).random()}\n" for i in range(500))
    whole = gzip.compress(text.encode())
    for keep in (len(whole) // 2, len(whole) - 8, len(whole) - 1):
        assert "tr.csv.gz: the compressed file is truncated" in broken(write("tr.csv.gz", whole[:keep]))


def test_a_gzip_with_a_flipped_byte_is_refused(write):
    whole = bytearray(gzip.compress(b"A,B\n" + b"1,2\n" * 1000))
    whole[-6] ^= 0xFF  # its checksum
    assert "not gzip, or is damaged" in broken(write("tr.csv.gz", bytes(whole)))


def test_rows_of_other_width_are_all_named(write):
    message = broken(write("tr.csv", "A,B,C\n1,2,3\n1,2\n1,2,3\n1,2,3,4\n"))
    assert message.splitlines() == [
        "tr.csv, row 2: 2 fields, but the header has 3. Fix: put quotation marks around text that holds the delimiter.",
        "tr.csv, row 4: 4 fields, but the header has 3. Fix: put quotation marks around text that holds the delimiter.",
    ]


def test_many_ragged_rows_are_counted(write):
    message = broken(write("tr.csv", "A,B\n" + "1,2,3\n" * 20))
    assert message.count("\n") == 4
    assert message.endswith("and 15 further rows")


def test_an_unclosed_quotation_mark_is_refused(write):
    message = broken(write("ae.csv", 'A,B\n1,2\n3,"4\n5,6\n'))
    assert message.startswith("ae.csv: a quotation mark is opened and never closed; the last one stands near row 2.")


def test_repeated_columns_are_refused(write):
    assert (
        broken(write("dm.csv", "A,B,A\n1,2,3\n")) == "dm.csv: column 'A' stands twice in the header. Fix: rename one."
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"   \n"])
def test_an_empty_file_is_refused(write, content):
    assert broken(write("dm.csv", content)).startswith("dm.csv: the file is empty.")


def test_binary_garbage_is_refused(write):
    for seed in range(20):
        assert "not text in UTF-8, UTF-16 or cp1252" in broken(
            write("dm.csv", b"A" + random.Random(seed).randbytes(600))
        )


def test_a_missing_file_names_its_neighbour(write):
    path = write("tr_onco.csv", "A\n1\n")
    message = broken(path.with_name("tr_onko.csv"))
    assert message.startswith("tr_onko.csv: no such file in ")
    assert message.endswith("Did you mean 'tr_onco.csv'?")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("dm.csv", b"PK\x03\x04....", "the content is an Excel workbook (.xlsx)"),
        ("dm.csv", b"PAR1....", "the content is Parquet (.parquet)"),
        ("dm.csv", b"HEADER RECORD*******LIBRARY HEADER", "the content is a SAS transport file (.xpt)"),
        ("dm.xlsx", b"\xd0\xcf\x11\xe0....", "old Excel workbook (.xls), which is not read; save it as .xlsx"),
        ("dm.csv", gzip.compress(b"A,B\n", mtime=0), "the content is gzip"),
        ("dm.csv.gz", b"A,B\n1,2\n", "not gzip"),
        ("dm.xpt", b"A,B\n1,2\n", "no SAS transport file"),
        ("dm.sas7bdat", b"A,B\n1,2\n", "truncated within its header"),
        ("dm.parquet", b"A,B\n1,2\n", "Parquet file is truncated or damaged"),
        ("dm.xlsx", b"A,B\n1,2\n", "the workbook is damaged"),
        ("dm.json", b"A,B\n1,2\n", "the JSON is truncated or damaged"),
        ("dm.dsjc", b"A,B\n1,2\n", "compressed file is truncated or damaged"),
        ("dm.docx", b"PK", "'.docx' is no format that is read. Known: .csv"),
    ],
)
def test_content_that_contradicts_the_extension_is_refused(write, name, content, what):
    message = broken(write(name, content))
    assert message.startswith(f"{name}: ")
    assert what in message


CELLS = st.one_of(
    st.sampled_from(["", "007", "1,5", "1;5", 'say "x"', '"', '""', "a\nb", "a\tb", "x|y", " x ", "NA", ",", ";"]),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8),
)


@st.composite
def texts(draw) -> tuple[list[list[str]], str, str, str, int]:
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))
    delimiter, newline = draw(st.sampled_from([",", ";", "\t", "|"])), draw(st.sampled_from(["\n", "\r\n"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    return [["A", "B", "C", "D", "E"][:width], *rows], delimiter, newline, encoding, quoting


@settings(deadline=None, max_examples=200)
@given(case=texts())
def test_what_the_csv_module_writes_is_read_as_it_was(tmp_path_factory, case):
    rows, delimiter, newline, encoding, quoting = case
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows(rows)
    path = Path(tmp_path_factory.getbasetemp()) / "any.csv"
    path.write_bytes(stream.getvalue().encode(encoding))
    table = read_table(path)
    assert table.columns == rows[0]
    assert table.rows() == [tuple(cell or None for cell in row) for row in rows[1:]]
