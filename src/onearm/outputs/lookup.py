"""Finding statistics in the results table: by group, analysis, parameter, variable and level, in the order of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

    from onearm.protocol import Protocol

__all__ = ["Block", "Group", "Lookup", "Statistic", "groups_of", "subgroup_rows"]

COHORT: Final = "COHORT"


@dataclass(frozen=True)
class Statistic:
    """
    One row of the results table.

    Parameters
    ----------
    value : float or None
        The unrounded number.
    text, unit, method, note : str or None
        As in the results table.
    conf_level : float or None
        Coverage, on a bound.
    trace : str
        The key, as it can be found in the results table.
    """

    value: float | None = None
    text: str | None = None
    unit: str | None = None
    method: str | None = None
    note: str | None = None
    conf_level: float | None = None
    trace: str = ""

    def __bool__(self) -> bool:
        """Whether there is a number or a text."""
        return self.value is not None or self.text is not None


Stats = Mapping[str, Statistic]
_KEYS: Final = ("analysis", "paramcd", "population", "group1_level", "variable", "variable_level", "stat")
_READ: Final = (*_KEYS[:3], *_KEYS[4:], "value", "text", "unit", "method", "note", "conf_level")
NOTHING: Final = Statistic()


@dataclass(frozen=True)
class Group:
    """
    Patients that are reported together: everybody, or a cohort.

    Parameters
    ----------
    level : str or None
        Name of the cohort; None for everybody.
    label : str
        What is printed.
    slug : str
        Ends file names; empty for everybody.
    """

    level: str | None
    label: str
    slug: str


@dataclass(frozen=True)
class Block:
    """
    The statistics of one analysis of one parameter in one population and group.

    Parameters
    ----------
    analysis : str
        Name of the analysis.
    paramcd, population : str or None
        As in the results table.
    cells : dict
        From variable and level to the statistics by name.
    """

    analysis: str
    paramcd: str | None
    population: str | None
    cells: dict[tuple[str | None, str | None], dict[str, Statistic]] = field(default_factory=dict)

    def stats(self, variable: str | None = None, level: str | None = None) -> Stats:
        """
        Look up the statistics of a variable's level.

        Parameters
        ----------
        variable, level : str or None
            As in the results table.

        Returns
        -------
        mapping of str to Statistic
            Empty where there are none.
        """
        return self.cells.get((variable, level), {})

    def stat(self, name: str, variable: str | None = None, level: str | None = None) -> Statistic:
        """
        Look up one statistic.

        Parameters
        ----------
        name : str
            Name of the statistic.
        variable, level : str or None
            As in the results table.

        Returns
        -------
        Statistic
            Without value, text and note where there is none.
        """
        return self.stats(variable, level).get(name, NOTHING)

    def levels(self, variable: str) -> list[str | None]:
        """
        List the levels of a variable.

        Parameters
        ----------
        variable : str
            As in the results table.

        Returns
        -------
        list of str or None
            In the order of the results table.
        """
        return [level for name, level in self.cells if name == variable]

    def variables(self) -> list[str | None]:
        """
        List the variables.

        Returns
        -------
        list of str or None
            In the order of the results table, each once.
        """
        return list(dict.fromkeys(name for name, _ in self.cells))

    def methods(self) -> list[str]:
        """
        List the methods that made the numbers.

        Returns
        -------
        list of str
            In the order of the results table, each once.
        """
        found = (s.method for stats in self.cells.values() for s in stats.values() if s.method)
        return list(dict.fromkeys(found))

    def __bool__(self) -> bool:
        """Whether there is any statistic."""
        return bool(self.cells)


class Lookup:
    """
    The results of one group of patients, indexed once.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    group : Group
        Whose rows; rows of subgroups within it are left out.
    has_features : bool, default False
        Whether rows of single features (``feature_…``) are taken too; there may be hundreds of thousands.
    """

    def __init__(self, results: pl.DataFrame, group: Group, *, has_features: bool = False) -> None:
        import polars as pl

        self.group = group
        self._blocks: dict[tuple[str, str | None, str | None], Block] = {}
        whole = results["group2"].is_null()
        if not has_features:
            whole &= ~results["analysis"].str.starts_with("feature_")
        # A hundred thousand rows: what can be is done for all of them at once, and each is read as a plain tuple.
        key = pl.concat_str(_KEYS, separator=" · ", ignore_nulls=True).alias("_key")
        for row in results.filter(whole & _belongs(results, group)).select(*_READ, key).iter_rows():
            self._add(row)

    def _add(self, row: tuple[Any, ...]) -> None:
        analysis, paramcd, population, variable, level, stat, value, text, unit, method, note, conf_level, key = row
        place = (analysis, paramcd, population)
        block = self._blocks.get(place)
        if block is None:
            block = self._blocks[place] = Block(*place)
        found = text if value is None else value
        trace = f"{key} = {found!r}" if found is not None else f"{key}: {note}"
        block.cells.setdefault((variable, level), {})[stat] = Statistic(
            value, text, unit, method, note, conf_level, trace
        )

    def blocks(self, analysis: str, paramcd: str | None = None) -> Iterator[Block]:
        """
        Go through the blocks of an analysis.

        Parameters
        ----------
        analysis : str
            Name of the analysis.
        paramcd : str, optional
            Only this parameter.

        Yields
        ------
        Block
            In the order of the results table.
        """
        for (name, param, _), block in self._blocks.items():
            if name == analysis and paramcd in (None, param):
                yield block

    def block(self, analysis: str, paramcd: str | None = None) -> Block:
        """
        Take the first block of an analysis.

        Parameters
        ----------
        analysis : str
            Name of the analysis.
        paramcd : str, optional
            Only this parameter.

        Returns
        -------
        Block
            Empty where there is none.
        """
        return next(self.blocks(analysis, paramcd), Block(analysis, paramcd, None))

    def analyses(self) -> list[str]:
        """
        List the analyses.

        Returns
        -------
        list of str
            In the order of the results table, each once.
        """
        return list(dict.fromkeys(name for name, _, _ in self._blocks))

    def parameters(self, analysis: str) -> list[str]:
        """
        List the parameters of an analysis.

        Parameters
        ----------
        analysis : str
            Name of the analysis.

        Returns
        -------
        list of str
            In the order of the results table, each once.
        """
        return list(dict.fromkeys(p for name, p, _ in self._blocks if name == analysis and p is not None))


def groups_of(results: pl.DataFrame, protocol: Protocol) -> tuple[Group, ...]:
    """
    List the groups that a trial is reported by.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    protocol : Protocol
        Its cohorts give order and labels.

    Returns
    -------
    tuple of Group
        Everybody where there are no cohorts; the cohorts in the order of the protocol where there are, after everybody
        where the results have rows for everybody beside them.
    """
    split = results.filter(results["group1"] == COHORT)
    found = split["group1_level"].drop_nulls().unique(maintain_order=True).to_list()
    known = [name for name in protocol.cohort if name in found]
    names = [*known, *(name for name in found if name not in known)]
    labels = {name: cohort.label or name for name, cohort in protocol.cohort.items()}
    cohorts = tuple(
        Group(name, labels.get(name, name), f"_{position:02d}") for position, name in enumerate(names, start=1)
    )
    shared = {"trial", "design", "disposition"}
    whole = results.filter(results["group1"].is_null() & results["group2"].is_null())
    everybody = Group(None, "All patients", "")
    if not cohorts or set(whole["analysis"].unique()) - shared:
        return (everybody, *cohorts)
    return cohorts


def subgroup_rows(results: pl.DataFrame, group: Group) -> pl.DataFrame:
    """
    Take the rows that are split within a group.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    group : Group
        Everybody, or a cohort.

    Returns
    -------
    polars.DataFrame
        The rows, with ``subgroup`` and ``subgroup_level`` added.
    """
    import polars as pl

    if group.level is None:
        inside = (pl.col("group1").is_not_null()) & (pl.col("group1") != COHORT) & pl.col("group2").is_null()
        names = {"subgroup": "group1", "subgroup_level": "group1_level"}
    else:
        inside = (pl.col("group1") == COHORT) & (pl.col("group1_level") == group.level) & pl.col("group2").is_not_null()
        names = {"subgroup": "group2", "subgroup_level": "group2_level"}
    return results.filter(inside).with_columns(**{new: pl.col(old) for new, old in names.items()})


def _belongs(results: pl.DataFrame, group: Group) -> pl.Series:
    if group.level is None:
        return results["group1"].is_null()
    return (results["group1"] == COHORT).fill_null(False) & (results["group1_level"] == group.level).fill_null(False)
