"""Reports: one self-contained HTML page of what was computed elsewhere."""

from fsaasr.report.data import ErrorsView, GraphView, Posteriors, RateRow, ReportData, UtteranceView
from fsaasr.report.figures import DARK, LIGHT, Theme, rates_figure, utterance_figure
from fsaasr.report.reliability import reliability_figure
from fsaasr.report.write import render_report, write_report

__all__ = [
    "DARK",
    "LIGHT",
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
