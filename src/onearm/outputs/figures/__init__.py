"""Figures: one file each, a function that takes the data and one that draws it."""

from onearm.outputs.figures.adverse_events import adverse_events_data, draw_adverse_events
from onearm.outputs.figures.consort import consort_data, draw_consort
from onearm.outputs.figures.dosing import Dosing, dosing_data, draw_dosing
from onearm.outputs.figures.forest import draw_forest, forest_data
from onearm.outputs.figures.hys_law import draw_hys_law, hys_law_data
from onearm.outputs.figures.kaplan_meier import KaplanMeier, draw_kaplan_meier, kaplan_meier_data
from onearm.outputs.figures.kinetics import draw_kinetics, kinetics_data, measured_sizes
from onearm.outputs.figures.spider import draw_spider, spider_data
from onearm.outputs.figures.style import ONE_COLUMN_MM, TWO_COLUMNS_MM, Size, to_png, to_svg
from onearm.outputs.figures.swimmer import Swimmer, draw_swimmer, swimmer_data
from onearm.outputs.figures.timeline import Timeline, draw_timeline, timeline_data
from onearm.outputs.figures.waterfall import HIGHEST as WATERFALL_HIGHEST
from onearm.outputs.figures.waterfall import draw_waterfall, waterfall_data

__all__ = [
    "ONE_COLUMN_MM",
    "TWO_COLUMNS_MM",
    "WATERFALL_HIGHEST",
    "Dosing",
    "KaplanMeier",
    "Size",
    "Swimmer",
    "Timeline",
    "adverse_events_data",
    "consort_data",
    "dosing_data",
    "draw_adverse_events",
    "draw_consort",
    "draw_dosing",
    "draw_forest",
    "draw_hys_law",
    "draw_kaplan_meier",
    "draw_kinetics",
    "draw_spider",
    "draw_swimmer",
    "draw_timeline",
    "draw_waterfall",
    "forest_data",
    "hys_law_data",
    "kaplan_meier_data",
    "kinetics_data",
    "measured_sizes",
    "spider_data",
    "swimmer_data",
    "timeline_data",
    "to_png",
    "to_svg",
    "waterfall_data",
]
