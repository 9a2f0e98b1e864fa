"""Compiled composition of a word lattice with language models, on the fly."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.grammar.ngram_kernels import step
from fsaasr.lattice.growth_kernels import grown

NEG_INF = -np.inf


@njit(cache=True, nogil=True)
def mixed(mixing: Any, new: Any, old: Any) -> Any:
    """Log score of two LMs' log probabilities together; `mixing` is (weight of the new one, linear, ...)."""
    weight = mixing[0]
    if weight == 1.0:
        return new
    if not mixing[1]:
        return weight * new + (1 - weight) * old
    high, low = np.log(weight) + new, np.log(1 - weight) + old
    if high < low:
        high, low = low, high
    return high if low == NEG_INF else high + np.log1p(np.exp(low - high))


@njit(cache=True, nogil=True)
def _arrivals(graph: Any, lms: Any, mixing: Any, scale: float, t: int, block: Any, states: Any, total: int) -> Any:
    """Every way into lattice state `t`: composed source, arc, LM states behind it, LM scores, and score from the start.

    Ways of probability 0 are left out.
    """
    order, offsets, source, base, new_word, old_word = graph
    new_lm, old_lm = lms[0], lms[1]
    _, new_state, old_state, alpha = states
    origin, arc = np.empty(total, np.int32), np.empty(total, np.int32)
    new_to, old_to = np.empty(total, np.int32), np.empty(total, np.int32)
    lm, old, score = np.empty(total), np.empty(total), np.empty(total)
    count = 0
    for i in range(offsets[t], offsets[t + 1]):
        k = order[i]
        for u in range(block[source[k]], block[source[k] + 1]):
            new_to[count], old_to[count] = new_state[u], old_state[u]
            value, removed = 0.0, 0.0
            if new_word[k] >= 0:
                new_to[count], value = step(new_lm, new_state[u], new_word[k])
                old_to[count], removed = step(old_lm, old_state[u], old_word[k])
                value = mixed(mixing, value, removed)
                removed = removed if mixing[2] else 0.0
            if value == NEG_INF:
                continue
            origin[count], arc[count], lm[count], old[count] = u, k, value, removed
            score[count] = alpha[u] + base[k] + scale * (value - removed)
            count += 1
    return origin[:count], arc[:count], new_to[:count], old_to[:count], lm[:count], old[:count], score[:count]


@njit(cache=True, nogil=True)
def _by_history(new_to: Any, old_to: Any, score: Any, num_old: int, merge: bool) -> Tuple[Any, Any]:
    """Which composed state each arrival leads to, 0 ..; and of each state the best arrival."""
    keys = np.zeros(len(score), np.int64)
    if not merge:
        for i in range(len(score)):
            keys[i] = np.int64(new_to[i]) * num_old + old_to[i]
    group, best = np.empty(len(score), np.int32), np.empty(len(score), np.int32)
    groups, last_key = 0, np.int64(-1)
    for i in np.argsort(keys, kind="mergesort"):
        if keys[i] != last_key:
            best[groups] = i
            groups += 1
            last_key = keys[i]
        elif score[i] > score[best[groups - 1]]:
            best[groups - 1] = i
        group[i] = groups - 1
    return group, best[:groups]


@njit(cache=True, nogil=True)
def _with_states(states: Any, count: int, t: int, ways: Any, best: Any, least: float) -> Tuple[Any, Any]:
    """Appends a composed state for each best way that scores `least`; also its number for each of them, or -1."""
    state, new_state, old_state, alpha = states
    size = count + len(best)
    state, alpha = grown(state, size), grown(alpha, size)
    new_state, old_state = grown(new_state, size), grown(old_state, size)
    number = np.full(len(best), -1, np.int32)
    for g in range(len(best)):
        way = best[g]
        if ways[6][way] >= least:
            state[count], alpha[count] = t, ways[6][way]
            new_state[count], old_state[count] = ways[2][way], ways[3][way]
            number[g] = count
            count += 1
    return (state, new_state, old_state, alpha), number


@njit(cache=True, nogil=True)
def _with_arcs(arcs: Any, count: int, ways: Any, target: Any) -> Tuple[Any, int]:
    """Appends an arc for each way whose target is not -1; also the number of arcs."""
    source, to, arc, lm, old = arcs
    size = count + len(target)
    source, to, arc = grown(source, size), grown(to, size), grown(arc, size)
    lm, old = grown(lm, size), grown(old, size)
    for i in range(len(target)):
        if target[i] >= 0:
            source[count], to[count], arc[count] = ways[0][i], target[i], ways[1][i]
            lm[count], old[count] = ways[4][i], ways[5][i]
            count += 1
    return (source, to, arc, lm, old), count


@njit(cache=True, nogil=True)
def compose(graph: Any, lms: Any, mixing: Any, scale: float, pruning: Any, budget: int) -> Tuple[bool, Any, Any]:
    """Composes a lattice of S states and A arcs with two LMs.

    Args:
      graph: arcs by target (A,) and the offsets of each state's among them (S + 1,); source (A,); score of each arc
        without LM (A,); word of each arc in the new LM and in the old one (A,), -1 for none.
      lms: `NgramStates.tables` of the new and of the old LM, start state of each, number of states of the old one.
      mixing: weight of the new LM, whether probabilities are mixed, whether the old LM's score is subtracted.
      scale: factor of LM scores in scores of paths.
      pruning: beta (S,) and cutoff: composed states whose best score from the start plus beta is below are dropped;
        and `merge`: one composed state for each lattice state, with the LM states of the best way to it.
      budget: arcs at most.

    Returns:
      Whether the budget sufficed; lattice state, both LM states and best score from the start of each composed state,
      in ascending order of lattice states; source, target, lattice arc and LM score of each arc, and the old LM's score
      that is to be subtracted, else 0.
    """
    order, offsets, source = graph[:3]
    beta, cutoff, merge = pruning
    size = len(offsets) - 1
    block = np.zeros(size + 1, np.int64)
    block[1] = 1
    states = np.zeros(1, np.int32), np.full(1, lms[2], np.int32), np.full(1, lms[3], np.int32), np.zeros(1)
    ids, values = np.empty(size, np.int32), np.empty(size)
    arcs, count, total = (ids, ids.copy(), ids.copy(), values, values.copy()), 0, 0
    for t in range(1, size):
        total = 0
        for i in range(offsets[t], offsets[t + 1]):
            total += block[source[order[i]] + 1] - block[source[order[i]]]
        if max(total, count) > budget:
            break
        ways = _arrivals(graph, lms, mixing, scale, t, block, states, total)
        group, best = _by_history(ways[2], ways[3], ways[6], lms[4], merge)
        states, number = _with_states(states, block[t], t, ways, best, cutoff - beta[t])
        block[t + 1] = max(block[t], number.max() + 1) if len(number) else block[t]
        arcs, count = _with_arcs(arcs, count, ways, number[group])
    fits, kept = max(total, count) <= budget, block[size]
    return (
        fits,
        (states[0][:kept], states[1][:kept], states[2][:kept], states[3][:kept]),
        (arcs[0][:count], arcs[1][:count], arcs[2][:count], arcs[3][:count], arcs[4][:count]),
    )


@njit(cache=True, nogil=True)
def endings(lms: Any, mixing: Any, ends: Any, states: Any) -> Tuple[Any, Any]:
    """LM score of ending in each composed state, and what is to be subtracted; `ends` are both LMs' ids of `</s>`."""
    lm, old = np.empty(len(states[1])), np.empty(len(states[1]))
    for u in range(len(lm)):
        _, new = step(lms[0], states[1][u], ends[0])
        _, removed = step(lms[1], states[2][u], ends[1])
        lm[u] = mixed(mixing, new, removed)
        old[u] = removed if mixing[2] else 0.0
    return lm, old
