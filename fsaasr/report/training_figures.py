"""Figures of trainings: how the objective goes, and what the states of an HMM hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy as np

from fsaasr.report.data import Occupancy, TrainingCurve
from fsaasr.report.drawing import Form, drawn, dress
from fsaasr.report.theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def training_figure(curves: Sequence[TrainingCurve], theme: Theme = LIGHT, form: Form = "svg") -> bytes:
    """What each training maximised or minimised, pass by pass: a panel for each measure, a line for each system."""
    from matplotlib.figure import Figure

    measures = list(dict.fromkeys(curve.measure for curve in curves))
    figure = Figure(figsize=(11.0, 0.3 + 3.4 * len(measures)), layout="constrained")
    panels = figure.subplots(len(measures), 1, squeeze=False)[:, 0]
    for axes, measure in zip(panels, measures):
        shown = [curve for curve in curves if curve.measure == measure]
        for n, curve in enumerate(shown):
            # With more systems than colours, lines differ by their dashes.
            style = ("-", "--", ":", "-.")[n // len(theme.lines) % 4]
            colour = theme.lines[n % len(theme.lines)]
            passes = range(1, len(curve.values) + 1)
            axes.plot(passes, curve.values, style, color=colour, linewidth=1.6, marker=".", label=curve.title)
        axes.set_title(f"{measure}, in each pass", loc="left", fontsize=10, color=theme.text)
        axes.set_xlabel("passes over the data", color=theme.text)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, labelcolor=theme.text, fontsize=9)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color=theme.faint, alpha=0.3, linewidth=0.6)
        dress(axes, theme)
    return drawn(figure, form)


def occupancy_figure(view: Occupancy, theme: Theme = LIGHT, form: Form = "svg") -> bytes:
    """Above, the speech of each token, by its states; below, the frames of each state and its share of Gaussians."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[3, 2])
    _draw_tokens(above, view, theme)
    _draw_columns(below, view, theme)
    for axes in (above, below):
        axes.grid(axis="y", color=theme.faint, alpha=0.3, linewidth=0.6)
        axes.set_axisbelow(True)
        dress(axes, theme)
    return drawn(figure, form)


def _draw_tokens(axes: Axes, view: Occupancy, theme: Theme) -> None:
    names = list(dict.fromkeys(view.tokens))
    seconds = view.frames * view.frame_shift
    token = np.array([names.index(name) for name in view.tokens])
    bottom = np.zeros(len(names))
    for state in range(1, int(view.states.max()) + 1):
        height = np.bincount(token, weights=seconds * (view.states == state), minlength=len(names))
        colour = theme.lines[(state - 1) % len(theme.lines)]
        axes.bar(range(len(names)), height, bottom=bottom, color=colour, alpha=0.8, width=0.8, label=f"state {state}")
        bottom += height
    # Silence is often several times the most frequent phone, whose bars would be lost.
    ranked = np.sort(bottom)
    if len(ranked) > 2 and ranked[-1] > 5.0 * ranked[-2]:
        axes.set_ylim(0, 1.25 * ranked[-2])
        longest = int(bottom.argmax())
        label = f"{bottom[longest]:.0f} s"
        axes.text(longest + 0.5, 1.24 * ranked[-2], label, ha="left", va="top", fontsize=9, color=theme.text)
    axes.set_xticks(range(len(names)), labels=names, rotation=90 if len(names) > 25 else 0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylabel("seconds", color=theme.text)
    axes.set_title(f"{view.title}: training speech of each token", loc="left", fontsize=10, color=theme.text)
    axes.legend(loc="upper right", frameon=False, labelcolor=theme.text, fontsize=9, ncols=int(view.states.max()))


def _draw_columns(axes: Axes, view: Occupancy, theme: Theme) -> None:
    order = np.argsort(-view.frames, kind="stable")
    places = np.arange(1, len(order) + 1)
    frames = np.maximum(view.frames[order], 0.1)
    axes.step(places, frames, where="mid", color=theme.lines[0], linewidth=1.6, label="frames")
    axes.step(places, view.gaussians[order], where="mid", color=theme.lines[1], linewidth=1.0, label="Gaussians")
    axes.set_yscale("log")
    axes.set_xlim(0.5, len(order) + 0.5)
    axes.set_xlabel(f"the {len(order)} score columns, from the most frequent on", color=theme.text)
    axes.legend(loc="upper right", frameon=False, labelcolor=theme.text, fontsize=9, ncols=2)
    title = f"frames and Gaussians of each column: {view.gaussians.sum()} Gaussians for {view.frames.sum():.0f} frames"
    axes.set_title(title, loc="left", fontsize=10, color=theme.text)
