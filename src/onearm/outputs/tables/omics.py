"""Assays of many features: what was analysed, the features and gene sets that differ most, scores, times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from onearm.outputs.features import assay_label, comparison_label, feature_label, feature_labels, of_group, top_levels
from onearm.outputs.format import ABSENT, format_p_value
from onearm.outputs.lookup import Lookup
from onearm.outputs.tables.model import Row, Table, heading, row

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Group, Statistic
    from onearm.protocol import Protocol

__all__ = ["tabulate_features"]

_Cells = list[tuple[str, list["Statistic"]]]


def tabulate_features(
    results: pl.DataFrame,
    datasets: Mapping[str, pl.DataFrame],
    groups: Sequence[Group],
    protocol: Protocol,
    printer: Printer,
) -> list[Table]:
    """
    Tabulate the assays of many features.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    datasets : mapping of str to polars.DataFrame
        With ``adfeaq``.
    groups : sequence of Group
        Everybody, or each cohort.
    protocol : Protocol
        Labels.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        For each group: assays, comparisons, foremost features, gene sets, scores, times; the results table holds every
        feature and set.
    """
    import polars as pl

    rows = results.filter(pl.col("analysis").str.starts_with("feature_"))
    if not rows.height:
        return []
    tables: list[Table] = []
    for group in groups:
        maker = _Maker(of_group(rows, group), datasets, group, protocol, printer)
        tables += [table for table in maker.tables() if table]
    return tables


class _Maker:
    """The tables of one group."""

    def __init__(
        self,
        rows: pl.DataFrame,
        datasets: Mapping[str, pl.DataFrame],
        group: Group,
        protocol: Protocol,
        printer: Printer,
    ) -> None:
        self.rows, self.datasets, self.group, self.protocol, self.printer = rows, datasets, group, protocol, printer

    def tables(self) -> Iterator[Table]:
        """Make them in the order of the report."""
        yield self._assays()
        yield self._comparisons()
        yield from self._differences()
        yield from self._sets()
        yield self._scores()
        yield from self._times()

    def _table(
        self, name: str, title: str, columns: tuple[str, ...], rows: list[Row], notes: Sequence[str], source: str
    ) -> Table:
        title = title if self.group.level is None else f"{title}: {self.group.label}"
        return Table(f"{name}{self.group.slug}", title, columns, tuple(rows), tuple(dict.fromkeys(notes)), (source,))

    def _each(self, analysis: str) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Assays and variables of an analysis, in the order of the results."""
        import polars as pl

        mine = self.rows.filter(pl.col("analysis") == analysis)
        for (assay, variable), part in mine.group_by("paramcd", "variable", maintain_order=True):
            yield str(assay), str(variable), part

    def _block(self, part: pl.DataFrame, levels: Sequence[str] | None = None) -> Block:
        """Statistics of some levels, with their traces."""
        import polars as pl

        shown = part if levels is None else part.filter(pl.col("variable_level").is_in(list(levels)))
        lookup = Lookup(shown, self.group, has_features=True)
        return lookup.block(str(part["analysis"][0]), str(part["paramcd"][0]))

    def _number(self, stat: Statistic, digits: int = 0) -> tuple[str, list[Statistic]]:
        return (self.printer.number(stat.value, digits) if stat else ABSENT, [stat])

    def _p(self, block: Block, variable: str, level: str) -> _Cells:
        found = [block.stat(name, variable, level) for name in ("p_value", "q_value")]
        return [(format_p_value(s.value) if s.value is not None else ABSENT, [s]) for s in found]

    def _assays(self) -> Table:
        lines: list[Row] = []
        import polars as pl

        for (assay,), part in self.rows.filter(pl.col("analysis") == "feature_quality").group_by(
            "paramcd", maintain_order=True
        ):
            block = self._block(part)
            lines.append(heading(assay_label(self.protocol, str(assay)), 1))
            for variable, prefix in (("samples", "Samples, "), ("features", "Features ")):
                for level in block.levels(variable):
                    text = str(level)
                    label = (
                        text[:1].upper() + text[1:]
                        if variable == "features" and text not in ("in the file", "analysed")
                        else prefix + text
                    )
                    depth = 1 if text in ("in the file", "analysed") or variable == "samples" else 2
                    lines.append(row(label, [self._number(block.stat("n", variable, level))], depth=depth))
        notes = ("A feature that was left out stands under the first reason; the dataset adfeaq lists each.",)
        return self._table(
            "omics_assays",
            "Assays of many features: what was analysed",
            ("", "Number"),
            lines,
            notes,
            "feature_quality",
        )

    def _comparisons(self) -> Table:
        lines: list[Row] = []
        notes: list[str] = []
        for assay, variable, part in self._each("feature_comparison"):
            block = self._block(part)
            section = self.protocol.assay[assay]
            label = f"{assay_label(self.protocol, assay)}, {comparison_label(self.protocol, variable)}"
            why = block.stat("p_value", variable)
            if why.note:
                lines.append(row(label, [(why.note, [why]), *[(ABSENT, [])] * 3], depth=0))
                continue
            levels = [level for level in block.levels(variable) if level not in ("tested", "up", "down", "scale")]
            sizes = [block.stat("n", variable, level) for level in levels]
            who = ", ".join(f"{self.printer.number(s.value)} {level}" for s, level in zip(sizes, levels, strict=True))
            tested, up, down = (
                block.stat("N", variable, "tested"),
                block.stat("n", variable, "up"),
                block.stat("n", variable, "down"),
            )
            lines.append(
                row(label, [(who, sizes), self._number(tested), self._number(up), self._number(down)], depth=0)
            )
            notes.append(
                f"{label}: {tested.method}; called where Q ≤ {getattr(section, 'q', 0.05):g}{_least(section)}."
            )
            scale = block.stat("text", variable, "scale")
            notes += [scale.note] if scale.note else []
        columns = ("", "Compared", "Features tested", "Higher", "Lower")
        return self._table("omics_comparisons", "Features compared", columns, lines, notes, "feature_comparison")

    def _differences(self) -> Iterator[Table]:
        for assay, variable, part in self._each("feature_difference"):
            levels = top_levels(part)
            block = self._block(part, levels)
            labels = feature_labels(self.datasets, assay)
            lines = []
            for level in levels:
                found = [block.stat(name, variable, level) for name in ("estimate", "conf_low", "conf_high")]
                shown = [self.printer.number(s.value, 2) for s in found]
                effect = (
                    shown[0] if found[1].value is None else f"{shown[0]} ({self.printer.interval(shown[1], shown[2])})"
                )
                cells = [
                    self._number(block.stat("n", variable, level)),
                    (effect, found),
                    *self._p(block, variable, level),
                ]
                lines.append(row(feature_label(labels, level), cells, depth=0))
            unit = (block.stat("estimate", variable, levels[0]).unit if levels else None) or "Difference"
            label = f"{assay_label(self.protocol, assay)}, {comparison_label(self.protocol, variable)}"
            title = f"{label}: the {len(levels)} features that differ most"
            columns = ("", "n", f"{unit[:1].upper()}{unit[1:]} ({self.printer.coverage()})", "P", "Q")
            yield self._table(
                f"omics_{_slug(assay)}_{_slug(variable)}",
                title,
                columns,
                lines,
                [f"Method: {m}." for m in block.methods()],
                "feature_difference",
            )

    def _sets(self) -> Iterator[Table]:
        for assay, variable, part in self._each("feature_sets"):
            levels = top_levels(part)
            if not levels:
                continue
            block = self._block(part, levels)
            lines = []
            for level in levels:
                found = {name: block.stat(name, variable, level) for name in ("n", "normalised_score", "leading")}
                leading = [] if not found["leading"].text else found["leading"].text.split()
                shown = ", ".join(leading[:3]) + (f" and {len(leading) - 3} more" if len(leading) > 3 else "")
                cells: _Cells = [
                    self._number(found["n"]),
                    self._number(found["normalised_score"], 2),
                    *self._p(block, variable, level),
                ]
                lines.append(row(level.replace("_", " "), [*cells, (shown, [found["leading"]])], depth=0))
            label = f"{assay_label(self.protocol, assay)}, {comparison_label(self.protocol, variable)}"
            title = f"{label}: gene sets by preranked enrichment"
            columns = ("", "Genes", "Normalised score", "P", "Q", "Leading edge")
            yield self._table(
                f"omics_sets_{_slug(assay)}_{_slug(variable)}",
                title,
                columns,
                lines,
                [f"Method: {m}." for m in block.methods()],
                "feature_sets",
            )
            yield self._over(assay, variable, label)

    def _over(self, assay: str, variable: str, label: str) -> Table:
        import polars as pl

        lines: list[Row] = []
        notes: list[str] = []
        for way in ("up", "down"):
            part = self.rows.filter(
                (pl.col("analysis") == f"feature_sets_{way}")
                & (pl.col("paramcd") == assay)
                & (pl.col("variable") == variable)
            )
            levels = top_levels(part, n=10) if part.height else []
            if not levels:
                continue
            block = self._block(part, levels)
            notes += [f"Method: {m}." for m in block.methods()]
            lines.append(heading(f"Among features that are {'higher' if way == 'up' else 'lower'}", 4))
            for level in levels:
                n, total, fold = (block.stat(name, variable, level) for name in ("n", "N", "fold"))
                of = f"{self.printer.number(n.value)} of {self.printer.number(total.value)}"
                lines.append(
                    row(
                        level.replace("_", " "),
                        [(of, [n, total]), self._number(fold, 1), *self._p(block, variable, level)],
                    )
                )
        columns = ("", "Called of measured", "Fold", "P", "Q")
        return self._table(
            f"omics_over_{_slug(assay)}_{_slug(variable)}",
            f"{label}: over-represented gene sets",
            columns,
            lines,
            notes,
            "feature_sets_up",
        )

    def _scores(self) -> Table:
        lines: list[Row] = []
        notes: list[str] = []
        for assay, variable, part in self._each("feature_score"):
            levels = top_levels(part)
            block = self._block(part, levels)
            notes += [f"Method: {m}." for m in block.methods()]
            lines.append(
                heading(f"{assay_label(self.protocol, assay)}, {comparison_label(self.protocol, variable)}", 5)
            )
            for level in levels:
                first, second = (block.stat(name, variable, level) for name in ("median_first", "median_second"))
                auc = block.stat("auc", variable, level)
                middles: _Cells = [(self.printer.significant(s.value) if s else ABSENT, [s]) for s in (first, second)]
                lines.append(
                    row(level.replace("_", " "), [*middles, self._number(auc, 2), *self._p(block, variable, level)])
                )
        notes.append(
            "First and second: others and responders, the earlier and the later time, normal tissue and tumour."
        )
        columns = ("", "Median, first", "Median, second", "AUC", "P", "Q")
        return self._table("omics_scores", "Scores of gene sets", columns, lines, notes, "feature_score")

    def _times(self) -> Iterator[Table]:
        for analysis, what in (("feature_survival", "features"), ("feature_score_survival", "scores")):
            for assay, variable, part in self._each(analysis):
                levels = top_levels(part)
                if not levels:
                    continue
                block = self._block(part, levels)
                labels = feature_labels(self.datasets, assay)
                lines = []
                for level in levels:
                    found = [block.stat(name, variable, level) for name in ("hazard_ratio", "conf_low", "conf_high")]
                    shown = [self.printer.number(s.value, 2) for s in found]
                    ratio = (
                        ABSENT
                        if found[0].value is None
                        else f"{shown[0]} ({self.printer.interval(shown[1], shown[2])})"
                    )
                    n = self._number(block.stat("n", variable, level))
                    events = self._number(block.stat("events", variable, level))
                    lines.append(
                        row(
                            feature_label(labels, level).replace("_", " "),
                            [n, events, (ratio, found), *self._p(block, variable, level)],
                            depth=0,
                        )
                    )
                unit = block.stat("hazard_ratio", variable, levels[0]).unit or ""
                label = f"{assay_label(self.protocol, assay)}, {comparison_label(self.protocol, variable)}"
                title = f"{label}: the {len(levels)} {what} with the smallest P"
                columns = ("", "n", "Events", f"Hazard ratio {unit} ({self.printer.coverage()})", "P", "Q")
                yield self._table(
                    f"omics_{what}_{_slug(assay)}_{_slug(variable)}",
                    title,
                    columns,
                    lines,
                    [f"Method: {m}." for m in block.methods()],
                    analysis,
                )


def _least(section: object) -> str:
    least = getattr(section, "least_effect", 0.0)
    return f" and the fold change is at least {least:g} on the log2 scale" if least else ""


def _slug(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text).lower()
