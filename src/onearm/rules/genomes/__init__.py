"""Rules of sequencing: contexts of substitutions, composites of genes, calls of copy number."""
