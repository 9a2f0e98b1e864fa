"""Reports: one self-contained HTML page of what was computed elsewhere."""

from fsaasr.report.data import (
    AttentionMap,
    ErrorsView,
    GraphView,
    Occupancy,
    Posteriors,
    RateRow,
    ReportData,
    TrainingCurve,
    TransducerGrid,
    TreeView,
    UtteranceView,
)
from fsaasr.report.drawing import Form
from fsaasr.report.figures import rates_figure, utterance_figure
from fsaasr.report.reliability import reliability_figure
from fsaasr.report.theme import DARK, LIGHT, Theme
from fsaasr.report.training_figures import occupancy_figure, training_figure
from fsaasr.report.tree_figure import tree_figure
from fsaasr.report.write import render_report, write_figures, write_report

__all__ = [
    "DARK",
    "LIGHT",
    "AttentionMap",
    "ErrorsView",
    "Form",
    "GraphView",
    "Occupancy",
    "Posteriors",
    "RateRow",
    "ReportData",
    "Theme",
    "TrainingCurve",
    "TransducerGrid",
    "TreeView",
    "UtteranceView",
    "occupancy_figure",
    "rates_figure",
    "reliability_figure",
    "render_report",
    "training_figure",
    "tree_figure",
    "utterance_figure",
    "write_figures",
    "write_report",
]
