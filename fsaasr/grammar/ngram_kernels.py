"""Compiled steps through automata with failure transitions: `NgramStates.tables`, `FailureAutomaton.tables`."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload, untyped-decorator]
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


@njit(cache=True, nogil=True)
def endings(lm: Any, states: Any, boundary: int, end: int) -> Any:
    """float64 (M,): score of ending in each of M states: a boundary, where there is one (>= 0), and the end."""
    scores = np.zeros(len(states))
    for k in range(len(states)):
        state = np.int64(states[k])
        if boundary >= 0:
            state, scores[k] = step(lm, state, boundary)
        scores[k] += step(lm, state, end)[1]
    return scores
