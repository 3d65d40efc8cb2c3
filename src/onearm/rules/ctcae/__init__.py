"""CTCAE grades from laboratory values: the criteria are data, `ctcae_v5_laboratory.toml`."""

from onearm.rules.ctcae.criteria import Bound, Criteria, Term, read_criteria
from onearm.rules.ctcae.grading import grade_laboratory

__all__ = ["Bound", "Criteria", "Term", "grade_laboratory", "read_criteria"]
