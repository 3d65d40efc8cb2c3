"""Gene sets as the user supplies them: GMT, or a table of sets and genes; and the markers of MCP-counter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onearm.data.assays.omics.markers import MCP_COUNTER
from onearm.data.read import read_table
from onearm.errors import DataError

__all__ = ["mcp_counter", "read_gene_sets"]


def mcp_counter() -> dict[str, tuple[str, ...]]:
    """
    Give the markers of MCP-counter.

    Returns
    -------
    dict of str to tuple of str
        Cell population to gene symbols.

    References
    ----------
    .. [1] Becht E, Giraldo NA, Lacroix L et al. (2016), Genome Biol 17:218.

    Examples
    --------
    >>> mcp_counter()["CD8 T cells"]
    ('CD8B',)
    """
    return dict(MCP_COUNTER)


def read_gene_sets(paths: Path | Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """
    Read gene sets.

    Parameters
    ----------
    paths : Path or sequence of Path
        ``.gmt`` (a name, a description, then the genes, parted by tabs), or any table with one column of sets and one of
        genes, named ``set`` and ``gene``.

    Returns
    -------
    dict of str to tuple of str
        In the order of the files; a gene that stands twice in a set counts once.

    Raises
    ------
    DataError
        For a line without genes, a set that stands twice, or a file without sets.
    """
    found: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for path in [paths] if isinstance(paths, Path) else paths:
        own = _gmt(path, problems) if path.name.casefold().endswith(".gmt") else _table(path)
        problems += [f"{path.name}: the set '{name}' stands twice. Fix: rename one." for name in own if name in found]
        found |= own
    if problems:
        raise DataError(*problems)
    if not found:
        raise DataError("no gene set in the files given.")
    return found


def _gmt(path: Path, problems: list[str]) -> dict[str, tuple[str, ...]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: the file cannot be read as text ({type(error).__name__}).") from error
    found: dict[str, tuple[str, ...]] = {}
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("\t")]
        genes = tuple(dict.fromkeys(gene for gene in fields[2:] if gene))
        if not genes or not fields[0]:
            problems.append(f"{path.name}, row {row}: a name, a description and genes parted by tabs are needed.")
        elif fields[0] in found:
            problems.append(f"{path.name}, row {row}: the set '{fields[0]}' stands twice. Fix: rename one.")
        else:
            found[fields[0]] = genes
    return found


def _table(path: Path) -> dict[str, tuple[str, ...]]:
    table = read_table(path)
    low = {column.casefold().strip(): column for column in table.columns}
    names = next(
        (
            low[n]
            for n in ("set", "gene_set", "geneset", "pathway", "term", "cell population", "population")
            if n in low
        ),
        None,
    )
    genes = next((low[n] for n in ("gene", "symbol", "gene_symbol", "hugo symbols", "feature") if n in low), None)
    if names is None or genes is None:
        raise DataError(f"{path.name}: columns 'set' and 'gene' are needed; or give a .gmt file.")
    found: dict[str, list[str]] = {}
    for name, gene in table.select(names, genes).drop_nulls().iter_rows():
        found.setdefault(str(name), []).append(str(gene))
    return {name: tuple(dict.fromkeys(members)) for name, members in found.items()}
