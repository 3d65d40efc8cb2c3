"""What needs a package of the extra ``[omics]``: found, or named with the way to get it."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from onearm.errors import MethodError

__all__ = ["extra_module", "noted_warnings"]


def extra_module(name: str, *, purpose: str) -> ModuleType:
    """
    Import a package that is installed only on request.

    Parameters
    ----------
    name : str
        Module to import.
    purpose : str
        What it is needed for, for the message.

    Returns
    -------
    module
        The module.

    Raises
    ------
    MethodError
        If it is not installed, with the command that installs it.

    Examples
    --------
    >>> extra_module("no_such_package", purpose="an example")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    onearm.errors.MethodError: an example needs the package 'no_such_package', ... Fix: pip install "onearm[omics]".
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what packages say about one another when they are imported
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = (error.name or name).partition(".")[0]
        raise MethodError(
            f"{purpose} needs the package '{package}', which is not installed. Fix: pip install \"onearm[omics]\"."
        ) from None


@contextmanager
def noted_warnings() -> Iterator[list[str]]:
    """
    Collect what a package warns of, so that it can be shown beside the result.

    Yields
    ------
    list of str
        Filled at the end with each ``UserWarning`` and ``RuntimeWarning``, once; deprecations are the business of the package.
    """
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    said = [" ".join(str(one.message).split()) for one in caught if one.category in (UserWarning, RuntimeWarning)]
    notes.extend(dict.fromkeys(said))
