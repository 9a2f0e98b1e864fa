"""Reliability diagrams: do confidences mean what they say?"""

from __future__ import annotations

from typing import Sequence, Tuple

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import CalibrationReport
from fsaasr.report.drawing import drawn, dress
from fsaasr.report.theme import LIGHT, Theme


def reliability_figure(curves: Sequence[Tuple[str, CalibrationReport]], theme: Theme = LIGHT) -> bytes:
    """Accuracy over confidence with its 95 % interval, and below it how many words have which confidence, as SVG.

    Points on the diagonal are calibrated; below it confidences promise too much.

    Args:
      curves: name and report of each, all with the same bins: say, before and after calibration.
      theme: colours.

    Raises:
      EvaluationError: no curves, or bins that differ.
    """
    from matplotlib.figure import Figure

    if len({len(report.bins) for _, report in curves}) != 1:
        raise EvaluationError("reliability_figure: expected at least one curve, all with the same number of bins")
    figure = Figure(figsize=(5.2, 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=theme.faint, linewidth=1, linestyle=(0, (4, 3)))
    width = 1 / len(curves[0][1].bins)
    for n, (name, report) in enumerate(curves):
        colour = theme.lines[n % len(theme.lines)]
        full = [row for row in report.bins if row.words]
        label = f"{name} (calibration error {report.expected_error:.3f})"
        sure = [row.confidence for row in full]
        above.vlines(sure, *zip(*(row.accuracy_interval for row in full)), color=colour, linewidth=2.5, alpha=0.3)
        points = (sure, [row.accuracy for row in full])
        above.plot(*points, "o-", color=colour, linewidth=1.4, markersize=5, label=label, clip_on=False, zorder=3)
        # Bars of one bin stand side by side.
        lefts = [row.low + width * (0.08 + 0.84 * n / len(curves)) for row in report.bins]
        shares = [100 * row.words / report.words for row in report.bins]
        below.bar(lefts, shares, width=0.84 * width / len(curves), align="edge", color=colour, alpha=0.75)
    above.set(xlim=(0, 1), ylim=(0, 1))
    above.set_ylabel("share of correct words", color=theme.text)
    above.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, labelcolor=theme.text, fontsize=9)
    below.set_ylabel("% of the words", color=theme.text)
    below.set_xlabel("confidence", color=theme.text)
    for axes in (above, below):
        axes.grid(color=theme.faint, alpha=0.3, linewidth=0.6)
        axes.set_axisbelow(True)
        dress(axes, theme)
    return drawn(figure)
