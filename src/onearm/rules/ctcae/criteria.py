"""Reading the criteria: terms, comparisons and units, from the one file that states them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from onearm.errors import MethodError

__all__ = ["VERSIONS", "Bound", "Criteria", "Term", "Version", "read_criteria"]

Version = Literal["5.0", "6.0"]
VERSIONS: Final[dict[str, str]] = {"5.0": "ctcae_v5_laboratory.toml", "6.0": "ctcae_v6_laboratory.toml"}
"""Versions of the criteria and the files that state them."""

_COMPARISON: Final = re.compile(
    r"(?P<sign><=|>=|<|>) (?:(?P<number>[\d.]+)|(?:(?P<times>[\d.]+) )?(?P<of>ULN|LLN|baseline)(?: \+ (?P<plus>[\d.]+))?)"
)


@dataclass(frozen=True)
class Bound:
    """
    One comparison with a value.

    Parameters
    ----------
    sign : {'<', '<=', '>', '>='}
        How the value compares.
    of : {'ULN', 'LLN', 'baseline'} or None
        What the limit is relative to; None for a plain number.
    times, plus : float
        The limit is ``times`` what it is relative to, and ``plus`` on top; a plain number is ``plus``.
    """

    sign: Literal["<", "<=", ">", ">="]
    of: Literal["ULN", "LLN", "baseline"] | None
    times: float
    plus: float


@dataclass(frozen=True)
class Term:
    """
    One term of the criteria, in one unit.

    Parameters
    ----------
    name, soc : str
        Term and system organ class.
    tests : tuple of str
        Codes of the laboratory tests that it grades.
    direction : {'high', 'low'}
        Side of normal.
    unit : str or None
        Unit of its numbers; None where only limits of normal matter.
    grades : tuple of tuple of Bound
        For grades 1 to 4: one of the comparisons is enough; empty where there is no such grade.
    abnormal : tuple of tuple of Bound
        The same for a value that lay beyond normal at baseline; empty where it makes no difference.
    note : str
        What was decided where the wording needs more than a value.
    also : tuple of str
        Preferred terms under which an investigator may have reported the same.
    below : tuple of tuple of Bound
        For a term about high values, the grades of a value that lay below normal at baseline; empty where it makes no
        difference.
    ungraded : tuple of Bound
        A value for which one of these holds has no grade under this term.
    """

    name: str
    soc: str
    tests: tuple[str, ...]
    direction: Literal["high", "low"]
    unit: str | None
    grades: tuple[tuple[Bound, ...], ...]
    abnormal: tuple[tuple[Bound, ...], ...]
    note: str
    also: tuple[str, ...] = ()
    below: tuple[tuple[Bound, ...], ...] = ()
    ungraded: tuple[Bound, ...] = ()


@dataclass(frozen=True)
class Criteria:
    """
    Every term that a laboratory value decides.

    Parameters
    ----------
    version, source : str
        Which criteria, and where they were published.
    terms : tuple of Term
        A term stands once for each family of units that it has numbers in.
    units : mapping of str to mapping of str to float
        By family, units as written (lower case, no blanks) and what one is in the family's first.
    """

    version: str
    source: str
    terms: tuple[Term, ...]
    units: Mapping[str, Mapping[str, float]]

    def factors(self, unit: str) -> dict[str, float]:
        """
        Say how other units convert into one.

        Parameters
        ----------
        unit : str
            A unit of a term.

        Returns
        -------
        dict of str to float
            By unit as written: factor to multiply with. Only units of the same family are there: a mass is never
            converted into an amount of substance, the criteria print numbers for both.

        Raises
        ------
        MethodError
            For a unit that the table does not have.

        Examples
        --------
        >>> read_criteria().factors("g/dL")["g/l"]
        0.1
        """
        key = unit.lower().replace(" ", "")
        for family in self.units.values():
            if key in family:
                return {name: factor / family[key] for name, factor in family.items()}
        raise MethodError(f"ctcae: the unit '{unit}' is in no family of the table of units.")


@cache
def read_criteria(version: Version = "5.0") -> Criteria:
    """
    Read the criteria of CTCAE for laboratory values.

    Parameters
    ----------
    version : {'5.0', '6.0'}
        Which of them.

    Returns
    -------
    Criteria
        As `ctcae_v5_laboratory.toml` or `ctcae_v6_laboratory.toml` states them.

    Raises
    ------
    MethodError
        For another version.

    References
    ----------
    .. [1] National Cancer Institute (2017), Common Terminology Criteria for Adverse Events (CTCAE), version 5.0.
    .. [2] National Cancer Institute (2025), Common Terminology Criteria for Adverse Events (CTCAE), version 6.0.

    Examples
    --------
    >>> criteria = read_criteria()
    >>> criteria.version, len({term.name for term in criteria.terms})
    ('5.0', 40)
    >>> len({term.name for term in read_criteria("6.0").terms})
    44
    """
    if version not in VERSIONS:
        raise MethodError(f"ctcae: no criteria of version '{version}'; there are {', '.join(VERSIONS)}.")
    text = files("onearm.rules.ctcae").joinpath(VERSIONS[version]).read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    return Criteria(raw["version"], raw["source"], tuple(map(_term, raw["term"])), raw["units"])


def _term(one: dict[str, Any]) -> Term:
    def grades(key: str) -> tuple[tuple[Bound, ...], ...]:
        return tuple(_bounds(grade, one["name"]) for grade in one.get(key, ()))

    return Term(
        one["name"],
        one["soc"],
        tuple(one["tests"]),
        one["direction"],
        one.get("unit"),
        grades("grades"),
        grades("abnormal"),
        one.get("note", ""),
        tuple(one.get("also", ())),
        grades("below"),
        _bounds(one.get("ungraded", ""), one["name"]),
    )


def _bounds(text: str, term: str) -> tuple[Bound, ...]:
    found = []
    for part in text.split(" or ") if text else ():
        match = _COMPARISON.fullmatch(part)
        if match is None:
            raise MethodError(f"ctcae, {term}: '{part}' is no comparison.")
        sign, number, times, of, plus = match.group("sign", "number", "times", "of", "plus")
        found.append(Bound(sign, of, float(times or 1), float(number or plus or 0)))  # type: ignore[arg-type]  # the pattern names the choices
    return tuple(found)
