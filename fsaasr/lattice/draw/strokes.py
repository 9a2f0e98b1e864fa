"""The lines, circles and words of a lattice's picture, once all have their places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import List, Set, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.draw.lanes import Label, Lanes
from fsaasr.lattice.draw.svg import (
    LINE,
    MARGIN,
    MIN_WIDTH,
    WORD,
    Axis,
    counted,
    element,
    isolated,
    notes,
    picture,
    text,
    time_axis,
    title,
)
from fsaasr.lattice.scored_paths import ScoredPaths

LANE = 36
"""Pixels from lane to lane."""

_LEGEND = "Wide: probable. Coloured: best path. Dotted: no word."
_STYLE = """
.lattice-picture .arc path { fill: none; stroke: currentColor; }
.lattice-picture .empty path { stroke-dasharray: .1 4; stroke-linecap: round; }
.lattice-picture .arc:hover path { stroke-opacity: 1; stroke-width: 7; }
.lattice-picture .state { fill: var(--back); stroke: currentColor; stroke-width: 1.5; }
"""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture to be written.

    Attributes:
      lattice: what it shows. axis: of time.
      x: float64 (S,): where states stand, in pixels.
      posterior: float64 (A,).
      names: A words, short enough.
      drawn: what is drawn, in which lanes.
      best: arcs of the best path.
    """

    lattice: ScoredPaths
    axis: Axis
    x: npt.NDArray[np.float64]
    posterior: npt.NDArray[np.float64]
    names: List[str]
    drawn: Lanes
    best: npt.NDArray[np.int32]

    @cached_property
    def best_arcs(self) -> Set[int]:
        """The arcs of the best path."""
        return set(self.best.tolist())

    def svg(self, reference: str) -> str:
        """The SVG element; states and words lie above lines, what is probable above what is not."""
        order = sorted(self.drawn.lane, key=lambda arc: (arc in self.best_arcs, self.posterior[arc]))
        width = self._width()
        bottom = self._y(max(self.drawn.taken, default=0) + 1)
        remarks = [f"Reference: {isolated(reference)}"] * bool(reference)
        remarks.append(f"{self.lattice.utterance}: {self._counts()} {_LEGEND}")
        below, height = notes(remarks, bottom + 2 * LINE, width)
        parts = [
            element("style", _STYLE),
            time_axis(self.axis, MARGIN / 2, bottom),
            *(self._arc(arc) for arc in order),
            *(self._state(state, lane) for state, lane in self.drawn.state_lane.items()),
            *(self._label(label) for label in self.drawn.labels),
            *below,
        ]
        words = isolated(self.lattice.read_path(self.best).text or "no words")
        description = f"{self.axis.duration:.2f} seconds from left to right. Best path: {words}. {' '.join(remarks)}"
        return picture((width, height), f"Lattice of {self.lattice.utterance}", description, parts)

    def _width(self) -> float:
        ends = [end for taken in self.drawn.taken.values() for _, end in taken]
        return max(MIN_WIDTH, self.axis.x(self.axis.duration) + 2 * MARGIN, *(end + MARGIN for end in ends))

    def _y(self, lane: int) -> float:
        return MARGIN + LINE + float(LANE * (lane - min(self.drawn.taken, default=0)))

    def _counts(self) -> str:
        drawn, arcs = len(self.drawn.lane), self.lattice.num_arcs
        counts = f"{counted(arcs, 'arc')}."
        if drawn < arcs:
            counts = f"{drawn} of {counted(arcs, 'arc')}; the others are less probable, and left out."
        if not self.lattice.reached_final:
            counts += " The search reached no final state."
        return counts + "".join(f" Flag: {flag}." for flag in self.lattice.flags)

    def _arc(self, arc: int) -> str:
        posterior = float(self.posterior[arc])
        ends = (int(self.lattice.source[arc]), int(self.lattice.target[arc]))
        begin, end = ((float(self.x[state]), self._y(self.drawn.state_lane[state])) for state in ends)
        has_word, is_best = bool(self.lattice.output_label[arc]), arc in self.best_arcs
        width = 1.2 + (4.5 if has_word else 1.3) * posterior
        line = element("path", d=_curve(begin, end, self._y(self.drawn.lane[arc])), stroke_width=width)
        kind = "arc" + " best" * is_best + " empty" * (not has_word)
        opacity = 1.0 if is_best else 0.4 + 0.6 * posterior
        return element("g", title(self._tooltip(arc)) + line, class_=kind, stroke_opacity=opacity)

    def _state(self, state: int, lane: int) -> str:
        rings = (7, 4) if self.lattice.final_score[state] > -np.inf else (4,)
        kind = "state" + " best" * (lane == 0)
        x, y = float(self.x[state]), self._y(lane)
        return "".join(element("circle", cx=x, cy=y, r=radius, class_=kind) for radius in rings)

    def _label(self, label: Label) -> str:
        y = self._y(self.drawn.lane[label.arc]) + (-8 if label.row == 0 else WORD + 5)
        is_best = label.arc in self.best_arcs
        opacity = 1.0 if is_best else 0.7 + 0.3 * min(1.0, float(self.posterior[label.arc]))
        kind = "word on-line" + " best" * is_best
        word = text(label.x, y, self.names[label.arc], class_=kind, text_anchor="middle", fill_opacity=opacity)
        return element("g", title(self._tooltip(label.arc)) + word)

    def _tooltip(self, arc: int) -> str:
        lattice = self.lattice
        begin, end = (lattice.state_frame[ends[arc]] * lattice.frame_shift for ends in (lattice.source, lattice.target))
        label = int(lattice.output_label[arc])
        return (
            f"{isolated(lattice.words.name(label)) if label else 'no word'}\n{begin:.2f} – {end:.2f} s\n"
            f"posterior {self.posterior[arc]:.3f}\n"
            f"acoustic {lattice.acoustic_score[arc]:.2f}, graph {lattice.graph_score[arc]:.2f}"
        )


def _curve(begin: Tuple[float, float], end: Tuple[float, float], lane: float) -> str:
    """From state to state along a lane; bends where a state is in another lane."""
    (x1, y1), (x2, y2) = begin, end
    left, right = (min(0.45 * (x2 - x1), 10 + 0.4 * abs(lane - y)) if y != lane else 0.0 for y in (y1, y2))
    path = f"M{x1:.1f} {y1:.1f}"
    if left:
        path += f"C{x1 + left / 2:.1f} {y1:.1f} {x1 + left / 2:.1f} {lane:.1f} {x1 + left:.1f} {lane:.1f}"
    path += f"H{x2 - right:.1f}"
    if right:
        path += f"C{x2 - right / 2:.1f} {lane:.1f} {x2 - right / 2:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return path
