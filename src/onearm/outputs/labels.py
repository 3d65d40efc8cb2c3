"""Words for the terms of the datasets and results: responses, reasons, methods, endpoints."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from onearm.outputs.lookup import Group

if TYPE_CHECKING:
    from onearm.protocol import Protocol

__all__ = [
    "RESPONSE_LABELS",
    "category_label",
    "curve_label",
    "endpoint_label",
    "group_label",
    "planned_label",
    "population_label",
    "reason_label",
    "start_label",
    "title_case",
    "variable_label",
]

RESPONSE_LABELS: Final = {
    "CR": "Complete response (CR)",
    "PR": "Partial response (PR)",
    "SD": "Stable disease (SD)",
    "NON-CR/NON-PD": "Neither complete response nor progression (non-CR/non-PD)",
    "PD": "Progressive disease (PD)",
    "NE": "Not evaluable (NE)",
    "iCR": "Complete response by iRECIST (iCR)",
    "iPR": "Partial response by iRECIST (iPR)",
    "iSD": "Stable disease by iRECIST (iSD)",
    "iUPD": "Unconfirmed progression by iRECIST (iUPD)",
    "iCPD": "Confirmed progression by iRECIST (iCPD)",
}
_PARAMETERS: Final = {
    "BOR": "Best overall response, unconfirmed",
    "CBOR": "Best overall response, confirmed",
    "IBOR": "Best overall response by iRECIST, unconfirmed",
    "ICBOR": "Best overall response by iRECIST, confirmed",
}
_STARTS: Final = {
    "first_dose": "first dose",
    "enrolment": "enrolment",
    "first_response": "first response",
    "first_confirmed_response": "first confirmed response",
}
_VARIABLES: Final = {
    "AGE": "Age",
    "SEX": "Sex",
    "RACE": "Race",
    "ETHNIC": "Ethnicity",
    "ECOG": "ECOG performance status",
    "TUMSIZE": "Sum of target lesions, mm",
    "STAGE": "Stage",
    "PDL1": "PD-L1",
    "TMB": "Tumour mutational burden",
    "SENSITIVITY": "Reading of the protocol",
}
_CATEGORIES: Final = {
    "SEX": {"M": "Male", "F": "Female", "U": "Unknown"},
    "": {"Y": "Yes", "N": "No"},
}
_LONGEST_ACRONYM: Final = 5


def title_case(text: str) -> str:
    """
    Bring a term in capitals into sentence case, and leave other text as it stands.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Short words in capitals are taken for acronyms.

    Examples
    --------
    >>> title_case("PROGRESSIVE DISEASE"), title_case("ECOG"), title_case("Death"), title_case("lung_metastases")
    ('Progressive disease', 'ECOG', 'Death', 'Lung metastases')
    """
    text = text.replace("_", " ").strip()
    if text.isupper() and (len(text) > _LONGEST_ACRONYM or " " in text or text in {"DEATH", "OTHER"}):
        text = text.lower()
    return text[:1].upper() + text[1:]


def reason_label(reason: str) -> str:
    """
    Print a reason.

    Parameters
    ----------
    reason : str
        As in the results.

    Returns
    -------
    str
        In sentence case.
    """
    return title_case(reason)


def variable_label(variable: str) -> str:
    """
    Print a baseline characteristic that the protocol does not label.

    Parameters
    ----------
    variable : str
        Column of ADSL.

    Returns
    -------
    str
        In words where the column is a common one, in sentence case otherwise.
    """
    return _VARIABLES.get(variable) or title_case(variable)


def planned_label(protocol: Protocol, variable: str) -> str:
    """
    Print a characteristic as the protocol labels it, in a subgroup or in the baseline table.

    Parameters
    ----------
    protocol : Protocol
        Subgroups and baseline characteristics.
    variable : str
        Column of ADSL.

    Returns
    -------
    str
        The label; `variable_label` where the protocol has none.
    """
    named = [(line.variable, line.label) for line in protocol.subgroup]
    named += [(line.variable, line.label) for line in protocol.baseline]
    return next((label for name, label in named if name == variable and label), variable_label(variable))


def category_label(variable: str, level: str | None, *, among: Collection[str] = ()) -> str:
    """
    Print a category of a baseline characteristic.

    Parameters
    ----------
    variable : str
        Column of ADSL.
    level : str or None
        As in the results; None is "Missing".
    among : collection of str
        All categories; where one of them is in capitals and cannot be an acronym, all of more than three letters are words.

    Returns
    -------
    str
        ``Male`` for ``M`` of ``SEX``, ``Yes`` for ``Y``, other text in sentence case.
    """
    if level is None or level == "":
        return "Missing"
    known = _CATEGORIES.get(variable, {}) | _CATEGORIES[""]
    if level not in known and level.isupper() and len(level) > 3 and any(_is_shouted(other) for other in among):
        level = level.lower()
    return known.get(level) or title_case(level)


def _is_shouted(text: str) -> bool:
    return text.isupper() and len(text) > _LONGEST_ACRONYM


def endpoint_label(protocol: Protocol, paramcd: str) -> str:
    """
    Print the name of an endpoint or parameter.

    Parameters
    ----------
    protocol : Protocol
        Has its label.
    paramcd : str
        Name of the endpoint.

    Returns
    -------
    str
        The label, or the name where there is none.
    """
    endpoint = protocol.endpoint.get(paramcd)
    if endpoint is not None:
        return endpoint.label or paramcd
    return _PARAMETERS.get(paramcd, paramcd)


def curve_label(protocol: Protocol, paramcd: str) -> str:
    """
    Say what the height of a survival curve is the share of.

    Parameters
    ----------
    protocol : Protocol
        Has the endpoint.
    paramcd : str
        Name of the endpoint.

    Returns
    -------
    str
        Such as ``Overall survival (%)``; patients still in response, without a response, or without the event otherwise.
    """
    label = endpoint_label(protocol, paramcd)
    endpoint = protocol.times.get(paramcd)
    if "survival" in label.lower() or endpoint is None:
        return f"{label} (%)"
    if "response" in str(endpoint.start):
        return "Still in response (%)"
    if any("response" in event for event in endpoint.event):
        return "Without a response (%)"
    return "Without an event (%)"


def population_label(protocol: Protocol, paramcd: str, population: str | None) -> str:
    """
    Say whose times a time endpoint analyses.

    Parameters
    ----------
    protocol : Protocol
        Has the endpoint.
    paramcd : str
        Name of the endpoint.
    population : str or None
        Analysis set.

    Returns
    -------
    str
        Such as ``ITT`` or ``ITT, patients with a confirmed response``.
    """
    among = {"responders": "patients with a response", "confirmed_responders": "patients with a confirmed response"}
    endpoint = protocol.times.get(paramcd)
    words = [population or "All patients", among.get(endpoint.among if endpoint else "", "")]
    return ", ".join(word for word in words if word)


def start_label(protocol: Protocol, paramcd: str) -> str:
    """
    Say from when a time endpoint is counted.

    Parameters
    ----------
    protocol : Protocol
        Has the endpoint.
    paramcd : str
        Name of the endpoint.

    Returns
    -------
    str
        Such as ``first dose``.
    """
    endpoint = protocol.times.get(paramcd)
    return _STARTS.get(str(endpoint.start), str(endpoint.start)) if endpoint is not None else "start"


def group_label(group: Group, population: str | None, n: float | None = None) -> str:
    """
    Head a column: group, population, number of patients.

    Parameters
    ----------
    group : Group
        Everybody, or a cohort.
    population : str or None
        Analysis set.
    n : float, optional
        Patients.

    Returns
    -------
    str
        Such as ``All patients, ITT (N = 46)``.
    """
    named = f"{group.label}, {population}" if population else group.label
    return named if n is None else f"{named} (N = {n:.0f})"
