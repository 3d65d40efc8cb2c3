"""Methods and conventions in words, with their references."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from onearm.outputs.format import format_number

if TYPE_CHECKING:
    from onearm.protocol import Protocol

__all__ = ["Convention", "conventions_of", "describe_method", "method_footnotes"]

_METHODS: Final = {
    "clopper-pearson": "exact interval of Clopper and Pearson (Biometrika 1934;26:404-13)",
    "wilson": "score interval of Wilson (J Am Stat Assoc 1927;22:209-12)",
    "wilson-cc": "score interval of Wilson with continuity correction (Newcombe, Stat Med 1998;17:857-72)",
    "wilson-cc-r": "score interval of Wilson with continuity correction, as prop.test of R limits it",
    "student-t": "interval of Student's t for a mean of 0 and 1",
    "wald-cc": "Wald interval with continuity correction",
    "agresti-coull": "interval of Agresti and Coull (Am Stat 1998;52:119-26)",
    "jeffreys": "interval of Jeffreys (Brown et al., Stat Sci 2001;16:101-33)",
    "mid-p": "mid-P exact interval (Lancaster, J Am Stat Assoc 1961;56:223-34)",
    "blaker": "exact interval of Blaker (Can J Stat 2000;28:783-98)",
    "kaplan-meier": "Kaplan-Meier estimate (J Am Stat Assoc 1958;53:457-81)",
    "reverse kaplan-meier": "reverse Kaplan-Meier estimate (Schemper and Smith, Control Clin Trials 1996;17:343-6)",
    "plain": "interval on the scale of the probability (Greenwood's variance)",
    "log": "interval on the log scale (Greenwood's variance)",
    "log-log": "interval on the complementary log-log scale (Greenwood's variance; Kalbfleisch and Prentice, 1980)",
    "logit": "interval on the logit scale (Greenwood's variance)",
    "arcsine": "interval on the arcsine-square-root scale (Greenwood's variance)",
    "exact enumeration": "exact enumeration of the sample space",
    "umvue, jung-kim 2004": "uniformly minimum variance unbiased estimate (Jung and Kim, Stat Med 2004;23:881-96)",
    "median-unbiased": "median-unbiased estimate",
    "two-stage exact": "exact interval over the two-stage sample space",
    "two-stage, order total": "sample space ordered by the number of responses",
    "two-stage, order stagewise": "sample space ordered by stage",
    "observed time": "observed times",
    "rank-sum": "Wilcoxon's rank-sum test (Biometrics Bull 1945;1:80-3)",
    "signed-rank": "Wilcoxon's signed-rank test (Biometrics Bull 1945;1:80-3)",
    "exact": "exact P value",
    "normal": "normal approximation",
    "corrected": "with continuity correction",
    "hodges-lehmann": "estimate and interval of Hodges and Lehmann (Ann Math Stat 1963;34:598-611)",
    "mann-whitney": "area under the ROC curve as the share of pairs (Mann and Whitney, Ann Math Stat 1947;18:50-60)",
    "fisher": "Fisher's exact test",
    "two-sided": "two-sided",
    "log-rank": "log-rank test (Mantel, Cancer Chemother Rep 1966;50:163-70)",
    "cox": "Cox's model (J R Stat Soc B 1972;34:187-220)",
    "wald": "Wald interval and test",
    "benjamini-hochberg": "Q: false discovery rate of Benjamini and Hochberg (J R Stat Soc B 1995;57:289-300)",
    "conditional": "odds ratio by conditional maximum likelihood, with its exact interval",
    "firth": "Firth's penalty (Biometrika 1993;80:27-38)",
    "profile": "profile interval",
    "max-t": "max-T: the largest statistic of permuted outcomes (Westfall and Young, Resampling-Based Multiple Testing, 1993)",
    "step-down": "step-down",
    "log-rank variance": "of the log-rank test",
    "permutation variance": "of the score over its standard deviation under permutation",
    "bootstrap": "optimism by the bootstrap (Harrell et al., Stat Med 1996;15:361-87)",
    "brookmeyer-crowley": "interval of the median from the band (Brookmeyer and Crowley, Biometrics 1982;38:29-41)",
}
_TRANSFORMS: Final = {name: _METHODS[name] for name in ("plain", "log", "log-log", "logit", "arcsine")}
_MEDIANS: Final = {
    "r": "midpoint of the step where the curve is flat at 0.5; bounds from the band (R, survfit)",
    "r-print": "midpoint of the step where the curve is flat at 0.5; bounds from the band as print(survfit) shows them (R)",
    "sas": "midpoint of the step where the curve is flat at 0.5, not estimable where that step does not end; bounds from the "
    "band (SAS, PROC LIFETEST)",
    "spss": "first time at which the curve is at or below 0.5; bounds from its standard error (SPSS, KM)",
}
_QUANTILES: Final = {
    "r": "definition 7 of Hyndman and Fan (Am Stat 1996;50:361-5; R)",
    "sas": "definition 2 of Hyndman and Fan (Am Stat 1996;50:361-5; SAS)",
    "spss": "definition 6 of Hyndman and Fan (Am Stat 1996;50:361-5; SPSS)",
}
_TIES: Final = {
    "efron": "Efron's approximation (J Am Stat Assoc 1977;72:557-65)",
    "breslow": "Breslow's approximation (Biometrics 1974;30:89-99)",
    "exact": "exact partial likelihood",
}
_ROUNDING: Final = {
    "half_even": "to nearest, ties to the even digit (R)",
    "half_away": "to nearest, ties away from zero (SAS, SPSS)",
}
_DAYS: Final = {"first": "the first day possible", "mid": "the middle day", "last": "the last day possible"}
_RULES: Final = {
    "RECIST 1.1": "RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009;45:228-47)",
    "iRECIST": "iRECIST (Seymour et al., Lancet Oncol 2017;18:e143-52)",
}


class Convention(NamedTuple):
    """
    One convention as printed.

    Parameters
    ----------
    name : str
        What it decides.
    setting : str
        Its value in the protocol.
    meaning : str
        In words, with its reference.
    """

    name: str
    setting: str
    meaning: str


def describe_method(method: str) -> str:
    """
    Put a method of the results table into words.

    Parameters
    ----------
    method : str
        Names separated by commas, such as ``kaplan-meier, log-log``.

    Returns
    -------
    str
        Each known name in words; any other as it stands.

    Examples
    --------
    >>> describe_method("reverse kaplan-meier, own")
    'reverse Kaplan-Meier estimate (Schemper and Smith, Control Clin Trials 1996;17:343-6); own'
    >>> describe_method("of this trial, own")
    'of this trial, own'
    """
    first, *rest = [part.strip() for part in method.lower().split(", ")]
    whole = _METHODS.get(method.strip().lower())
    if whole:
        return whole
    if first == "quantile" and len(rest) == 1 and rest[0] in _QUANTILES:
        return f"quartiles by {_QUANTILES[rest[0]]}"
    if first not in _METHODS:
        return method
    typed = [part.strip() for part in method.split(", ")]
    if first.removeprefix("reverse ") == "kaplan-meier" and rest and rest[-1] in _MEDIANS:
        return "; ".join([*(_METHODS.get(p.lower(), p) for p in typed[:-1]), f"median: {_MEDIANS[rest[-1]]}"])
    return "; ".join(_METHODS.get(part.lower(), part) for part in typed)


def method_footnotes(methods: Iterable[str]) -> list[str]:
    """
    Say how the numbers of a table or figure were made.

    Parameters
    ----------
    methods : iterable of str
        Methods of the results table.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    parts = [part for method in methods for part in describe_method(method).split("; ")]
    words = "; ".join(dict.fromkeys(parts))
    return [f"Method: {words}."] if words else []


def conventions_of(protocol: Protocol) -> list[Convention]:
    """
    List every convention that the numbers of a trial rest on.

    Parameters
    ----------
    protocol : Protocol
        A resolved protocol.

    Returns
    -------
    list of Convention
        Estimation first, then dates, response and printing.
    """
    said, tumour = protocol.conventions, protocol.tumour
    count = (
        "includes the first day (end − start + 1)"
        if said.count_start_day
        else "does not include the first day (end − start)"
    )
    confirmed = "least time from CR or PR to the assessment that confirms it"
    return [
        Convention("Interval of a survival probability", said.survival_interval, _TRANSFORMS[said.survival_interval]),
        *_endpoint_intervals(protocol),
        Convention("Median of a survival curve", said.median, _MEDIANS[said.median]),
        Convention("Quartiles of a sample", said.quantile, _QUANTILES[said.quantile]),
        Convention("Interval of a proportion", said.proportion_interval, describe_method(said.proportion_interval)),
        Convention("Coverage of intervals", f"{said.level:g}", f"two-sided {said.level * 100:g}%"),
        Convention("Ties in Cox models", said.ties, _TIES[said.ties]),
        Convention("Length of a month", format_number(said.days_per_month, 4), "days; months = days / this number"),
        Convention("First day counts", "yes" if said.count_start_day else "no", f"a time {count}"),
        Convention("Unknown part of an event's date", said.event_date, _DAYS[said.event_date]),
        Convention("Unknown part of a start date", said.start_date, _DAYS[said.start_date]),
        Convention("Unknown part of a censoring date", said.censor_date, _DAYS[said.censor_date]),
        Convention("Response criteria", tumour.criteria, _RULES[tumour.criteria]),
        Convention("Assessor", tumour.assessor, f"responses {_source(tumour.response_from)}"),
        Convention("Confirmation of a response", f"{tumour.confirm_response_after_days} days", confirmed),
        Convention("Stable disease", f"{tumour.stable_at_least_days} days", "least time from the start of treatment"),
        Convention("Rounding of printed numbers", said.rounding, _ROUNDING[said.rounding]),
    ]  # fmt: skip


def _source(response_from: str) -> str:
    words = {"lesions": "derived from the lesions", "assessed": "taken as assessed"}
    return words.get(response_from, "derived from the lesions where there are lesions, taken as assessed elsewhere")


def _endpoint_intervals(protocol: Protocol) -> list[Convention]:
    found = []
    for name, endpoint in protocol.endpoint.items():
        if endpoint.interval is not None:
            words = describe_method(endpoint.interval)
            found.append(Convention(f"Interval of {name}", endpoint.interval, words))
    return found
