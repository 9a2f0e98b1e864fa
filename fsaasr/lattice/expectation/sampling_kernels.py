"""Compiled loop of path sampling."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.growth_kernels import grown


@njit(cache=True, nogil=True)
def sample_arcs(offsets: Any, target: Any, onward: Any, end: Any, n: int, generator: Any) -> Tuple[Any, Any]:
    """Draws paths.

    Args:
      offsets: int64 (S + 1,): the arcs that leave each state.
      target: int32 (A,). onward: float64 (A,): probability of each arc at its source.
      end: float64 (S,): probability of ending in each state.
      n: paths. generator: numpy's.

    Returns:
      Arcs of all paths, end to end, int32, and where each path begins among them, int64 (n + 1,).
    """
    arcs = np.empty(16 * n + len(end), np.int32)
    begins = np.zeros(n + 1, np.int64)
    count = 0
    for path in range(n):
        arcs = grown(arcs, count + len(end))
        state = 0
        while True:
            left = generator.random() - end[state]
            first, last = offsets[state], offsets[state + 1]
            if left < 0.0 or first == last:
                break
            # Sums of probabilities may stay below the draw by rounding; then the last arc is taken.
            k = first
            while k < last - 1 and left >= onward[k]:
                left -= onward[k]
                k += 1
            arcs[count] = k
            count += 1
            state = target[k]
        begins[path + 1] = count
    return arcs[:count], begins
