"""
Counts compared by DESeq2's model, through pydeseq2 of the extra ``[omics]``, with its threads pinned.

pydeseq2 is 4 to 15 times slower when the linear algebra beneath it starts threads for its thousands of tiny problems. Its
fits are made for all features at once by `onearm.stats.omics.count_fits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.omics.count_fits import fit_dispersions, fit_means, linear_means, wald
from onearm.stats.omics.count_scale import judge_scale
from onearm.stats.omics.extras import extra_module, noted_warnings
from onearm.stats.omics.linear_fits import check_matrix

__all__ = ["CountTest", "deseq"]

Floats = NDArray[np.float64]

_FIRST, _SECOND = "a", "b"
_MOST_NOTES: Final = 5


@dataclass(frozen=True, repr=False)
class CountTest(Framed):
    """
    Comparison of counts, one row per feature.

    Attributes
    ----------
    names : tuple of str
        Features.
    mean : numpy.ndarray, shape (n_features,)
        Mean of the normalised counts.
    effect, std_error, low, high : numpy.ndarray, shape (n_features,)
        log2 fold change, second group against the first, not shrunk; its standard error and Wald interval.
    statistic, p, q : numpy.ndarray, shape (n_features,)
        Wald statistic, two-sided p, and q by Benjamini and Hochberg after independent filtering. NaN without counts; p is
        NaN for a feature with an outlying count (Cook's distance), q also for one filtered for its low mean.
    dispersion : numpy.ndarray, shape (n_features,)
        Of the negative binomial distribution.
    size_factors : numpy.ndarray, shape (n_samples,)
        Of the samples.
    method : str
        What was done.
    notes : tuple of str
        What to know when reading it.
    """

    names: tuple[str, ...]
    mean: Floats
    effect: Floats
    std_error: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats
    q: Floats
    dispersion: Floats
    size_factors: Floats
    method: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [f"{self.method}: {len(self.names)} features, {int((self.q <= 0.05).sum())} with q <= 0.05"]
        for i in np.argsort(np.where(np.isnan(self.p), 2.0, self.p), kind="stable")[:5]:
            lines.append(
                f"{self.names[i]}: log2 fold change {self.effect[i]:.4g}, p = {self.p[i]:.3g}, q = {self.q[i]:.3g}"
            )
        return "\n".join([*lines, *self.notes])


def deseq(
    counts: ArrayLike,
    is_second: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    block: Sequence[object] | None = None,
    alpha: float = 0.05,
) -> CountTest:
    """
    Compare counts between two groups, or within patients.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_features)
        Raw counts; expected counts of RSEM are rounded. Without missing values.
    is_second : array_like of bool, shape (n_samples,)
        Which samples are in the second group.
    names : sequence of str, optional
        Names of the features.
    block : sequence, shape (n_samples,), optional
        Whose sample it is, for a comparison within patients.
    alpha : float, default 0.05
        Level of q for which independent filtering is optimised.

    Returns
    -------
    CountTest
        DESeq2's Wald test with its defaults: parametric dispersion trend, Cook's distances, independent filtering.

    Raises
    ------
    MethodError
        If the values are no counts, a group has fewer than two samples, or pydeseq2 is not installed.

    References
    ----------
    .. [1] Love MI, Huber W, Anders S (2014), Genome Biol 15:550.
    .. [2] Muzellec B, Teleńczuk M, Cabeli V, Andreux M (2023), Bioinformatics 39(9):btad547.
    """
    matrix, second = check_matrix(counts, name="counts"), np.asarray(is_second, dtype=np.bool_)
    labels = tuple(f"x{i + 1}" for i in range(matrix.shape[1])) if names is None else tuple(map(str, names))
    notes = _check(matrix, second, labels, block)
    whole = np.rint(matrix).astype(np.int64)
    fitted, table, said = _run(whole, second, block, alpha)
    effect, error = (table[column].to_numpy(np.float64) for column in ("log2FoldChange", "lfcSE"))
    half = 1.959963984540054 * error
    return CountTest(
        names=labels, mean=table["baseMean"].to_numpy(np.float64), effect=effect, std_error=error,
        low=effect - half, high=effect + half, statistic=table["stat"].to_numpy(np.float64),
        p=table["pvalue"].to_numpy(np.float64), q=table["padj"].to_numpy(np.float64),
        dispersion=np.asarray(fitted.var["dispersions"], dtype=np.float64),
        size_factors=np.asarray(fitted.obs["size_factors"], dtype=np.float64),
        method=f"DESeq2 model, Wald test{'' if block is None else ', within patients'} (pydeseq2)",
        notes=(*notes, *said[:_MOST_NOTES]),
    )  # fmt: skip


def _check(
    matrix: Floats, second: NDArray[np.bool_], labels: tuple[str, ...], block: Sequence[object] | None
) -> list[str]:
    """Refuse what the model cannot take; say what was rounded."""
    problems, notes = [], []
    if len(labels) != matrix.shape[1]:
        problems.append(f"names: {len(labels)} for {matrix.shape[1]} features.")
    if second.shape != matrix.shape[:1] or min(second.sum(), (~second).sum()) < 2:
        problems.append("is_second: two samples in each group at least are needed.")
    if block is not None and len(block) != matrix.shape[0]:
        problems.append(f"block: {len(block)} entries for {matrix.shape[0]} samples.")
    scale = judge_scale(matrix)
    if scale.kind == "expected counts":
        notes.append("Expected counts were rounded to whole numbers, as DESeq2's importer does.")
    elif scale.kind != "counts":
        problems.append(f"counts: {scale.why} DESeq2's model needs raw counts; use the moderated t test instead.")
    if problems:
        raise MethodError(*problems)
    return notes


def _vectorised(base: Any) -> Any:
    """Make pydeseq2 fit all features at once; features whose iterations run away are left to its own optimiser."""

    class VectorInference(base):  # type: ignore[misc]  # the base is loaded when it is needed
        def lin_reg_mu(self, counts: Any, size_factors: Any, design_matrix: Any, min_mu: float) -> Floats:
            return linear_means(_floats(counts), _floats(size_factors), _floats(design_matrix), min_mu)

        def irls(
            self, counts: Any, size_factors: Any, design_matrix: Any, disp: Any, min_mu: float, beta_tol: float,
            min_beta: float = -30, max_beta: float = 30, optimizer: str = "L-BFGS-B", maxiter: int = 250,
        ) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:  # fmt: skip
            k, size, X, alpha = map(_floats, (counts, size_factors, design_matrix, disp))
            fits = fit_means(k, size, X, alpha, least=min_mu, tolerance=beta_tol, most=max_beta, max_iterations=maxiter)
            lost = np.flatnonzero(~fits.is_done)
            if lost.size:
                again = (k[:, lost], size, X, alpha[lost], min_mu, beta_tol, min_beta, max_beta, optimizer, maxiter)
                beta, mu, leverage, done = super().irls(*again)
                fits.beta[lost], fits.mu[:, lost], fits.leverage[:, lost], fits.is_done[lost] = beta, mu, leverage, done
            return fits.beta, fits.mu, fits.leverage, fits.is_done

        def alpha_mle(
            self, counts: Any, design_matrix: Any, mu: Any, alpha_hat: Any, min_disp: float, max_disp: float,
            prior_disp_var: float | None = None, cr_reg: bool = True, prior_reg: bool = False, **_: Any,
        ) -> tuple[Floats, NDArray[np.bool_]]:  # fmt: skip
            found = fit_dispersions(
                _floats(counts), _floats(design_matrix), _floats(mu), _floats(alpha_hat), (min_disp, max_disp),
                prior_variance=prior_disp_var if prior_reg else None, is_adjusted=cr_reg,
            )  # fmt: skip
            return found, np.ones(found.size, dtype=np.bool_)

        def wald_test(
            self, design_matrix: Any, disp: Any, lfc: Any, mu: Any, ridge_factor: Any, contrast: Any, lfc_null: Any,
            alt_hypothesis: str | None = None,
        ) -> tuple[Floats, Floats, Floats]:  # fmt: skip
            if alt_hypothesis is not None or np.any(np.asarray(lfc_null) != 0):
                found: tuple[Floats, Floats, Floats] = super().wald_test(
                    design_matrix, disp, lfc, mu, ridge_factor, contrast, lfc_null, alt_hypothesis
                )
                return found
            return wald(*map(_floats, (design_matrix, disp, lfc, mu, ridge_factor, contrast)))

    return VectorInference


def _floats(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _run(
    counts: NDArray[np.int64], second: NDArray[np.bool_], block: Sequence[object] | None, alpha: float
) -> tuple[Any, Any, list[str]]:
    """Fit and test with one thread, so that the thousands of small fits do not wait for one another."""
    dds = extra_module("pydeseq2.dds", purpose="DESeq2's model")
    ds = extra_module("pydeseq2.ds", purpose="DESeq2's model")
    inference = extra_module("pydeseq2.default_inference", purpose="DESeq2's model")
    threads = extra_module("threadpoolctl", purpose="DESeq2's model")
    import pandas as pd  # comes with pydeseq2

    samples = [f"s{i}" for i in range(counts.shape[0])]
    about = {"group": np.where(second, _SECOND, _FIRST)}
    if block is not None:
        _, codes = np.unique(np.asarray([str(item) for item in block]), return_inverse=True)
        about["patient"] = np.array([f"p{code}" for code in codes])
    table = pd.DataFrame(counts, index=samples, columns=[f"f{i}" for i in range(counts.shape[1])])
    one = _vectorised(inference.DefaultInference)(n_cpus=1)
    with threads.threadpool_limits(1), noted_warnings() as notes:
        fitted = dds.DeseqDataSet(
            counts=table,
            metadata=pd.DataFrame(about, index=samples),
            design="~group" if block is None else "~patient + group",
            inference=one,
            quiet=True,
        )
        fitted.deseq2()
        test = ds.DeseqStats(fitted, contrast=["group", _SECOND, _FIRST], alpha=alpha, inference=one, quiet=True)
        test.summary()
    return fitted, test.results_df, notes
