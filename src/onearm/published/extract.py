"""From the text of a paper to its numeric statements, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from onearm.published.context import find_relations, read_claims
from onearm.published.denominators import PEOPLE, Totals, collect_totals, stated_total
from onearm.published.model import Claims, Printed, Published, Statement
from onearm.published.page import NUMBER, WORDS, Page, read_count
from onearm.published.rates import fitting_counts, is_near, matching_methods
from onearm.published.rounding import fits, printed, printed_p
from onearm.published.tables import find_cells, read_tables

__all__ = ["extract_published"]

_N: Final = NUMBER
_WORD: Final = "|".join(sorted(WORDS, key=len, reverse=True))
_DASH: Final = r"\s{0,2}(?:%|months?)?\s{0,2}(?:-|to|,|and)\s{0,2}"
_CI: Final = re.compile(
    rf"(\d\d(?:\.\d)?)\s?%\s{{0,2}}(?:C[Il1]s?\b|CrI\b|confidence\s+intervals?|credible\s+intervals?)(?:\s?[\[(]C[Il1][\])])?"
    rf"[\s,:;=\[(]{{0,4}}(NE|NR|{_N}){_DASH}(NE|NR|NA|not\s+(?:reached|estimable)|{_N})",
    re.IGNORECASE,
)
_BEFORE_PERCENT: Final = re.compile(rf"({_N})\s?%[\s,;:(\[]{{0,4}}$")
_BEFORE_TIME: Final = re.compile(rf"({_N})\s{{0,2}}(months?|mo|years?|weeks?|days?)[\s,;:(\[]{{0,4}}$", re.IGNORECASE)
_BEFORE_RATIO: Final = re.compile(
    rf"\b(HR|hazard ratio|OR|odds ratio|RR|risk ratio)\b(?:\s?\[HR\]|\s?\(HR\))?"
    rf"[\s,:=]{{0,3}}(?:of |was |is )?({_N})[\s,;:(\[]{{0,4}}$",
    re.IGNORECASE,
)
_COUNT_BEFORE: Final = re.compile(rf"(?<![\w.,/])(\d{{1,5}})(?:\s+{PEOPLE})?\s?[(\[]\s?$", re.IGNORECASE)
_RATIO_BEFORE: Final = re.compile(
    r"(?<![\d.,/])(\d{1,5})\s?(?:/|of|out of)\s?(\d{1,5})(?:\s+[a-z]+)?\s?[,;(\[]\s?$", re.IGNORECASE
)
_RATIO: Final = re.compile(
    rf"(?<![\d.,/])(\d{{1,5}})\s?/\s?(\d{{1,5}})\s?[,;(\[]\s?({_N})\s?%"
    rf"|({_N})\s?%\s?[(\[;,]\s?(\d{{1,5}})\s?(?:/|of|out of)\s?(\d{{1,5}})\s?[)\];,]",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(
    rf"(?<![\w.,/<>=≥≤\-])(\d{{1,5}}|{_WORD})(?:\s+{PEOPLE}\b(?P<more>[^.;,()\[\]\d\n]{{0,30}}))?\s?"
    rf"(?P<open>[(\[,])\s?({_N})\s?%(?!\s?C[Il1]\b)",
    re.IGNORECASE,
)
_NO_COUNT: Final = re.compile(
    r"(?:[<>≥≤±]|\b(?:grades?|stages?|ecog|days?|weeks?|months?|cycles?|tables?|figs?|figure|class|line|version|ps|score|cps|tps|level|"
    r""
    r"cohorts?|in|since|to|from|least|most|than))\s*$",
    re.IGNORECASE,
)
_COMPARED: Final = re.compile(
    rf"({_N})\s?%\s+(?:versus|vs\.?|against|compared (?:with|to))\s+"
    rf"({_N})\s?%[\s,;(]{{0,4}}P\s?([<=>≤])\s?({_N})",
    re.IGNORECASE,
)
_P_AFTER: Final = re.compile(rf"^[\s,;)\]]{{0,4}}P\s?([<=>≤])\s?({_N})", re.IGNORECASE)
_RATE_OF_CURVE: Final = re.compile(r"(\d{1,3}|one|two|three)[\s-]{1,3}(months?|years?)\b", re.IGNORECASE)
_SURVIVAL: Final = re.compile(
    r"\b(OS|PFS|DFS|EFS|RFS|survival)\b[^.]{0,40}\brates?\b|\b(?:OS|PFS|survival)\b", re.IGNORECASE
)
_LABEL: Final = re.compile(r"\b(ORR|DCR|CBR|PFS|OS|DOR|DoR|TTR|TTP|follow-up|mPFS|mOS)\b")
_BROKEN: Final = re.compile(r"^[)\]\s]{0,6}\n\s{0,6}(?:\d\d\s?%\s?)?C[Il1]\b")
_YEAR: Final = 12.0

Span = tuple[int, int, Statement]


def extract_published(text: str) -> Published:
    """
    Find the numeric statements of a paper.

    Parameters
    ----------
    text : str
        Plain text or Markdown; the list of references is not read.

    Returns
    -------
    Published
        Statements in the order of the text, with what the methods section claims and the relations that the text states.

    Examples
    --------
    >>> paper = extract_published("The ORR was 56.5% (26/46).\\nMedian PFS was 14.1 months (95% Cl: 10·5–17·7).")
    >>> [(item.statistic, item.place) for item in paper.statements]
    [('rate', 'line 1'), ('median', 'line 2')]
    """
    page = Page(text)
    cells = find_cells(page)
    counts = list(_counts(page))
    shares = [(count, percent) for *_, count, percent in counts]
    shares += [(cell.n_with, cell.percent) for cell in cells if cell.n_with is not None]
    totals = collect_totals(page, shares)
    claims = read_claims(page)
    found: list[Span] = []
    for spans in (
        read_tables(page, cells, totals),
        _intervals(page, totals, claims),
        _ratios(page),
        _compared(page),
        _shares(page, counts, totals),
    ):
        taken = sorted((start, end) for start, end, _ in found)
        found += [span for span in spans if not _is_taken(span, taken)]
    statements = [statement for *_, statement in sorted(found, key=lambda span: span[:2])]
    more, relations = find_relations(page, statements)
    return Published({}, claims, (*statements, *more), relations)


def _is_taken(span: Span, taken: list[tuple[int, int]]) -> bool:
    from bisect import bisect_left

    index = bisect_left(taken, (span[1], 0))
    return any(start < span[1] and span[0] < end for start, end in taken[max(0, index - 3) : index + 1])


def _at(page: Page, start: int, end: int, statistic: str) -> Statement:
    end += page.text[end : end + 1] in {")", "]"}
    sentence = page.sentence(start, end)
    return Statement(f"line {page.line(start)}", statistic, text=" ".join(sentence[1].split()), sentence=sentence)


def _number(text: str) -> Printed | None:
    return printed(text)


def _intervals(page: Page, totals: Totals, claims: Claims) -> Iterator[Span]:
    for match in _CI.finditer(page.text, 0, page.end):
        before = page.before(match.start(), 150)
        level = float(match.group(1)) / 100
        low, high = _number(match.group(2)), _number(match.group(3))
        open_limits = " ".join(side for side, limit in (("low", low), ("high", high)) if limit is None)
        if not 0.5 < level < 1 or (low is None and high is None):
            continue
        given = Statement("", "value", low=low, high=high, open_limits=open_limits, level=level)
        if ratio := _BEFORE_RATIO.search(before):
            after = _P_AFTER.match(page.text[match.end() : match.end() + 30])
            p = printed_p(after.group(1) + after.group(2)) if after else None
            given = replace(given, statistic="hazard_ratio", value=_number(ratio.group(2)), p=p, label=ratio.group(1))
            start = match.start() - len(before) + ratio.start()
        elif time := _BEFORE_TIME.search(before):
            labels = _LABEL.findall(before)
            given = replace(
                given,
                statistic="median",
                value=_number(time.group(1)),
                unit=time.group(2),
                label=labels[-1] if labels else "",
            )
            start = match.start() - len(before) + time.start()
        elif percent := _BEFORE_PERCENT.search(before):
            shift = match.start() - len(before)
            start, given = _percent_with_limits(page, given, before, percent, match, totals, claims)
            start += shift
        else:
            continue
        yield start, match.end(), _placed(page, given, start, match.end())


def _placed(page: Page, given: Statement, start: int, end: int) -> Statement:
    at = _at(page, start, end, given.statistic)
    placed = replace(given, place=at.place, text=at.text, sentence=at.sentence)
    if _BROKEN.match(page.text[end : end + 30]):
        # A page break in the middle of an interval leaves two intervals behind; neither can be trusted.
        return replace(
            placed, statistic="value", value=None, low=None, high=None, note="the text breaks inside this interval"
        )
    return placed


def _percent_with_limits(
    page: Page,
    given: Statement,
    before: str,
    percent: re.Match[str],
    match: re.Match[str],
    totals: Totals,
    claims: Claims,
) -> tuple[int, Statement]:
    given = replace(given, statistic="rate", percent=_number(percent.group(1)))
    lead = before[: percent.start()]
    behind = page.text[match.end() : match.end() + 30].split(";")[0]
    labels = _LABEL.findall(lead)
    given = replace(given, label=labels[-1] if labels else "")
    if ratio := _RATIO_BEFORE.search(lead):
        return ratio.start(), replace(given, count=int(ratio.group(1)), total=int(ratio.group(2)))
    months = _months(lead[-60:], behind)
    if months is not None and _SURVIVAL.search(lead[-100:]):
        return percent.start(), replace(given, statistic="landmark", time=months)
    if re.search(r"bayes|posterior|credible", before, re.IGNORECASE):
        return percent.start(), replace(given, interval="credible")
    start = percent.start()
    if count := _COUNT_BEFORE.search(lead):
        given, start = replace(given, count=int(count.group(1))), count.start()
    return start, _with_total(given, totals, claims)


def _months(lead: str, behind: str) -> float | None:
    times = [*_RATE_OF_CURVE.finditer(lead), *_RATE_OF_CURVE.finditer(behind)]
    if not times:
        return None
    number = read_count(times[-1].group(1))
    return None if number is None else number * (_YEAR if times[-1].group(2).lower().startswith("year") else 1.0)


def _with_total(given: Statement, totals: Totals, claims: Claims) -> Statement:
    """Infer the denominator of an interval: a size of the paper from which some method makes exactly these limits."""
    sizes = [*([totals.main] if totals.main else []), *totals.known]
    claimed = claims.rate_interval
    best: Statement | None = None
    for size in dict.fromkeys(sizes):
        if given.percent is None or size > 5000:
            continue
        counts = [given.count] if given.count is not None else fitting_counts(size, given.percent)
        for count in counts[:3]:
            if count > size or not fits(100 * count / size, given.percent) or not is_near(given, count, size):
                continue
            candidate = replace(given, count=count, total=size, total_is_inferred=True, largest_total=totals.largest)
            names = matching_methods(candidate, count, size, level=given.level)
            if claimed in names:
                return candidate
            best = best or (candidate if names else None)
    return best or given


def _ratios(page: Page) -> Iterator[Span]:
    for match in _RATIO.finditer(page.text, 0, page.end):
        first = match.group(1) is not None
        count, total, percent = match.group(*((1, 2, 3) if first else (5, 6, 4)))
        if int(total) == 0 or int(count) > int(total):
            continue  # a date, a dose in mg/mL or a ratio of other things
        at = _at(page, match.start(), match.end(), "rate")
        yield match.start(), match.end(), replace(at, count=int(count), total=int(total), percent=_number(percent))


def _counts(page: Page) -> Iterator[tuple[int, int, int, Printed]]:
    """Counts with a percentage in brackets behind them."""
    for match in _COUNT.finditer(page.text, 0, page.end):
        count, percent = read_count(match.group(1)), _number(match.group(4))
        if count is None or percent is None or percent.value > 100:
            continue
        is_named = match.group("more") is not None
        if match.group("open") == "," and not is_named:
            continue
        if _NO_COUNT.search(page.before(match.start(), 14)) or "\t" in match.group():
            continue
        if re.match(
            r"\s?(?:to|-|of\b|reduction|increase|decrease|CI)", page.text[match.end() : match.end() + 12], re.IGNORECASE
        ):
            continue
        yield match.start(), match.end(), count, percent


def _shares(page: Page, counts: list[tuple[int, int, int, Printed]], totals: Totals) -> Iterator[Span]:
    for start, end, count, percent in counts:
        at = replace(_at(page, start, end, "rate"), count=count, percent=percent, largest_total=totals.largest)
        stated = stated_total(page, start)
        if stated is not None and count <= stated:
            yield start, end, replace(at, total=stated)
            continue
        size = _size_of(count, percent, totals)
        if size is None:
            note = "no denominator was printed and the paper has no size that explains its percentages"
            yield start, end, replace(at, note=note)
        else:
            yield start, end, replace(at, total=size, total_is_inferred=True)


def _size_of(count: int, percent: Printed, totals: Totals) -> int | None:
    if totals.main is None or count > (totals.largest or 0):
        return None
    if fits(100 * count / totals.main, percent):
        return totals.main
    other = (size for size in totals.known if size >= count and fits(100 * count / size, percent))
    return next(other, totals.main)


def _compared(page: Page) -> Iterator[Span]:
    """Two percentages and a p-value; the groups are the sizes printed just before, where only one pair fits."""
    for match in _COMPARED.finditer(page.text, 0, page.end):
        first, second = _number(match.group(1)), _number(match.group(2))
        at = replace(_at(page, match.start(), match.end(), "p_value"), p=printed_p(match.group(3) + match.group(4)))
        sizes = [int(size) for size in re.findall(r"\b[nN]\s{0,2}=\s{0,2}(\d{1,5})\b", page.before(match.start(), 500))]
        pairs = {
            ((ones[0], one), (others[0], other))
            for one, other in pairwise(sizes)
            if first
            and second
            and len(ones := fitting_counts(one, first)) == 1
            and len(others := fitting_counts(other, second)) == 1
        }
        groups = next(iter(pairs)) if len(pairs) == 1 else ()
        yield match.start(), match.end(), replace(at, groups=groups)
