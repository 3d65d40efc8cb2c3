"""What tables and figures of assays of many features share: labels, the rows of a group, the foremost features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onearm.outputs.labels import endpoint_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from onearm.outputs.lookup import Group
    from onearm.protocol import Protocol

__all__ = [
    "assay_label",
    "comparison_label",
    "feature_label",
    "feature_labels",
    "of_group",
    "top_levels",
]

TOP: Final = 20
_COHORT: Final = "COHORT"


def assay_label(protocol: Protocol, name: str) -> str:
    """
    Name an assay.

    Parameters
    ----------
    protocol : Protocol
        Labels.
    name : str
        Its name.

    Returns
    -------
    str
        Its label, or the name.
    """
    return protocol.assay[name].label or name


def comparison_label(protocol: Protocol, name: str) -> str:
    """
    Name a comparison.

    Parameters
    ----------
    protocol : Protocol
        Endpoints.
    name : str
        ``response``, ``change: C2D1``, ``tissue`` or a time.

    Returns
    -------
    str
        As printed behind a comma.
    """
    if name.startswith("change: "):
        return f"change to {name.removeprefix('change: ')}"
    words = {"response": "responders against others", "tissue": "tumour against normal tissue"}
    label = endpoint_label(protocol, name)
    return words.get(name) or (label if label[:2].isupper() else label[:1].lower() + label[1:])


def feature_labels(datasets: Mapping[str, pl.DataFrame], assay: str) -> pl.DataFrame:
    """
    Say what is printed for each feature.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        With ``adfeaq``.
    assay : str
        Name of the assay.

    Returns
    -------
    polars.DataFrame
        ``FEATURE LABEL``: the gene, with the feature behind it where several have the same; the name of an annotated mass;
        else the feature.
    """
    import polars as pl

    rows = datasets["adfeaq"].filter((pl.col("ASSAY") == assay) & (pl.col("KEPTFL") == "Y"))
    alone = pl.len().over("SYMBOL") == 1
    symbol = (
        pl.when(alone | (pl.col("SYMBOL") == pl.col("FEATURE")))
        .then("SYMBOL")
        .otherwise(pl.format("{} ({})", "SYMBOL", "FEATURE"))
    )
    is_mass = pl.col("SYMBOL").is_null() & pl.col("NAME").is_not_null()
    return rows.select(
        "FEATURE",
        LABEL=pl.when(pl.col("SYMBOL").is_not_null()).then(symbol).when(is_mass).then("NAME").otherwise("FEATURE"),
    )


def feature_label(labels: pl.DataFrame, feature: str) -> str:
    """
    Say what is printed for one feature.

    Parameters
    ----------
    labels : polars.DataFrame
        From `feature_labels`.
    feature : str
        Its key.

    Returns
    -------
    str
        Its label.
    """
    found = labels.filter(FEATURE=feature)
    return str(found["LABEL"][0]) if found.height else feature


def of_group(results: pl.DataFrame, group: Group) -> pl.DataFrame:
    """
    Keep the rows of a group.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    group : Group
        Everybody, or a cohort.

    Returns
    -------
    polars.DataFrame
        Its rows.
    """
    import polars as pl

    if group.level is None:
        return results.filter(pl.col("group1").is_null())
    return results.filter((pl.col("group1") == _COHORT) & (pl.col("group1_level") == group.level))


def top_levels(rows: pl.DataFrame, *, n: int = TOP, by: str = "p_value") -> list[str]:
    """
    Name the levels with the smallest P values.

    Parameters
    ----------
    rows : polars.DataFrame
        Results of one analysis, assay and variable.
    n : int
        How many.
    by : str
        Statistic to order by.

    Returns
    -------
    list of str
        Smallest first; equal ones by the size of the statistic beside them, then by name.
    """
    import polars as pl

    p = rows.filter((pl.col("stat") == by) & pl.col("value").is_not_null()).select("variable_level", P="value")
    size = rows.filter(pl.col("stat").is_in(["statistic", "normalised_score", "rho"])).select(
        "variable_level", S=pl.col("value").abs()
    )
    ordered = p.join(size, on="variable_level", how="left").sort("P", -pl.col("S").fill_null(0.0), "variable_level")
    return ordered["variable_level"].head(n).to_list()
