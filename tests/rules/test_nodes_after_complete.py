"""After CR, a node that grows again is judged by the sum; any other lesion that is seen again is progression."""

from __future__ import annotations

import polars as pl
import pytest

from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response


def course(node_mm: list[float], other_mm: list[float]) -> list[str]:
    visits = range(len(node_mm))
    lesions = pl.DataFrame(
        [
            {
                "subject": "1",
                "visit": v,
                "day": 1 + 42 * v,
                "lesion": name,
                "is_node": name == "N1",
                "diameter_mm": mm[v],
            }
            for name, mm in (("N1", node_mm), ("T1", other_mm))
            for v in visits
        ]
    ).with_columns(state=pl.lit("measured"))
    return timepoint_response(target_response(sum_of_diameters(lesions)))["response"].to_list()


@pytest.mark.parametrize(
    ("node_mm", "other_mm", "expected"),
    [
        # 9.9 to 10.4 mm is neither 20 % nor 5 mm: Eisenhauer 2009, section 4.3.1, decides
        ([20, 9.9, 10.4], [30, 0, 0], ["CR", "PR"]),
        # 8 to 14 mm is 75 % and 6 mm
        ([20, 8, 14], [30, 0, 0], ["CR", "PD"]),
        # 4 mm of what had disappeared: Eisenhauer 2009, Table 3, footnote a
        ([20, 8, 8], [30, 0, 4], ["CR", "PD"]),
    ],
)
def test_nodes_do_not_reappear(node_mm: list[float], other_mm: list[float], expected: list[str]) -> None:
    assert course(node_mm, other_mm) == expected
