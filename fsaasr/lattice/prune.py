"""Pruning of a lattice to what lies within a beam of its best path."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.scored_paths import Paths, ScoredPaths
from fsaasr.lattice.scoring import scaled_scores

BEAM_SLACK = 1e-7
"""A path is within a beam up to this much: the rounding of float64 sums, far below that of float32 scores."""


def prune(
    lattice: Paths,
    beam: float,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> Paths:
    """Keeps an arc exactly if the best path through it is within `beam` (>= 0) of the best path, under the scales."""
    from fsaasr.lattice.kernels import arcs_within

    if not beam >= 0:
        raise LatticeError(f"prune: the beam is {beam}, expected a number >= 0")
    scores, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    return lattice.select(*arcs_within(lattice.source, lattice.target, scores, final, beam + BEAM_SLACK))


def selected(
    lattice: ScoredPaths, keep_arc: npt.NDArray[np.bool_], keep_final: npt.NDArray[np.bool_]
) -> Dict[str, Any]:
    """The arrays of `ScoredPaths` with the arcs (A,) and final states (S,) that are kept, states numbered anew."""
    keep_state = keep_final.copy()
    keep_state[0] = True
    keep_state[lattice.source[keep_arc]] = True
    keep_state[lattice.target[keep_arc]] = True
    number = (np.cumsum(keep_state) - 1).astype(np.int32)
    return {
        "source": number[lattice.source[keep_arc]],
        "target": number[lattice.target[keep_arc]],
        "output_label": lattice.output_label[keep_arc],
        "acoustic_score": lattice.acoustic_score[keep_arc],
        "graph_score": lattice.graph_score[keep_arc],
        "state_frame": lattice.state_frame[keep_state],
        "final_score": np.where(keep_final, lattice.final_score, -np.inf).astype(np.float32)[keep_state],
    }
