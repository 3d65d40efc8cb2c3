"""The phases of treatment of a cohort: printed reasons and times by phase, and what reconstruction.toml says beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onearm.published.model import Statement
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.setting import Irregular, PhaseCourse, PhaseDuration

if TYPE_CHECKING:
    from onearm.run.paper_setting import Builder

__all__ = ["paper_phases"]


def paper_phases(builder: Builder) -> tuple[PhaseCourse, ...]:
    """
    Collect what is known of each phase of treatment.

    Parameters
    ----------
    builder : Builder
        The paper; ``[cohort.phase.NAME]`` of its reconstruction.toml says what no printed number does: further
        ``reasons``, how many had how many ``cycles``, the ``drugs`` of the phase, and ``irregular`` courses.

    Returns
    -------
    tuple of PhaseCourse
        In the order of the protocol; empty where reconstruction.toml says nothing of any.
    """
    tables: dict[str, Any] = builder.extra.get("phase", {})
    return tuple(_course(builder, phase.name, tables.get(phase.name, {})) for phase in builder.protocol.phase if tables)


def _course(builder: Builder, name: str, table: dict[str, Any]) -> PhaseCourse:
    reasons = {
        meaning.level: statement.count
        for statement, meaning in builder.about("reason")
        if meaning.phase == name and statement.count is not None
    }
    return PhaseCourse(
        name,
        reasons=reasons | table.get("reasons", {}),
        cycles={int(cycles): int(patients) for cycles, patients in table.get("cycles", {}).items()},
        drugs=tuple(table.get("drugs", ())),
        durations=tuple(
            _duration(meaning.name, statement)
            for statement, meaning in builder.about("exposure")
            if meaning.phase == name and meaning.variable == "duration" and meaning.of == "mean"
        ),
        irregular=tuple(_irregular(one) for one in table.get("irregular", ())),
    )


def _duration(drug: str, statement: Statement) -> PhaseDuration:
    shown = {
        part: None if number is None else Printed(number.value, number.digits)
        for part, number in (("mean", statement.value), ("low", statement.low), ("high", statement.high))
    }
    return PhaseDuration(drug, **shown)


def _irregular(table: dict[str, Any]) -> Irregular:
    return Irregular(
        int(table["cycles"]),
        every_days=table.get("every_days"),
        skipped={drug: tuple(cycles) for drug, cycles in table.get("skipped", {}).items()},
        reduced=dict(table.get("reduced", {})),
        missed=dict(table.get("missed", {})),
    )
