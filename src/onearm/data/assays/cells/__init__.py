"""Readers of cell tables: inForm, QuPath, HALO, CellProfiler, and tables with named columns."""
