"""
Phenotypes of cells: signs of markers joined by AND, OR and NOT, read by a grammar of their own.

::

    CD8+                          positive for CD8
    CD8+ PD1-                     both (signs that stand side by side are joined by AND)
    CD3+ AND NOT FOXP3+
    (CD4+ OR CD8+) AND PD-L1 > 3.5
    "Dye 2"+                      a marker whose name holds a blank
    'Macrophage'                  the class that the program gave the cell
    helper                        another phenotype, by its name

``NOT`` binds more than ``AND``, ``AND`` more than ``OR``; ``& | !`` mean the same. What is missing is not negative: a cell
whose CD8 is not known is neither ``CD8+`` nor ``CD8-``, unless the rest of the expression decides (Kleene's logic).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import polars as pl

from onearm.errors import MethodError, suggest

__all__ = [
    "And",
    "Class",
    "Compare",
    "Expression",
    "Meaning",
    "Named",
    "Not",
    "Or",
    "Sign",
    "label_signs",
    "markers_of",
    "parse",
]


class Sign(NamedTuple):
    """A marker that is positive or negative."""

    marker: str
    is_positive: bool


class Compare(NamedTuple):
    """An intensity against a number."""

    marker: str
    relation: str
    value: float


class Class(NamedTuple):
    """The class that the program gave."""

    name: str


class Named(NamedTuple):
    """Another phenotype."""

    name: str


@dataclass(frozen=True)
class Not:
    """What does not hold."""

    of: Expression


@dataclass(frozen=True)
class And:
    """Both hold."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class Or:
    """At least one holds."""

    left: Expression
    right: Expression


Expression = Sign | Compare | Class | Named | Not | And | Or

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<open>\()|(?P<close>\))
      |(?P<and>&&?|\bAND\b)|(?P<or>\|\|?|\bOR\b)|(?P<not>!(?!=)|\bNOT\b)
      |(?P<compare>(?:"(?:[^"]+)"|[\w./]+(?:-[\w./]+)*)\s*(?:>=|<=|>|<|≥|≤)\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
      |(?P<sign>(?:"[^"]+"|[\w./]+(?:-[\w./]+)*)[+-])
      |(?P<class>'[^']+'|"[^"]+")
      |(?P<name>[\w./]+(?:-[\w./]+)*)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_MARKER = r"[A-Za-z0-9][\w./]*?(?:-[A-Za-z0-9][\w./]*?)*"
_LABEL_SIGN: Final = re.compile(rf"({_MARKER})([+-])(?=$|[A-Za-z0-9])")
_LABEL: Final = re.compile(rf"(?:{_MARKER}[+-])+")
_RELATIONS: Final[dict[str, Callable[[pl.Expr, float], pl.Expr]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


@dataclass
class _Reader:
    """Reads the tokens of one text from left to right."""

    text: str
    tokens: list[_Token]
    at: int = 0

    def peek(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else "end"

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def wrong(self, what: str) -> MethodError:
        place = self.tokens[self.at].place + 1 if self.at < len(self.tokens) else len(self.text) + 1
        return MethodError(
            f"phenotype '{self.text}', character {place}: {what}. Fix: write signs such as CD8+ PD1-, joined by AND, OR, "
            "NOT and brackets; a class of the program in single quotes."
        )

    def either(self) -> Expression:
        left = self.both()
        while self.peek() == "or":
            self.take()
            left = Or(left, self.both())
        return left

    def both(self) -> Expression:
        left = self.single()
        while self.peek() in ("and", "open", "not", "compare", "sign", "class", "name"):
            if self.peek() == "and":
                self.take()
            left = And(left, self.single())
        return left

    def single(self) -> Expression:
        kind = self.peek()
        if kind == "not":
            self.take()
            return Not(self.single())
        if kind == "open":
            self.take()
            inner = self.either()
            if self.peek() != "close":
                raise self.wrong("a bracket is not closed")
            self.take()
            return inner
        if kind in _LEAVES:
            return _LEAVES[kind](self.take().text)
        raise self.wrong("a marker is expected here" if kind != "end" else "the expression ends too early")


def parse(text: str) -> Expression:
    """
    Read an expression; nothing of it is ever run as code.

    Parameters
    ----------
    text : str
        As typed.

    Returns
    -------
    Expression
        Its tree.

    Raises
    ------
    MethodError
        With the place at which the text stops making sense.

    Examples
    --------
    >>> parse("CD8+ PD-L1-")
    And(left=Sign(marker='CD8', is_positive=True), right=Sign(marker='PD-L1', is_positive=False))
    """
    tokens, place = [], 0
    body = text.rstrip()
    while place < len(body):
        match = _TOKEN.match(body, place)
        if match is None:
            rest = body[place:].lstrip()
            place = len(body) - len(rest)
            raise _Reader(text, [_Token("?", "", place)]).wrong(f"'{rest[:12]}' is not understood")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        place = match.end()
    reader = _Reader(text, tokens)
    expression = reader.either()
    if reader.at < len(tokens):
        raise reader.wrong(f"'{tokens[reader.at].text}' has nothing before it to close")
    return expression


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")


def _read_compare(text: str) -> Compare:
    match = re.fullmatch(r"(.+?)\s*(>=|<=|>|<|≥|≤)\s*(.+)", text)
    assert match is not None  # the token has this form
    relation = match[2].replace("≥", ">=").replace("≤", "<=")
    return Compare(_unquoted(match[1]), relation, float(match[3]))


_LEAVES: Final[dict[str, Callable[[str], Expression]]] = {
    "sign": lambda text: Sign(_unquoted(text[:-1]), text[-1] == "+"),
    "compare": _read_compare,
    "class": lambda text: Class(_unquoted(text)),
    "name": Named,
}


def markers_of(expression: Expression) -> set[str]:
    """
    List the markers of an expression.

    Parameters
    ----------
    expression : Expression
        As parsed.

    Returns
    -------
    set of str
        Without those of phenotypes that are named in it.

    Examples
    --------
    >>> sorted(markers_of(parse("CD8+ AND (PD1 > 2 OR NOT CD4+)")))
    ['CD4', 'CD8', 'PD1']
    """
    if isinstance(expression, (And, Or)):
        return markers_of(expression.left) | markers_of(expression.right)
    if isinstance(expression, Not):
        return markers_of(expression.of)
    return {expression.marker} if isinstance(expression, (Sign, Compare)) else set()


def label_signs(label: str) -> dict[str, bool]:
    """
    Read the signs in a class that a program gave, such as ``CD8+`` or ``CK+PD-L1-``.

    Parameters
    ----------
    label : str
        As it stands in the table.

    Returns
    -------
    dict of str to bool
        Marker and whether it is positive; empty for a class without signs.

    Examples
    --------
    >>> label_signs("AMACR+PD-L1-"), label_signs("Macrophage")
    ({'AMACR': True, 'PD-L1': False}, {})
    """
    signs: dict[str, bool] = {}
    for word in re.split(r"[\s,;:]+", label):
        if _LABEL.fullmatch(word):  # T-cell is a word, not a T that is negative
            signs |= {marker: sign == "+" for marker, sign in _LABEL_SIGN.findall(word)}
    return signs


@dataclass(frozen=True)
class Meaning:
    """
    What the words of expressions mean for one table of cells.

    Parameters
    ----------
    signs : mapping of str to polars.Expr
        Marker to whether it is positive, missing where that is not known.
    intensities : mapping of str to polars.Expr
        Marker to its intensity.
    phenotypes : mapping of str to Expression
        Phenotypes that can be named.
    classes : frozenset of str
        Classes that occur.
    """

    signs: Mapping[str, pl.Expr]
    intensities: Mapping[str, pl.Expr] = field(default_factory=dict)
    phenotypes: Mapping[str, Expression] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()

    def of(self, expression: Expression, seen: tuple[str, ...] = ()) -> pl.Expr:
        """
        Say of each cell whether an expression holds.

        Parameters
        ----------
        expression : Expression
            As parsed.
        seen : tuple of str
            Names of phenotypes that are being resolved.

        Returns
        -------
        polars.Expr
            Boolean, missing where it is not known.

        Raises
        ------
        MethodError
            For a marker, class or phenotype that the table does not have.
        """
        if isinstance(expression, And):
            return self.of(expression.left, seen) & self.of(expression.right, seen)
        if isinstance(expression, Or):
            return self.of(expression.left, seen) | self.of(expression.right, seen)
        if isinstance(expression, Not):
            return ~self.of(expression.of, seen)
        return self._leaf(expression, seen)

    def _leaf(self, leaf: Sign | Compare | Class | Named, seen: tuple[str, ...]) -> pl.Expr:
        if isinstance(leaf, Sign):
            sign = self.signs.get(leaf.marker)
            if sign is None:
                raise MethodError(f"no sign of '{leaf.marker}' is known.{suggest(leaf.marker, self.signs)}")
            return sign if leaf.is_positive else ~sign
        if isinstance(leaf, Compare):
            value = self.intensities.get(leaf.marker)
            if value is None:
                raise MethodError(f"no intensity of '{leaf.marker}' is known.{suggest(leaf.marker, self.intensities)}")
            return _RELATIONS[leaf.relation](value, leaf.value)
        if isinstance(leaf, Named) and leaf.name in self.phenotypes:
            if leaf.name in seen:
                raise MethodError(f"phenotype '{leaf.name}' is defined by itself: {' > '.join((*seen, leaf.name))}.")
            return self.of(self.phenotypes[leaf.name], (*seen, leaf.name))
        if leaf.name in self.classes:
            return pl.col("PHENOTYPE") == leaf.name
        known = {*self.phenotypes, *self.classes}
        raise MethodError(f"no phenotype or class '{leaf.name}' is known.{suggest(leaf.name, known)}")
