"""Tables as data, and their writers."""

from onearm.outputs.tables.baseline import tabulate_baseline
from onearm.outputs.tables.design import tabulate_design
from onearm.outputs.tables.findings import count_findings, tabulate_findings
from onearm.outputs.tables.model import Cell, Row, Table
from onearm.outputs.tables.others import tabulate_disposition, tabulate_exposure, tabulate_rest
from onearm.outputs.tables.patients import tabulate_patients
from onearm.outputs.tables.phases import tabulate_phase_disposition, tabulate_phase_exposure
from onearm.outputs.tables.response import tabulate_response
from onearm.outputs.tables.survival import tabulate_survival
from onearm.outputs.tables.write import (
    csv_text,
    file_names,
    mark_synthetic_notes,
    mark_synthetic_rows,
    write_csv,
    write_workbook,
)

__all__ = [
    "Cell",
    "Row",
    "Table",
    "count_findings",
    "csv_text",
    "file_names",
    "mark_synthetic_notes",
    "mark_synthetic_rows",
    "tabulate_baseline",
    "tabulate_design",
    "tabulate_disposition",
    "tabulate_exposure",
    "tabulate_findings",
    "tabulate_patients",
    "tabulate_phase_disposition",
    "tabulate_phase_exposure",
    "tabulate_response",
    "tabulate_rest",
    "tabulate_survival",
    "write_csv",
    "write_workbook",
]
