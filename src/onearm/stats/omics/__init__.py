"""
Statistics of many features in few samples: moderated tests, screens, gene sets, normalisation, principal components.

Matrices have one row per sample and one column per feature; NaN is missing. What needs a package of the extra ``[omics]`` says so
by name when it is absent: `onearm.stats.omics.deseq`, `onearm.stats.omics.enrichment` and `onearm.stats.omics.set_network`.
"""
