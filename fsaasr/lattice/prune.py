"""Pruning of a lattice to what lies within a beam of its best path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scoring import scaled_scores

BEAM_SLACK = 1e-7
"""A path is within a beam up to this much: the rounding of float64 sums, far below that of float32 scores."""


def prune(lattice: Lattice, beam: float) -> Lattice:
    """Keeps an arc exactly if the best path through it is within `beam` (>= 0) of the best path."""
    from fsaasr.lattice.kernels import arcs_within

    if not beam >= 0:
        raise LatticeError(f"prune: the beam is {beam}, expected a number >= 0")
    scores, final = scaled_scores(lattice, 1.0, 1.0, 0.0)
    return select(lattice, *arcs_within(lattice.source, lattice.target, scores, final, beam + BEAM_SLACK))


def select(lattice: Lattice, keep_arc: npt.NDArray[np.bool_], keep_final: npt.NDArray[np.bool_]) -> Lattice:
    """The lattice of the arcs (A,) and final states (S,) that are kept; states that lose all arcs go, the start stays.

    The caller sees to it that what is kept is connected.
    """
    keep_state = keep_final.copy()
    keep_state[0] = True
    keep_state[lattice.source[keep_arc]] = True
    keep_state[lattice.target[keep_arc]] = True
    number = (np.cumsum(keep_state) - 1).astype(np.int32)
    return replace(
        lattice,
        source=number[lattice.source[keep_arc]],
        target=number[lattice.target[keep_arc]],
        input_label=lattice.input_label[keep_arc],
        output_label=lattice.output_label[keep_arc],
        acoustic_score=lattice.acoustic_score[keep_arc],
        graph_score=lattice.graph_score[keep_arc],
        arc_flags=None if lattice.arc_flags is None else lattice.arc_flags[keep_arc],
        state_frame=lattice.state_frame[keep_state],
        final_score=np.where(keep_final, lattice.final_score, -np.inf).astype(np.float32)[keep_state],
        graph_arc=None if lattice.graph_arc is None else lattice.graph_arc[keep_arc],
    )
