"""What is assumed about tumours, survival and follow-up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.base import Days, Name, Positive, Section
from onearm.simulation.assumptions.base import NotNegative, Share, Weights

__all__ = ["Death", "Effect", "FollowUp", "Growth", "Progression", "SubsequentTherapy", "Visits"]


class Growth(Section):
    """
    ``[growth]``: each lesion is part sensitive, which dies off, and part resistant, which grows.

    Size at day t is ``s0 * ((1 - f) * exp(-shrink * t) + f * exp(grow * t))``, f being the resistant fraction.
    """

    resistant: Share
    """Median of the resistant fraction over patients."""
    resistant_sd: NotNegative
    """Standard deviation between patients on the logit scale."""
    cured: Share
    """Share of patients in whom nothing is resistant."""
    shrink_per_day: Positive
    """Median rate at which the sensitive part dies off."""
    shrink_sd: NotNegative
    """Standard deviation between patients on the log scale."""
    grow_per_day: Positive
    """Median rate at which the resistant part grows."""
    grow_sd: NotNegative
    """Standard deviation between patients on the log scale."""
    lesion_sd: NotNegative
    """Standard deviation between lesions of one patient, of all three on their scales."""
    measurement_sd: NotNegative
    """Standard deviation of a measured diameter on the log scale."""
    invisible_mm: NotNegative
    """A lesion below this size is not seen: 0 mm, or absent."""
    smallest_node_mm: NotNegative
    """A lymph node never measures less."""


class Progression(Section):
    """``[progression]``: progression other than by growth of the target lesions."""

    new_lesion_per_month: NotNegative
    """Hazard of a first new lesion."""
    further_new_lesions: NotNegative
    """Mean number beyond the first, where there is one."""
    non_target_per_month: NotNegative
    """Hazard of unequivocal progression of non-target lesions, where there are any."""
    resistance_power: NotNegative
    """Both hazards go with this power of the patient's resistant fraction relative to its median."""
    new_organs: Weights
    """Location of new lesions, as TULOC."""


class Death(Section):
    """``[death]``: hazard of death, constant between scans."""

    before_progression_per_month: NotNegative
    """Hazard before progression, at the burden of baseline."""
    progression_ratio: Positive
    """By how much progression multiplies it."""
    burden_power: NotNegative
    """The hazard goes with this power of tumour burden relative to baseline."""
    frailty_sd: NotNegative
    """Between patients on the log scale, shared with new lesions and non-target progression."""


class Effect(Section):
    """``[[effect]]``: a baseline characteristic that changes a hazard."""

    on: Literal["progression", "death", "growth", "resistance"]
    """What it multiplies: hazards of new lesions and non-target progression, of death, the rate of growth, or the odds that
    the resistant fraction is of the tumour."""
    column: Name
    """Column of ``dm``."""
    level: Name
    """Level of that column, or one of the sites of disease."""
    ratio: Positive
    """By what it multiplies it."""


class FollowUp(Section):
    """``[follow_up]``: leaving the trial, and contacts."""

    withdrawal_per_month: NotNegative
    """Hazard of withdrawing consent, which ends treatment and follow-up."""
    treatment_refusal_per_month: NotNegative
    """Hazard of stopping treatment while staying in follow-up."""
    loss_per_month: NotNegative
    """Hazard of being lost to follow-up once treatment has ended."""
    scans_after_treatment: Share
    """Share of patients still scanned after treatment that ended without progression."""
    contact_every_days: Annotated[int, Field(ge=1)]
    """Distance of survival contacts after the end of treatment."""
    last_contact_within_days: Days
    """Every patient still followed is contacted within these days before the cut-off."""


class Visits(Section):
    """``[visits]``: deviations of scans and cycles from the schedule."""

    jitter_sd_days: NotNegative
    """Standard deviation of the day of a scan around the planned day."""
    window_days: Days
    """Largest deviation either way."""
    missed: Share
    """Probability that a scan is left out."""
    late_cycles: Share
    """Probability that a cycle begins late for other reasons than toxicity."""
    late_days: Annotated[int, Field(ge=1)]
    """Most days by which it does."""
    cycle_column: Name | None = None
    """Column of a table with one row per patient that counts the cycles given; missing: none does."""
    cycle_days: Annotated[int, Field(ge=1)] = 21
    """Length of such a cycle."""


class SubsequentTherapy(Section):
    """``[subsequent_therapy]``: anticancer therapy after the treatment of the trial."""

    probability: Share
    """Among patients who end treatment alive and stay in follow-up."""
    lag_days: tuple[Days, Days]
    """Least days from the end of treatment, and the mean beyond that."""
    regimens: Weights
    """Regimen to relative frequency."""
    column: Name | None = None
    """Column of ``dm`` that names it, ``NONE`` where there was none; missing: it stands in ``cm`` only."""
