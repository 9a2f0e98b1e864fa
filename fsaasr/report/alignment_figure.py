"""The picture of several alignments of one utterance on one time axis, over its spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Tuple

import numpy as np

from fsaasr.core import Span
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.report.drawing import Form, drawn, dress
from fsaasr.report.theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class AlignmentRow:
    """When a model says the words and tokens of an utterance.

    Attributes:
      title: name of the model.
      words, tokens: with times.
      note: to stand beside the title, e.g. what the times mean.
    """

    title: str
    words: Tuple[Span, ...]
    tokens: Tuple[Span, ...]
    note: str = ""


@dataclass(frozen=True)
class AlignmentsView:
    """One utterance as several models align it.

    Attributes:
      spectrogram: float32 (T, F) log mel energies. frame_shift: seconds between two rows.
      top_frequency: Hz at the upper end of the spectrogram.
      rows: one a model; the first one's word boundaries are drawn through all.
    """

    spectrogram: FloatArray
    frame_shift: Seconds
    top_frequency: float
    rows: Tuple[AlignmentRow, ...]


def alignments_figure(view: AlignmentsView, theme: Theme = LIGHT, form: Form = "svg") -> bytes:
    """Spectrogram above, a lane of words and tokens for each model below."""
    from matplotlib.figure import Figure

    heights = [2.0, *(0.85 for _ in view.rows)]
    figure = Figure(figsize=(11.0, 1.25 * sum(heights)), layout="constrained")
    panels: Any = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    duration = len(view.spectrogram) * view.frame_shift
    _draw_spectrogram(panels[0], view, duration, theme)
    boundaries = sorted({time for span in view.rows[0].words for time in (span.start, span.end)})
    for axes in panels:
        for time in boundaries:
            axes.axvline(time, color=theme.lines[1], linewidth=0.9, alpha=0.7, zorder=3)
        dress(axes, theme)
        axes.set_xlim(0, duration)
        axes.tick_params(axis="x", length=3 if axes is panels[-1] else 0)
    for axes, row in zip(panels[1:], view.rows):
        _draw_row(axes, row, duration, theme)
    panels[-1].set_xlabel("seconds", color=theme.text)
    return drawn(figure, form)


def _draw_spectrogram(axes: Axes, view: AlignmentsView, duration: float, theme: Theme) -> None:
    low, high = np.percentile(view.spectrogram, [10, 99.5])
    axes.imshow(
        view.spectrogram.T,
        aspect="auto",
        origin="lower",
        extent=(0, duration, 0, 1),
        cmap=theme.colormap,
        vmin=float(low),
        vmax=float(high),
        interpolation="nearest",
    )
    axes.set_yticks([0, 1], labels=["0", f"{view.top_frequency / 1000:g} kHz"])
    title = f"log mel spectrogram; lines: words of {view.rows[0].title}"
    axes.set_title(title, loc="left", fontsize=10, color=theme.text)


def _draw_row(axes: Axes, row: AlignmentRow, duration: float, theme: Theme) -> None:
    for n, span in enumerate(row.words):
        width = max(span.end - span.start, 0.002 * duration)
        axes.barh(
            1.5, width, left=span.start, height=0.9, color=theme.bands[n % 2], edgecolor=theme.faint, linewidth=0.6
        )
        axes.text(
            span.start + width / 2, 1.5, span.name, ha="center", va="center", fontsize=9, color=theme.text, clip_on=True
        )
    for n, span in enumerate(row.tokens):
        width = max(span.end - span.start, 0.002 * duration)
        axes.barh(0.5, width, left=span.start, height=0.8, color=theme.lines[n % 2], alpha=0.35, linewidth=0)
        axes.text(
            span.start + width / 2,
            0.5,
            span.name,
            ha="center",
            va="center",
            fontsize=6.5,
            color=theme.text,
            clip_on=True,
        )
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], labels=["tokens", "words"], fontsize=7)
    axes.tick_params(axis="y", length=0, labelsize=7)
    note = f" ({row.note})" if row.note else ""
    axes.set_title(row.title + note, loc="left", fontsize=9, color=theme.text, pad=2)
