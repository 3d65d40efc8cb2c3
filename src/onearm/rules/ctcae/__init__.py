"""CTCAE grades from laboratory values: the criteria are data, one file for each version."""

from onearm.rules.ctcae.criteria import VERSIONS, Bound, Criteria, Term, Version, read_criteria
from onearm.rules.ctcae.grading import grade_laboratory

__all__ = ["VERSIONS", "Bound", "Criteria", "Term", "Version", "grade_laboratory", "read_criteria"]
