"""
The exception tree.

::

    OnearmError
    ├── ProtocolError    protocol.toml cannot be used as it stands
    ├── DataError        a source file cannot be used as it stands
    └── MethodError      a statistical method was asked for something it cannot do

Every message says what, where, what was found and the fix. A data error names file, row, column and subject, never
another value of the patient.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["DataError", "MethodError", "OnearmError", "ProtocolError", "suggest"]

_MOST_KNOWN = 24
"""Names that are listed where none is near; a list of all patients helps nobody."""


class OnearmError(Exception):
    """
    Base of every error that onearm raises on purpose.

    Parameters
    ----------
    *problems : str
        One sentence for each problem; all problems found are reported together.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        """One problem a line."""
        return "\n".join(self.problems)


class ProtocolError(OnearmError):
    """The protocol cannot be used: each problem names file and key."""


class DataError(OnearmError):
    """A source file cannot be used: each problem names file, row, column and subject where they are known."""


class MethodError(OnearmError):
    """A method was asked for something it cannot do; the message says what would be acceptable."""


def suggest(word: str, known: Iterable[str]) -> str:
    """
    Say which known name an unknown one was probably meant to be.

    Parameters
    ----------
    word : str
        The name that is not known.
    known : iterable of str
        All names that would have been.

    Returns
    -------
    str
        ``" Did you mean 'x'?"``, or a list of the known names where none is near; empty where nothing is known.

    Examples
    --------
    >>> suggest("new_therapy", ["death", "new_anticancer_therapy"])
    " Did you mean 'new_anticancer_therapy'?"
    >>> suggest("zzz", ["b", "a"])
    ' Known: a, b.'
    """
    names = sorted(known)
    if near := difflib.get_close_matches(word, names, n=1, cutoff=0.5):
        return f" Did you mean '{near[0]}'?"
    if part := [name for name in names if word and (word.lower() in name.lower() or name.lower() in word.lower())]:
        return f" Did you mean '{part[0]}'?"
    more = f" and {len(names) - _MOST_KNOWN} more" if len(names) > _MOST_KNOWN else ""
    return f" Known: {', '.join(names[:_MOST_KNOWN])}{more}." if names else ""
