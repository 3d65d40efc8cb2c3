"""Measures of tissue: from cells with positions and markers to densities, distances, structures and scores."""

from onearm.derivations.tissue.measures import Measures, measure_cells
from onearm.derivations.tissue.plan import Measure, TissuePlan, parse_measure

__all__ = ["Measure", "Measures", "TissuePlan", "measure_cells", "parse_measure"]
