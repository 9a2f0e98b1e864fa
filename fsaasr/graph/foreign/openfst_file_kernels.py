"""The compiled loop over the states of a `vector` FST's file."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True)
def walk_states(words: Any, most: int) -> Any:
    """Where each state begins, at most `most` of them, and where the last whole one ends, in words of four bytes."""
    places = np.empty(min(most, len(words) // 3), np.int64)
    count, place = 0, np.int64(0)
    while count < len(places) and place + 3 <= len(words):
        low, high = words[place + 1], words[place + 2]
        arcs = (np.int64(high) << 32) | (np.int64(low) & 0xFFFFFFFF)
        if arcs < 0 or arcs > (len(words) - place - 3) // 4:
            break
        places[count] = place
        count += 1
        place += 3 + 4 * arcs
    return places[:count], place
