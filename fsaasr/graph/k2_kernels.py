"""Compiled loops that spell out the epsilon paths of a graph, one root after another."""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np
from numba import njit


class ArcsBySource(NamedTuple):
    """Arcs of one kind: those of state s are `offsets[s]` to `offsets[s + 1]`; id, target, column and score of each."""

    offsets: Any
    arc: Any
    target: Any
    column: Any
    score: Any


class Spelled(NamedTuple):
    """The P paths, sorted as k2 sorts arcs; `rows` (P, 4) are k2's arcs without scores, the rest is as in K2Graph."""

    rows: Any
    score: Any
    offsets: Any
    arcs: Any
    end: Any


class _Walk(NamedTuple):
    """The stack of epsilon arcs, and the paths found from one root in the order in which they are met."""

    state: Any
    place: Any
    arc: Any
    sum: Any
    key: Any
    last: Any
    end: Any
    score: Any
    begin: Any
    spelled: Any


@njit(cache=True, nogil=True)
def count_paths(roots: Any, epsilons: Any, emit_offsets: Any, final_score: Any, budget: int) -> Tuple[Any, int]:
    """Paths that leave each root and arcs on them, int64 (R, 2), and the most epsilons in a row.

    A path is any number of epsilon arcs, then an emitting arc or the end. No row is given where the paths, or
    their beginnings, are more than `budget` over all roots.
    """
    counts = np.zeros((len(roots), 2), np.int64)
    state, place = np.empty(16, np.int32), np.empty(16, np.int64)
    paths = beginnings = deepest = 0
    for r in range(len(roots)):
        depth = 0
        state[0], place[0] = roots[r], -1
        while depth >= 0:
            here = state[depth]
            if place[depth] < 0:
                emits = emit_offsets[here + 1] - emit_offsets[here]
                ends = 1 if final_score[here] > -np.inf else 0
                counts[r, 0] += emits + ends
                counts[r, 1] += emits * (depth + 1) + ends * depth
                paths += emits + ends
                beginnings += min(depth, 1)
                if paths > budget or beginnings > budget:
                    return counts[:0], deepest
                place[depth] = epsilons.offsets[here]
            if place[depth] == epsilons.offsets[here + 1]:
                depth -= 1
                continue
            target = epsilons.target[place[depth]]
            place[depth] += 1
            depth += 1
            if depth == len(state):
                state, place = np.append(state, state), np.append(place, place)
            state[depth], place[depth] = target, -1
            deepest = max(deepest, depth)
    return counts, deepest


@njit(cache=True, nogil=True)
def spell_out(
    roots: Any, number: Any, epsilons: Any, emitting: Any, final_score: Any, counts: Any, deepest: int, out: Any
) -> None:
    """Writes all paths to `out`; `number` is each root state's number, int32 (S,), the rest as in `count_paths`."""
    most, longest, depth = counts[:, 0].max(), counts[:, 1].max(), deepest + 1
    walk = _Walk(
        np.empty(depth, np.int32),
        np.empty(depth, np.int64),
        np.empty(depth, np.int32),
        np.empty(depth, np.float64),
        np.empty(most, np.int64),
        np.empty(most, np.int32),
        np.empty(most, np.int32),
        np.empty(most, np.float32),
        np.zeros(most + 1, np.int64),
        np.empty(longest, np.int32),
    )
    path = 0
    out.offsets[0] = 0
    for r in range(len(roots)):
        found = _walk_from(roots[r], number, len(roots), epsilons, emitting, final_score, walk)
        for k in np.argsort(walk.key[:found], kind="mergesort"):
            begin, length = out.offsets[path], walk.begin[k + 1] - walk.begin[k]
            out.arcs[begin : begin + length] = walk.spelled[walk.begin[k] : walk.begin[k + 1]]
            out.offsets[path + 1] = begin + length
            out.end[path] = walk.end[k]
            out.score[path] = walk.score[k]
            last = walk.last[k]
            out.rows[path, 0] = r
            out.rows[path, 1] = len(roots) if last < 0 else number[emitting.target[last]]
            out.rows[path, 2] = -1 if last < 0 else emitting.column[last]
            path += 1


@njit(cache=True, nogil=True)
def _walk_from(
    root: Any, number: Any, num_roots: int, epsilons: Any, emitting: Any, final_score: Any, walk: Any
) -> int:
    """Finds the paths from one root; returns their number."""
    depth = found = 0
    walk.state[0], walk.place[0], walk.sum[0] = root, -1, 0.0
    while depth >= 0:
        here = walk.state[depth]
        if walk.place[depth] < 0:
            for k in range(emitting.offsets[here], emitting.offsets[here + 1]):
                key = emitting.column[k] * np.int64(num_roots + 1) + number[emitting.target[k]]
                walk.key[found], walk.last[found], walk.end[found] = key, k, -1
                walk.score[found] = walk.sum[depth] + emitting.score[k]
                end = walk.begin[found] + depth
                walk.spelled[walk.begin[found] : end] = walk.arc[:depth]
                walk.spelled[end] = emitting.arc[k]
                found += 1
                walk.begin[found] = end + 1
            if final_score[here] > -np.inf:
                walk.key[found], walk.last[found], walk.end[found] = np.iinfo(np.int64).max, -1, here
                walk.score[found] = walk.sum[depth] + final_score[here]
                end = walk.begin[found] + depth
                walk.spelled[walk.begin[found] : end] = walk.arc[:depth]
                found += 1
                walk.begin[found] = end
            walk.place[depth] = epsilons.offsets[here]
        k = walk.place[depth]
        if k == epsilons.offsets[here + 1]:
            depth -= 1
            continue
        walk.place[depth] += 1
        walk.arc[depth] = epsilons.arc[k]
        depth += 1
        walk.state[depth], walk.place[depth] = epsilons.target[k], -1
        walk.sum[depth] = walk.sum[depth - 1] + epsilons.score[k]
    return found
