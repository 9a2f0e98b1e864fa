"""Compiled loops over what can follow from each state: equal futures, and the best of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit

_SEED = 1469598103934665603
_PRIME = 1099511628211


@njit(cache=True, nogil=True)
def best_completions(source: Any, target: Any, scores: Any, final: Any, final_column: int) -> Any:
    """Of each state the best way to the end, its scores summed up, float64 (S, P); final states end where they are.

    Args:
      source, target: int (A,). scores: float64 (A, P), parts whose sum counts. final: float (S,), a score of the part
        `final_column`.
    """
    best = np.full(len(final), -np.inf)
    parts = np.zeros((len(final), scores.shape[1]))
    for s in range(len(final)):
        if final[s] > -np.inf:
            best[s] = parts[s, final_column] = final[s]
    for k in range(len(source) - 1, -1, -1):
        s = source[k]
        value = scores[k].sum() + best[target[k]]
        if final[s] == -np.inf and value > best[s]:
            best[s] = value
            parts[s] = scores[k] + parts[target[k]]
    return parts


@njit(cache=True, nogil=True)
def _mix(value: int, more: int) -> int:
    """A hash of a hash and a number (FNV, with the high bits brought down)."""
    value = (value ^ more) * _PRIME
    return value ^ (value >> 29)


@njit(cache=True, nogil=True)
def _in_order(keys: Any, scores: Any) -> Any:
    """Places of a state's arcs in the order of their keys, and of their scores where keys are equal."""
    places = np.argsort(keys)
    for i in range(1, len(places)):
        place, j = places[i], i
        while j > 0 and keys[places[j - 1]] == keys[place] and scores[places[j - 1]].sum() > scores[place].sum():
            places[j] = places[j - 1]
            j -= 1
        places[j] = place
    return places


@njit(cache=True, nogil=True)
def _arcs_equal(k: int, j: int, label: Any, to: Any, details: Any, scores: Any, tolerance: float) -> bool:
    detail, offsets = details
    frames = offsets[k + 1] - offsets[k]
    if label[k] != label[j] or to[k] != to[j] or frames != offsets[j + 1] - offsets[j]:
        return False
    for i in range(frames):
        if detail[offsets[k] + i] != detail[offsets[j] + i]:
            return False
    apart = 0.0
    for p in range(scores.shape[1]):
        apart = max(apart, abs(scores[k, p] - scores[j, p]))
    return apart <= tolerance


@njit(cache=True, nogil=True)
def _states_equal(
    s: int, t: int, order: Any, graph: Any, details: Any, scores: Any, states: Any, tolerance: float
) -> bool:
    offsets, label, to = graph
    frame, final = states
    arcs = offsets[s + 1] - offsets[s]
    if frame[s] != frame[t] or arcs != offsets[t + 1] - offsets[t]:
        return False
    if final[s] != final[t] and not abs(final[s] - final[t]) <= tolerance:
        return False
    for i in range(arcs):
        if not _arcs_equal(order[offsets[s] + i], order[offsets[t] + i], label, to, details, scores, tolerance):
            return False
    return True


@njit(cache=True, nogil=True)
def equal_futures(graph: Any, details: Any, scores: Any, states: Any, tolerance: float) -> Any:
    """Of each state the last state of equal future, int32 (S,); itself where there is no later one.

    Args:
      graph: offsets of each state's arcs (S + 1,), label (A,) and target (A,); states in topological order.
      details: integers that equal arcs share (D,), arc after arc, and their offsets (A + 1,).
      scores: float64 (A, P). states: frame (S,) and final score (S,).
      tolerance: by which equal scores may differ.
    """
    offsets, label, target = graph
    detail, detail_offsets = details
    num_states = len(offsets) - 1
    to, order = target.copy(), np.arange(len(target))
    same = np.arange(num_states).astype(np.int32)
    size = 1
    while size < 2 * num_states:
        size *= 2
    first, following = np.full(size, -1, np.int32), np.full(num_states, -1, np.int32)
    for s in range(num_states - 1, -1, -1):
        begin, end = offsets[s], offsets[s + 1]
        keys = np.empty(end - begin, np.int64)
        for k in range(begin, end):
            to[k] = same[target[k]]
            key = _mix(_mix(_SEED, label[k]), to[k])
            for i in range(detail_offsets[k], detail_offsets[k + 1]):
                key = _mix(key, detail[i])
            keys[k - begin] = key
        places = _in_order(keys, scores[begin:end])
        order[begin:end] = begin + places
        bucket = _mix(_SEED, states[0][s])
        for place in places:
            bucket = _mix(bucket, keys[place])
        bucket &= size - 1
        t = first[bucket]
        while t >= 0 and not _states_equal(s, t, order, (offsets, label, to), details, scores, states, tolerance):
            t = following[t]
        if t >= 0:
            same[s] = t
        else:
            following[s], first[bucket] = first[bucket], s
    return same


@njit(cache=True, nogil=True)
def reachable(source: Any, target: Any, num_states: int) -> Any:
    """Which states arcs lead to from state 0, bool (S,), itself included; arcs in the order of sources < targets."""
    found = np.zeros(num_states, np.bool_)
    found[0] = True
    for k in range(len(source)):
        if found[source[k]]:
            found[target[k]] = True
    return found
