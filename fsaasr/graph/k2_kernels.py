"""Compiled loops that spell out the paths which k2's arcs stand for.

A path is an emitting arc and any number of epsilon arcs after it, or the end. Where the search starts there may be
epsilon arcs before it, too. So hypotheses that back off meet in the state that they back off to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fsaasr.core.kernels import njit


class ArcsBySource(NamedTuple):
    """Arcs of one kind: those of state s are `offsets[s]` to `offsets[s + 1]`; id, target, column and score of each."""

    offsets: Any
    arc: Any
    target: Any
    column: Any
    score: Any


class Counts(NamedTuple):
    """Of each state, float64 (S, 2) each: number of paths, and arcs on them in all.

    Attributes:
      after: of epsilons, to a state that is of use: it emits or is final.
      leaving: as k2's arcs from the state.
      starting: as k2's arcs from the state if it is the start.
      longest: int32 (S,): epsilons in a row.
      is_root: bool (S,): a path of k2's may lead to the state, and it is of use.
    """

    after: Any
    leaving: Any
    starting: Any
    longest: Any
    is_root: Any


class Spelled(NamedTuple):
    """The P paths, sorted as k2 sorts arcs; `rows` (P, 4) are k2's arcs without scores, the rest is as in K2Graph."""

    rows: Any
    score: Any
    offsets: Any
    arcs: Any
    end: Any


class _Walk(NamedTuple):
    """A stack of states, the arcs that led there, whether after an emitting one, and which arc is next; sums."""

    state: Any
    emitted: Any
    next: Any
    arc: Any
    sum: Any


class _Found(NamedTuple):
    """The paths from one root as they are met: sort key, k2's target and column, end state, score, arcs."""

    key: Any
    target: Any
    column: Any
    end: Any
    score: Any
    begin: Any
    arcs: Any


@njit(cache=True, nogil=True)
def count_paths(order: Any, epsilons: Any, emitting: Any, final_score: Any) -> Any:
    """`Counts`; epsilon arcs go upwards in `order`."""
    states = len(order)
    after, leaving, starting = np.zeros((states, 2)), np.zeros((states, 2)), np.zeros((states, 2))
    longest, is_root = np.zeros(states, np.int32), np.zeros(states, np.bool_)
    for s in order[::-1]:
        if emitting.offsets[s] < emitting.offsets[s + 1] or final_score[s] > -np.inf:
            after[s, 0] = 1.0
        for k in range(epsilons.offsets[s], epsilons.offsets[s + 1]):
            u = epsilons.target[k]
            after[s, 0] += after[u, 0]
            after[s, 1] += after[u, 0] + after[u, 1]
            longest[s] = max(longest[s], longest[u] + 1)
    for s in order[::-1]:
        leaving[s, 0] = 1.0 if final_score[s] > -np.inf else 0.0
        for k in range(emitting.offsets[s], emitting.offsets[s + 1]):
            u = emitting.target[k]
            is_root[u] = True
            leaving[s, 0] += after[u, 0]
            leaving[s, 1] += after[u, 0] + after[u, 1]
        starting[s] = leaving[s]
        for k in range(epsilons.offsets[s], epsilons.offsets[s + 1]):
            u = epsilons.target[k]
            starting[s, 0] += starting[u, 0]
            starting[s, 1] += starting[u, 0] + starting[u, 1]
    for s in order:
        if is_root[s]:
            for k in range(epsilons.offsets[s], epsilons.offsets[s + 1]):
                is_root[epsilons.target[k]] = True
            of_use = emitting.offsets[s] < emitting.offsets[s + 1] or final_score[s] > -np.inf
            is_root[s] = of_use
    return Counts(after, leaving, starting, longest, is_root)


@njit(cache=True, nogil=True)
def spell_out(
    roots: Any, number: Any, epsilons: Any, emitting: Any, final_score: Any, counts: Any, most: Any, out: Any
) -> None:
    """Writes all paths to `out`.

    Args:
      roots: int32 (R,), the start first; number: int32 (S,), each state's root.
      epsilons, emitting, final_score, counts: as in `count_paths`.
      most: paths of a root, and arcs on them, at most.
    """
    depth = 2 * counts.longest.max() + 3
    walk = _Walk(
        np.empty(depth, np.int32),
        np.empty(depth, np.int32),
        np.empty(depth, np.int64),
        np.empty(depth, np.int32),
        np.empty(depth, np.float64),
    )
    found = _Found(
        np.empty(most[0], np.int64),
        np.empty(most[0], np.int32),
        np.empty(most[0], np.int32),
        np.empty(most[0], np.int32),
        np.empty(most[0], np.float32),
        np.zeros(most[0] + 1, np.int64),
        np.empty(most[1], np.int32),
    )
    path = 0
    out.offsets[0] = 0
    for r in range(len(roots)):
        count = _walk_from(roots[r], r == 0, len(roots), number, epsilons, emitting, final_score, counts, walk, found)
        for k in np.argsort(found.key[:count], kind="mergesort"):
            begin, length = out.offsets[path], found.begin[k + 1] - found.begin[k]
            out.arcs[begin : begin + length] = found.arcs[found.begin[k] : found.begin[k + 1]]
            out.offsets[path + 1] = begin + length
            out.end[path] = found.end[k]
            out.score[path] = found.score[k]
            out.rows[path, 0] = r
            out.rows[path, 1] = found.target[k]
            out.rows[path, 2] = found.column[k]
            path += 1


@njit(cache=True, nogil=True)
def _walk_from(
    root: Any,
    is_start: bool,
    num_roots: int,
    number: Any,
    epsilons: Any,
    emitting: Any,
    final_score: Any,
    counts: Any,
    walk: Any,
    found: Any,
) -> int:
    """Finds the paths from one root; returns how many."""
    count = depth = 0
    walk.state[0], walk.emitted[0], walk.next[0], walk.sum[0] = root, -1, -1, 0.0
    while depth >= 0:
        here, emitted = walk.state[depth], walk.emitted[depth]
        emits = emitting.offsets[here + 1] - emitting.offsets[here]
        is_final = final_score[here] > -np.inf
        if walk.next[depth] < 0:
            walk.next[depth] = 0
            if emitted >= 0 and (emits or is_final):
                found.key[count] = emitted * np.int64(num_roots + 1) + number[here]
                found.target[count], found.column[count], found.end[count] = number[here], emitted, -1
                count = _add(walk, found, count, depth, walk.sum[depth])
            elif emitted < 0 and is_final:
                found.key[count] = np.iinfo(np.int64).max
                found.target[count], found.column[count], found.end[count] = num_roots, -1, here
                count = _add(walk, found, count, depth, walk.sum[depth] + final_score[here])
        place = walk.next[depth]
        walk.next[depth] += 1
        if emitted < 0 and place < emits:
            arcs, k = emitting, emitting.offsets[here] + place
            emitted = arcs.column[k]
            goes_on = counts.after[arcs.target[k], 0] > 0
        else:
            arcs, k = epsilons, epsilons.offsets[here] + (place - emits if emitted < 0 else place)
            if k >= epsilons.offsets[here + 1] or (emitted < 0 and not is_start):
                depth -= 1
                continue
            ahead = counts.after if emitted >= 0 else counts.starting
            goes_on = ahead[arcs.target[k], 0] > 0
        if goes_on:
            walk.arc[depth] = arcs.arc[k]
            depth += 1
            walk.sum[depth] = walk.sum[depth - 1] + arcs.score[k]
            walk.state[depth], walk.emitted[depth], walk.next[depth] = arcs.target[k], emitted, -1
    return count


@njit(cache=True, nogil=True)
def _add(walk: Any, found: Any, count: int, depth: int, score: float) -> int:
    """Notes the arcs of the stack as a path; returns the number of paths."""
    end = found.begin[count] + depth
    found.arcs[found.begin[count] : end] = walk.arc[:depth]
    found.begin[count + 1] = end
    found.score[count] = score
    return count + 1
