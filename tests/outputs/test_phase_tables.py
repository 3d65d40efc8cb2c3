"""The phases of treatment in the report."""

from __future__ import annotations

from outputs.sample import PROTOCOL

from onearm.outputs.format import Printer
from onearm.outputs.lookup import Lookup, groups_of
from onearm.outputs.tables import Table, tabulate_phase_disposition, tabulate_phase_exposure, tabulate_rest
from onearm.protocol import Phase, parse_protocol
from onearm.results import Rows, concat_results

PLAIN = parse_protocol(PROTOCOL)
PHASES = PLAIN.model_copy(
    update={"phase": (Phase(name="initial", epoch="I", label="Initial therapy"), Phase(name="later", epoch="L"))}
)


def _lookups(*rows: Rows) -> list[Lookup]:
    results = concat_results(one.frame() for one in rows)
    return [Lookup(results, group) for group in groups_of(results, PLAIN)]


def _lines(table: Table) -> list[tuple[str, ...]]:
    return [(row.label, *(cell.text for cell in row.cells)) for row in table.rows]


def test_each_phase_has_its_steps_and_reasons() -> None:
    rows = Rows("phase_disposition", "ADDS", "initial", "ALL")
    for step, n in (("started", 50), ("completed", 36), ("discontinued", 14), ("ongoing", 0)):
        rows.add("n", n, variable="step", level=step)
    rows.add("n", 14, variable="reason:discontinued", level="WITHDRAWAL BY SUBJECT")
    assert _lines(tabulate_phase_disposition(_lookups(rows), PHASES, Printer())) == [
        ("Initial therapy", ""),
        ("Started", "50"),
        ("Completed", "36"),
        ("Discontinued", "14"),
        ("Withdrawal by subject", "14"),
        ("Ongoing at cut-off", "0"),
    ]


def test_exposure_of_a_phase_shows_the_mean_beside_the_median() -> None:
    rows = Rows("phase_exposure", "ADEX", "initial", "SS")
    for stat, value in (("n", 50), ("N", 50)):
        rows.add(stat, value)
    for stat, value in (("median", 3.2), ("min", 0.03), ("max", 4.2), ("mean", 2.9), ("sd", 1.0)):
        rows.add(f"duration_{stat}", value, unit="months")
    first, second = tabulate_phase_exposure(_lookups(rows), PHASES, Printer())
    assert _lines(first) == [
        ("Any drug", ""),
        ("Treated, n", "50 of 50"),
        ("Duration, median (range), months", "3.20 (0.03–4.20)"),
        ("Duration, mean (SD), months", "2.90 (1.00)"),
    ]
    assert first.title == "Exposure to treatment, Initial therapy"
    assert not second.rows


def test_phases_are_not_printed_twice() -> None:
    rows = Rows("phase_disposition", "ADDS", "initial", "ALL")
    rows.add("n", 50, variable="step", level="started")
    assert not tabulate_rest(rows.frame(), Printer()).rows


def test_without_phases_there_is_no_table() -> None:
    rows = Rows("disposition", "ADSL", None, "ALL")
    rows.add("n", 50, variable="step", level="enrolled")
    assert not tabulate_phase_disposition(_lookups(rows), PLAIN, Printer())
    assert tabulate_phase_exposure(_lookups(rows), PLAIN, Printer()) == []
