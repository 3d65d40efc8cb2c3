"""More of a cause is never less of its effect, patient by patient: stages have random numbers of their own."""

from __future__ import annotations

import numpy as np
import pytest

from onearm.simulation.course import draw_course
from onearm.simulation.lesions import draw_lesions, true_sizes
from onearm.simulation.randomness import Stage, generator
from onearm.simulation.scans import planned_days
from onearm.simulation.subjects import draw_subjects


def course_of(protocol, assumptions, **sections):
    updated = assumptions.model_copy(
        update={name: getattr(assumptions, name).model_copy(update=values) for name, values in sections.items()}
    )
    subjects = draw_subjects(generator(8, 0, Stage.SUBJECTS), updated, 800)
    lesions, subjects = draw_lesions(generator(8, 0, Stage.LESIONS), updated, subjects)
    return draw_course(updated, subjects, lesions, planned_days(protocol, 730), seed=8, block=0), lesions


@pytest.mark.parametrize(
    ("section", "key", "outcome"),
    [
        ("death", "before_progression_per_month", "death"),
        ("death", "progression_ratio", "death"),
        ("progression", "new_lesion_per_month", "progression"),
        ("progression", "non_target_per_month", "progression"),
        ("follow_up", "withdrawal_per_month", "withdrawal"),
        ("follow_up", "treatment_refusal_per_month", "refusal"),
    ],
)
def test_a_higher_hazard_never_delays(protocol, assumptions, section, key, outcome):
    value = getattr(getattr(assumptions, section), key)
    low, high = (
        getattr(course_of(protocol, assumptions, **{section: {key: value * factor}})[0], outcome) for factor in (1, 2)
    )
    assert (high <= low).all()
    assert (high < low).any()


def test_without_hazard_nothing_happens(protocol, assumptions):
    course, _ = course_of(
        protocol,
        assumptions,
        progression={"new_lesion_per_month": 0.0, "non_target_per_month": 0.0},
        death={"before_progression_per_month": 0.0},
        follow_up={"withdrawal_per_month": 0.0, "treatment_refusal_per_month": 0.0},
    )
    assert np.isinf(course.new_disease.new_lesion).all()
    assert np.isinf(course.new_disease.non_target).all()
    assert min(course.death.min(), course.withdrawal.min(), course.refusal.min()) == 10**6


@pytest.mark.parametrize(("key", "sign"), [("shrink_per_day", -1), ("grow_per_day", 1)])
def test_faster_shrinking_and_slower_growth_make_smaller_lesions(protocol, assumptions, key, sign):
    value = getattr(assumptions.growth, key)
    low, high = (course_of(protocol, assumptions, growth={key: value * factor})[0] for factor in (1, 2))
    difference = high.measured.diameter - low.measured.diameter
    assert (sign * difference >= 0).all()
    assert (sign * difference > 0).any()


def test_without_noise_a_lesion_is_what_the_formula_says(protocol, assumptions):
    course, lesions = course_of(
        protocol,
        assumptions,
        growth={"resistant_sd": 0.0, "shrink_sd": 0.0, "grow_sd": 0.0, "lesion_sd": 0.0, "measurement_sd": 0.0,
                "cured": 0.0, "invisible_mm": 0.0, "smallest_node_mm": 0.0},
        **{"visits": {"jitter_sd_days": 0.0}},
    )  # fmt: skip
    model = assumptions.growth
    no_liver = np.all(course.kinetics.grow == course.kinetics.grow.min(), axis=1)
    # at the second scan, day 84, by hand
    share = (1 - model.resistant) * np.exp(-model.shrink_per_day * 84) + model.resistant * np.exp(
        model.grow_per_day * 84
    )
    expected = np.round(lesions.size[no_liver] * share, 1)
    np.testing.assert_allclose(course.measured.diameter[no_liver, 1], expected, atol=0.1001)


def test_size_at_the_first_dose_is_the_size_at_baseline(protocol, assumptions):
    course, lesions = course_of(protocol, assumptions)
    day = np.zeros((len(lesions.size), 1), dtype=np.int64)
    np.testing.assert_allclose(true_sizes(lesions.size, course.kinetics, day)[:, 0], lesions.size)


def test_growth_without_end_does_not_overflow(protocol, assumptions):
    course, _ = course_of(protocol, assumptions, growth={"grow_per_day": 1e6})
    assert np.isfinite(course.measured.diameter).all()
    assert (course.death >= 1).all()
