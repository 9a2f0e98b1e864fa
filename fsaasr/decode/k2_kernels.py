"""Compiled loops over k2's lattices: int32 arcs sorted by source, in topological order, each but the last one frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True)
def arc_frames(source: Any, target: Any, num_states: int) -> Any:
    """int32 (A,): frames consumed before each arc; -1 where the start (state 0) does not lead to it."""
    state_frame = np.full(num_states, -1, np.int32)
    state_frame[0] = 0
    frame = np.empty(len(source), np.int32)
    for k in range(len(source)):
        frame[k] = state_frame[source[k]]
        if frame[k] >= 0:
            state_frame[target[k]] = frame[k] + 1
    return frame
