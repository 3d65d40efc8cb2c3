"""
Cohorts from printed numbers: solvers that look for patients whose analysis gives what a paper printed.

The solvers know printed numbers (`targets`) and patients (`solutions`), and nothing of papers, records or tables. They never
tell a later stage what the answer is: what they return is times, labels and events of synthetic patients, from which the
numbers have to be computed again.

``times.solve_times(target, conventions, schedule, seed)``
    One endpoint by itself.
``cohort.solve_cohort(cohort, seed)``
    Responses, times of all endpoints and characteristics of all patients at once.
``margins.assign_margins(n, margins, crosses, measures, given, seed)``
    Characteristics alone.
``adverse_events.solve_adverse_events(targets, seed)``
    Terms and grades.
"""

from onearm.reconstruction.reconstruct import Reconstruction, reconstruct

__all__ = ["Reconstruction", "reconstruct"]
