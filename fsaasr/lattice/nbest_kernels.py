"""Compiled loops of the n-best search: one word prefix at a time, over the lattice states that it can be in."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit

NEG_INF = -np.inf


@njit(cache=True, nogil=True)
def _sweep(tables: Any, first: int, last: int, alpha: Any, back: Any) -> Tuple[int, int, int, float, int]:
    """Follows arcs without word from the states `first` .. `last` that `alpha` marks, and from all that they reach.

    Returns:
      The last state reached, the number of states and of word arcs met, the best score of ending, and its state.
    """
    offsets, target, word, score, final, _ = tables
    states, word_arcs, best, end = 0, 0, NEG_INF, -1
    state = first
    while state <= last:
        before = alpha[state]
        if before > NEG_INF:
            states += 1
            if before + final[state] > best:
                best, end = before + final[state], state
            for k in range(offsets[state], offsets[state + 1]):
                if word[k] > 0:
                    word_arcs += 1
                    continue
                to, value = target[k], before + score[k]
                if value > alpha[to] or (value == alpha[to] and value > NEG_INF and k < back[to]):
                    alpha[to] = value
                    back[to] = k
                    last = max(last, to)
        state += 1
    return last, states, word_arcs, best, end


@njit(cache=True, nogil=True)
def _collect(
    tables: Any, first: int, last: int, counts: Tuple[int, int], alpha: Any, back: Any
) -> Tuple[Any, Any, Any, Any]:
    """States met and their last arcs; the word arcs that leave them, and the scores behind these. Clears `alpha`."""
    offsets, target, word, score, _, beta = tables
    states = np.empty(counts[0], np.int32)
    last_arc = np.empty(counts[0], np.int32)
    arcs = np.empty(counts[1], np.int32)
    values = np.empty(counts[1])
    i, j = 0, 0
    for state in range(first, last + 1):
        if alpha[state] == NEG_INF:
            continue
        states[i] = state
        last_arc[i] = back[state]
        i += 1
        for k in range(offsets[state], offsets[state + 1]):
            value = alpha[state] + score[k]
            if word[k] > 0 and value + beta[target[k]] > NEG_INF:
                arcs[j] = k
                values[j] = value
                j += 1
        alpha[state] = NEG_INF
    return states, last_arc, arcs[:j], values[:j]


@njit(cache=True, nogil=True)
def _by_word(tables: Any, arcs: Any, values: Any) -> Tuple[Any, Any, Any, Any, Any, Any]:
    """Word arcs grouped by word; of those into one state, the best, and of equals the first."""
    _, target, word, _, _, beta = tables
    states = np.int64(len(beta))
    keys = np.empty(len(arcs), np.int64)
    for i in range(len(arcs)):
        keys[i] = word[arcs[i]] * states + target[arcs[i]]
    labels = np.empty(len(arcs), np.int32)
    promise = np.empty(len(arcs))
    offsets = np.zeros(len(arcs) + 1, np.int64)
    state, value, arc = np.empty(len(arcs), np.int32), np.empty(len(arcs)), np.empty(len(arcs), np.int32)
    groups, count, last_key = 0, 0, np.int64(-1)
    for i in np.argsort(keys, kind="mergesort"):
        k = arcs[i]
        if keys[i] != last_key:
            if groups == 0 or labels[groups - 1] != word[k]:
                labels[groups] = word[k]
                promise[groups] = NEG_INF
                groups += 1
            state[count] = target[k]
            value[count] = NEG_INF
            count += 1
            offsets[groups] = count
            last_key = keys[i]
        if values[i] > value[count - 1]:
            value[count - 1] = values[i]
            arc[count - 1] = k
            promise[groups - 1] = max(promise[groups - 1], values[i] + beta[target[k]])
    return labels[:groups], promise[:groups], offsets[: groups + 1], state[:count], value[:count], arc[:count]


@njit(cache=True, nogil=True)
def extend_prefix(tables: Any, seeds: Any, alpha: Any, back: Any) -> Tuple[Any, Any, Any]:
    """Finds how a word prefix can end, and by which words it can go on.

    Args:
      tables: arc offsets (S + 1,), target and output label of arcs (A,), score of arcs (A,), of ending (S,), and from
        each state to the end (S,).
      seeds: the states just behind the prefix's last word, ascending, the best score of each, and its last arc.
      alpha, back: (S,) scratch; `alpha` is -inf everywhere and is left so.

    Returns:
      (best score of ending here, state or -1); the (states, last arcs) of the prefix; and its continuations: words
      ascending, the best score of a path through each, and the seeds of word i at `offsets[i] : offsets[i + 1]`.
    """
    state, value, arc = seeds
    for i in range(len(state)):
        alpha[state[i]] = value[i]
        back[state[i]] = arc[i]
    first = state[0]
    last, states, word_arcs, best, end = _sweep(tables, first, state[-1], alpha, back)
    met, last_arc, arcs, values = _collect(tables, first, last, (states, word_arcs), alpha, back)
    return (best, end), (met, last_arc), _by_word(tables, arcs, values)


@njit(cache=True, nogil=True)
def trace_prefix(states: Any, last_arc: Any, source: Any, word: Any, state: int) -> Any:
    """Arcs of the best path within one prefix that ends in `state`, latest first, up to its word's arc or the start."""
    path = np.empty(len(states), np.int32)
    count = 0
    while True:
        k = last_arc[np.searchsorted(states, state)]
        if k < 0:
            break
        path[count] = k
        count += 1
        state = source[k]
        if word[k] > 0:
            break
    return path[:count]
