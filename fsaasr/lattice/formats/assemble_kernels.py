"""Compiled loops that put loose arcs in order: trimming, topological numbering, frames of states."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True)
def _by_state(state: Any, num_states: int) -> Tuple[Any, Any]:
    """Arcs grouped by the state `state` (A,) of each, in their order: offsets (S + 1,) and arcs (A,)."""
    offsets = np.zeros(num_states + 1, np.int64)
    for k in range(len(state)):
        offsets[state[k] + 1] += 1
    for s in range(num_states):
        offsets[s + 1] += offsets[s]
    arcs = np.empty(len(state), np.int64)
    place = offsets[:-1].copy()
    for k in range(len(state)):
        arcs[place[state[k]]] = k
        place[state[k]] += 1
    return offsets, arcs


@njit(cache=True, nogil=True)
def _reached(offsets: Any, arcs: Any, next_state: Any, begin: Any) -> Any:
    """Which states (S,) arcs lead to from the states that `begin` (S,) marks, those included."""
    reached = begin.copy()
    stack = np.empty(len(begin), np.int64)
    depth = 0
    for s in range(len(begin)):
        if begin[s]:
            stack[depth] = s
            depth += 1
    while depth > 0:
        depth -= 1
        state = stack[depth]
        for i in range(offsets[state], offsets[state + 1]):
            to = next_state[arcs[i]]
            if not reached[to]:
                reached[to] = True
                stack[depth] = to
                depth += 1
    return reached


@njit(cache=True, nogil=True)
def _numbered(offsets: Any, arcs: Any, target: Any, keep: Any) -> Any:
    """Kept states in topological order; fewer than all of them if there is a cycle."""
    ordered = True
    waiting = np.zeros(len(keep), np.int64)
    for s in range(len(keep)):
        for i in range(offsets[s], offsets[s + 1]):
            to = target[arcs[i]]
            if keep[s] and keep[to]:
                waiting[to] += 1
                ordered = ordered and s < to
    states = np.flatnonzero(keep)
    if ordered:
        return states
    count = 0
    queue = np.empty(len(states), np.int64)
    for s in states:
        if waiting[s] == 0:
            queue[count] = s
            count += 1
    done = 0
    while done < count:
        for i in range(offsets[queue[done]], offsets[queue[done] + 1]):
            to = target[arcs[i]]
            if keep[to]:
                waiting[to] -= 1
                if waiting[to] == 0:
                    queue[count] = to
                    count += 1
        done += 1
    return queue[:count]


@njit(cache=True, nogil=True)
def _in_order(source: Any, target: Any, start: int, is_final: Any) -> bool:
    """Whether there is nothing to do: arcs sorted by source, states in topological order, all on complete paths."""
    if start != 0:
        return False
    reached, alive = np.zeros(len(is_final), np.bool_), is_final.copy()
    reached[0] = True
    for k in range(len(source)):
        if source[k] >= target[k] or (k > 0 and source[k] < source[k - 1]):
            return False
        reached[target[k]] = reached[target[k]] or reached[source[k]]
    for k in range(len(source) - 1, -1, -1):
        alive[source[k]] = alive[source[k]] or alive[target[k]]
    return bool(np.all(reached & alive))


@njit(cache=True, nogil=True)
def arrange(source: Any, target: Any, start: int, is_final: Any) -> Tuple[Any, Any, Any]:
    """Trims, and numbers topologically; states that are numbered so already keep their order.

    Args:
      source, target: int (A,), 0 .. S - 1, in any order. start: 0 .. S - 1. is_final: bool (S,).

    Returns:
      Which states lie on a path from the start to a final one, bool (S,); these in topological order, fewer than all
      of them if there is a cycle; and the arcs between them, in the order of their sources and then as they came.
    """
    num_states = len(is_final)
    if _in_order(source, target, start, is_final):
        return np.ones(num_states, np.bool_), np.arange(num_states), np.arange(len(source))
    offsets, arcs = _by_state(source, num_states)
    into, arcs_in = _by_state(target, num_states)
    begin = np.zeros(num_states, np.bool_)
    begin[start] = True
    keep = _reached(offsets, arcs, target, begin) & _reached(into, arcs_in, source, is_final)
    states = _numbered(offsets, arcs, target, keep)
    kept_arcs = np.empty(len(source), np.int64)
    count = 0
    for s in states:
        for i in range(offsets[s], offsets[s + 1]):
            if keep[target[arcs[i]]]:
                kept_arcs[count] = arcs[i]
                count += 1
    return keep, states, kept_arcs[:count]


@njit(cache=True, nogil=True)
def state_on_cycle(source: Any, target: Any, left: Any) -> int:
    """A state of a cycle, where each of the states that `left` (S,) marks has an arc from another of them."""
    before = np.full(len(left), -1, np.int64)
    for k in range(len(source)):
        if left[source[k]] and left[target[k]]:
            before[target[k]] = source[k]
    state = np.argmax(left)
    for _ in range(len(left)):
        state = before[state]
    return int(state)


@njit(cache=True, nogil=True)
def frames_reached(source: Any, target: Any, frames: Any, num_states: int) -> Tuple[Any, int, int]:
    """Frames consumed when each state is reached, int64 (S,), from those of each arc.

    Arcs are sorted by source, states in topological order, 0 the start.

    Returns:
      The frames; and the first arc that disagrees with another about its target, or -1, with what it makes of it.
    """
    reached = np.full(num_states, -1, np.int64)
    reached[0] = 0
    for k in range(len(source)):
        frame = reached[source[k]] + frames[k]
        if reached[target[k]] == -1:
            reached[target[k]] = frame
        elif reached[target[k]] != frame:
            return reached, k, frame
    return reached, -1, 0
