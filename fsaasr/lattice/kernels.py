"""Compiled loops over a lattice: arcs sorted by source, states in topological order, sums in float64."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit

NEG_INF = -np.inf


@njit(cache=True, nogil=True)
def best_arcs(source: Any, target: Any, score: Any, final: Any) -> Tuple[float, Any]:
    """Best path's score (-inf where no state is final) and its arcs int32; of equal paths the first found."""
    states = len(final)
    alpha = np.full(states, NEG_INF)
    back = np.full(states, -1, np.int32)
    alpha[0] = 0.0
    for k in range(len(source)):
        value = alpha[source[k]] + score[k]
        if value > alpha[target[k]]:
            alpha[target[k]] = value
            back[target[k]] = k
    state, best = 0, NEG_INF
    for s in range(states):
        if alpha[s] + final[s] > best:
            state, best = s, alpha[s] + final[s]
    path = np.empty(states, np.int32)
    count = 0
    while back[state] >= 0:
        path[count] = back[state]
        state = source[back[state]]
        count += 1
    return best, path[:count][::-1].copy()


@njit(cache=True, nogil=True)
def max_forward_backward(source: Any, target: Any, score: Any, final: Any) -> Tuple[Any, Any]:
    """Best score from the start to each state and from each state to the end, float64 (S,) each."""
    alpha = np.full(len(final), NEG_INF)
    beta = final.copy()
    alpha[0] = 0.0
    for k in range(len(source)):
        alpha[target[k]] = max(alpha[target[k]], alpha[source[k]] + score[k])
    for k in range(len(source) - 1, -1, -1):
        beta[source[k]] = max(beta[source[k]], score[k] + beta[target[k]])
    return alpha, beta


@njit(cache=True, nogil=True)
def _log_add(a: Any, b: Any) -> Any:
    if a < b:
        a, b = b, a
    if b == NEG_INF:
        return a
    return a + np.log1p(np.exp(b - a))


@njit(cache=True, nogil=True)
def log_forward_backward(source: Any, target: Any, score: Any, final: Any) -> Tuple[Any, Any]:
    """Log-sum from the start to each state and from each state to the end, float64 (S,) each."""
    alpha = np.full(len(final), NEG_INF)
    beta = final.copy()
    alpha[0] = 0.0
    for k in range(len(source)):
        alpha[target[k]] = _log_add(alpha[target[k]], alpha[source[k]] + score[k])
    for k in range(len(source) - 1, -1, -1):
        beta[source[k]] = _log_add(beta[source[k]], score[k] + beta[target[k]])
    return alpha, beta


@njit(cache=True, nogil=True)
def arcs_within(source: Any, target: Any, score: Any, final: Any, beam: float) -> Tuple[Any, Any]:
    """Which arcs (A,) and ends (S,) lie on a path within `beam` of the best; what is kept is always connected."""
    states = len(final)
    alpha = np.full(states, NEG_INF)
    alpha[0] = 0.0
    for k in range(len(source)):
        alpha[target[k]] = max(alpha[target[k]], alpha[source[k]] + score[k])
    cutoff = np.max(alpha + final) - beam
    keep_final = (alpha + final >= cutoff) & (alpha + final > NEG_INF)
    keep_arc = np.zeros(len(source), np.bool_)
    beta = np.where(keep_final, final, NEG_INF)
    for k in range(len(source) - 1, -1, -1):
        lead, value = alpha[source[k]] + score[k], score[k] + beta[target[k]]
        # The best way to a state that is kept is kept, whatever the sums' rounding says.
        if alpha[source[k]] + value >= cutoff or lead == alpha[target[k]]:
            keep_arc[k] = alpha[source[k]] + value > NEG_INF
        if keep_arc[k]:
            beta[source[k]] = max(beta[source[k]], value)
    return keep_arc, keep_final


@njit(cache=True, nogil=True)
def depths(source: Any, target: Any, states: int) -> Any:
    """int32 (S,): arcs on the longest path to each state."""
    depth = np.zeros(states, np.int32)
    for k in range(len(source)):
        depth[target[k]] = max(depth[target[k]], depth[source[k]] + 1)
    return depth
