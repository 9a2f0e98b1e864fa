"""The compiled search over a word's sequences of units."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.grammar.ngram_kernels import step


@njit(cache=True, nogil=True)
def unit_lattice(lm: Any, ends: Any, strings: Any, choices: Any, scratch: Any, beam: float) -> Any:
    """All sequences of units that spell a word, with n-gram states merged.

    Args:
      lm: `NgramStates.tables`. ends: state at the start, and word id of the end.
      strings: (K + 1, N + 1): numbers of the strings of 1 .. K letters at each letter, -1 for one without units.
      choices: offsets of the units of each string of letters (S + 1,), and their word ids (U,).
      scratch: int64 (K + 1, states) of marks and the same of items; a mark is used once.
      beam: sequences that are so much worse than the best at the same letter are given up; inf for none.

    Returns:
      items: float64 (I, 3): best score, log of the sum of all, and score of ending there; arcs: int32 (A, 3) from
      item, to item, unit (its place among the choices); float64 (A,) scores; int32 (I,) the arc by which the best score
      comes, -1 at the start.
    """
    marks, slots = scratch
    longest, letters = strings.shape[0] - 1, strings.shape[1] - 1
    offsets, word_ids = choices
    head = np.full(letters + 1, -1, np.int64)
    state, after = np.empty(256, np.int32), np.empty(256, np.int64)
    via = np.empty(256, np.int32)
    values = np.empty((256, 3))
    arcs, scores = np.empty((1024, 3), np.int32), np.empty(1024)
    items, count = 1, 0
    state[0], after[0], via[0] = ends[0], -1, -1
    values[0, 0], values[0, 2] = 0.0, -np.inf
    head[0] = 0
    for position in range(letters + 1):
        least = _best(values, after, head[position]) - beam
        item = head[position]
        while item >= 0:
            if position == letters:
                values[item, 2] = step(lm, state[item], ends[1])[1]
            elif values[item, 0] >= least:
                for n in range(1, min(longest, letters - position) + 1):
                    string = strings[n, position]
                    if string < 0:
                        continue
                    for unit in range(offsets[string], offsets[string + 1]):
                        following, score = step(lm, state[item], word_ids[unit])
                        place = (position + n) % (longest + 1)
                        if marks[place, following] != position + n + ends[2]:
                            marks[place, following] = position + n + ends[2]
                            slots[place, following] = items
                            if items == len(state):
                                state, after, via = _twice(state), _twice(after), _twice(via)
                                values = np.concatenate((values, np.empty((items, 3))))
                            state[items], after[items] = following, head[position + n]
                            head[position + n] = items
                            values[items, 0], values[items, 2] = -np.inf, -np.inf
                            items += 1
                        target = slots[place, following]
                        if count == len(scores):
                            arcs = np.concatenate((arcs, np.empty((count, 3), np.int32)))
                            scores = np.concatenate((scores, np.empty(count)))
                        arcs[count, 0], arcs[count, 1], arcs[count, 2] = item, target, unit
                        scores[count] = score
                        if values[item, 0] + score > values[target, 0]:
                            values[target, 0] = values[item, 0] + score
                            via[target] = count
                        count += 1
            item = after[item]
    _sum(values[:items], arcs[:count], scores[:count])
    return values[:items], arcs[:count], scores[:count], via[:items]


@njit(cache=True, nogil=True)
def _sum(values: Any, arcs: Any, scores: Any) -> None:
    """Fills in the log of the sum of all; arcs stand in the order of their sources, each behind all that lead there."""
    share = np.zeros(len(values))  # the sum over the best one, so that nothing overflows
    share[0] = 1.0
    for a in range(len(arcs)):
        source, target = arcs[a, 0], arcs[a, 1]
        share[target] += share[source] * np.exp(values[source, 0] + scores[a] - values[target, 0])
    for item in range(len(values)):
        values[item, 1] = values[item, 0] + np.log(share[item])


@njit(cache=True, nogil=True)
def near_best(values: Any, arcs: Any, scores: Any, beam: float) -> Any:
    """What is part of sequences that are at most `beam` worse than the best one.

    Returns:
      float64 (I,): best score of what may follow each item, its end included; int64: numbers of arcs.
    """
    rest = values[:, 2].copy()
    for a in range(len(arcs) - 1, -1, -1):
        rest[arcs[a, 0]] = max(rest[arcs[a, 0]], scores[a] + rest[arcs[a, 1]])
    kept = np.empty(len(arcs), np.int64)
    count = 0
    for a in range(len(arcs)):
        whole = values[arcs[a, 0], 0] + scores[a] + rest[arcs[a, 1]]
        if whole > -np.inf and whole >= rest[0] - beam:
            kept[count] = a
            count += 1
    return rest, kept[:count]


@njit(cache=True, nogil=True)
def sequence_scores(lm: Any, ends: Any, offsets: Any, word_ids: Any) -> Any:
    """Log probability of each of several sequences of words, offsets (N + 1,) among word ids, with its end."""
    found = np.zeros(len(offsets) - 1)
    for n in range(len(found)):
        state = ends[0]
        for k in range(offsets[n], offsets[n + 1]):
            state, score = step(lm, state, word_ids[k])
            found[n] += score
        found[n] += step(lm, state, ends[1])[1]
    return found


@njit(cache=True, nogil=True)
def _best(values: Any, after: Any, item: int) -> float:
    """Best score of a linked list of items."""
    best = -np.inf
    while item >= 0:
        best = max(best, values[item, 0])
        item = after[item]
    return best


@njit(cache=True, nogil=True)
def _twice(array: Any) -> Any:
    return np.concatenate((array, np.empty_like(array)))
