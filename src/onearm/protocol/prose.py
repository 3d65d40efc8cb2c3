"""The protocol as prose: a statistical plan that could stand in a protocol document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from onearm.protocol.base import ProportionInterval
from onearm.protocol.biomarker_prose import describe_biomarkers
from onearm.protocol.design import BayesDesign, Design, ExactDesign, NoDesign, SimonDesign, SurvivalDesign
from onearm.protocol.endpoints import RateEndpoint, TimeEndpoint
from onearm.protocol.model import Protocol
from onearm.protocol.treatment_prose import (
    describe_eligibility,
    describe_phases,
    describe_treatment,
    describe_visits,
    join_words,
)
from onearm.terms import CensorRule, EventRule, SetRule, StartRule

__all__ = ["describe_design", "describe_protocol", "describe_rate"]

SET_PHRASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        SetRule.ENROLLED: "were enrolled",
        SetRule.TREATED: "received at least one dose of study treatment",
        SetRule.HAS_SAFETY_RECORD: "have at least one safety record",
        SetRule.HAS_BASELINE_ASSESSMENT: "have a baseline tumour assessment",
        SetRule.HAS_POSTBASELINE_ASSESSMENT: "have at least one tumour assessment after baseline",
        SetRule.HAS_MEASURABLE_DISEASE: "have measurable disease at baseline",
        SetRule.EVALUABLE_FOR_RESPONSE: "have a best overall response other than not evaluable",
        SetRule.NO_MAJOR_DEVIATION: "have no major protocol deviation on record",
    }
)
START_PHRASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        StartRule.FIRST_DOSE: "the first dose of study treatment",
        StartRule.ENROLMENT: "enrolment",
        StartRule.FIRST_RESPONSE: "the first documented complete or partial response",
        StartRule.FIRST_CONFIRMED_RESPONSE: "the first documented complete or partial response that was later confirmed",
    }
)
EVENT_PHRASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        EventRule.PROGRESSION: "disease progression",
        EventRule.IMMUNE_PROGRESSION: "disease progression by iRECIST",
        EventRule.DEATH: "death from any cause",
        EventRule.NEW_ANTICANCER_THERAPY: "the start of a new anticancer therapy",
        EventRule.RESPONSE: "the first complete or partial response",
        EventRule.CONFIRMED_RESPONSE: "the first complete or partial response that was later confirmed",
        EventRule.TREATMENT_STOP: "the end of study treatment",
    }
)
CENSOR_PHRASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        CensorRule.LAST_ADEQUATE_ASSESSMENT: "at the last adequate tumour assessment",
        CensorRule.LAST_KNOWN_ALIVE: "on the date last known alive",
        CensorRule.NEW_ANTICANCER_THERAPY: "at the last adequate tumour assessment before a new anticancer therapy",
        CensorRule.TREATMENT_STOP: "at the end of study treatment",
        CensorRule.MISSED_ASSESSMENTS: "at the last adequate tumour assessment before too many missed ones",
        CensorRule.NO_BASELINE: "on the first day without a baseline assessment",
    }
)
PROPORTION_INTERVALS: Final[Mapping[ProportionInterval, str]] = MappingProxyType(
    {
        "clopper-pearson": "the Clopper-Pearson method",
        "blaker": "Blaker's exact method",
        "mid-p": "the mid-P exact method",
        "wilson": "the Wilson score method",
        "wilson-cc": "the Wilson score method with continuity correction",
        "wilson-cc-r": "the Wilson score method with continuity correction as in R (prop.test)",
        "jeffreys": "the Jeffreys method",
        "agresti-coull": "the method of Agresti and Coull",
        "wald": "the Wald method",
        "wald-cc": "the Wald method with continuity correction",
        "logit": "the Wald method on the logit scale",
        "arcsine": "the Wald method on the arcsine scale",
        "student-t": "Student's t of a 0/1 mean",
    }
)
INTERVAL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "plain": "untransformed",
        "log": "log-transformed",
        "log-log": "complementary log-log-transformed",
        "logit": "logit-transformed",
        "arcsine": "arcsine-transformed",
    }
)


def describe_protocol(protocol: Protocol) -> str:
    """
    Print the statistical plan as prose.

    Parameters
    ----------
    protocol : Protocol
        A resolved protocol.

    Returns
    -------
    str
        Markdown: one heading and one or more paragraphs for each part of the plan.
    """
    parts = [
        ("Study treatment", _treatment(protocol)),
        ("Eligibility", describe_eligibility(protocol.eligibility)),
        ("Visits", describe_visits(protocol.visit)),
        ("Sample size", describe_design(protocol.design)),
        ("Analysis sets", " ".join(_sets(protocol))),
        ("Tumour assessment", _tumour(protocol)),
        ("Endpoints", "\n\n".join(_endpoint(name, e) for name, e in protocol.endpoint.items())),
        ("Cohorts", " ".join(_cohorts(protocol))),
        ("Biomarkers", describe_biomarkers(protocol)),
        ("Statistical methods", _methods(protocol)),
    ]
    title = f"# {protocol.trial.title}\n\n{protocol.trial.id}."
    if protocol.trial.cutoff:
        title += f" Data cut-off: {protocol.trial.cutoff:%d %B %Y}.".replace(" 0", " ")
    return "\n\n".join([title, *(f"## {name}\n\n{text}" for name, text in parts if text)]) + "\n"


def _treatment(protocol: Protocol) -> str:
    phases = describe_phases(protocol.phase)
    return " ".join([*map(describe_treatment, protocol.treatment), *([phases] if phases else [])])


def _number(value: float) -> str:
    return f"{value:g}"


def _percent(value: float) -> str:
    return f"{100 * value:g} %"


def describe_design(design: Design) -> str:
    """
    Print the sample size section.

    Parameters
    ----------
    design : Design
        Any kind of design; numbers of patients appear where the protocol states them or they were filled in.

    Returns
    -------
    str
        One paragraph.

    Examples
    --------
    >>> describe_design(NoDesign())
    'No formal sample size was calculated.'
    """
    match design:
        case SimonDesign():
            return _simon(design)
        case ExactDesign():
            size = f" {design.n} patients are enrolled;" if design.n else ""
            claim = f" the treatment is promising if more than {design.r} respond." if design.r is not None else ""
            return f"A one-stage design with the exact binomial test is used.{_hypotheses(design)}{size}{claim} (A'Hern 2001)"
        case BayesDesign():
            a, b = design.prior
            reaches = "is at least" if design.equality == ">=" else "exceeds"
            meaning = design.reading if design.reading == "posterior" else f"({design.reading})"
            efficacy = (
                f", and for efficacy if that of a rate of at least {_percent(design.p1)} {reaches} "
                f"{_percent(design.efficacy_above)}"
                if design.efficacy_above is not None
                else ""
            )
            return (
                f"The response rate is monitored by a beta-binomial model with a beta({_number(a)}, {_number(b)}) prior, "
                f"first after {design.first_look} and then after every {design.every} evaluable patients, up to {design.n}. "
                f"Enrolment stops for futility if the {meaning} probability that the response rate is at most "
                f"{_percent(design.p0)} {reaches} {_percent(design.stop_above)}{efficacy}; the rate aimed at is "
                f"{_percent(design.p1)}. (Zohar et al. 2008)"
            )
        case SurvivalDesign():
            drop = f", {_percent(design.dropout)} dropout" if design.dropout else ""
            size = f" {design.n} patients are needed." if design.n else ""
            return (
                f"A median of {_number(design.median1_months)} months is tested against a historical median of "
                f"{_number(design.median0_months)} months by the one-sample log-rank test, with a {design.sided}-sided alpha "
                f"of {_number(design.alpha)}, a power of {_percent(design.power)}, {_number(design.accrual_months)} months "
                f"of accrual and {_number(design.follow_up_months)} months of follow-up{drop}.{size}"
            )
        case NoDesign():
            return design.reason


def _hypotheses(design: SimonDesign | ExactDesign) -> str:
    return (
        f" A rate of {_percent(design.p0)} or less (p0) is tested against {_percent(design.p1)} (p1) with a one-sided alpha "
        f"of {_number(design.alpha)} and a power of {_percent(design.power)}."
    )


def _simon(design: SimonDesign) -> str:
    kind = "" if design.criterion == "stated" else f"{design.criterion} "
    text = f"Simon's {kind}two-stage design is used for {design.endpoint}.{_hypotheses(design)}"
    if None not in (design.r1, design.n1, design.r, design.n):
        text += (
            f" {design.n1} patients are enrolled in stage 1. If more than {design.r1} of them respond, "
            f"{(design.n or 0) - (design.n1 or 0)} more are enrolled in stage 2. The null hypothesis is rejected if more than "
            f"{design.r} of {design.n} patients respond."
        )
    return text + " (Simon 1989)"


def _sets(protocol: Protocol) -> Iterator[str]:
    for name, rules in protocol.sets.items():
        if rules:
            yield f"The set {name} holds all patients who {join_words([SET_PHRASES[rule] for rule in rules])}."
        else:
            yield f"The set {name} holds all patients in the data."


def _tumour(protocol: Protocol) -> str:
    tumour = protocol.tumour
    criteria = "RECIST 1.1 and iRECIST side by side" if tumour.criteria == "iRECIST" else tumour.criteria
    text = f"Response is assessed by {criteria}; the assessments of the {tumour.assessor.lower()} are used."
    if tumour.schedule:
        last = " thereafter" if len(tumour.schedule) > 1 else ""
        steps = [
            f"every {step.every_days} days" + (f" until day {step.until_day}" if step.until_day else last)
            for step in tumour.schedule
        ]
        text += f" Scans are planned {join_words(steps)}."
    if tumour.confirm_response_after_days:
        text += (
            " A complete or partial response is confirmed by a second assessment at least "
            f"{tumour.confirm_response_after_days} days later."
        )
    if tumour.stable_at_least_days:
        text += f" Stable disease counts from day {tumour.stable_at_least_days} of treatment."
    if tumour.criteria == "iRECIST":
        text += (
            " Progression by iRECIST is confirmed by a further increase at least "
            f"{tumour.irecist.confirm_after_days} days later and dated to the day on which it was first seen."
        )
    return text


def describe_rate(endpoint: RateEndpoint) -> str:
    """
    Say who is a success of a rate.

    Parameters
    ----------
    endpoint : RateEndpoint
        Any rate.

    Returns
    -------
    str
        A relative clause, without a full stop.

    Examples
    --------
    >>> describe_rate(RateEndpoint(set="ITT", success=("CR", "PR"), by_months=6))
    'whose best overall response is CR or PR (confirmed) by month 6; a patient without an evaluable response counts as a failure'
    """
    if endpoint.progression_free_at_months is not None:
        unknown = {"failure": "counts as a failure", "exclude": "is left out"}[endpoint.without_assessment]
        return (
            f"who are alive and without progression at {_number(endpoint.progression_free_at_months)} months, as a tumour "
            f"assessment shows; a patient of whom neither is known {unknown}"
        )
    by = f" by month {_number(endpoint.by_months)}" if endpoint.by_months else ""
    stable = endpoint.stable_at_least_months
    least = f", stable disease counting from month {_number(stable)}" if stable else ""
    return (
        f"whose best overall response is {join_words(endpoint.success, 'or')} ({endpoint.of}){by}{least}; a patient "
        "without an evaluable response counts as a failure"
    )


def _endpoint(name: str, endpoint: RateEndpoint | TimeEndpoint) -> str:
    title = f"**{endpoint.label or name}** ({name}, {endpoint.role}, {endpoint.set})"
    who = [word.lower() for word in (endpoint.assessor, endpoint.reader) if word]
    title += f", by the {', '.join(who)}," if who else ""
    if isinstance(endpoint, RateEndpoint):
        return f"{title} is the share of patients {describe_rate(endpoint)}."
    events = join_words([EVENT_PHRASES[e] for e in endpoint.event], "or")
    among = "" if endpoint.among == "all" else f", among {endpoint.among.replace('_', ' ')},"
    first = ", whichever comes first" if len(endpoint.event) > 1 else ""
    censor = join_words([CENSOR_PHRASES[c] for c in endpoint.censor], "or")
    text = (
        f"{title} is{among} the time from {START_PHRASES[endpoint.start]} to {events}{first}. Patients without an event are "
        f"censored {censor}."
    )
    if endpoint.landmarks_months:
        text += f" Rates are given at {join_words([_number(m) for m in endpoint.landmarks_months])} months."
    if endpoint.previous_line:
        text += (
            " It is compared with the time on the previous line of the same patient (growth modulation index); a ratio of "
            f"{_number(endpoint.previous_line.threshold)} or more is taken as a sign of activity."
        )
    return text


def _cohorts(protocol: Protocol) -> Iterator[str]:
    if protocol.cohort:
        names = [cohort.label or name for name, cohort in protocol.cohort.items()]
        count = f"{len(names)} cohorts, each analysed by itself" if len(names) > 1 else "one cohort"
        yield f"Patients are enrolled in {count}: {join_words(names)}."
    for name, cohort in protocol.cohort.items():
        if cohort.design:
            yield f"{cohort.label or name}: {describe_design(cohort.design)}"


def _methods(protocol: Protocol) -> str:
    c = protocol.conventions
    proportion = PROPORTION_INTERVALS[c.proportion_interval]
    first_day = "including" if c.count_start_day else "not counting"
    return (
        f"Proportions are given with {_percent(c.level)} confidence intervals by {proportion}. Times are estimated by the "
        f"Kaplan-Meier method; intervals of survival probabilities are {INTERVAL_NAMES[c.survival_interval]} and based on "
        f"Greenwood's variance, medians follow the convention of {_PROGRAMS[c.median]}. Tied events in Cox models are "
        f"handled by the {c.ties.capitalize()} method. Follow-up is the median of the reverse Kaplan-Meier estimate. Times "
        f"are counted in days, {first_day} the first day, and printed in months of {_number(c.days_per_month)} days. "
        f"The unknown part of an incomplete date is taken as its {_DAYS[c.event_date]} day for events, its "
        f"{_DAYS[c.start_date]} for starts and its {_DAYS[c.censor_date]} for the end of follow-up, and is marked."
    )


_PROGRAMS: Final = {
    "r": "R (survfit)",
    "r-print": "R (survfit, as printed)",
    "sas": "SAS (PROC LIFETEST)",
    "spss": "SPSS (KM)",
}
_DAYS: Final = {"first": "first", "mid": "middle", "last": "last"}
