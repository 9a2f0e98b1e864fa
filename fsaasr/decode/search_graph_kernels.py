"""Compiled loops that prepare a graph for the pruned search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from fsaasr.decode.search_records import PENALTY_STEP

_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def raise_heights(source: Any, target: Any, heights: Any) -> bool:
    """Sets `heights` to the longest chain of epsilon arcs from each state; False if one is longer than 65535."""
    limit = 65535
    changed = True
    rounds = 0
    while changed:
        changed = False
        for k in range(len(source) - 1, -1, -1):
            height = heights[target[k]] + 1
            if height > heights[source[k]]:
                heights[source[k]] = height
                changed = True
        rounds += 1
        if rounds > limit:
            return False
    return True


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
