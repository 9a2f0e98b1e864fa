"""The n-best search as compiled loops: best first over the word prefixes of a lattice.

A prefix is a number; `prefixes` holds its parent, which of the parent's continuations it is, its last word, and how
many words it has. An entry of the queue is its cost (the negative score of the best path that begins with the prefix,
or that ends with it), the prefix, and the state in which the path ends, -1 for a prefix that is still to be extended.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.nbest_kernels import extend_prefix, trace_prefix


@njit(cache=True, nogil=True)
def _before(a: Any, b: Any, prefixes: Any) -> Any:
    """Order of two entries: cost, then word labels; a sequence stands before what continues it."""
    if a[0] != b[0]:
        return a[0] < b[0]
    p, q = a[1], b[1]
    longer = prefixes[p][3] - prefixes[q][3]
    while prefixes[p][3] > prefixes[q][3]:
        p = prefixes[p][0]
    while prefixes[q][3] > prefixes[p][3]:
        q = prefixes[q][0]
    if p == q:
        return longer < 0
    while prefixes[p][0] != prefixes[q][0]:
        p, q = prefixes[p][0], prefixes[q][0]
    return prefixes[p][2] < prefixes[q][2]


@njit(cache=True, nogil=True)
def _push(queue: Any, entry: Any, prefixes: Any) -> None:
    queue.append(entry)
    i = len(queue) - 1
    while i > 0 and _before(queue[i], queue[(i - 1) // 2], prefixes):
        queue[i], queue[(i - 1) // 2] = queue[(i - 1) // 2], queue[i]
        i = (i - 1) // 2


@njit(cache=True, nogil=True)
def _pop(queue: Any, prefixes: Any) -> Any:
    first, last = queue[0], queue.pop()
    if len(queue) == 0:
        return first
    queue[0] = last
    i, child = 0, 1
    while child < len(queue):
        if child + 1 < len(queue) and _before(queue[child + 1], queue[child], prefixes):
            child += 1
        if not _before(queue[child], queue[i], prefixes):
            break
        queue[i], queue[child] = queue[child], queue[i]
        i, child = child, 2 * child + 1
    return first


@njit(cache=True, nogil=True)
def _insert(found: Any, entry: Any, prefixes: Any) -> None:
    """Adds an ending; by the rounding of sums, one that comes later may be a little better."""
    found.append(entry)
    i = len(found) - 1
    while i > 0 and _before(found[i], found[i - 1], prefixes):
        found[i], found[i - 1] = found[i - 1], found[i]
        i -= 1


@njit(cache=True, nogil=True)
def best_sequences(tables: Any, source: Any, n: int) -> Tuple[Any, Any]:
    """Paths of the `n` best word sequences, best first.

    Args:
      tables: as `extend_prefix` takes them.
      source: of the arcs.
      n: sequences wanted.

    Returns:
      The arcs of all paths, int32, path i's at `offsets[i] : offsets[i + 1]`; and `offsets`, int64.
    """
    alpha, back = np.full(len(tables[5]), -np.inf), np.empty(len(tables[5]), np.int32)
    start = (np.zeros(1, np.int32), np.zeros(1), np.full(1, -1, np.int32))
    prefixes = [(-1, 0, np.int64(0), 0)]
    extended = [-1]
    (score, end), met, following = extend_prefix(tables, start, alpha, back)
    states, continuations = [met], [following]
    queue = [(-tables[5][0], 0, -1)]
    found = [(0.0, 0, -1) for _ in range(0)]
    while len(queue) and len(found) < n:
        entry = _pop(queue, prefixes)
        p = entry[1]
        if entry[2] >= 0:
            _insert(found, entry, prefixes)
            continue
        if p > 0:
            _, _, offsets, state, value, arc = continuations[extended[prefixes[p][0]]]
            begin, stop = offsets[prefixes[p][1]], offsets[prefixes[p][1] + 1]
            seeds = (state[begin:stop], value[begin:stop], arc[begin:stop])
            (score, end), met, following = extend_prefix(tables, seeds, alpha, back)
            states.append(met)
            continuations.append(following)
        extended[p] = len(states) - 1
        if end >= 0:
            _push(queue, (-score, p, np.int64(end)), prefixes)
        for place in range(len(following[0])):
            prefixes.append((p, place, np.int64(following[0][place]), prefixes[p][3] + 1))
            extended.append(-1)
            _push(queue, (-following[1][place], len(prefixes) - 1, -1), prefixes)
    return _paths(found, prefixes, extended, states, source, tables[2])


@njit(cache=True, nogil=True)
def _paths(found: Any, prefixes: Any, extended: Any, states: Any, source: Any, word: Any) -> Tuple[Any, Any]:
    """Arcs of the endings' paths, one after the other, and their offsets."""
    offsets = np.zeros(len(found) + 1, np.int64)
    arcs = np.empty(1024, np.int32)
    for i in range(len(found)):
        _, p, state = found[i]
        place = offsets[i]
        while p >= 0:
            met, last_arc = states[extended[p]]
            part = trace_prefix(met, last_arc, source, word, state)
            if place + len(part) > len(arcs):
                larger = np.empty(2 * (place + len(part)), np.int32)
                larger[:place] = arcs[:place]
                arcs = larger
            arcs[place : place + len(part)] = part
            place += len(part)
            if len(part):
                state = np.int64(source[part[-1]])
            p = prefixes[p][0]
        arcs[offsets[i] : place] = arcs[offsets[i] : place][::-1].copy()
        offsets[i + 1] = place
    return arcs[: offsets[-1]], offsets
