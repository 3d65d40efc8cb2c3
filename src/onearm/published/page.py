"""The text of a paper, made searchable without moving a single character."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["NUMBER", "WORDS", "Page", "read_count"]

NUMBER: Final = r"\d{1,6}(?:\.(?:[ \t]*\n[ \t]*)?\d{1,5})?"
"""A printed number; a line may break behind its point."""

_ONES: Final = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS: Final[dict[str, int]] = {word: number for number, word in enumerate(_ONES, start=1)}
WORDS.update({word: 10 * number for number, word in enumerate(_TENS, start=2)})
WORDS.update(
    {f"{tens}-{one}": 10 * i + j for i, tens in enumerate(_TENS, start=2) for j, one in enumerate(_ONES[:9], start=1)}
)
"""Number words up to ninety-nine."""

_PLAIN: Final = (
    ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    ("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000$*\r", " "),
    ("\u00b7", "."),
    ("\uff05\ufe6a", "%"),
    ("\uff08", "("),
    ("\uff09", ")"),
    ("\uff0c", ","),
    ("\uff1b", ";"),
)
_SAME_LENGTH: Final = {ord(char): plain for chars, plain in _PLAIN for char in chars}
_MARKS: Final = re.compile(r"<sup>.{0,40}?</sup>|\^\{[^}]{0,40}\}|\[\d+(?:[-,]\s?\d+)*\]|<[a-z/][^>\n]{0,30}>")
_COMMA: Final = re.compile(
    r"(?<=\d),(?=\d{1,2}(?!\d)\s*%)|(?<![\d,]\d\d)(?<!\d,\d)(?<=\d),(?=\d(?!\d)\s*-\s*\d{1,3},\d(?!\d))|(?<=-\d),(?=\d(?!\d))|(?<=-\d\d),(?=\d(?!\d))"
)
_REFERENCES: Final = re.compile(
    r"^[#*\s]*(?:references|bibliography|literature cited)[*\s]*$", re.IGNORECASE | re.MULTILINE
)
_ENTITIES: Final = (
    ("&lt;", "<   "),
    ("&gt;", ">   "),
    (r"\leq", "≤   "),
    (r"\geq", "≥   "),
    (r"\%", "% "),
    ("&nbsp;", "      "),
)


@dataclass(frozen=True)
class Page:
    """
    A paper as text.

    Parameters
    ----------
    source : str
        As it was given.
    """

    source: str

    @cached_property
    def text(self) -> str:
        """Source with plain dashes, spaces and decimal points; every character keeps its position."""
        text = self.source.translate(_SAME_LENGTH)
        for entity, plain in _ENTITIES:
            text = text.replace(entity, plain)
        text = _MARKS.sub(lambda match: " " * len(match.group()), text)
        return _COMMA.sub(".", text)

    @cached_property
    def end(self) -> int:
        """Where the list of references begins; other people's numbers are not audited."""
        starts = [match.start() for match in _REFERENCES.finditer(self.text)]
        return starts[-1] if starts and starts[-1] > len(self.text) // 3 else len(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.source))]

    def line(self, position: int) -> int:
        """
        Give the number of a line.

        Parameters
        ----------
        position : int
            Of a character.

        Returns
        -------
        int
            From 1.
        """
        return bisect_right(self._starts, position)

    def sentence(self, start: int, end: int) -> tuple[str, str, str]:
        """
        Give what stands around a fragment.

        Parameters
        ----------
        start, end : int
            Of the fragment.

        Returns
        -------
        tuple of str
            Before it, the fragment, behind it; not across paragraphs, 200 characters at most.
        """
        before = self.source[max(0, start - 200) : start].split("\n\n")[-1]
        behind = self.source[end : end + 200].split("\n\n")[0]
        if (cut := re.search(r".*[.;]\s(?=[A-Z(\[])", before, re.DOTALL)) is not None:
            before = before[cut.end() :]
        if (cut := re.search(r"[.;](?=\s+[A-Z(\[])", behind)) is not None:
            behind = behind[: cut.end()]
        return (before, self.source[start:end], behind)

    def before(self, position: int, width: int) -> str:
        """
        Give the text before a position, within its paragraph.

        Parameters
        ----------
        position, width : int
            Where, and how much at most.

        Returns
        -------
        str
            Normalised.
        """
        return self.text[max(0, position - width) : position].split("\n\n")[-1]


def read_count(text: str) -> int | None:
    """
    Read a count in figures or words.

    Parameters
    ----------
    text : str
        Such as ``46`` or ``Forty-six``.

    Returns
    -------
    int or None
        None for anything else.

    Examples
    --------
    >>> read_count("Forty-six"), read_count("46"), read_count("many")
    (46, 46, None)
    """
    plain = text.strip().lower()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 7 else WORDS.get(plain)
