"""Paths drawn at random, each as often as it is probable."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List

import numpy as np

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import onward_probabilities


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
    from fsaasr.lattice.expectation.sampling_kernels import sample_arcs

    if n < 0:
        raise LatticeError(f"sample_paths: n is {n}, expected a number of paths >= 0")
    onward, end = onward_probabilities(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    arcs, begins = sample_arcs(lattice.arc_offsets, lattice.target, onward, end, n, np.random.default_rng(seed))
    known: Dict[bytes, Hypothesis] = {}
    drawn = []
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist()):
        path = arcs[begin:end]
        key = path.tobytes()
        if key not in known:
            known[key] = replace(lattice.read_path(path), rule="sampled")
        drawn.append(known[key])
    return drawn
