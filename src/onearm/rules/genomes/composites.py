"""
Composites of genes, such as ``(TP53 or FAT1) and not NOTCH3``: a small grammar, its truth, and its form.

::

    composite = term {"or" term}
    term      = factor {"and" factor}
    factor    = "not" factor | "(" composite ")" | GENE

The words ``and or not`` bind as in logic, are read in lower or upper case, and may be written ``& | !``. Nothing is
ever evaluated as code. A gene that was not sequenced is neither mutated nor wild type: truth has three values, after
Kleene, and a composite is unknown only where the unknown gene could change it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError, suggest

__all__ = [
    "Composite",
    "Node",
    "check_genes",
    "evaluate",
    "form_of",
    "parse_composite",
    "symmetries",
    "tell",
]

Floats = NDArray[np.float64]

_TOKEN: Final = re.compile(r"\s*(?:([()&|!])|([A-Za-z0-9][A-Za-z0-9_.\-@]*)|(\S))")
_WORDS: Final = {"and": "and", "or": "or", "not": "not", "&": "and", "|": "or", "!": "not"}
_SLOTS_MOST: Final = 6
"""Genes of a form that is searched; more could not be enumerated anyway."""


class Node(NamedTuple):
    """
    One node of the tree.

    Attributes
    ----------
    kind : str
        ``gene``, ``not``, ``and`` or ``or``.
    gene : int
        Number of the gene in `Composite.genes`; -1 unless ``kind`` is ``gene``.
    parts : tuple of Node
        Operands.
    """

    kind: str
    gene: int = -1
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Composite:
    """
    A parsed composite.

    Attributes
    ----------
    text : str
        As written.
    genes : tuple of str
        Genes in the order in which they are first named.
    tree : Node
        What it says.
    """

    text: str
    genes: tuple[str, ...]
    tree: Node


def parse_composite(text: str, *, where: str = "composite") -> Composite:
    """
    Read a composite.

    Parameters
    ----------
    text : str
        Genes joined by ``and``, ``or``, ``not`` and brackets.
    where : str
        What holds it, for messages.

    Returns
    -------
    Composite
        The tree and its genes.

    Raises
    ------
    MethodError
        Saying at which character it cannot be read, and what would be expected there.

    Examples
    --------
    >>> parse_composite("(TP53 or FAT1) and not NOTCH3").genes
    ('TP53', 'FAT1', 'NOTCH3')
    """
    reader = _Reader(text, where)
    tree = reader.composite()
    reader.end()
    return Composite(text, tuple(reader.genes), tree)


class _Reader:
    """Reads tokens from the left, one function for each line of the grammar."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where = text, where
        self.tokens = [(m.group().strip(), m.start() + len(m.group()) - len(m.group().lstrip())) for m in _found(text)]
        self.at = 0
        self.genes: dict[str, int] = {}
        self.depth = 0

    def peek(self) -> str:
        """Word of the grammar, bracket, or gene that comes next; empty at the end."""
        if self.at == len(self.tokens):
            return ""
        token = self.tokens[self.at][0]
        return _WORDS.get(token.lower(), token)

    def composite(self) -> Node:
        return self._chain("or", self.term)

    def term(self) -> Node:
        return self._chain("and", self.factor)

    def _chain(self, word: str, operand: object) -> Node:
        parts = [operand()]  # type: ignore[operator]  # a bound method of this class
        while self.peek() == word:
            self.at += 1
            parts.append(operand())  # type: ignore[operator]  # the same
        return parts[0] if len(parts) == 1 else Node(word, parts=tuple(parts))

    def factor(self) -> Node:
        token = self.peek()
        self.depth += 1
        if self.depth > 100:
            raise self.wrong("brackets or 'not' are nested more than 100 deep")
        if token == "not":
            self.at += 1
            node = Node("not", parts=(self.factor(),))
        elif token == "(":
            self.at += 1
            node = self.composite()
            if self.peek() != ")":
                raise self.wrong("a closing bracket is expected")
            self.at += 1
        elif token in ("", ")", "and", "or") or not token[0].isalnum():
            raise self.wrong("a gene, 'not' or an opening bracket is expected")
        else:
            self.at += 1
            node = Node("gene", self.genes.setdefault(token, len(self.genes)))
        self.depth -= 1
        return node

    def end(self) -> None:
        if self.peek():
            raise self.wrong("'and' or 'or' is expected")

    def wrong(self, what: str) -> MethodError:
        if self.at == len(self.tokens):
            found, place = "the end", len(self.text) + 1
        else:
            found, place = f"'{self.tokens[self.at][0]}'", self.tokens[self.at][1] + 1
        return MethodError(
            f"{self.where}: '{self.text}' cannot be read at character {place}: {what}, found {found}. "
            "Write genes joined by and, or, not and brackets, such as (TP53 or FAT1) and not NOTCH3."
        )


def _found(text: str) -> list[re.Match[str]]:
    return [match for match in _TOKEN.finditer(text) if match.group().strip()]


def check_genes(composite: Composite, known: Sequence[str], *, where: str, hint: str = "") -> None:
    """
    Check that every gene of a composite is one that was sequenced.

    Parameters
    ----------
    composite : Composite
        Any.
    known : sequence of str
        Genes that some patient was profiled for.
    where : str
        What holds the composite, for the message.
    hint : str
        What else to say, such as where a gene without variants can be named.

    Raises
    ------
    MethodError
        Naming each unknown gene with the nearest known one: a misspelt gene would count as wild type in everyone.

    Examples
    --------
    >>> check_genes(parse_composite("TP35"), ["TP53", "KRAS"], where="signature.A")
    Traceback (most recent call last):
    onearm.errors.MethodError: signature.A: no patient was profiled for gene 'TP35'. Did you mean 'TP53'?
    """
    names = set(known)
    wrong = [gene for gene in composite.genes if gene not in names]
    if wrong:
        raise MethodError(
            *(f"{where}: no patient was profiled for gene '{gene}'.{suggest(gene, names)}{hint}" for gene in wrong)
        )


def evaluate(tree: Node, status: Floats) -> Floats:
    """
    Truth of a composite in every patient.

    Parameters
    ----------
    tree : Node
        What it says; genes are numbered as the columns.
    status : ndarray of float, shape (..., n_genes)
        1 mutated, 0 wild type, NaN not profiled.

    Returns
    -------
    ndarray of float, shape (...)
        1, 0, or NaN where an unprofiled gene could change the answer.

    References
    ----------
    .. [1] Kleene SC (1952), Introduction to Metamathematics, section 64.

    Examples
    --------
    >>> evaluate(parse_composite("A and not B").tree, np.array([[1.0, 0.0], [0.0, np.nan], [1.0, np.nan]]))
    array([ 1.,  0., nan])
    """
    # an unknown gene counts as wild type in one of two worlds and as mutated in the other; unlike connectives, negation
    # swaps the worlds, so the pair (least, most) is carried along
    known = np.isnan(status)
    low, high = _bounds(tree, np.where(known, 0.0, status), np.where(known, 1.0, status))
    return np.where(low == high, low, np.nan)


def _bounds(tree: Node, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    if tree.kind == "gene":
        return low[..., tree.gene], high[..., tree.gene]
    parts = [_bounds(part, low, high) for part in tree.parts]
    if tree.kind == "not":
        return 1.0 - parts[0][1], 1.0 - parts[0][0]
    join = np.minimum if tree.kind == "and" else np.maximum
    least, most = parts[0]
    for one in parts[1:]:
        least, most = join(least, one[0]), join(most, one[1])
    return least, most


def form_of(composite: Composite) -> str:
    """
    Form of a composite: the same with letters for genes.

    Parameters
    ----------
    composite : Composite
        Any.

    Returns
    -------
    str
        Such as ``(A or B) and not C``.

    Examples
    --------
    >>> form_of(parse_composite("(TP53 | FAT1) & !NOTCH3"))
    '(A or B) and not C'
    """
    return tell(composite.tree, [chr(ord("A") + i) for i in range(len(composite.genes))])


def tell(tree: Node, genes: Sequence[str] | Mapping[int, str]) -> str:
    """
    Write a tree with names.

    Parameters
    ----------
    tree : Node
        What is said.
    genes : sequence of str
        Name of each gene.

    Returns
    -------
    str
        Text that `parse_composite` reads as the same tree.

    Examples
    --------
    >>> tell(parse_composite("A and B or not (C or D)").tree, ["W", "X", "Y", "Z"])
    '(W and X) or not (Y or Z)'
    """
    if tree.kind == "gene":
        return genes[tree.gene]
    inner = [tell(part, genes) for part in tree.parts]
    bracketed = [
        f"({text})" if part.kind in ("and", "or") else text for part, text in zip(tree.parts, inner, strict=True)
    ]
    return f"not {bracketed[0]}" if tree.kind == "not" else f" {tree.kind} ".join(bracketed)


def symmetries(composite: Composite) -> tuple[tuple[int, ...], ...]:
    """
    Ways to exchange the genes of a form that leave what it says as it was.

    Parameters
    ----------
    composite : Composite
        Of six genes at most.

    Returns
    -------
    tuple of tuple of int
        Permutations of the numbers of the genes; the identity is among them.

    Raises
    ------
    MethodError
        For more than six genes.

    Examples
    --------
    >>> symmetries(parse_composite("(A or B) and not C"))
    ((0, 1, 2), (1, 0, 2))
    """
    n = len(composite.genes)
    if n > _SLOTS_MOST:
        raise MethodError(
            f"'{composite.text}' has {n} genes; the composites of its form can be searched up to {_SLOTS_MOST} genes."
        )
    worlds = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)
    truth = evaluate(composite.tree, worlds)
    return tuple(
        order
        for order in permutations(range(n))
        if np.array_equal(evaluate(composite.tree, worlds[:, list(order)]), truth)
    )
