"""Figures of a report: arrays in, SVG or PNG out; matplotlib's global state is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Sequence, Tuple

import numpy as np

from fsaasr.core import Span
from fsaasr.report.attention_figure import draw_attention
from fsaasr.report.data import Posteriors, RateRow, UtteranceView
from fsaasr.report.drawing import Form, drawn, dress
from fsaasr.report.theme import LIGHT, Theme
from fsaasr.report.transducer_figure import draw_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_LABEL_FROM = 0.3
"""Posterior that a token's peak must have to be labelled."""
_CROWDED = 0.02
"""Share of the time axis by which labels on one line must be apart."""


def utterance_figure(view: UtteranceView, theme: Theme = LIGHT, form: Form = "svg") -> bytes:
    """Alignment, spectrogram, posteriors, attention and transducers, one above the other on one time axis."""
    from matplotlib.figure import Figure

    # As high as the names of the tokens need.
    names = [*(shown.tokens for shown in view.attention), *(shown.tokens for shown in view.grids)]
    maps = [max(1.3, 0.5 + 0.11 * len(tokens)) for tokens in names]
    heights = [0.9, 2.0, *(1.3 for _ in view.posteriors), *maps]
    figure = Figure(figsize=(11.0, 1.3 * sum(heights)), layout="constrained")
    panels: Any = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    duration = len(view.spectrogram) * view.frame_shift
    _draw_alignment(panels[0], view, theme)
    _draw_spectrogram(panels[1], view, duration, theme)
    for axes, posteriors in zip(panels[2:], view.posteriors):
        _draw_posteriors(axes, posteriors, theme)
    for axes, attention in zip(panels[2 + len(view.posteriors) :], view.attention):
        draw_attention(axes, attention, theme)
    for axes, grid in zip(panels[len(panels) - len(view.grids) :], view.grids):
        draw_grid(axes, grid, theme)
    for axes in panels:
        dress(axes, theme)
        axes.set_xlim(0, duration)
        axes.tick_params(axis="x", length=3 if axes is panels[-1] else 0)
    panels[-1].set_xlabel("seconds", color=theme.text)
    return drawn(figure, form)


def _draw_alignment(axes: Axes, view: UtteranceView, theme: Theme) -> None:
    for row, spans in ((1, view.alignment.words), (0, view.alignment.tokens)):
        _draw_spans(axes, spans, row, theme)
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], labels=["phones", "words"])
    axes.tick_params(axis="y", length=0)
    axes.set_title(view.alignment_title, loc="left", fontsize=10, color=theme.text)


def _draw_spans(axes: Axes, spans: Sequence[Span], row: int, theme: Theme) -> None:
    for n, span in enumerate(spans):
        width = span.end - span.start
        axes.barh(
            row + 0.5,
            width,
            left=span.start,
            height=0.92,
            color=theme.bands[n % 2],
            edgecolor=theme.faint,
            linewidth=0.6,
        )
        axes.text(
            span.start + width / 2,
            row + 0.5,
            span.name,
            ha="center",
            va="center",
            color=theme.text,
            fontsize=11 if row else 8,
            clip_on=True,
            rotation=90 if not row and width < 0.05 * len(span.name) else 0,
        )


def _draw_spectrogram(axes: Axes, view: UtteranceView, duration: float, theme: Theme) -> None:
    energies = view.spectrogram.T
    low, high = np.percentile(energies, [10, 99.5])
    axes.imshow(
        energies,
        aspect="auto",
        origin="lower",
        extent=(0, duration, 0, 1),
        cmap=theme.colormap,
        vmin=float(low),
        vmax=float(high),
        interpolation="nearest",
    )
    for span in view.alignment.tokens:
        axes.axvline(span.start, color=theme.lines[0], linewidth=0.7, alpha=0.7)
    for time in sorted({time for span in view.alignment.words for time in (span.start, span.end)}):
        axes.axvline(time, color=theme.lines[1], linewidth=1.4, alpha=0.9)
    axes.set_yticks([0, 1], labels=["0", f"{view.top_frequency / 1000:g} kHz"])
    axes.set_title(
        "log mel spectrogram, with the boundaries of phones (thin) and words (thick)",
        loc="left",
        fontsize=10,
        color=theme.text,
    )


def _draw_posteriors(axes: Axes, posteriors: Posteriors, theme: Theme) -> None:
    # The middle of the frame that a posterior belongs to.
    times = (np.arange(len(posteriors.probabilities)) + 0.5) * posteriors.frame_shift
    labels: List[Tuple[float, float, str, str]] = []
    shown = 0
    for column, name in enumerate(posteriors.names):
        curve = posteriors.probabilities[:, column]
        if column == posteriors.blank:
            axes.fill_between(times, curve, color=theme.faint, alpha=0.25, linewidth=0)
            continue
        if curve.max() < _LABEL_FROM:
            continue
        colour = theme.lines[shown % len(theme.lines)]
        shown += 1
        axes.plot(times, curve, color=colour, linewidth=1.2)
        labels += [(float(times[peak]), float(curve[peak]), name, colour) for peak in _peaks(curve)]
    _draw_labels(axes, sorted(labels), len(times) * posteriors.frame_shift)
    axes.set_ylim(0, 1.4)
    axes.set_yticks([0, 1])
    axes.set_title(f"{posteriors.title}: posteriors (grey: blank)", loc="left", fontsize=10, color=theme.text)


def _draw_labels(axes: Axes, labels: Sequence[Tuple[float, float, str, str]], duration: float) -> None:
    """Writes names above their peaks (time, height, name, colour), every other one higher where they are crowded."""
    raised, before = False, -duration
    for time, height, name, colour in labels:
        raised = not raised and time - before < _CROWDED * duration
        before = time
        axes.text(time, height + (0.18 if raised else 0.03), name, ha="center", va="bottom", fontsize=8, color=colour)


def _peaks(curve: Any) -> Sequence[int]:
    """Greatest frame of each stretch of frames above the threshold."""
    above = np.concatenate([[False], curve >= _LABEL_FROM, [False]])
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    return [begin + int(np.argmax(curve[begin:end])) for begin, end in zip(edges[::2], edges[1::2])]


def rates_figure(rows: Sequence[RateRow], theme: Theme = LIGHT, form: Form = "svg") -> bytes:
    """Error rates with their intervals, one line each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 0.7 + 0.26 * len(rows)), layout="constrained")
    axes = figure.subplots()
    groups = list(dict.fromkeys(row.group for row in rows))
    for place, row in enumerate(rows):
        colour = theme.lines[groups.index(row.group) % len(theme.lines)]
        axes.plot([100 * row.ci_low, 100 * row.ci_high], [place, place], color=colour, linewidth=2, alpha=0.5)
        axes.plot([100 * row.wer], [place], "o", color=colour, markersize=6)
    labels = [f"{row.group}: {row.system} ({row.graph}, {row.engine})" for row in rows]
    axes.set_yticks(range(len(rows)), labels=labels)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("word error rate in %, with its 95 % interval", color=theme.text)
    axes.grid(axis="x", color=theme.faint, alpha=0.3, linewidth=0.6)
    dress(axes, theme)
    return drawn(figure, form)
