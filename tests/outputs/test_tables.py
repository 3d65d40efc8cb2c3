"""Tables hold every result, printed as the protocol says, and survive a spreadsheet program."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import polars as pl
from outputs.sample import PROTOCOL, Sample, make_sample

from onearm.outputs.format import Printer, printer_of
from onearm.outputs.lookup import Lookup, groups_of
from onearm.outputs.tables import (
    Cell,
    Row,
    Table,
    count_findings,
    csv_text,
    file_names,
    tabulate_baseline,
    tabulate_design,
    tabulate_disposition,
    tabulate_exposure,
    tabulate_findings,
    tabulate_patients,
    tabulate_response,
    tabulate_rest,
    tabulate_survival,
    write_workbook,
)
from onearm.protocol import parse_protocol
from onearm.results import Rows, concat_results

PLAIN = parse_protocol(PROTOCOL)


def _lookups(results: pl.DataFrame) -> list[Lookup]:
    return [Lookup(results, group) for group in groups_of(results, PLAIN)]


def _lines(table: Table) -> dict[str, list[str]]:
    return {row.label: [cell.text for cell in row.cells] for row in table.rows if not row.is_heading}


def test_response_table() -> None:
    rate = Rows("response_rate", "ADRS", "ORR", "ITT")
    for stat, value in (("n", 26), ("N", 46), ("p", 26 / 46)):
        rate.add(stat, value)
    for stat, value in (("conf_low", 0.41106), ("conf_high", 0.71073)):
        rate.add(stat, value, method="clopper-pearson", conf_level=0.95)
    best = Rows("best_response", "ADRS", "CBOR", "ITT")
    for level, n in (("CR", 1), ("PR", 25), ("NON-CR/NON-PD", 0), ("SD", 20)):
        for stat, value in (("n", n), ("N", 46), ("p", n / 46)):
            best.add(stat, value, variable="response", level=level)
    table = tabulate_response(_lookups(concat_results([rate.frame(), best.frame()])), PLAIN, Printer())
    assert table.columns == ("", "All patients, ITT (N = 46)")
    assert _lines(table) == {
        "Complete response (CR)": ["1 (2.2)"],
        "Partial response (PR)": ["25 (54.3)"],
        "Stable disease (SD)": ["20 (43.5)"],
        "Patients, n of N (%)": ["26 of 46 (56.5)"],
        "95% CI, %": ["41.1–71.1"],
    }
    assert any("Clopper and Pearson" in note for note in table.footnotes)
    assert "Objective response rate: confirmed best overall response of CR or PR, in ITT." in table.footnotes


def test_survival_table_says_what_was_not_reached() -> None:
    rows = Rows("survival", "ADTTE", "OS", "ITT")
    rows.add("n", 46)
    rows.add("events", 22)
    rows.add("median", 20.569, method="kaplan-meier, log-log")
    rows.add("median_low", 14.6489, conf_level=0.95)
    rows.add("median_high", None, conf_level=0.95, note="not reached")
    rates = Rows("survival_rate", "ADTTE", "OS", "ITT")
    for stat, value in (("rate", 0.7172), ("rate_low", 0.5637), ("rate_high", 0.8252)):
        rates.add(stat, value, variable="time", level="12", conf_level=None if stat == "rate" else 0.95)
    for stat in ("rate", "rate_low", "rate_high"):
        rates.add(stat, None, variable="time", level="60", note="no patient is followed as long")
    table = tabulate_survival(_lookups(concat_results([rows.frame(), rates.frame()])), PLAIN, Printer())
    assert _lines(table) == {
        "Events, n of N": ["22 of 46"],
        "Median (95% CI), months": ["20.57 (14.65–NR)"],
        "Rate at 12 months (95% CI), %": ["71.7 (56.4–82.5)"],
        "Rate at 60 months (95% CI), %": ["NE"],
    }
    assert "NR = not reached." in table.footnotes
    assert "NE = not estimable." in table.footnotes
    assert "Not estimable because: no patient is followed as long." in table.footnotes


def test_baseline_follows_the_order_and_labels_of_the_protocol() -> None:
    rows = Rows("baseline", "ADSL", population="ITT")
    for level, n in (("F", 1), ("M", 2)):
        for stat, value in (("n", n), ("N", 3), ("p", n / 3)):
            rows.add(stat, value, variable="SEX", level=level)
    rows.add("missing", 1, variable="SEX")
    for stat, value in (("n", 4), ("missing", 0), ("median", 60.25), ("min", 44), ("max", 77.0)):
        rows.add(stat, value, variable="AGE")
    rows.add("n", variable="METSITES", note="the data have no column METSITES")
    rows.add("n", 4, variable="OWN", level="LIVER")
    rows.add("n", 4, variable="OWN", level="LYMPH NODE")
    table = tabulate_baseline(_lookups(rows.frame()), PLAIN, Printer())
    assert [(row.label, *(c.text for c in row.cells)) for row in table.rows] == [
        ("Age, years", ""),
        ("Median (range)", "60.2 (44–77)"),
        ("Sex", ""),
        ("Female", "1 (33.3)"),
        ("Male", "2 (66.7)"),
        ("Missing", "1"),
        ("Sites of metastases", ""),
        ("Patients", "–"),
        ("OWN", ""),
        ("Liver", "4"),
        ("Lymph node", "4"),
    ]
    assert "The data have no column METSITES." in table.footnotes


def test_cohorts_stand_side_by_side() -> None:
    sample = make_sample(9, cohorts=("A", "B"))
    lookups = [Lookup(sample.results, g) for g in groups_of(sample.results, sample.protocol)]
    printer = printer_of(sample.protocol)
    for table in (
        tabulate_baseline(lookups, sample.protocol, printer),
        tabulate_response(lookups, sample.protocol, printer),
        tabulate_survival(lookups, sample.protocol, printer),
        tabulate_disposition(lookups, printer),
        tabulate_design(lookups, printer),
    ):
        assert len(table.columns) == 3
        assert all(len(row.cells) == 2 for row in table.rows)
    assert tabulate_response(lookups, sample.protocol, printer).columns[1:] == ("A, ITT (N = 5)", "B, ITT (N = 4)")


def test_design_without_a_sample_size_has_no_table() -> None:
    rows = Rows("design", "ADRS", None, "ITT")
    rows.add("text", text="none", variable="kind")
    assert not tabulate_design(_lookups(rows.frame()), Printer())


def test_design_that_could_not_be_estimated_says_why() -> None:
    rows = Rows("design", "ADRS", "ORR", "ITT")
    rows.add("text", text="simon", variable="kind")
    rows.add("value", 0.3, variable="p0", unit="proportion")
    rows.add("value", variable="umvue", method="two-stage", note="44 patients were analysed where 46 were planned")
    table = tabulate_design(_lookups(rows.frame()), Printer())
    assert _lines(table)["Design"] == ["Simon's two stages"]
    assert _lines(table)["Rate not worth pursuing (p0)"] == ["30.0%"]
    assert _lines(table)["Response rate, unbiased for the design (UMVUE)"] == ["NE"]
    assert "44 patients were analysed where 46 were planned." in table.footnotes


def test_exposure_table() -> None:
    rows = Rows("exposure", "ADEX", None, "ITT")
    for stat, value in (("n", 45), ("N", 46)):
        rows.add(stat, value, variable="drug A")
    for stat, value in (
        ("duration_min", 0.5),
        ("duration_q1", 3.0),
        ("duration_median", 11.583),
        ("duration_q3", 18.345),
        ("duration_max", 23.0),
    ):
        rows.add(stat, value, variable="drug A", unit="months")
    for stat, value in (("n", 9), ("p", 0.2)):
        rows.add(stat, value, variable="drug A", level="reduced to 10 mg")
    assert _lines(tabulate_exposure(_lookups(rows.frame()), Printer())) == {
        "Treated, n": ["45 of 46"],
        "Duration, median (range), months": ["11.58 (0.50–23.00)"],
        "Duration, IQR, months": ["3.00–18.34"],  # 18.345 is a tie and goes to the even 4
        "Reduced to 10 mg, n (%)": ["9 (20.0)"],
    }


def test_an_analysis_that_no_table_knows_is_printed_whole() -> None:
    own = Rows("my_analysis", "ADSL", "XYZ", "ITT")
    own.add("ratio", 1.23456)
    own.add("p", 0.5, unit="proportion")
    own.add("never", None, note="too few patients")
    split = Rows("response_rate", "ADRS", "ORR", "ITT").within("SEX", "F")
    split.add("p", 0.25, unit="proportion")
    results = concat_results([make_sample(2).results, own.frame(), split.frame()])
    assert _lines(tabulate_rest(results, Printer())) == {
        "XYZ · ITT · ratio": ["1.235"],
        "XYZ · ITT · p": ["50.0%"],
        "XYZ · ITT · never": ["too few patients"],
        "ORR · ITT · F · p": ["25.0%"],
    }


def test_known_results_are_not_printed_twice() -> None:
    assert not tabulate_rest(make_sample(5).results, Printer())


def _every_table(sample: Sample) -> list[Table]:
    lookups = [Lookup(sample.results, g) for g in groups_of(sample.results, sample.protocol)]
    printer = printer_of(sample.protocol)
    return [
        tabulate_disposition(lookups, printer),
        tabulate_baseline(lookups, sample.protocol, printer),
        tabulate_response(lookups, sample.protocol, printer),
        tabulate_survival(lookups, sample.protocol, printer),
        tabulate_exposure(lookups, printer),
        tabulate_design(lookups, printer),
        tabulate_rest(sample.results, printer),
    ]


LEFT_OUT = {
    # other summaries of a number; counts and denominators that are printed as the share or in the head of the column
    "baseline": {"mean", "sd", "q1", "q3", "n", "missing", "N"},
    "best_response": {"N"},
    "survival": {"censored"},  # the rest of the events
    "tumour_change": {"N"},
}


def test_every_result_is_behind_a_printed_cell() -> None:
    """Curves are drawn and the trial's facts head the report; everything else must be in a table."""
    sample = make_sample(46)
    cells = [cell for table in _every_table(sample) for row in table.rows for cell in row.cells]
    traces = {line.partition(" = ")[0].partition(": ")[0] for cell in cells for line in cell.trace.split("\n")}
    names = ["analysis", "paramcd", "population", "group1_level", "variable", "variable_level", "stat"]
    drawn = ["survival_curve", "survival_at_risk", "trial"]
    missing = []
    for row in sample.results.filter(~pl.col("analysis").is_in(drawn)).iter_rows(named=True):
        key = " · ".join(row[name] for name in names if row[name] is not None)
        # A response that only patients without target lesions can have is left out where nobody has it.
        is_unused = row["variable_level"] == "NON-CR/NON-PD" and not row["value"]
        if key not in traces and row["stat"] not in LEFT_OUT.get(row["analysis"], set()) and not is_unused:
            missing.append(key)
    assert missing == []


def test_no_results_no_tables() -> None:
    empty = make_sample(0)
    results = empty.results.clear()
    lookups = _lookups(results)
    assert not tabulate_baseline(lookups, PLAIN, Printer())
    assert not tabulate_response(lookups, PLAIN, Printer())
    assert not tabulate_survival(lookups, PLAIN, Printer())
    assert not tabulate_exposure(lookups, Printer())


def test_patients_have_their_reasons() -> None:
    sample = make_sample(12)
    table = tabulate_patients(sample.datasets, sample.protocol, Printer())
    assert table.columns == ("Patient", "Best response", "PFS, months", "OS, months", "DOR, months")
    assert [row.label for row in table.rows] == sorted(sample.datasets["adsl"]["USUBJID"])
    first = sample.datasets["adtte"].filter((pl.col("PARAMCD") == "OS") & (pl.col("USUBJID") == table.rows[0].label))
    months = first["AVAL"][0] / (365.25 / 12)
    assert table.rows[0].cells[2].text == f"{months:.2f}{'+' if first['CNSR'][0] else ''}"
    assert table.rows[0].cells[2].note == first["WHY"][0]
    assert "PFS, months: why" in csv_text(table).splitlines()[0]


def test_times_that_stand_in_months_stay_so() -> None:
    sample = make_sample(1)
    times = sample.datasets["adtte"].with_columns(AVAL=pl.lit(13.96), AVALU=pl.lit("MONTHS"), CNSR=pl.lit(0))
    table = tabulate_patients({**sample.datasets, "adtte": times}, sample.protocol, Printer())
    assert table.rows[0].cells[1].text == "13.96"


def test_findings_by_severity() -> None:
    columns = ("severity", "rule", "row", "message", "domain")
    rows = [("note", "A", 1, "x", None), ("error", "B", None, "y", None), ("note", "A", None, "z", None)]
    findings = pl.DataFrame(rows, schema=columns, orient="row")
    assert count_findings(findings) == {"error": 1, "warning": 0, "note": 2}
    assert tabulate_findings(findings, "error").columns == ("Rule", "Message")  # columns that are empty are left out
    notes = tabulate_findings(findings, "note")
    assert [(row.label, *(c.text for c in row.cells)) for row in notes.rows] == [("A", "1", "x"), ("A", "", "z")]
    assert count_findings(pl.DataFrame()) == {"error": 0, "warning": 0, "note": 0}
    assert not tabulate_findings(pl.DataFrame(), "error")


DANGEROUS = Table(
    "danger",
    "=1+1",
    ("Patient", "+Value"),
    (
        Row("=HYPERLINK(1)", (Cell("@SUM(A1)"),)),
        Row("007", (Cell("12"),)),
        Row("https://example.org", (Cell("−1.0"),)),
        Row("a, \"b\"\nc", (Cell(""),)),
        Row("\x00", (Cell("-1"),)),
    ),
)  # fmt: skip


def test_csv_runs_nothing_in_a_spreadsheet_program() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(DANGEROUS))))
    assert rows == [
        ["Patient", "'+Value"],
        ["'=HYPERLINK(1)", "'@SUM(A1)"],
        ["007", "12"],
        ["https://example.org", "−1.0"],
        ['a, "b"\nc', ""],
        ["\x00", "'-1"],
    ]


def test_workbook_holds_text_only(tmp_path: Path) -> None:
    twins = [DANGEROUS, Table("danger", "Twin", ("a",), (Row("x"),)), Table("a:b/c*" * 9, "Long", ("a",), (Row("x"),))]
    path = write_workbook(twins, tmp_path / "tables.xlsx")
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        names = book.read("xl/workbook.xml").decode()
    assert len(sheets) == 3
    assert all("<f>" not in sheet and "hyperlink" not in sheet for sheet in sheets)
    assert 'name="danger"' in names
    assert 'name="danger_2"' in names
    back = pl.read_excel(path, sheet_name="danger", has_header=False)
    assert "007" in back.to_series(0).to_list()


def test_workbook_is_the_same_every_time(tmp_path: Path) -> None:
    tables = _every_table(make_sample(5))
    first = write_workbook(tables, tmp_path / "a.xlsx").read_bytes()
    assert write_workbook(tables, tmp_path / "b.xlsx").read_bytes() == first


def test_file_names_are_safe_and_their_own() -> None:
    names = ["baseline", "model_../../up", "model_..:..:up", "Baseline", "", "a/b"]
    tables = [Table(name, "", (), ()) for name in names]
    assert file_names(tables) == ["baseline", "model_up", "model_up_2", "Baseline_2", "table", "a_b"]
