"""The compiled loop that counts the words on the way to each state."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True)
def words_begun(offsets: Any, next_state: Any, begins: Any, start: int) -> Tuple[Any, bool]:
    """Numbers int32 (S,) of arcs that begin a word before each state, 0 where none leads; whether all ways agree."""
    states = len(offsets) - 1
    number = np.full(states, -1, np.int32)
    stack = np.empty(states, np.int64)
    number[start], stack[0], waiting = 0, start, 1
    agrees = True
    while waiting > 0:
        waiting -= 1
        state = stack[waiting]
        for arc in range(offsets[state], offsets[state + 1]):
            target, words = next_state[arc], number[state] + begins[arc]
            if number[target] < 0:
                number[target] = words
                stack[waiting] = target
                waiting += 1
            elif number[target] != words:
                agrees = False
    return np.maximum(number, 0), agrees
