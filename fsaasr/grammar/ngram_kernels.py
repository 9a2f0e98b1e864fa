"""Compiled steps through `NgramStates`; `lm` is `NgramStates.tables`."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def step(lm: Any, state: int, word: int) -> Tuple[int, float]:
    """Next state and natural log probability of a word: the longest context that lists it, back-offs paid."""
    first, last, fail, backoff, words, log_prob, next_state = lm
    score = 0.0
    while state > 0:
        low, high = first[state], last[state]
        while low < high:
            middle = (low + high) >> 1
            if words[middle] < word:
                low = middle + 1
            else:
                high = middle
        if low < last[state] and words[low] == word:
            return next_state[low], score + log_prob[low]
        score += backoff[state]
        state = fail[state]
    # The empty context lists every word, word w in row w.
    return next_state[word], score + log_prob[word]


@njit(cache=True, nogil=True)
def steps(lm: Any, states: Any, words: Any) -> Tuple[Any, Any]:
    """`step` for each of several states (M,) and words (M,)."""
    following, scores = np.empty(len(states), np.int32), np.empty(len(states))
    for k in range(len(states)):
        following[k], scores[k] = step(lm, states[k], words[k])
    return following, scores
