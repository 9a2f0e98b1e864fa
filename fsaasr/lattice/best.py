"""The best path of a lattice."""

from __future__ import annotations

import numpy as np

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import scaled_scores


def best_path(
    lattice: ScoredPaths, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
) -> Hypothesis:
    """The path of greatest `acoustic_scale * acoustic + lm_scale * graph - word_insertion_penalty * words`.

    Args:
      lattice: paths to choose from.
      acoustic_scale, lm_scale: >= 0, on top of the scales that the search used.
      word_insertion_penalty: subtracted once a word; positive values give fewer words.

    Returns:
      The hypothesis with unscaled scores (of equally good paths the first in arc order); its
      `reached_final` is the lattice's.

    Raises:
      LatticeError: a negative scale, or no final state.
    """
    from fsaasr.lattice.kernels import best_arcs

    scores, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    best, arcs = best_arcs(lattice.source, lattice.target, scores, final)
    if best == -np.inf:
        raise LatticeError(f"best_path: the lattice of {lattice.utterance!r} has no path to a final state")
    return lattice.read_path(arcs)
