"""
What each printed number is a number of, in the words of the results table.

``reconstruction.toml`` lies beside ``published.toml`` and says it once for a statement or a family of statements:
``"T3 *, any grade" = { adverse_event = "TRAE" }``. The reconstruction of a cohort and the comparison with what the
pipeline computed both read it, so that they cannot disagree about what a number means.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, TypeVar

from onearm.errors import DataError, suggest
from onearm.published.cohort_keys import cohort_problems
from onearm.published.model import Published, Statement

__all__ = ["KINDS", "Meaning", "Meanings", "parse_meanings", "read_meanings", "statement_key"]

KINDS: Final[Mapping[str, str]] = {
    "baseline": "a baseline characteristic: `level`, or the median and range of a number",
    "best_response": "a category of the best overall response",
    "rate": "an endpoint that is a rate; `within` a level of a subgroup",
    "time": "an endpoint that is a time: its median or, where the statement is a landmark, a rate; `within` a subgroup",
    "follow_up": "the follow-up of a time",
    "growth_modulation": "the growth-modulation index of a time: `variable` reached or ratio",
    "still_at_risk": "patients whose time is at least the months of `level`, of all who have the time",
    "flow": "a step of the flow of patients; `phase` of treatment: started, completed, discontinued, ongoing",
    "reason": "why patients left at a step: `level`",
    "adverse_event": "a term, or another `variable`, of TEAE, TRAE or DEATH; `grade` 3 or one grade",
    "exposure": "a share of the patients who had a drug, or its `variable` such as duration; `any` drug",
    "later_therapy": "patients with a later anticancer therapy: its name, `any`, or `lines` with a `level`; `of` whom",
    "progression_extent": "how far disease had spread at progression",
    "tumour_change": "change of the tumour size: the variable, and its `level`",
    "hazard_ratio": "a univariable hazard ratio of a time, `within` the level that is compared with the first",
    "test": "the p-value that compares the levels of a subgroup, named `within`",
    "model": "a coefficient of a multivariable model: the model, its covariate `variable` and `level`",
    "trial": "a date of the trial",
}
"""Kinds of numbers that the results table holds."""

_T = TypeVar("_T")
_KEYS: Final = ("level", "within", "grade", "variable", "of", "phase", "cohort", "observed", "note")


@dataclass(frozen=True)
class Meaning:
    """
    What a printed number is a number of.

    Parameters
    ----------
    kind : str
        A name of `KINDS`.
    name : str
        Variable, endpoint, step, drug: whatever the kind speaks of.
    level : str
        Level of it; empty where there is none.
    within : tuple of str
        Variable and level of the subgroup; empty for all patients.
    grade : str
        ``3`` for grade 3 or more, ``=2`` for one grade; empty for any.
    variable : str
        What else has to be said: ``overview`` of adverse events, the covariate of a model.
    of : str
        Who is the denominator: a step of the flow, such as ``enrolled``, or ``of the progressed`` for later therapy; which
        statistic of a rate, a time or a change a count is; of an exposure, ``mean`` instead of the median.
    phase : str
        Phase of treatment, of a step, a reason or an exposure; empty for all treatment.
    cohort : str
        Cohort; empty where the trial has none.
    observed : bool
        Quantiles of the times as observed, whether they ended with an event or not, instead of Kaplan-Meier's.
    note : str
        What a reader should know when the number is met.
    """

    kind: str
    name: str
    level: str = ""
    within: tuple[str, ...] = ()
    grade: str = ""
    variable: str = ""
    of: str = ""
    phase: str = ""
    cohort: str = ""
    observed: bool = False
    note: str = ""


@dataclass(frozen=True)
class Meanings:
    """
    What the numbers of a paper are numbers of, and what else its cohort needs.

    Parameters
    ----------
    numbers : dict of str to Meaning
        By the key of a statement, or a pattern of keys with ``*``.
    outside : dict of str to str
        Statements that no patient's record can show, with the reason: a planned range, a legend.
    uncomputed : dict of str to str
        Statements about patients that the pipeline has no result for, with the reason.
    unmet : dict of str to str
        Statements that cannot be met together with the others, with the reason; ``"SAE, percent"`` speaks of one part.
    cohort : dict
        What the paper does not print and a cohort needs; read by the reconstruction.
    figures : tuple of dict
        ``file title place says``: a figure of onearm, and what the paper says of its own.
    """

    numbers: dict[str, Meaning] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    uncomputed: dict[str, str] = field(default_factory=dict)
    unmet: dict[str, str] = field(default_factory=dict)
    cohort: dict[str, Any] = field(default_factory=dict)
    figures: tuple[dict[str, str], ...] = ()

    def of(self, statement: Statement) -> Meaning | None:
        """
        Say what a statement is about.

        Parameters
        ----------
        statement : Statement
            Of the paper.

        Returns
        -------
        Meaning or None
            With ``{label}`` and ``{group}`` filled in; None where nothing says it.
        """
        found = _first(self.numbers, statement_key(statement))
        if found is None or self.why_uncomputed(statement):
            return None
        fill = {"label": statement.label, "group": statement.group}
        changed = {name: getattr(found, name).format(**fill) for name in ("name", "level", "variable")}
        within = tuple(part.format(**fill) for part in found.within)
        cohort = found.cohort or str(self.cohort.get("name", ""))
        return Meaning(**{**found.__dict__, **changed, "within": within, "cohort": cohort})

    def why_outside(self, statement: Statement) -> str:
        """
        Say why no record can show a statement.

        Parameters
        ----------
        statement : Statement
            Of the paper.

        Returns
        -------
        str
            Empty where records can.
        """
        return _first(self.outside, statement_key(statement)) or ""

    def why_uncomputed(self, statement: Statement) -> str:
        """
        Say why the pipeline has no result for a statement.

        Parameters
        ----------
        statement : Statement
            Of the paper.

        Returns
        -------
        str
            Empty where it may have one.
        """
        return _first(self.uncomputed, statement_key(statement)) or ""

    def why_unmet(self, statement: Statement) -> str:
        """
        Say why a statement cannot be met together with the others.

        Parameters
        ----------
        statement : Statement
            Of the paper.

        Returns
        -------
        str
            Empty where it can.
        """
        return _first(self.unmet, statement_key(statement)) or ""

    def why_part_unmet(self, statement: Statement, part: str) -> str:
        """
        Say why one number of a statement cannot be met together with the others, while the rest of it is looked for.

        Parameters
        ----------
        statement : Statement
            Of the paper.
        part : str
            ``count total percent value low high p date``.

        Returns
        -------
        str
            Empty where it can.
        """
        return self.why_unmet(statement) or self.unmet.get(f"{statement_key(statement)}, {part}", "")

    def statements(self, published: Published, *kinds: str) -> Iterator[tuple[Statement, Meaning]]:
        """
        Give the statements about some kinds of numbers.

        Parameters
        ----------
        published : Published
            The paper.
        *kinds : str
            Names of `KINDS`.

        Yields
        ------
        tuple of Statement and Meaning
            In the order of the file.
        """
        for statement in published.statements:
            meaning = self.of(statement)
            if meaning is not None and meaning.kind in kinds:
                yield statement, meaning


def statement_key(statement: Statement) -> str:
    """
    Give the name by which reconstruction.toml speaks of a statement.

    Parameters
    ----------
    statement : Statement
        Of the paper.

    Returns
    -------
    str
        Its id, or its place and label where it has none.

    Examples
    --------
    >>> statement_key(Statement("Results", "rate", label="ORR"))
    'Results: ORR'
    """
    return statement.id or f"{statement.place}: {statement.label}"


def _first(table: Mapping[str, _T], key: str) -> _T | None:
    if key in table:
        return table[key]
    return next(
        (value for pattern, value in table.items() if "*" in pattern and fnmatchcase(key, _glob(pattern))), None
    )


def _glob(pattern: str) -> str:
    """Only the star is special: ids hold brackets and question marks."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def read_meanings(path: str | Path) -> Meanings:
    """
    Read reconstruction.toml.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Meanings
        Checked.

    Raises
    ------
    DataError
        Naming every problem of the file.
    """
    path = Path(path)
    try:
        return parse_meanings(path.read_text(encoding="utf-8"), name=path.name)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. It says what the numbers of published.toml are numbers of.") from None


def parse_meanings(text: str, *, name: str = "reconstruction.toml") -> Meanings:
    """
    Read reconstruction.toml from its text.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Of the file, for the messages.

    Returns
    -------
    Meanings
        Checked.

    Raises
    ------
    DataError
        Naming every problem of the file.

    Examples
    --------
    >>> text = 'schema = 1\\n[numbers]\\n"T3 *" = { adverse_event = "TRAE", level = "{label}" }'
    >>> parse_meanings(text).of(Statement("Table 3", "rate", id="T3 Anemia", label="Anemia")).level
    'Anemia'
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{name}: not valid TOML: {error}.") from None
    sections = ("schema", "numbers", "outside", "uncomputed", "unmet", "cohort", "figure")
    problems = [f"{name}, {key}: unknown key.{suggest(key, sections)}" for key in raw if key not in sections]
    numbers = {
        key: meaning
        for key, table in raw.get("numbers", {}).items()
        if (meaning := _meaning(table, f"{name}, numbers.'{key}'", problems)) is not None
    }
    problems += cohort_problems(raw.get("cohort", {}), name)
    if problems:
        raise DataError(*problems)
    return Meanings(
        numbers,
        outside=raw.get("outside", {}),
        uncomputed=raw.get("uncomputed", {}),
        unmet=raw.get("unmet", {}),
        cohort=raw.get("cohort", {}),
        figures=tuple(raw.get("figure", ())),
    )


def _meaning(table: Mapping[str, Any], where: str, problems: list[str]) -> Meaning | None:
    kinds = [key for key in table if key in KINDS]
    unknown = [key for key in table if key not in KINDS and key not in _KEYS]
    problems += [f"{where}: unknown key '{key}'.{suggest(key, (*KINDS, *_KEYS))}" for key in unknown]
    if len(kinds) != 1:
        problems.append(f"{where}: exactly one of {', '.join(KINDS)} must say what it is; found {kinds or 'none'}.")
        return None
    if unknown:
        return None
    rest = {key: value for key, value in table.items() if key in _KEYS}
    rest["within"] = tuple(str(part) for part in rest.get("within", ()))
    rest["grade"] = str(rest.get("grade", ""))
    default = "{label}" if kinds[0] == "adverse_event" else ""
    return Meaning(kinds[0], str(table[kinds[0]]), **{"level": default, **rest})
