"""Exposure by hand: doses, cycles, and their intensity relative to the plan."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import write_small_trial

from onearm.analyses.exposure import exposure
from onearm.run import check_trial

HEAD = "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n"


def _values(folder: Path, ex: str) -> dict[tuple[str | None, str], float | None]:
    checked = check_trial(write_small_trial(folder, ex=HEAD + ex))
    results = exposure(checked.derived.datasets, checked.protocol)
    return {(r["variable_level"], r["stat"]): r["value"] for r in results.iter_rows(named=True)}


def test_full_doses_on_time_are_the_whole_plan(tmp_path: Path) -> None:
    found = _values(tmp_path, "001,1,drug,12,mg,2023-01-02,2023-01-15\n001,2,drug,12,mg,2023-01-23,2023-02-05\n")
    assert found[None, "cumulative_dose_median"] == 2 * 14 * 12
    assert found[None, "cycles_median"] == 2
    # 2 x 14 x 12 = 336 mg in 35 days and the pause of 7: 6 weeks.
    assert found[None, "dose_intensity_median"] == pytest.approx(56)
    assert found[None, "relative_dose_intensity_median"] == pytest.approx(100)


def test_a_reduction_and_a_delay_lower_the_intensity(tmp_path: Path) -> None:
    # Second cycle at 10 mg and a week late: 14 x 12 + 14 x 10 = 308 mg in 49 days, of 12 x 14 / 3 = 56 mg per week.
    found = _values(tmp_path, "001,1,drug,12,mg,2023-01-02,2023-01-15\n001,2,drug,10,mg,2023-01-30,2023-02-12\n")
    assert found[None, "relative_dose_intensity_median"] == pytest.approx(100 * 308 / 7 / 56)
    assert found["reduced to 10 mg", "n"] == 1


def test_a_dose_in_another_unit_makes_the_total_unknown(tmp_path: Path) -> None:
    checked = check_trial(write_small_trial(tmp_path, ex=HEAD + "001,1,drug,12,g,2023-01-02,2023-01-15\n"))
    results = exposure(checked.derived.datasets, checked.protocol)
    row = results.filter(pl.col("stat") == "cumulative_dose_median").row(0, named=True)
    assert (row["value"], row["note"]) == (None, "no dose is in the unit of the protocol")
