"""Every analysis that a run makes, what it estimates and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.analyses.adverse_events import adverse_events
from onearm.analyses.baseline import baseline
from onearm.analyses.biomarkers import (
    biomarker_change,
    biomarker_response,
    biomarker_summary,
    biomarker_survival,
)
from onearm.analyses.concordance import concordance
from onearm.analyses.design import design
from onearm.analyses.disposition import describe_trial, disposition
from onearm.analyses.exposure import exposure
from onearm.analyses.genomes import gene_association, signatures
from onearm.analyses.growth import growth_modulation
from onearm.analyses.kinetics import kinetics
from onearm.analyses.laboratory import laboratory
from onearm.analyses.liver import liver
from onearm.analyses.models import models
from onearm.analyses.observed import observed_times
from onearm.analyses.omics import (
    feature_difference,
    feature_quality,
    feature_score,
    feature_survival,
)
from onearm.analyses.phases import phase_disposition, phase_exposure
from onearm.analyses.population import Datasets
from onearm.analyses.response import best_response, progression_extents, response_rate
from onearm.analyses.subgroups import subgroups
from onearm.analyses.survival import follow_up, survival, survival_curve, survival_rate
from onearm.analyses.therapy import therapy
from onearm.analyses.tissue import slope_change_groups, tissue_alignment
from onearm.analyses.tumour_change import tumour_change
from onearm.protocol import Protocol
from onearm.results import concat_results

__all__ = ["ANALYSES", "Analysis", "analyse"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Analysis:
    """
    One analysis.

    Parameters
    ----------
    function : callable
        From datasets and protocol to results.
    statistics : tuple of str
        What it estimates.
    reference : str
        Where its method comes from.
    """

    function: Callable[[Datasets, Protocol], pl.DataFrame]
    statistics: tuple[str, ...]
    reference: str


_COUNTS: Final = "Hopewell S et al. (2025), CONSORT 2025 statement, BMJ 388:e081123"
_KAPLAN: Final = (
    "Kaplan EL, Meier P (1958), J Am Stat Assoc 53:457-481; Brookmeyer R, Crowley J (1982), Biometrics 38:29-41"
)
_EXPOSED: Final = ("n", "N", "p", "duration_median", "cumulative_dose_median", "relative_dose_intensity_median")
_INTENSITY: Final = "ICH E3 (1995), section 12.1; Hryniuk W, Bush H (1984), J Clin Oncol 2:1281-1288"

ANALYSES: Final[Mapping[str, Analysis]] = MappingProxyType(
    {
        "trial": Analysis(describe_trial, ("text", "n"), _COUNTS),
        "disposition": Analysis(disposition, ("n",), _COUNTS),
        "phase_disposition": Analysis(phase_disposition, ("n",), _COUNTS),
        "baseline": Analysis(
            baseline,
            ("n", "N", "p", "missing", "mean", "sd", "median", "q1", "q3", "min", "max"),
            "Hyndman RJ, Fan Y (1996), Am Stat 50:361-365",
        ),
        "design": Analysis(design, ("value", "text"), "Simon R (1989), Control Clin Trials 10:1-10"),
        "best_response": Analysis(
            best_response, ("n", "N", "p"), "Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, section 4.4"
        ),
        "response_rate": Analysis(
            response_rate,
            ("n", "N", "p", "conf_low", "conf_high"),
            "Clopper CJ, Pearson ES (1934), Biometrika 26:404-413; other intervals in docs/statistics",
        ),
        "tumour_change": Analysis(
            tumour_change,
            ("n", "N", "p", "min", "q1", "median", "q3", "max"),
            "Eisenhauer EA et al. (2009), section 4.3",
        ),
        "tumour_kinetics": Analysis(
            kinetics,
            ("n", "missing", "min", "q1", "median", "q3", "max"),
            "Ferte C et al. (2014), Clin Cancer Res 20:246-252; Stein WD et al. (2011), Clin Cancer Res 17:907-917",
        ),
        "progression_extent": Analysis(
            progression_extents, ("n", "N", "p"), "NCT05013697: 1 or 2 sites, or 3 and more"
        ),
        "survival": Analysis(survival, ("n", "events", "censored", "median", "q1", "q3", "min", "max"), _KAPLAN),
        "survival_rate": Analysis(survival_rate, ("rate", "rate_low", "rate_high", "at_risk"), _KAPLAN),
        "survival_curve": Analysis(
            survival_curve, ("survival", "conf_low", "conf_high", "at_risk", "events", "censored"), _KAPLAN
        ),
        "follow_up": Analysis(
            follow_up,
            ("median", "q1", "q3", "min", "max"),
            "Schemper M, Smith TL (1996), Control Clin Trials 17:343-346",
        ),
        "observed_time": Analysis(
            observed_times,
            ("n", "min", "q1", "median", "q3", "max"),
            "Hyndman RJ, Fan Y (1996), Am Stat 50:361-365; Schemper M, Smith TL (1996), Control Clin Trials 17:343-346",
        ),
        "concordance": Analysis(
            concordance,
            ("n", "N", "p", "agreement", "expected", "kappa", "conf_low", "conf_high"),
            "Cohen J (1960), Educ Psychol Meas 20:37-46; Fleiss JL, Cohen J, Everitt BS (1969), Psychol Bull 72:323-327",
        ),
        "growth_modulation": Analysis(
            growth_modulation,
            ("n", "N", "p", "conf_low", "conf_high", "missing", "unknown", "median", "rate", "rate_low", "rate_high"),
            "Von Hoff DD (1998), Clin Cancer Res 4:1079-1086; Penel N et al. (2013), Ann Oncol 24:537-542",
        ),
        "subgroup": Analysis(
            subgroups,
            ("n", "N", "p", "median", "hazard_ratio", "conf_low", "conf_high", "p_value"),
            "Cox DR (1972), J R Stat Soc B 34:187-220; Mantel N (1966), Cancer Chemother Rep 50:163-170",
        ),
        "model": Analysis(
            models,
            ("hazard_ratio", "conf_low", "conf_high", "p_value", "p_interaction", "events_per_coefficient"),
            "Cox DR (1972), J R Stat Soc B 34:187-220; Grambsch PM, Therneau TM (1994), Biometrika 81:515-526",
        ),
        "exposure": Analysis(exposure, _EXPOSED, _INTENSITY),
        "phase_exposure": Analysis(phase_exposure, _EXPOSED, _INTENSITY),
        "adverse_events": Analysis(
            adverse_events,
            (
                "n",
                "N",
                "p",
                "n_grade_3_or_more",
                "p_grade_3_or_more",
                "events",
                "rate",
                "onset_median",
                "duration_median",
            ),
            "Ioannidis JPA et al. (2004), Ann Intern Med 141:781-788; NCI CTCAE",
        ),
        "laboratory": Analysis(
            laboratory, ("n", "N", "p"), "National Cancer Institute, CTCAE version 5.0 (2017) or 6.0 (2025)"
        ),
        "liver": Analysis(
            liver,
            ("n", "N", "p", "max"),
            "FDA (2009), Guidance for industry, drug-induced liver injury; Watkins PB et al. (2011), Drug Saf 34:243-252",
        ),
        "therapy": Analysis(therapy, ("n", "N", "p", "min", "median", "max"), "ICH E3 (1995), sections 9.4.7 and 11.2"),
        "biomarker_summary": Analysis(
            biomarker_summary,
            ("n", "N", "p", "missing", "min", "q1", "median", "q3", "max"),
            "Hyndman RJ, Fan Y (1996), Am Stat 50:361-365",
        ),
        "biomarker_response": Analysis(
            biomarker_response,
            ("n", "N", "p", "median", "q1", "q3", "estimate", "conf_low", "conf_high", "auc", "p_value", "q_value"),
            "Wilcoxon F (1945), Biometrics Bull 1:80-83; Hodges JL, Lehmann EL (1963), Ann Math Stat 34:598-611",
        ),
        "biomarker_change": Analysis(
            biomarker_change,
            ("n", "median", "q1", "q3", "estimate", "conf_low", "conf_high", "p_value", "q_value"),
            "Wilcoxon F (1945), Biometrics Bull 1:80-83; Benjamini Y, Hochberg Y (1995), J R Stat Soc B 57:289-300",
        ),
        "biomarker_survival": Analysis(
            biomarker_survival,
            ("n", "events", "hazard_ratio", "conf_low", "conf_high", "p_value", "q_value", "median", "p_log_rank"),
            "Cox DR (1972), J R Stat Soc B 34:187-220; Anderson JR, Cain KC, Gelber RD (1983), J Clin Oncol 1:710-719",
        ),
        "feature_quality": Analysis(
            feature_quality, ("n", "p", "text"), "Broadhurst D et al. (2018), Metabolomics 14:72"
        ),
        "feature_difference": Analysis(
            feature_difference,
            (
                "n",
                "N",
                "estimate",
                "conf_low",
                "conf_high",
                "statistic",
                "p_value",
                "q_value",
                "score",
                "normalised_score",
                "q_gsea",
                "fold",
                "rho",
                "p_high_low",
            ),
            "Smyth GK (2004), Stat Appl Genet Mol Biol 3:3; Love MI, Huber W, Anders S (2014), Genome Biol 15:550; "
            "Subramanian A et al. (2005), Proc Natl Acad Sci USA 102:15545-15550; Merico D et al. (2010), PLoS One 5:e13984",
        ),
        "feature_score": Analysis(
            feature_score,
            ("n", "median_first", "median_second", "estimate", "auc", "p_value", "q_value"),
            "Barbie DA et al. (2009), Nature 462:108-112; Becht E et al. (2016), Genome Biol 17:218",
        ),
        "feature_survival": Analysis(
            feature_survival,
            ("n", "events", "hazard_ratio", "conf_low", "conf_high", "p_value", "q_value"),
            "Cox DR (1972), J R Stat Soc B 34:187-220; Benjamini Y, Hochberg Y (1995), J R Stat Soc B 57:289-300",
        ),
        "slope_change": Analysis(
            slope_change_groups,
            ("cut", "undecided", "n", "median", "q1", "q3", "p_value", "hazard_ratio", "concordance"),
            "ALTER-E-003, Mol Cancer (2025), doi 10.1186/s12943-025-02376-w; Harrell FE et al. (1982), JAMA 247:2543-2546",
        ),
        "tissue_alignment": Analysis(
            tissue_alignment,
            ("n", "median", "q1", "q3", "landmark", "shift", "confidence"),
            "Hahne F et al. (2010), Cytometry A 77A:121-131",
        ),
        "gene_association": Analysis(
            gene_association,
            ("n", "N", "odds_ratio", "hazard_ratio", "conf_low", "conf_high", "p_value", "q_value", "p_max_t"),
            "Fisher RA (1935), J R Stat Soc 98:39-82; Mantel N (1966), Cancer Chemother Rep 50:163-170; Firth D (1993), "
            "Biometrika 80:27-38; Westfall PH, Young SS (1993), Resampling-Based Multiple Testing",
        ),
        "signature": Analysis(
            signatures,
            (
                "n",
                "N",
                "p",
                "median",
                "hazard_ratio",
                "p_value",
                "p_log_rank",
                "events_per_coefficient",
                "p_max_t",
                "apparent",
                "optimism",
                "corrected",
            ),
            "Westfall PH, Young SS (1993), Resampling-Based Multiple Testing; Harrell FE, Lee KL, Mark DB (1996), Stat Med "
            "15:361-387; Peduzzi P et al. (1995), J Clin Epidemiol 48:1503-1510",
        ),
    }
)


def analyse(datasets: Datasets, protocol: Protocol, *, progress: Progress | None = None) -> pl.DataFrame:
    """
    Run every analysis.

    Parameters
    ----------
    datasets : Datasets
        Derived datasets.
    protocol : Protocol
        What was planned.
    progress : callable, optional
        Called with the name of each analysis, how many are done and how many there are.

    Returns
    -------
    polars.DataFrame
        The results table, checked.
    """
    tables = []
    for done, (name, analysis) in enumerate(ANALYSES.items()):
        if progress:
            progress(name, done, len(ANALYSES))
        tables.append(analysis.function(datasets, protocol))
    return concat_results(tables)
