"""Expected counts of words and of word n-grams."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import onward_probabilities

MAX_ORDER = 3


class ExpectedCounts(NamedTuple):
    """N-grams that occur, as labels int32 (G, order) in ascending order, and how often in a path, float64 (G,)."""

    labels: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float64]


def expected_counts(
    lattice: ScoredPaths,
    order: int = 1,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> ExpectedCounts:
    """The mean number of times that a path has each n-gram of words, under the paths' posteriors.

    Args:
      lattice: paths of words; arcs without word do not part what stands before and after them.
      order: n, 1 to MAX_ORDER. N-grams do not reach over the ends of a path.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`.

    Raises:
      LatticeError: an order out of range, a negative scale, or no final state.
    """
    from fsaasr.lattice.expectation.count_kernels import count_ngrams

    if not 1 <= order <= MAX_ORDER:
        raise LatticeError(f"expected_counts: order is {order}, expected 1 .. {MAX_ORDER}")
    onward, _ = onward_probabilities(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    labels, word = np.unique(np.append(lattice.output_label, np.int32(0)), return_inverse=True)
    keys, shares = count_ngrams(
        lattice.source, lattice.target, word[:-1], onward, (lattice.num_states, len(labels), order)
    )
    found, place = np.unique(keys, return_inverse=True)
    digits = np.stack([found // len(labels) ** power % len(labels) for power in reversed(range(order))], axis=1)
    return ExpectedCounts(labels[digits], np.bincount(place, shares, len(found)).astype(np.float64))
