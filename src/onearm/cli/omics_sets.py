"""Gene sets and metabolites by hand: ``onearm ssgsea``, ``enrich``, ``annotate`` and ``peaks``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from onearm.cli.omics import Format, Matrix, Out, Top, Unit, open_matrix, show_table, write_out
from onearm.errors import DataError, MethodError, suggest

__all__ = ["register"]

SSGSEA_HELP: Final = """
Score gene sets in every sample: ssGSEA, MCP-counter, or means.

`onearm ssgsea counts.csv --sets hallmark.gmt --out scores.csv`; `--method mcp_counter` needs no sets.
"""
ENRICH_HELP: Final = """
Look for gene sets in a table of `onearm difference`: preranked enrichment and over-representation.

`onearm enrich difference.csv --sets hallmark.gmt --seed 1`. The measured features are the background.
"""
ANNOTATE_HELP: Final = """
Name LC-MS features by accurate mass.

`onearm annotate features.csv compounds.csv --ppm 5`; the compounds have a name and a formula or mass. Ambiguous matches are
all listed and called ambiguous.
"""
PEAKS_HELP: Final = """
Look at the peak of one mass in an mzML file.

`onearm peaks run.mzML --mz 205.0972 --ppm 10`
"""
METHODS: Final = ("ssgsea", "mcp_counter", "mean", "z")
WAYS: Final = {"up": 1, "down": -1, "both": 0}


def register(app: typer.Typer) -> None:
    """
    Add the commands of this file.

    Parameters
    ----------
    app : typer.Typer
        The application.
    """
    app.command("ssgsea", help=SSGSEA_HELP, no_args_is_help=True)(ssgsea_command)
    app.command("enrich", help=ENRICH_HELP, no_args_is_help=True)(enrich_command)
    app.command("annotate", help=ANNOTATE_HELP, no_args_is_help=True)(annotate_command)
    app.command("peaks", help=PEAKS_HELP, no_args_is_help=True)(peaks_command)


Sets = Annotated[
    list[Path] | None, typer.Option("--sets", "-s", help="GMT file, or table of sets and genes; may be repeated.")
]


def ssgsea_command(
    matrix: Matrix,
    *,
    sets: Sets = None,
    method: Annotated[str, typer.Option("--method", help="ssgsea, mcp_counter, mean or z.")] = "ssgsea",
    normalised: Annotated[
        bool, typer.Option("--normalised", help="ssgsea: divide by the range of all scores, as GSVA does.")
    ] = False,
    kind: Format = "auto",
    unit: Unit = None,
    out: Out = None,
    top: Top = 10,
) -> None:
    """
    Score gene sets.

    Parameters
    ----------
    matrix : Path
        File or folder.
    sets : list of Path
        Gene sets.
    method : str
        Which score.
    normalised : bool
        Whether ssGSEA is divided by its range.
    kind, unit : str
        Format and unit of the matrix.
    out : Path, optional
        Where to write samples by sets.
    top : int
        Samples to print.
    """
    import polars as pl

    from onearm.cli.omics_tests import log_values
    from onearm.data.assays.omics import mcp_counter, read_gene_sets
    from onearm.derivations.biomarkers.features import by_symbol
    from onearm.stats.omics.single_sample import mean_scores, ssgsea

    if method not in METHODS:
        raise MethodError(f"--method {method}: unknown.{suggest(method, METHODS)}")
    if not sets and method != "mcp_counter":
        raise MethodError(f"--sets: gene sets are needed for {method}.")
    found = open_matrix(matrix, kind=kind, unit=unit).of_role()
    values, names = by_symbol(log_values(found)[0], found.features)
    members = read_gene_sets(sets) if sets else mcp_counter()
    if method == "ssgsea":
        scores = ssgsea(values, names, members, is_normalised=normalised)
    else:
        scores = mean_scores(values, names, members, kind="z" if method == "z" else "mean")
    table = pl.DataFrame({"sample": found.samples["SAMPLE"]}).hstack(
        pl.DataFrame(scores.scores, schema=list(scores.sets), orient="row").fill_nan(None)
    )
    lost = [name for name, n in zip(scores.sets, scores.measured, strict=True) if n == 0]
    print(f"{scores.method}: {len(scores.sets)} sets in {table.height} samples")
    for name in lost[:5]:
        typer.echo(f"note: no member of '{name}' was measured.", err=True)
    print(show_table(table.select(table.columns[:7]), top))
    write_out(table, out)


def enrich_command(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="Written by `onearm difference --out`.")],
    *,
    sets: Sets = None,
    q: Annotated[
        float, typer.Option("--q", help="Features with q up to this are chosen for over-representation.")
    ] = 0.05,
    way: Annotated[
        str, typer.Option("--way", help="Over-representation among features that are up, down or both.")
    ] = "both",
    permutations: Annotated[int, typer.Option("--permutations", help="Of preranked enrichment.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same P values.")] = 1,
    out: Out = None,
    top: Top = 15,
) -> None:
    """
    Look for gene sets among features that differ.

    Parameters
    ----------
    table : Path
        Features with ``symbol``, ``effect``, ``statistic`` and ``q``.
    sets : list of Path
        Gene sets.
    q : float
        Limit of the choice.
    way : str
        Which features are chosen.
    permutations, seed : int
        Of preranked enrichment.
    out : Path, optional
        Where to write every set.
    top : int
        Rows to print.
    """
    import numpy as np
    import polars as pl

    from onearm.data import read_table
    from onearm.data.assays.omics import read_gene_sets
    from onearm.frames import check_columns
    from onearm.stats.omics.enrichment import preranked
    from onearm.stats.omics.over_representation import over_representation

    if not sets:
        raise MethodError("--sets: gene sets are needed.")
    if way not in WAYS:
        raise MethodError(f"--way {way}: unknown.{suggest(way, WAYS)}")
    typed = read_table(table)
    check_columns(typed, ["symbol", "effect", "statistic", "q"], where=table.name)
    numbers = typed.with_columns(pl.col("effect", "statistic", "q").cast(pl.Float64, strict=False)).drop_nulls(
        ["symbol", "statistic"]
    )
    ranked = numbers.sort(pl.col("statistic").abs(), descending=True).unique(
        "symbol", keep="first", maintain_order=True
    )
    members = read_gene_sets(sets)
    found = preranked(
        ranked["statistic"].to_numpy(), ranked["symbol"].to_list(), members, permutations=permutations, seed=seed
    )
    called = (pl.col("q") <= q) & ((pl.col("effect").sign() == WAYS[way]) if WAYS[way] else pl.lit(value=True))
    chosen = ranked.filter(called.fill_null(value=False))["symbol"].to_list()
    over = over_representation(chosen, ranked["symbol"].to_list(), members)
    columns = {
        "set": found.sets, "n": found.measured, "score": found.score, "nes": found.normalised, "p": found.p, "q": found.q,
        "chosen": over.found, "fold": over.fold, "p_over": over.p, "q_over": over.q, "status": found.status,
        "leading": found.leading, "members": over.members,
    }  # fmt: skip
    result = (
        pl.DataFrame(columns)
        .with_columns(pl.selectors.float().fill_nan(None))
        .sort("p", -pl.col("nes").abs(), nulls_last=True)
    )
    tested = int(np.sum(~np.isnan(found.p)))
    print(
        f"Preranked enrichment of {tested} of {len(found.sets)} sets: {permutations} permutations, seed {seed}, "
        f"{found.n_tied} genes tied"
    )
    print(f"Over-representation: {len(chosen)} chosen of {ranked.height} measured genes")
    print(show_table(result.drop("leading", "members", "status", "score"), top))
    write_out(result, out)


def annotate_command(
    features: Annotated[Path, typer.Argument(metavar="FEATURES", help="LC-MS table of XCMS, MZmine or OpenMS.")],
    compounds: Annotated[Path, typer.Argument(metavar="COMPOUNDS", help="Table with a name and a formula or mass.")],
    *,
    adducts: Annotated[str, typer.Option("--adducts", help="Parted by commas.")] = "[M+H]+,[M+Na]+,[M+NH4]+",
    ppm: Annotated[float, typer.Option("--ppm", help="Tolerance in parts per million.")] = 5.0,
    window: Annotated[float, typer.Option("--rt-window", help="Seconds by which retention times may differ.")] = 30.0,
    out: Out = None,
    top: Top = 20,
) -> None:
    """
    Name LC-MS features by accurate mass.

    Parameters
    ----------
    features, compounds : Path
        The features, and the compounds to look for.
    adducts : str
        Names of adducts.
    ppm, window : float
        Tolerances.
    out : Path, optional
        Where to write every match.
    top : int
        Rows to print.
    """
    import numpy as np
    import polars as pl

    from onearm.cli.columns import number_series
    from onearm.data import read_table
    from onearm.stats.omics.accurate_mass import annotate_masses, formula_mass

    found = open_matrix(features, kind="lcms")
    typed = read_table(compounds)
    low = {column.casefold(): column for column in typed.columns}
    if "name" not in low or not ({"mass", "formula"} & low.keys()):
        raise DataError(f"{compounds.name}: a column 'name' and one of 'formula' or 'mass' are needed.")
    if "mass" in low:
        masses = number_series(typed[low["mass"]], where=compounds.name).fill_null(float("nan")).to_numpy()
    else:
        masses = np.array([formula_mass(str(formula)) for formula in typed[low["formula"]]])
    times = (
        number_series(typed[low["rt"]], where=compounds.name).fill_null(float("nan")).to_numpy()
        if "rt" in low
        else None
    )
    matches = annotate_masses(
        found.features["MZ"].to_numpy(), masses, adducts=[name.strip() for name in adducts.split(",")], ppm=ppm,
        retention=found.features["RT"].to_numpy(), compound_retention=times, retention_window=window,
    )  # fmt: skip
    names = typed[low["name"]].to_list()
    table = pl.DataFrame(
        {
            "feature": [found.names[i] for i in matches.feature],
            "mz": found.features["MZ"].gather(matches.feature.tolist()),
            "compound": [names[c] if c >= 0 else None for c in matches.compound],
            "adduct": [a or None for a in matches.adduct],
            "ppm": matches.ppm,
            "status": matches.status,
        }
    ).with_columns(pl.col("ppm").fill_nan(None))
    counts = {
        state: len({f for f, s in zip(matches.feature.tolist(), matches.status, strict=True) if s == state})
        for state in ("unique", "ambiguous", "none")
    }
    print(f"{len(found.names)} features: " + ", ".join(f"{n} {state}" for state, n in counts.items()))
    print(show_table(table.filter(pl.col("status") != "none"), top))
    write_out(table, out)


def peaks_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="mzML file.")],
    *,
    mz: Annotated[float, typer.Option("--mz", help="Mass over charge.")],
    ppm: Annotated[float, typer.Option("--ppm", help="Tolerance in parts per million.")] = 10.0,
    window: Annotated[str | None, typer.Option("--window", help="Seconds from and to, such as 280-340.")] = None,
    out: Out = None,
) -> None:
    """
    Look at the peak of one mass.

    Parameters
    ----------
    run : Path
        mzML file.
    mz, ppm : float
        Mass and tolerance.
    window : str, optional
        Seconds from and to.
    out : Path, optional
        Where to write the chromatogram.
    """
    import polars as pl

    from onearm.data.assays.omics import extract_ion

    limits = None
    if window is not None:
        low, dash, high = window.partition("-")
        try:
            limits = (float(low), float(high))
        except ValueError:
            raise MethodError(f"--window {window}: write the seconds from and to, such as 280-340.") from None
        if not dash or limits[0] >= limits[1]:
            raise MethodError(f"--window {window}: the first second should lie before the last.")
    found = extract_ion(run, mz, ppm=ppm, window=limits)
    if not found.scans:
        print(f"m/z {mz:g} within {ppm:g} ppm: no signal in {found.rt.size} scans")
        return
    print(f"m/z {mz:g} within {ppm:g} ppm: apex {found.apex_intensity:.4g} at {found.apex_rt:.1f} s")
    print(
        f"peak from {found.start_rt:.1f} to {found.end_rt:.1f} s in {found.scans} scans, area {found.area:.4g}, "
        f"{round(found.ppm, 1) + 0.0:+.1f} ppm"
    )
    if found.scans < 8:
        typer.echo("note: fewer than eight scans under the peak; its area is uncertain.", err=True)
    write_out(pl.DataFrame({"rt": found.rt, "intensity": found.intensity, "mz": found.mz}).fill_nan(None), out)
