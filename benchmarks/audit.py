"""Time the audit of a 60-page paper: extraction and all checks, the first call in a fresh process included."""

from __future__ import annotations

import time

from verification.audit import consistent

from onearm.published import audit_text

__all__ = ["main", "sixty_pages"]

PAGES = 60
CHARACTERS = 3600
"""Characters on a printed page; the five papers of the project have 2,900 to 4,500."""
PROSE = (
    "Patients were seen every six weeks and assessed by the investigator according to the criteria of the protocol. "
    "Treatment was continued until progression or unacceptable toxicity, whichever occurred first, in each of the centres. "
)


def sixty_pages() -> str:
    """Write prose with about twelve numeric statements a page."""
    sentences = [case.sentence for case in consistent(PAGES * 16, seed=5) if case.sentence]
    paragraphs = [PROSE * 2 + sentence for sentence in sentences]
    text = "\n\n".join(paragraphs)
    return (text * (1 + PAGES * CHARACTERS // len(text)))[: PAGES * CHARACTERS]


def main() -> None:
    """Print the time and what was found."""
    text = sixty_pages()
    for name in ("first call", "second call"):
        start = time.perf_counter()
        findings = audit_text(text)
        seconds = time.perf_counter() - start
        print(f"{name}: {PAGES} pages, {len(text):,} characters, {len(findings)} statements in {seconds:.2f} s")


if __name__ == "__main__":
    main()
