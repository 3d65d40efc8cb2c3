"""From the keys of a protocol to the switches of `onearm.rules`."""

from __future__ import annotations

from onearm.protocol import Protocol
from onearm.rules.best_response_rules import BestResponseRules
from onearm.rules.irecist import IRecistRules
from onearm.rules.recist import RecistRules

__all__ = ["best_response_rules", "irecist_rules", "recist_rules"]


def recist_rules(protocol: Protocol) -> RecistRules:
    """
    Give the switches of RECIST that the protocol sets.

    Parameters
    ----------
    protocol : Protocol
        ``[tumour.recist]``.

    Returns
    -------
    RecistRules
        For `onearm.rules`.
    """
    return RecistRules(**protocol.tumour.recist.model_dump())


def best_response_rules(protocol: Protocol) -> BestResponseRules:
    """
    Give the switches of the best overall response that the protocol sets.

    Parameters
    ----------
    protocol : Protocol
        ``[tumour]`` and ``[tumour.best_response]``.

    Returns
    -------
    BestResponseRules
        For `onearm.rules`.
    """
    tumour = protocol.tumour
    return BestResponseRules(
        confirm_after_days=tumour.confirm_response_after_days,
        stable_at_least_days=tumour.stable_at_least_days,
        **tumour.best_response.model_dump(),
    )


def irecist_rules(protocol: Protocol) -> IRecistRules:
    """
    Give the switches of iRECIST that the protocol sets.

    Parameters
    ----------
    protocol : Protocol
        ``[tumour.irecist]``.

    Returns
    -------
    IRecistRules
        For `onearm.rules`.
    """
    return IRecistRules(**protocol.tumour.irecist.model_dump(exclude={"carry_new_lesions", "open_progression"}))
