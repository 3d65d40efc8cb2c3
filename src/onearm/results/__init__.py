"""The results table: its columns, its checker, comparison of two runs."""

from onearm.results.compare import compare_results
from onearm.results.table import KEY, SCHEMA, Rows, check_results, concat_results

__all__ = ["KEY", "SCHEMA", "Rows", "check_results", "compare_results", "concat_results"]
