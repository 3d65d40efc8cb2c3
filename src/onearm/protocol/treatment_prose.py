"""The parts of the plan about treatment, eligibility and visits, as prose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onearm.protocol.treatment import Eligibility, Phase, Treatment, Visit

__all__ = ["describe_eligibility", "describe_phases", "describe_treatment", "describe_visits", "join_words"]


def join_words(words: Sequence[str], last: str = "and") -> str:
    """
    Join words as in a sentence.

    Parameters
    ----------
    words : sequence of str
        One or more.
    last : str
        The word before the last of them.

    Returns
    -------
    str
        As in ``a, b and c``.

    Examples
    --------
    >>> join_words(["a", "b", "c"])
    'a, b and c'
    """
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def describe_treatment(drug: Treatment) -> str:
    """
    Print a drug's doses and what may be changed.

    Parameters
    ----------
    drug : Treatment
        Any.

    Returns
    -------
    str
        One paragraph.

    Examples
    --------
    >>> drug = Treatment(name="drug", unit="mg", dose_levels=(12,), cycle_days=21, dosing_days="1", max_cycles=6)
    >>> describe_treatment(drug)
    'Drug 12 mg is given on day 1 of each cycle of 21 days. Its dose may not be reduced. It is given for at most 6 cycles.'
    """
    doses = [f"{level:g} {drug.unit}" for level in drug.dose_levels]
    days = drug.dosing_days.replace("-", " to ").replace(",", ", ")
    plural = "s" if not drug.dosing_days.isdigit() else ""
    text = (
        f"{drug.name.capitalize()} {doses[0]} is given on day{plural} {days} of each cycle of {drug.cycle_days} days."
    )
    if drug.first_day > 1:
        text += f" Its first cycle begins on day {drug.first_day} of treatment."
    if drug.lowest_dose is not None:
        text += f" Its dose may be lowered to {drug.lowest_dose:g} {drug.unit}."
    elif len(doses) == 1:
        text += " Its dose may not be reduced."
    else:
        text += f" Its dose may be reduced to {join_words(doses[1:], 'and then to')}."
    return " ".join([text, *_limits(drug)])


def _limits(drug: Treatment) -> Iterator[str]:
    if drug.max_interruption_days:
        yield f"It may be interrupted for at most {drug.max_interruption_days} days."
    if drug.max_delay_days:
        yield f"A dose may be delayed for at most {drug.max_delay_days} days."
    if drug.max_delays_per_cycle is not None:
        yield f"At most {drug.max_delays_per_cycle} delays are allowed in a cycle."
    if drug.interruptions_stop:
        yield f"It is stopped after {drug.interruptions_stop} interruptions."
    if drug.omissions_stop:
        yield f"It is stopped after {drug.omissions_stop} consecutive omitted doses."
    if drug.max_cycles:
        yield f"It is given for at most {drug.max_cycles} cycles."
    if drug.max_duration_months:
        yield f"It is given for at most {drug.max_duration_months:g} months."
    if drug.treatment_beyond_progression is False:
        yield "It is not given beyond progression."
    elif drug.treatment_beyond_progression == "until_confirmed":
        yield "It is given until progression is confirmed."


def describe_phases(phases: Sequence[Phase]) -> str:
    """
    Print the parts of the treatment.

    Parameters
    ----------
    phases : sequence of Phase
        In the order of the protocol.

    Returns
    -------
    str
        One sentence, empty without phases.

    Examples
    --------
    >>> describe_phases([Phase(name="initial therapy", epoch="I", max_cycles=6), Phase(name="maintenance", epoch="M")])
    'Treatment is reported by phase: initial therapy (at most 6 cycles) and maintenance.'
    """
    words = [
        (phase.label or phase.name) + (f" (at most {phase.max_cycles} cycles)" if phase.max_cycles else "")
        for phase in phases
    ]
    return f"Treatment is reported by phase: {join_words(words)}." if words else ""


def describe_eligibility(limits: Sequence[Eligibility]) -> str:
    """
    Print the limits of who may be enrolled.

    Parameters
    ----------
    limits : sequence of Eligibility
        In the order of the protocol.

    Returns
    -------
    str
        One sentence, empty without limits.

    Examples
    --------
    >>> describe_eligibility([Eligibility(variable="AGE", label="age", at_least=18, at_most=75)])
    'Patients are eligible with age from 18 to 75.'
    """
    words = [_limit(limit) for limit in limits]
    return f"Patients are eligible with {join_words(words)}." if words else ""


def _limit(limit: Eligibility) -> str:
    if limit.meets is not None:
        return limit.label or limit.meets.value.removeprefix("has_").replace("_", " ")
    if limit.no_prior:
        return limit.label or f"no earlier {join_words(limit.no_prior, 'or')}"
    name = (limit.label or str(limit.variable)).strip()
    name = name if name[:2].isupper() else name[:1].lower() + name[1:]
    known = " (where it is known)" if limit.if_known else ""
    if limit.values:
        return f"{name} {join_words(limit.values, 'or')}{known}"
    if limit.at_least is not None and limit.at_most is not None:
        return f"{name} from {limit.at_least:g} to {limit.at_most:g}{known}"
    bound = f"at least {limit.at_least:g}" if limit.at_least is not None else f"at most {limit.at_most:g}"
    return f"{name} {bound}{known}"


def describe_visits(visits: Sequence[Visit]) -> str:
    """
    Print the planned visits.

    Parameters
    ----------
    visits : sequence of Visit
        In the order of the protocol.

    Returns
    -------
    str
        One sentence for each.

    Examples
    --------
    >>> describe_visits([Visit(name="Laboratory", domain="lb", every_days=21)])
    'Laboratory: every 21 days while on treatment, 3 days early or late at most.'
    """
    return " ".join(
        f"{visit.name}: every {visit.every_days} days while on treatment, {visit.window_days} days early or late at most."
        for visit in visits
    )
