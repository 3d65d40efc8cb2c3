"""What a paper says about itself: the methods it claims, and numbers that belong together."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import Final

from onearm.published.denominators import PEOPLE
from onearm.published.model import Claims, Printed, Relation, Statement
from onearm.published.page import NUMBER, WORDS, Page, read_count
from onearm.published.rounding import fits, printed

__all__ = ["find_relations", "read_claims"]

_WORD: Final = "|".join(sorted(WORDS, key=len, reverse=True))
_INTERVALS: Final = {
    "clopper-pearson": r"clopper|exact binomial|binomial exact",
    "wilson": r"\bwilson(?:'s)? (?:score|method|interval)|score method",
    "agresti-coull": r"agresti",
    "jeffreys": r"jeffreys",
}
_TESTS: Final = {"fisher": r"fisher", "chi-squared": r"chi-?\s?squared?\b|χ2|χ²", "barnard": r"\bbarnard"}
_SOFTWARE: Final = re.compile(
    r"\b(SPSS|SAS|Stata|R)\b(?:\s+(?:statistical\s+)?(?:software|version|v\.?))?,?\s*\(?v?(?:ersion)?\.?\s?(\d+[\d.]*)"
)
_ELIGIBLE: Final = re.compile(
    r"(?:aged?|between)\s+(\d\d)\s?(?:-|to|and)\s?(\d\d)\b(?=\s+(?:years|with|yr))", re.IGNORECASE
)
_AGES: Final = re.compile(r"\bage\b[^.;]{0,60}?\(?range[\s,:]{0,3}(\d{1,3})\s?(?:-|to)\s?(\d{1,3})", re.IGNORECASE)
_RESPONSES: Final = re.compile(
    rf"(\d{{1,4}}|{_WORD})\s?\(({NUMBER})\s?%\)\s+(?:patients\s+)?(?:achieved|had|attained|were|experienced)?\s*(?:a\s+)?"
    r"(?:(complete|CR)|(partial|PR)|(stable|SD))\b",
    re.IGNORECASE,
)
_DERIVED: Final = re.compile(rf"\b(ORR|DCR)\b[^.;\d]{{0,40}}?({NUMBER})\s?%")
_OF: Final = re.compile(rf"\bof\s+(?:the\s+)?(\d{{1,4}}|{_WORD})\s+[^.;,]{{0,50}}?{PEOPLE}\b", re.IGNORECASE)
_FLOW: Final = re.compile(
    rf"\btotal of (\d{{1,5}}) {PEOPLE}\b(?P<body>[^\n]{{0,400}}?)\bresulting in (\d{{1,5}})\b", re.IGNORECASE
)
_LOST: Final = re.compile(
    rf"\b(\d{{1,4}}|{_WORD})\s+(?:\w+\s+)?{PEOPLE}\s+(?:did not|were excluded|were not|were ineligible|withdrew|dropped)",
    re.IGNORECASE,
)


def read_claims(page: Page) -> Claims:
    """
    Read which methods a paper says it used.

    Parameters
    ----------
    page : Page
        The paper.

    Returns
    -------
    Claims
        A kind of method of which the paper names two is left empty.
    """
    text = page.text[: page.end]
    interval = [name for name, pattern in _INTERVALS.items() if re.search(pattern, text, re.IGNORECASE)]
    test = [name for name, pattern in _TESTS.items() if re.search(pattern, text, re.IGNORECASE)]
    software = {match.group(1) for match in _SOFTWARE.finditer(text)}
    scope = ""
    if len(interval) == 1 and (match := re.search(rf"(?:{_INTERVALS[interval[0]]})[^.]*", text, re.IGNORECASE)):
        named = set(re.findall(r"\b(?:ORR|DCR|rates|proportions|response data)\b", match.group()))
        scope = next(iter(named)) if named in ({"ORR"}, {"DCR"}) else ""
    return Claims(
        rate_interval_for=scope,
        rate_interval=interval[0] if len(interval) == 1 else "",
        test=test[0] if len(test) == 1 else "",
        software=next(iter(software)) if len(software) == 1 else "",
    )


def find_relations(page: Page, statements: list[Statement]) -> tuple[tuple[Statement, ...], tuple[Relation, ...]]:
    """
    Find numbers that the text itself ties together.

    Parameters
    ----------
    page : Page
        The paper.
    statements : list of Statement
        Found in it.

    Returns
    -------
    tuple
        Further statements, some with identifiers, and relations between them.
    """
    more: list[Statement] = []
    relations: list[Relation] = []
    for find in (_ages, _flows):
        found, tied = find(page)
        more += found
        relations += tied
    more += _derived(page)
    found, tied = _printed_twice(statements)
    return (*more, *found), (*relations, *tied)


def _place(page: Page, start: int, end: int) -> Statement:
    sentence = page.sentence(start, end)
    return Statement(f"line {page.line(start)}", "value", text=" ".join(sentence[1].split()), sentence=sentence)


def _ages(page: Page) -> tuple[list[Statement], list[Relation]]:
    """Ages against eligibility; a paper that prints two eligible ranges is left alone."""
    eligible = [match for match in _ELIGIBLE.finditer(page.text, 0, page.end)]
    if len({match.group(1, 2) for match in eligible}) != 1:
        return [], []
    first = eligible[0]
    limits = replace(
        _place(page, *first.span()), id="eligible ages", low=printed(first.group(1)), high=printed(first.group(2))
    )
    ages = [
        replace(
            _place(page, *match.span()), id=f"ages {number}", low=printed(match.group(1)), high=printed(match.group(2))
        )
        for number, match in enumerate(_AGES.finditer(page.text, 0, page.end))
    ]
    place = ", ".join(dict.fromkeys(item.place for item in (*ages, limits)))
    tied = (
        [Relation("eligible", place, limits.id, tuple(age.id for age in ages), "ages against eligibility")]
        if ages
        else []
    )
    return [limits, *ages], tied


def _flows(page: Page) -> tuple[list[Statement], list[Relation]]:
    found: list[Statement] = []
    tied = []
    for number, match in enumerate(_FLOW.finditer(page.text, 0, page.end)):
        lost = [(item, read_count(item.group(1))) for item in _LOST.finditer(match.group("body"))]
        if not lost:
            continue
        whole = replace(
            _place(page, match.start(), match.end(1)), id=f"flow {number}", statistic="count", count=int(match.group(1))
        )
        parts = [
            replace(whole, id=f"flow {number} lost {index}", count=count, text=" ".join(item.group().split()))
            for index, (item, count) in enumerate(lost)
        ]
        rest = replace(
            whole, id=f"flow {number} rest", count=int(match.group(3)), text=f"resulting in {match.group(3)}"
        )
        found += [whole, *parts, rest]
        tied.append(
            Relation("remainder", whole.place, whole.id, tuple(item.id for item in (*parts, rest)), "flow of patients")
        )
    return found, tied


def _derived(page: Page) -> list[Statement]:
    """ORR and DCR against the CR, PR and SD of the same sentence, all of them shares of the size it states."""
    found = []
    for start, end in _sentences(page):
        sentence = page.text[start:end]
        size = _OF.search(sentence)
        total = read_count(size.group(1)) if size else None
        parts: dict[str, tuple[int, Printed]] = {}
        for match in _RESPONSES.finditer(sentence):
            count, percent = read_count(match.group(1)), printed(match.group(2))
            if count is not None and percent is not None:
                parts["CR" if match.group(3) else "PR" if match.group(4) else "SD"] = (count, percent)
        if total is None or not {"CR", "PR"} <= parts.keys():
            continue
        if not all(fits(100 * count / total, percent) for count, percent in parts.values()):
            continue
        for match in _DERIVED.finditer(sentence):
            names = ("CR", "PR") if match.group(1) == "ORR" else ("CR", "PR", "SD")
            if all(name in parts for name in names) and "respectively" not in sentence:
                at = replace(
                    _place(page, start + match.start(), start + match.end()), statistic="rate", label=match.group(1)
                )
                count = sum(parts[name][0] for name in names)
                note = f"{' + '.join(names)} of the same sentence"
                found.append(replace(at, count=count, total=total, percent=printed(match.group(2)), note=note))
    return found


def _sentences(page: Page) -> list[tuple[int, int]]:
    ends = [match.start() + 1 for match in re.finditer(r"\.(?=\s)|\n\n", page.text[: page.end])]
    return list(zip([0, *ends], [*ends, page.end], strict=True))


def _printed_twice(statements: list[Statement]) -> tuple[list[Statement], list[Relation]]:
    """Find shares with one interval and two estimates: one number, printed two ways."""
    groups: dict[tuple[Printed, Printed, str], list[Statement]] = defaultdict(list)
    for statement in statements:
        if statement.statistic == "rate" and statement.percent and statement.low and statement.high:
            groups[statement.low, statement.high, statement.label].append(statement)
    found: list[Statement] = []
    tied = []
    for number, group in enumerate(groups.values()):
        if (
            len({item.percent for item in group}) > 1
            and len({(item.percent or Printed(0, 0)).digits for item in group}) == 1
        ):
            named = [
                replace(item, id=f"twice {number} {index}", low=None, high=None) for index, item in enumerate(group)
            ]
            found += named
            place = ", ".join(item.place for item in named)
            tied.append(Relation("same", place, "", tuple(item.id for item in named), "one interval, two estimates"))
    return found, tied
