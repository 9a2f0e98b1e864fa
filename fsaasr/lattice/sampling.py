"""Paths drawn at random, each as often as it is probable."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List

import numpy as np

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import scaled_scores


def sample_paths(
    lattice: ScoredPaths,
    n: int,
    seed: int,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> List[Hypothesis]:
    """Draws `n` paths from their posteriors, independently and exactly; the same path may come more than once.

    Args:
      lattice: paths to draw from.
      n: >= 0.
      seed: the result depends on nothing else.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`; small scales give more variety.

    Returns:
      Hypotheses with unscaled scores, in the order drawn; their rule is `sampled`.

    Raises:
      LatticeError: `n` < 0, a negative scale, or no final state.
    """
    from fsaasr.lattice.kernels import log_forward_backward
    from fsaasr.lattice.sampling_kernels import sample_arcs

    if n < 0:
        raise LatticeError(f"sample_paths: n is {n}, expected a number of paths >= 0")
    scores, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    _, beta = log_forward_backward(lattice.source, lattice.target, scores, final)
    if beta[0] == -np.inf:
        raise LatticeError(f"sample_paths: the lattice of {lattice.utterance!r} has no path to a final state")
    offsets = np.searchsorted(lattice.source, np.arange(lattice.num_states + 1))
    onward = np.exp(scores + beta[lattice.target] - beta[lattice.source])
    arcs, begins = sample_arcs(offsets, lattice.target, onward, np.exp(final - beta), n, np.random.default_rng(seed))
    known: Dict[bytes, Hypothesis] = {}
    drawn = []
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist()):
        path = arcs[begin:end]
        key = path.tobytes()
        if key not in known:
            known[key] = replace(lattice.read_path(path), rule="sampled")
        drawn.append(known[key])
    return drawn
