"""
Sensitivity and false alarms of the audit, on statements of which the truth is known.

Consistent statements are generated from counts, curves and tables by SciPy and by formulas written out here, not by the
functions that the audit calls; each is audited as it stands, and again with one planted error of each kind. Run
``python -m verification.audit``.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

import numpy as np
from scipy import stats

from onearm.published import Finding, Verdict, audit_published, audit_text
from onearm.published.read import parse_published

__all__ = ["ERRORS", "Case", "consistent", "found", "main", "measure"]

ALARMS: Final = (Verdict.IMPOSSIBLE, Verdict.ROUNDING, Verdict.OTHER_METHOD)


class Case(NamedTuple):
    """One statement: its kind, its keys in published.toml, and the sentence that would print it."""

    kind: str
    keys: dict[str, str]
    sentence: str


def rounded(value: float, digits: int = 1) -> str:
    """Print as a program does, ties away from zero."""
    return str(Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


def exact_limits(x: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson (1934), from quantiles of the beta distribution."""
    low = 0.0 if x == 0 else float(stats.beta.ppf(0.025, x, n - x + 1))
    high = 1.0 if x == n else float(stats.beta.ppf(0.975, x + 1, n - x))
    return 100 * low, 100 * high


def score_limits(x: int, n: int) -> tuple[float, float]:
    """Wilson (1927), written out."""
    z = stats.norm.ppf(0.975)
    p = x / n
    centre = (p + z * z / 2 / n) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return float(100 * (centre - half)), float(100 * (centre + half))


def rate(random: np.random.Generator) -> Case:
    """Make a share with its exact interval."""
    n = int(random.integers(15, 120))
    x = int(random.integers(1, n))
    low, high = exact_limits(x, n)
    keys = {
        "count": str(x),
        "total": str(n),
        "percent": rounded(100 * x / n),
        "low": rounded(low),
        "high": rounded(high),
    }
    sentence = f"A response was seen in {x}/{n} ({keys['percent']}%; 95% CI {keys['low']}-{keys['high']})."
    return Case("rate", {"statistic": '"rate"', "method": '"clopper-pearson"', **keys}, sentence)


def median(random: np.random.Generator) -> Case:
    """Make a median with limits on either side."""
    value = random.uniform(3, 25)
    low, high = value * random.uniform(0.4, 0.95), value * random.uniform(1.05, 2.2)
    keys = {"value": rounded(value), "low": rounded(low), "high": rounded(high)}
    sentence = f"Median PFS was {keys['value']} months (95% CI, {keys['low']}-{keys['high']})."
    return Case("median", {"statistic": '"median"', "unit": '"months"', **keys}, sentence)


def landmark(random: np.random.Generator) -> Case:
    """Make a survival rate with a log-log interval."""
    rate_ = random.uniform(0.2, 0.9)
    error = random.uniform(0.15, 0.45)
    low, high = (np.exp(-np.exp(np.log(-np.log(rate_)) + sign * 1.959964 * error)) for sign in (1, -1))
    keys = {"percent": rounded(100 * rate_), "low": rounded(100 * low), "high": rounded(100 * high)}
    sentence = f"The 12-month PFS rate was {keys['percent']}% (95% CI, {keys['low']}-{keys['high']}%)."
    return Case("landmark", {"statistic": '"landmark"', "time": "12", "method": '"log-log"', **keys}, sentence)


def hazard_ratio(random: np.random.Generator) -> Case:
    """Make a hazard ratio with Wald interval and p."""
    log, error = random.normal(-0.5, 0.5), random.uniform(0.15, 0.5)
    p = 2 * float(stats.norm.sf(abs(log) / error))
    keys = {
        "value": rounded(np.exp(log), 2),
        "low": rounded(np.exp(log - 1.959964 * error), 2),
        "high": rounded(np.exp(log + 1.959964 * error), 2),
        "p": f'"{rounded(p, 3)}"' if p >= 0.001 else '"<0.001"',
    }
    shown = keys["p"].strip('"')
    sign = "" if shown.startswith("<") else "= "
    sentence = f"There was a difference (HR {keys['value']}, 95% CI {keys['low']}-{keys['high']}, P {sign}{shown})."
    return Case("hazard_ratio", {"statistic": '"hazard_ratio"', **keys}, sentence)


def p_value(random: np.random.Generator) -> Case:
    """Make Fisher's p-value of two groups, by SciPy."""
    sizes = [int(size) for size in random.integers(8, 45, size=2)]
    counts = [int(random.integers(0, size + 1)) for size in sizes]
    p = float(stats.fisher_exact([[counts[0], sizes[0] - counts[0]], [counts[1], sizes[1] - counts[1]]]).pvalue)
    shown = rounded(p, 3) if p >= 0.001 else "<0.001"
    groups = f"[[{counts[0]}, {sizes[0]}], [{counts[1]}, {sizes[1]}]]"
    return Case("p_value", {"statistic": '"p_value"', "method": '"fisher"', "groups": groups, "p": f'"{shown}"'}, "")


MAKERS: Final = (rate, median, landmark, hazard_ratio, p_value)


def consistent(number: int, seed: int) -> list[Case]:
    """Make statements without error, the kinds in turn."""
    random = np.random.default_rng(seed)
    return [MAKERS[index % len(MAKERS)](random) for index in range(number)]


def swap_digits(case: Case, random: np.random.Generator) -> dict[str, str] | None:
    """Swap two neighbouring digits of the estimate."""
    name = "percent" if "percent" in case.keys else "value"
    text = case.keys.get(name, "")
    places = [i for i in range(len(text) - 1) if text[i : i + 2].isdigit() and text[i] != text[i + 1]]
    if not places:
        return None
    at = int(random.choice(places))
    return {name: text[:at] + text[at + 1] + text[at] + text[at + 2 :]} if text[at + 1] != "0" or at else None


def wrong_denominator(case: Case, random: np.random.Generator) -> dict[str, str] | None:
    """Compute percentage and interval from another denominator than the one printed."""
    if case.kind != "rate":
        return None
    n = int(case.keys["total"]) + int(random.choice([-3, -2, -1, 1, 2, 3]))
    x = int(case.keys["count"])
    return {"percent": rounded(100 * x / n)} if x <= n else None


def wrong_method(case: Case, random: np.random.Generator) -> dict[str, str] | None:
    """Print a score interval, a plain interval or a chi-squared test under the name of the other."""
    if case.kind == "rate":
        low, high = score_limits(int(case.keys["count"]), int(case.keys["total"]))
        return {"low": rounded(low), "high": rounded(high)}
    if case.kind == "landmark":
        value = float(case.keys["percent"])
        half = float(random.uniform(5, min(value, 100 - value, 20)))
        return {"low": rounded(value - half), "high": rounded(value + half)}
    if case.kind == "p_value":
        (a, n1), (b, n2) = json.loads(case.keys["groups"])
        if not 0 < a + b < n1 + n2:
            return None
        p = float(stats.chi2_contingency([[a, n1 - a], [b, n2 - b]], correction=False).pvalue)
        shown = f'"{rounded(p, 3)}"' if p >= 0.001 else '"<0.001"'
        return {"p": shown} if shown != case.keys["p"] else None
    return None


def shifted_limit(case: Case, random: np.random.Generator) -> dict[str, str] | None:
    """Shift one limit by 5 to 20 % of the width of the interval."""
    if "low" not in case.keys:
        return None
    name = str(random.choice(["low", "high"]))
    low, high = float(case.keys["low"]), float(case.keys["high"])
    digits = 2 if case.kind == "hazard_ratio" else 1
    shift = (high - low) * float(random.uniform(0.05, 0.2)) * float(random.choice([-1, 1]))
    text = rounded(float(case.keys[name]) + shift, digits)
    return {name: text} if text != case.keys[name] and float(text) > 0 else None


Planter = Callable[[Case, np.random.Generator], dict[str, str] | None]
ERRORS: Final[dict[str, Planter]] = {
    "digits swapped": swap_digits,
    "wrong denominator": wrong_denominator,
    "wrong method": wrong_method,
    "shifted limit": shifted_limit,
}


def found(cases: list[dict[str, str]]) -> tuple[Finding, ...]:
    """Audit statements as one published.toml."""
    tables = ["\n".join(f"{key} = {value}" for key, value in keys.items()) for keys in cases]
    return audit_published(parse_published("".join(f'[[statement]]\nplace = "x"\n{table}\n' for table in tables)))


def measure(number: int, seed: int) -> tuple[list[Finding], list[Finding], dict[tuple[str, str], tuple[int, int]]]:
    """
    Audit a corpus.

    Returns
    -------
    tuple
        False alarms in the statements, false alarms in their sentences, and for each kind of error and of statement how
        many were found and how many were planted.
    """
    cases = consistent(number, seed)
    random = np.random.default_rng(seed + 1)
    false = [finding for finding in found([case.keys for case in cases]) if finding.verdict in ALARMS]
    text = "\n\n".join(case.sentence for case in cases if case.sentence)
    false_in_text = [finding for finding in audit_text(text) if finding.verdict in ALARMS]
    tally: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for name, plant in ERRORS.items():
        planted = [(case.kind, {**case.keys, **change}) for case in cases if (change := plant(case, random))]
        for (kind, _), finding in zip(planted, found([keys for _, keys in planted]), strict=True):
            hits, every = tally[name, kind]
            tally[name, kind] = (hits + (finding.verdict in ALARMS), every + 1)
    return false, false_in_text, dict(tally)


def main() -> int:
    """Print false alarms and sensitivity; the exit code is 1 where there is a false alarm."""
    false, false_in_text, tally = measure(1500, seed=8)
    print(f"1500 consistent statements: {len(false)} false alarms; as sentences: {len(false_in_text)} false alarms")
    for finding in [*false, *false_in_text][:10]:
        print(f"  {finding.verdict}: {finding.statement}: {finding.working}")
    print(f"\n{'error':<20}{'statement':<16}{'found':>8}{'planted':>9}{'share':>8}")
    for (name, kind), (hits, every) in tally.items():
        print(f"{name:<20}{kind:<16}{hits:>8}{every:>9}{100 * hits / every:>7.0f}%")
    for name in ERRORS:
        hits, every = (sum(pair[i] for (error, _), pair in tally.items() if error == name) for i in (0, 1))
        print(f"{name:<20}{'all':<16}{hits:>8}{every:>9}{100 * hits / every:>7.0f}%")
    return int(bool(false or false_in_text))


if __name__ == "__main__":
    sys.exit(main())
