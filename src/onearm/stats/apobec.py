"""Enrichment of mutations in the motif of the APOBEC deaminases, with its test and the burden that it accounts for."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.contingency import fisher_exact

__all__ = ["ApobecEnrichment", "apobec_enrichment"]


@dataclass(frozen=True)
class ApobecEnrichment(Framed):
    """
    Enrichment of one tumour.

    Attributes
    ----------
    enrichment : float
        Share of the cytosine mutations that lie in the motif over the share of the cytosines that do; NaN without
        mutations or background.
    p : float
        Fisher's exact test that it is above 1, one-sided; NaN as above.
    fraction : float
        Share of the cytosine mutations that lie in the motif; NaN without mutations.
    attributed : float
        Mutations in the motif beyond what the background accounts for, ``tcw (E - 1) / E``, where E is above 1; 0 else.
        NaN where E is.
    note : str
        Why there is no enrichment; empty else.
    """

    enrichment: float
    p: float
    fraction: float
    attributed: float
    note: str = ""


def apobec_enrichment(tcw_mutations: int, c_mutations: int, tcw_context: int, c_context: int) -> ApobecEnrichment:
    """
    Enrichment of C>T and C>G in TCW.

    Parameters
    ----------
    tcw_mutations, c_mutations : int
        Mutations in the motif, and of cytosine anywhere.
    tcw_context, c_context : int
        Motifs and cytosines in the windows around the mutations.

    Returns
    -------
    ApobecEnrichment
        Whether ``attributed`` counts where the test is not significant after adjustment over the tumours is for the
        caller to say: Roberts sets it to 0.

    Raises
    ------
    MethodError
        For counts that cannot be: negative, or more in the motif than anywhere.

    References
    ----------
    .. [1] Roberts SA et al. (2013), Nat Genet 45:970-976, the enrichment and its test.
    .. [2] Chan K et al. (2015), Nat Genet 47:1067-1072, the least number of mutations that it accounts for.

    Examples
    --------
    >>> found = apobec_enrichment(30, 60, 100, 800)
    >>> found.enrichment, round(found.attributed, 6)
    (4.0, 22.5)
    """
    counts = (tcw_mutations, c_mutations, tcw_context, c_context)
    if min(counts) < 0 or tcw_mutations > c_mutations or tcw_context > c_context:
        raise MethodError(f"counts: {counts} cannot be; give those in the motif before those anywhere.")
    if not c_mutations:
        return ApobecEnrichment(nan, nan, nan, nan, "no mutation of cytosine to thymine or guanine")
    fraction = tcw_mutations / c_mutations
    if not tcw_context:
        return ApobecEnrichment(
            nan, nan, fraction, nan, "no background: contexts of 10 bases or more on each side are needed"
        )
    enrichment = fraction / (tcw_context / c_context)
    table = [[tcw_mutations, c_mutations - tcw_mutations], [tcw_context, c_context - tcw_context]]
    attributed = tcw_mutations * (enrichment - 1) / enrichment if enrichment > 1 else 0.0
    return ApobecEnrichment(enrichment, fisher_exact(table).p_greater, fraction, attributed)
