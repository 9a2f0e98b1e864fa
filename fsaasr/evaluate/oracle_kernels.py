"""Compiled loops of the oracle: edit distance between a reference and all paths of a lattice at once."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit

START = -1
DELETION = -2


@njit(cache=True, nogil=True)
def _improve(errors: Any, score: Any, back: Any, state: int, place: int, cost: int, value: float, step: int) -> None:
    better = cost < errors[state, place] or (cost == errors[state, place] and value > score[state, place])
    if better:
        errors[state, place], score[state, place], back[state, place] = cost, value, step


@njit(cache=True, nogil=True)
def fewest_edits(source: Any, target: Any, label: Any, arc_score: Any, final: Any, reference: Any) -> Tuple[int, Any]:
    """Fewest edits that make a path's words the reference (-1 without a final state), and such a path's arcs, int32.

    Of paths with equally few, the one of the best score. A cell is a state and a number W' of reference words used;
    it holds the fewest edits, the best score with those, and the step that led there: twice the arc, plus one where
    the arc's word stands beside a reference word. Time and memory: O(A W) and O(S W).

    Args:
      source, target, label: (A,), sources ascending. arc_score: float64 (A,). final: float64 (S,).
      reference: int32 (W,) labels; one that no arc has for unknown words.
    """
    states, words = len(final), len(reference)
    errors = np.full((states, words + 1), np.iinfo(np.int32).max, np.int32)
    score = np.full((states, words + 1), -np.inf)
    back = np.full((states, words + 1), START, np.int64)
    errors[0, 0], score[0, 0] = 0, 0.0
    k = 0
    for state in range(states):
        for w in range(words):
            _improve(errors, score, back, state, w + 1, errors[state, w] + 1, score[state, w], DELETION)
        while k < len(source) and source[k] == state:
            insertion = 1 if label[k] > 0 else 0
            for w in range(words + 1):
                value, cost = score[state, w] + arc_score[k], errors[state, w]
                _improve(errors, score, back, target[k], w, cost + insertion, value, 2 * k)
                if label[k] > 0 and w < words:
                    wrong = 0 if label[k] == reference[w] else 1
                    _improve(errors, score, back, target[k], w + 1, cost + wrong, value, 2 * k + 1)
            k += 1
    best = -1
    for state in range(states):
        if final[state] > -np.inf:
            score[state, words] += final[state]
            fewer = best < 0 or errors[state, words] < errors[best, words]
            if fewer or (errors[state, words] == errors[best, words] and score[state, words] > score[best, words]):
                best = state
    if best < 0:
        return -1, np.empty(0, np.int32)
    return errors[best, words], _trace(source, back, best, words)


@njit(cache=True, nogil=True)
def _trace(source: Any, back: Any, state: int, place: int) -> Any:
    path = np.empty(len(back), np.int32)
    count = 0
    while back[state, place] != START:
        step = back[state, place]
        if step == DELETION:
            place -= 1
        else:
            path[count] = step // 2
            count += 1
            state, place = source[step // 2], place - step % 2
    return path[:count][::-1].copy()
