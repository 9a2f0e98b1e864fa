"""A word lattice spelled out frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.operations.time_order import time_order
from fsaasr.lattice.word_lattice import WordLattice

Array = npt.NDArray[Any]


def frame_lattice(lattice: WordLattice) -> Lattice:
    """The same paths, one arc a frame: an arc of several frames becomes a chain of as many arcs.

    Its word and its scores stand on the first arc of the chain; an arc without frames stays one. Words have the same
    times where the flags of columns are known (else a word begins with its arc and lasts until the next, as in any
    lattice without flags).

    Raises:
      LatticeError: the columns of the arcs' frames are not known.
    """
    if lattice.columns is None:
        raise LatticeError(
            f"frame_lattice: the word lattice of {lattice.utterance!r} has no columns, so its frames cannot be spelled "
            "out; read it from a format that keeps alignments"
        )
    frames = np.diff(lattice.column_offsets)
    steps = np.maximum(frames, 1)
    arc = np.repeat(np.arange(lattice.num_arcs), steps)
    place = np.arange(len(arc)) - np.repeat(np.cumsum(steps) - steps, steps)
    # Within a chain, step i leads to the i-th of its own states, the last step to the target of the arc.
    own = lattice.num_states + np.cumsum(place > 0) - 1
    source = np.where(place == 0, lattice.source[arc], own)
    target = np.where(place == steps[arc] - 1, lattice.target[arc], own + 1)
    own_frame = (lattice.state_frame[lattice.source[arc]] + place)[place > 0]
    state_frame = np.concatenate([lattice.state_frame, own_frame]).astype(np.int32)
    final = np.concatenate([lattice.final_score, np.full(len(own_frame), -np.inf, dtype=np.float32)])
    order = time_order(state_frame, (source, target))

    def on_first(values: Array) -> Array:
        return _spread(values, arc, place == 0)[order.arcs]

    def on_frames(values: Array) -> Array:
        return _spread(values, lattice.column_offsets[arc] + place, frames[arc] > 0)[order.arcs]

    return Lattice(
        lattice.utterance,
        order.source,
        order.target,
        on_frames(lattice.columns + np.int32(1)),
        on_first(lattice.output_label),
        on_first(lattice.acoustic_score),
        on_first(lattice.graph_score),
        None if lattice.column_flags is None else on_frames(lattice.column_flags),
        state_frame[order.states],
        final[order.states],
        lattice.num_frames,
        lattice.frame_shift,
        lattice.words,
        lattice.tokens,
        lattice.column_token,
        lattice.reached_final,
        lattice.flags,
        evidence=lattice.evidence,
    )


def _spread(values: Array, places: Array, there: npt.NDArray[np.bool_]) -> Array:
    """Values at places where there is one, 0 elsewhere."""
    spread = np.zeros(len(places), dtype=values.dtype)
    spread[there] = values[places[there]]
    return spread
