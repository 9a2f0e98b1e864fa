"""Compiled loops of exact search: the best paths over all states of a graph, frame by frame.

States are ranks in epsilon order; `column` -1 marks an epsilon arc. Sums are float64. Nothing here is checked:
the callers have done so. All kernels release the interpreter lock.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit

NEG_INF = -np.inf


@njit(cache=True, nogil=True)
def viterbi_forward(offsets: Any, source: Any, column: Any, score: Any, start: int, matrix: Any, alpha: Any) -> int:
    """Fills `alpha` (T + 1, S) with best scores from the start; returns the last frame that a path reaches."""
    frames, states = len(matrix), len(offsets) - 1
    reached = 0
    for t in range(frames + 1):
        now = alpha[t]
        alive = False
        for j in range(states):
            best = 0.0 if t == 0 and j == start else NEG_INF
            for k in range(offsets[j], offsets[j + 1]):
                if column[k] < 0:
                    value = now[source[k]] + score[k]
                elif t > 0:
                    value = alpha[t - 1, source[k]] + score[k] + matrix[t - 1, column[k]]
                else:
                    continue
                best = max(best, value)
            now[j] = best
            alive |= best > NEG_INF
        if not alive:
            break
        reached = t
    return reached


@njit(cache=True, nogil=True)
def _grown(array: Any) -> Any:
    larger = np.empty(2 * len(array), array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True)
def lattice_backward(
    offsets: Any, target: Any, column: Any, score: Any, arc_id: Any, end: Any, matrix: Any, alpha: Any, cutoff: float
) -> Tuple[Any, Any]:
    """Arcs whose best complete path reaches `cutoff`.

    Args:
      end: float64 (S,): score of ending in each state after the last frame of `matrix`.
      alpha: (>= T + 1, S) from `viterbi_forward`.

    Returns:
      Frames int32 and arc ids int32, sorted by frame, source rank and arc id.
    """
    frames, states = len(matrix), len(offsets) - 1
    out_frame = np.empty(4 * frames + 16, np.int32)
    out_arc = np.empty(4 * frames + 16, np.int32)
    count = 0
    ahead = np.full(states, NEG_INF)
    now = end.copy()
    for t in range(frames, -1, -1):
        for i in range(states - 1, -1, -1):
            best = now[i] if t == frames else NEG_INF
            before = alpha[t, i]
            if before > NEG_INF:
                for k in range(offsets[i + 1] - 1, offsets[i] - 1, -1):
                    if column[k] < 0:
                        value = score[k] + now[target[k]]
                        lead, reached = before + score[k], alpha[t, target[k]]
                    elif t < frames:
                        value = ahead[target[k]] + score[k] + matrix[t, column[k]]
                        lead, reached = before + score[k] + matrix[t, column[k]], alpha[t + 1, target[k]]
                    else:
                        continue
                    # The best way to a state that is kept is kept, whatever the sums' rounding says.
                    if value == NEG_INF or (before + value < cutoff and lead < reached):
                        continue
                    best = max(best, value)
                    if count == len(out_arc):
                        out_frame = _grown(out_frame)
                        out_arc = _grown(out_arc)
                    out_frame[count] = t
                    out_arc[count] = arc_id[k]
                    count += 1
            now[i] = best
        now, ahead = ahead, now
    return out_frame[:count][::-1].copy(), out_arc[:count][::-1].copy()


@njit(cache=True, nogil=True)
def viterbi_path(
    offsets: Any, source: Any, column: Any, score: Any, arc_id: Any, start: int, final: Any, matrix: Any
) -> Tuple[float, Any]:
    """Best complete path; of equal paths the one whose last differing arc comes first.

    Returns:
      Its score (-inf where there is none) and its arc ids int32 in order.
    """
    frames, states = len(matrix), len(offsets) - 1
    back = np.full((frames + 1, states), -1, np.int32)
    before = np.full(states, NEG_INF)
    now = np.full(states, NEG_INF)
    for t in range(frames + 1):
        for j in range(states):
            best = 0.0 if t == 0 and j == start else NEG_INF
            for k in range(offsets[j], offsets[j + 1]):
                if column[k] < 0:
                    value = now[source[k]] + score[k]
                elif t > 0:
                    value = before[source[k]] + score[k] + matrix[t - 1, column[k]]
                else:
                    continue
                if value > best:
                    best = value
                    back[t, j] = k
            now[j] = best
        now, before = before, now
    last, best = -1, NEG_INF
    for j in range(states):
        if before[j] + final[j] > best:
            last, best = j, before[j] + final[j]
    path = np.empty(frames + 16, np.int32)
    count = 0
    t = frames
    while last >= 0 and back[t, last] >= 0:
        k = back[t, last]
        if count == len(path):
            path = _grown(path)
        path[count] = arc_id[k]
        count += 1
        last = source[k]
        if column[k] >= 0:
            t -= 1
    return best, path[:count][::-1].copy()
