"""Source schemas, readers and writers for each file format, and the findings table."""

from __future__ import annotations

from onearm.data.finding_rules import FindingRule
from onearm.data.findings import RULES, Findings, concat_findings
from onearm.data.mapping import FlagColumn, PatientsMapping, ResponseColumn, SizesMapping, TimeColumn
from onearm.data.read import read_table
from onearm.data.source import FileRecord, Source, read_source
from onearm.data.write import write_bytes, write_marked, write_table, write_text

__all__ = [
    "RULES",
    "FileRecord",
    "FindingRule",
    "Findings",
    "FlagColumn",
    "PatientsMapping",
    "ResponseColumn",
    "SizesMapping",
    "Source",
    "TimeColumn",
    "concat_findings",
    "read_source",
    "read_table",
    "write_bytes",
    "write_marked",
    "write_table",
    "write_text",
]
