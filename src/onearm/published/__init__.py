"""What a paper printed, and whether its numbers can be right."""

from __future__ import annotations

from onearm.published.audit import audit_published, audit_text
from onearm.published.model import Finding, Published, Relation, Statement, Verdict
from onearm.published.read import read_published

__all__ = [
    "Finding",
    "Published",
    "Relation",
    "Statement",
    "Verdict",
    "audit_published",
    "audit_text",
    "read_published",
]
