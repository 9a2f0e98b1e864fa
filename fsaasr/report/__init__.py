"""Reports: one self-contained HTML page of what was computed elsewhere."""

from fsaasr.report.data import AttentionMap, ErrorsView, GraphView, Posteriors, RateRow, ReportData, UtteranceView
from fsaasr.report.figures import rates_figure, utterance_figure
from fsaasr.report.reliability import reliability_figure
from fsaasr.report.theme import DARK, LIGHT, Theme
from fsaasr.report.write import render_report, write_report

__all__ = [
    "DARK",
    "LIGHT",
    "AttentionMap",
    "ErrorsView",
    "GraphView",
    "Posteriors",
    "RateRow",
    "ReportData",
    "Theme",
    "UtteranceView",
    "rates_figure",
    "reliability_figure",
    "render_report",
    "utterance_figure",
    "write_report",
]
