"""Every choice of the best overall response that a protocol may make differently, with its default and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from onearm.errors import MethodError

__all__ = ["BEST_RESPONSE_RULES", "BestResponseRules"]


@dataclass(frozen=True)
class BestResponseRules:
    """
    Every choice of the best overall response that a protocol may make differently.

    Parameters
    ----------
    confirm_after_days : int, default 28
        A response is confirmed by a second one at least so many days later [1]_ section 4.4.3 (4 weeks).
    confirm_within_days : int, optional
        The confirming assessment must come at most so many days later; default no limit.
    stable_at_least_days : int, default 42
        An assessment counts as SD only so many days after the day of ``stable_from`` or later [1]_ section 4.6.1 (in
        general not less than 6 to 8 weeks; the protocol says).
    stable_from : str, default "reference_day"
        Column of the subjects from which SD is counted: ``reference_day`` (first dose), or another that the frame has,
        such as ``baseline_day`` or ``randomisation_day``.
    max_not_evaluable_between : int, default 1
        NE (or not done) assessments that may stand between a response and its confirmation [1]_ section 4.4.4
        (PR, NE, PR); admiralonco ``max_nr_ne``, default 0.
    max_stable_between : int, default 0
        SD assessments that may stand between a PR and its confirmation; some protocols allow 1 [2]_.
    after_complete : {"progression", "partial", "as_assessed"}, default "progression"
        PR, SD or NON-CR/NON-PD after CR: disease is back, so it is PD [1]_ Table 3, footnote a; or the CR, if it was
        not confirmed and the next is PR, was really PR (same footnote); or take each as it was assessed [2]_.
    hold_partial : bool, default False
        SD after PR, with the sum above -30 % but no progression, is still PR [3]_.
    before_reference : {"ignore", "count"}, default "ignore"
        Assessments before ``reference_day``: the best response is recorded from the start of treatment [1]_ section
        4.4; admiralonco counts them [2]_.
    after_progression : {"ignore", "count"}, default "ignore"
        Assessments after the first PD [1]_ section 4.4.
    new_therapy : {"ignore_after", "count"}, default "ignore_after"
        Assessments after the day in ``therapy_day`` (new anticancer therapy) [4]_.
    within_days : int, optional
        Only assessments at most so many days after ``reference_day`` count, as for a response rate by month 6 [5]_;
        default no limit. An assessment that confirms must be within them too.
    missing_as_not_evaluable : bool, default True
        A subject without any assessment is NE [1]_ section 4.9 (all patients are in the denominator); else MISSING.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247.
    .. [2] admiralonco 1.4.0, derive_param_bor, derive_param_confirmed_bor.
    .. [3] EORTC RECIST working group, questions and clarifications, recist.eortc.org: once PR is confirmed.
    .. [4] FDA (2007), Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics.
    .. [5] REGOMUNE, NCT03475953: objective response at 6 months.

    Examples
    --------
    >>> BestResponseRules(confirm_after_days=28, max_stable_between=1).stable_at_least_days
    42
    """

    confirm_after_days: int = 28
    confirm_within_days: int | None = None
    stable_at_least_days: int = 42
    stable_from: str = "reference_day"
    max_not_evaluable_between: int = 1
    max_stable_between: int = 0
    after_complete: Literal["progression", "partial", "as_assessed"] = "progression"
    hold_partial: bool = False
    before_reference: Literal["ignore", "count"] = "ignore"
    after_progression: Literal["ignore", "count"] = "ignore"
    new_therapy: Literal["ignore_after", "count"] = "ignore_after"
    within_days: int | None = None
    missing_as_not_evaluable: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers that have no meaning; raise MethodError with all of them."""
        lowest = {
            "confirm_after_days": 1,
            "stable_at_least_days": 0,
            "max_not_evaluable_between": 0,
            "max_stable_between": 0,
        }
        problems = [
            f"BestResponseRules.{name}: found {getattr(self, name)!r}; it must be {limit} or more."
            for name, limit in lowest.items()
            if getattr(self, name) < limit
        ]
        if self.confirm_within_days is not None and self.confirm_within_days < self.confirm_after_days:
            problems.append(
                f"BestResponseRules.confirm_within_days: found {self.confirm_within_days}; it must not be below "
                f"confirm_after_days = {self.confirm_after_days}."
            )
        if self.within_days is not None and self.within_days < 0:
            problems.append(f"BestResponseRules.within_days: found {self.within_days}; it must be 0 or more, or None.")
        if problems:
            raise MethodError(*problems)


BEST_RESPONSE_RULES: Final = BestResponseRules()
"""RECIST 1.1 with confirmation after 4 weeks and SD from 6 weeks."""
