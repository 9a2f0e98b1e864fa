"""Totals and posteriors of a lattice, under scales."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.scored_paths import ScoredPaths

Float64 = npt.NDArray[np.float64]


def scaled_scores(
    lattice: ScoredPaths, acoustic_scale: float, lm_scale: float, word_insertion_penalty: float
) -> Tuple[Float64, Float64]:
    """Score of each arc (A,) and of ending in each state (S,), float64.

    Args:
      lattice: where the split scores come from.
      acoustic_scale, lm_scale: >= 0; factors of acoustic and graph scores (final scores are graph scores).
      word_insertion_penalty: subtracted once a word; positive values give fewer words.

    Raises:
      LatticeError: a scale that is negative or not finite.
    """
    if not (0 <= acoustic_scale < math.inf and 0 <= lm_scale < math.inf and math.isfinite(word_insertion_penalty)):
        raise LatticeError(
            f"lattice scores: acoustic_scale {acoustic_scale}, lm_scale {lm_scale}, word_insertion_penalty "
            f"{word_insertion_penalty}; scales are finite and >= 0, the penalty is finite"
        )
    arcs = acoustic_scale * lattice.acoustic_score.astype(np.float64)
    arcs += lm_scale * lattice.graph_score.astype(np.float64)
    if word_insertion_penalty:
        arcs -= word_insertion_penalty * (lattice.output_label > 0)
    final = np.where(np.isneginf(lattice.final_score), -np.inf, 0.0)
    if lm_scale:
        final = lm_scale * lattice.final_score.astype(np.float64)
    return arcs, final


def total_score(
    lattice: ScoredPaths, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
) -> float:
    """Log-sum of the scores of all paths; scales as in `scaled_scores`. At least the best path's score."""
    from fsaasr.lattice.kernels import log_forward_backward

    arcs, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    _, beta = log_forward_backward(lattice.source, lattice.target, arcs, final)
    return float(beta[0])


def arc_posteriors(
    lattice: ScoredPaths, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
) -> Float64:
    """Probability of each arc among the lattice's paths, float64 (A,) in 0 .. 1.

    The posteriors of the arcs that consume one frame sum to 1. Scales as in `scaled_scores`.
    """
    from fsaasr.lattice.kernels import log_forward_backward

    arcs, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    alpha, beta = log_forward_backward(lattice.source, lattice.target, arcs, final)
    # Rounding may take what is sure a little above 1.
    posteriors: Float64 = np.exp(np.minimum(alpha[lattice.source] + arcs + beta[lattice.target] - beta[0], 0.0))
    return posteriors


def onward_probabilities(
    lattice: ScoredPaths, acoustic_scale: float, lm_scale: float, word_insertion_penalty: float
) -> Tuple[Float64, Float64]:
    """Probability of each arc (A,) among the ways on from its source, and of ending in each state (S,).

    Those of a state sum to 1. Scales as in `scaled_scores`.

    Raises:
      LatticeError: a negative scale, or no path to a final state.
    """
    from fsaasr.lattice.kernels import log_forward_backward

    arcs, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    _, beta = log_forward_backward(lattice.source, lattice.target, arcs, final)
    if beta[0] == -np.inf:
        raise LatticeError(f"lattice scores: the lattice of {lattice.utterance!r} has no path to a final state")
    return np.exp(arcs + beta[lattice.target] - beta[lattice.source]), np.exp(final - beta)
