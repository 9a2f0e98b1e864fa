"""Compiled loops that prepare a graph for the pruned search."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.decode.search_records import PENALTY_STEP

_ONE = np.uint64(1)
HIGHEST = 65535
"""Greatest height that a state's record holds."""


@njit(cache=True, nogil=True)
def raise_heights(source: Any, target: Any, heights: Any, rounds: int) -> bool:
    """Raises `heights` to the longest chain of epsilon arcs from each state, or to more than HIGHEST somewhere.

    Returns whether that is so after at most `rounds` passes over the arcs; where arcs form a cycle, few do not do.
    """
    for _ in range(rounds):
        changed = False
        for k in range(len(source) - 1, -1, -1):
            height = heights[target[k]] + 1
            if height > heights[source[k]]:
                heights[source[k]] = height
                changed = True
                if height > HIGHEST:
                    return True
        if not changed:
            return True
    return False


@njit(cache=True, nogil=True)
def state_records(offsets: Any, label: Any, score: Any, greatest: float, states: Any) -> bool:
    """Sets all of `states` but the heights; False if an epsilon comes after another arc of its state."""
    count = len(states) - 1
    for state in range(count):
        entry = states[state]
        entry.begin = offsets[state]
        mask = np.uint64(0)
        consuming = 0
        before = 0
        sparse = True
        best = -np.inf
        for arc in range(offsets[state], offsets[state + 1]):
            here = label[arc]
            if here == 0:
                if consuming > 0:
                    return False
                continue
            consuming += 1
            best = max(best, score[arc])
            sparse &= before < here < 64
            before = here
            mask |= _ONE << np.uint64(here & 63)
        entry.labels = mask
        entry.sparse = sparse
        entry.penalty = int(min((greatest - best) / PENALTY_STEP, 255.0))
    states[count].begin = offsets[count]
    return True
