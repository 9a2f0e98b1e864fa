"""A lattice as a graph over time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.draw.lanes import Measures, assign_lanes
from fsaasr.lattice.draw.strokes import Drawing
from fsaasr.lattice.draw.svg import MARGIN, Axis, shortened, text_width
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import arc_posteriors, scaled_scores
from fsaasr.lattice.words.determinize import word_lattice

MAX_ARCS = 300
"""Arcs of a picture that can still be read."""

BEAM = 8.0
"""Of a frame-level lattice, only word sequences within so much of the best are looked at: e^-8 is below any picture."""

_MAX_LABEL = 150.0
_MIN_SCALE, _MAX_SCALE = 90.0, 320.0
_MIN_SPAN = 480.0
_INSTANT, _LEAST = 14.0, 0.5
"""Pixels that an arc without duration takes, and that any other takes at least."""


def lattice_svg(
    lattice: ScoredPaths,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
    reference: str = "",
    min_posterior: float = 0.01,
) -> str:
    """A lattice as a graph over time: an SVG element ready to stand in HTML, light or dark.

    States stand at their time; arcs are as wide as they are probable, those without word are dotted; the best path
    is straight and coloured. Every arc tells its word, times, posterior and scores when pointed at.

    Args:
      lattice: to draw; a frame-level one is drawn as its `word_lattice`.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`, for posteriors and the best path.
      reference: what was said, written below.
      min_posterior: 0 .. 1. Less probable arcs are left out, and so are those that find no room, and of more than
        MAX_ARCS the less probable; a line says how many. The best path is always drawn, and so is what a probable
        arc needs to hang together with it.

    Raises:
      LatticeError: a negative scale, or no final state.
    """
    from fsaasr.lattice.kernels import best_arcs

    if isinstance(lattice, Lattice):
        lattice = word_lattice(lattice, BEAM, acoustic_scale, lm_scale)
    scales = (acoustic_scale, lm_scale, word_insertion_penalty)
    scores, final = scaled_scores(lattice, *scales)
    score, best = best_arcs(lattice.source, lattice.target, scores, final)
    if score == -np.inf:
        raise LatticeError(f"lattice_svg: the lattice of {lattice.utterance!r} has no path to a final state")
    posterior = arc_posteriors(lattice, *scales)
    names = [shortened(name, _MAX_LABEL) for name in lattice.words.names_of(lattice.output_label.tolist())]
    widths = np.where(lattice.output_label > 0, [text_width(name) for name in names], 0.0)
    axis = _axis(lattice, best, widths)
    x = _places(lattice, axis)
    wanted = np.argsort(-posterior, kind="stable")[: min(MAX_ARCS, np.count_nonzero(posterior >= min_posterior))]
    drawn = assign_lanes(lattice, (scores, final), best.tolist(), wanted.tolist(), Measures(x, widths))
    return Drawing(lattice, axis, x, posterior, names, drawn, best).svg(reference)


def _axis(lattice: ScoredPaths, best: npt.NDArray[np.int32], widths: npt.NDArray[np.float64]) -> Axis:
    """So many pixels a second that nearly all words of the best path stand side by side."""
    duration = lattice.end_frame * lattice.frame_shift
    words = best[lattice.output_label[best] > 0]
    middles = (lattice.state_frame[lattice.source[words]] + lattice.state_frame[lattice.target[words]]) / 2
    room = (widths[words][1:] + widths[words][:-1]) / 2 + MARGIN / 2
    steps = np.maximum(np.diff(middles), 1e-3) * lattice.frame_shift
    scale = float(np.clip(np.quantile(room / steps, 0.9) if len(steps) else 0.0, _MIN_SCALE, _MAX_SCALE))
    return Axis(2.0 * MARGIN, max(scale, _MIN_SPAN / duration) if duration else _MIN_SPAN, duration)


def _places(lattice: ScoredPaths, axis: Axis) -> npt.NDArray[np.float64]:
    """Where states stand, in pixels: at their time, but that arcs without duration go on a little."""
    x = axis.left + axis.scale * lattice.frame_shift * lattice.state_frame.astype(np.float64)
    instant = lattice.state_frame[lattice.source] == lattice.state_frame[lattice.target]
    if instant.any():
        steps = np.where(instant, _INSTANT, _LEAST).tolist()
        for source, target, step in zip(lattice.source.tolist(), lattice.target.tolist(), steps):
            x[target] = max(x[target], x[source] + step)
    return x
