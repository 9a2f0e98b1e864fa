"""The n best distinct word sequences of a lattice, exactly."""

from __future__ import annotations

from typing import List

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import scaled_scores


def nbest(
    lattice: ScoredPaths,
    n: int,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> List[Hypothesis]:
    """The `n` word sequences of greatest score, each with its best path.

    Arguments, order and errors are those of `nbest_paths`; hypotheses have unscaled scores.
    """
    paths = nbest_paths(lattice, n, acoustic_scale, lm_scale, word_insertion_penalty)
    return [lattice.read_path(path) for path in paths]


def nbest_paths(
    lattice: ScoredPaths,
    n: int,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> List[npt.NDArray[np.int32]]:
    """Arcs of the best path of each of the `n` word sequences of greatest score.

    The score of a word sequence is that of its best path, as in `best_path`. The search is best first over word
    prefixes, with the exact score of the best completion of each (Mohri and Riley 2002): no sequence is met twice, and
    only prefixes of what is returned are looked into, about `n` times as many as a sequence has words.

    Args:
      lattice: paths to choose from.
      n: sequences wanted, >= 1.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`.

    Returns:
      int32 arrays, best first; fewer than `n` only if the lattice has no more. Equally good sequences come in ascending
      order of their word labels (a prefix before what continues it); of the equally good paths of one sequence, the
      first in arc order is taken. Sums are float64.

    Raises:
      LatticeError: `n` < 1, a negative scale, or no final state.
    """
    from fsaasr.lattice.kernels import max_forward_backward
    from fsaasr.lattice.nbest_search_kernels import best_sequences

    if n < 1:
        raise LatticeError(f"nbest: n is {n}, expected a number of hypotheses >= 1")
    scores, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    _, beta = max_forward_backward(lattice.source, lattice.target, scores, final)
    if beta[0] == -np.inf:
        raise LatticeError(f"nbest: the lattice of {lattice.utterance!r} has no path to a final state")
    tables = (lattice.arc_offsets, lattice.target, lattice.output_label, scores, final, beta)
    arcs, offsets = best_sequences(tables, lattice.source, n)
    return [arcs[begin:end] for begin, end in zip(offsets[:-1], offsets[1:])]
