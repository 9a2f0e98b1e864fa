"""What arcs without word lead to, as compiled loops: from entries to the members of a determinized state."""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.words.string_kernels import appended

NEG_INF = -np.inf
LOWEST = np.finfo(np.float64).min
"""What is not -inf is not lower."""
BLOCK = 5
"""Two to its power states are skipped at once where none of them is reached."""
SAME = 1e-5
"""Scores that differ by no more are one score: the rounding of float64 sums along different paths, and far below that
of float32 scores."""

TIE = 1e-7
"""Scores that differ by no more are equal but for rounding."""


class LatticeTables(NamedTuple):
    """A lattice whose labels stand where words begin.

    Attributes:
      offsets: int64 (S + 1,) of arcs. target, label: int32 (A,). symbol: int32 (A,): frame's symbol, 0 without frame.
      acoustic, graph: float64 (A,). scales: float64 (2,): of acoustic and graph scores.
      score, through: float64 (A,): of each arc the scaled score, and with the best one from its target to the end.
      final: float64 (S,): graph score of ending. beta: float64 (S,): best scaled score to the end.
      stop: float64 (S,): the same, if the next arc has a label or the path ends here; -inf where neither can be.
    """

    offsets: Any
    target: Any
    label: Any
    symbol: Any
    acoustic: Any
    graph: Any
    scales: Any
    score: Any
    through: Any
    final: Any
    beta: Any
    stop: Any


class Entries(NamedTuple):
    """Lattice states with scores and strings: members of determinized states, and where transitions lead.

    Attributes:
      state, string: int32 (E,). acoustic, graph: float64 (E,). used: int64 (1,).
    """

    state: Any
    string: Any
    acoustic: Any
    graph: Any
    used: Any


class Scratch(NamedTuple):
    """Of each lattice state the best way to it from within a set, as arrays (S,); `best` is left at -inf.

    Attributes:
      best, acoustic, graph: float64. back: int64: arc, or -1 - entry. string: int32, -1 where not asked for.
      reached: int32: the states reached, ascending. is_near: bool, for each block of states whether one is reached.
      symbols: int32, room for the symbols of a path.
    """

    best: Any
    acoustic: Any
    graph: Any
    back: Any
    string: Any
    reached: Any
    is_near: Any
    symbols: Any


def new_entries(room: int) -> Entries:
    """No entries, and room for so many."""
    states, strings = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    return Entries(states, strings, np.empty(room), np.empty(room), np.zeros(1, dtype=np.int64))


def new_scratch(states: int, path_symbols: int) -> Scratch:
    """For a lattice of so many states, whose paths have so many symbols at most."""
    best, string = np.full(states, NEG_INF), np.full(states, -1, dtype=np.int32)
    back, symbols = np.empty(states, dtype=np.int64), np.empty(path_symbols, dtype=np.int32)
    reached, is_near = np.empty(states, dtype=np.int32), np.zeros((states >> BLOCK) + 1, dtype=np.bool_)
    return Scratch(best, np.empty(states), np.empty(states), back, string, reached, is_near, symbols)


@njit(cache=True, nogil=True)
def scaled(lattice: Any, acoustic: float, graph: float) -> Any:
    """The sum of an acoustic and a graph score under the scales."""
    # A scale of 0 makes nothing of -inf.
    return (lattice.scales[0] * acoustic if acoustic else 0.0) + (lattice.scales[1] * graph if graph else 0.0)


@njit(cache=True, nogil=True)
def _seed(lattice: Any, entries: Any, begin: int, end: int, way: Any) -> Tuple[Any, Any, Any]:
    """Puts entries in place; returns first and last state, and the best score to the end."""
    first, last, reference = len(way.best), -1, NEG_INF
    for i in range(begin, end):
        s = entries.state[i]
        value = scaled(lattice, entries.acoustic[i], entries.graph[i])
        if value > way.best[s]:
            way.best[s], way.back[s] = value, -1 - i
            way.acoustic[s], way.graph[s] = entries.acoustic[i], entries.graph[i]
            way.is_near[s >> BLOCK] = True
        first, last = min(first, s), max(last, s)
        reference = max(reference, value + lattice.beta[s])
    return first, last, reference


@njit(cache=True, nogil=True)
def _sweep(lattice: Any, way: Any, first: int, last: int, cutoff: float) -> Any:
    """Follows arcs without word to all that is within the cutoff; returns how many states are reached.

    Of equally good paths that differ in when the word began, the earlier one is taken, so that all ways on agree.
    """
    count, s = 0, first
    while s <= last:
        if not way.is_near[s >> BLOCK]:
            s = ((s >> BLOCK) + 1) << BLOCK
            continue
        here = way.best[s]
        if here > NEG_INF:
            way.reached[count] = s
            count += 1
            for k in range(lattice.offsets[s], lattice.offsets[s + 1]):
                if lattice.label[k] > 0 or here + lattice.through[k] < cutoff:
                    continue
                t = lattice.target[k]
                value = here + lattice.score[k]
                if value > way.best[t] + TIE or (value >= way.best[t] - TIE and way.back[t] < 0):
                    way.best[t], way.back[t] = value, k
                    way.acoustic[t] = way.acoustic[s] + lattice.acoustic[k]
                    way.graph[t] = way.graph[s] + lattice.graph[k]
                    way.is_near[t >> BLOCK] = True
                    last = max(last, t)
        s += 1
    return count


@njit(cache=True, nogil=True)
def _name_strings(lattice: Any, entries: Any, strings: Any, way: Any, source: Any, reached: Any, cutoff: float) -> Any:
    """Strings of all states on the way to members; returns how many members there are."""
    members = 0
    for s in reached[::-1]:
        if way.best[s] + lattice.stop[s] >= cutoff:
            members += 1
            way.string[s] = -2
        if way.string[s] == -2 and way.back[s] >= 0:
            way.string[source[way.back[s]]] = -2
    for s in reached:
        if way.string[s] == -2:
            k = way.back[s]
            if k < 0:
                way.string[s] = entries.string[-1 - k]
            elif lattice.symbol[k] != 0:
                way.string[s] = appended(strings, way.string[source[k]], lattice.symbol[k])
            else:
                way.string[s] = way.string[source[k]]
    return members


@njit(cache=True, nogil=True)
def close(
    lattice: Any, source: Any, entries: Any, begin: int, end: int, beam: float, strings: Any, way: Any
) -> Tuple[Any, Any]:
    """Members that entries lead to without a word, added to the entries: ascending states, within the beam.

    Returns:
      The number of members, and the place of the one on the best path; -1 members where there is no room.
    """
    first, last, reference = _seed(lattice, entries, begin, end, way)
    # The best path itself must not fall to the rounding of sums; nothing at all is below the lowest cutoff.
    cutoff = max(reference - beam - SAME, LOWEST)
    reached = way.reached[: _sweep(lattice, way, first, last, cutoff)]
    count = _name_strings(lattice, entries, strings, way, source, reached, cutoff)
    place = entries.used[0]
    fits = place + count <= len(entries.state) and strings.state[1] == 0
    best, best_at = NEG_INF, -1
    for s in reached:
        value = way.best[s] + lattice.stop[s]
        if value >= cutoff and fits:
            if value > best + TIE:
                best, best_at = value, place
            entries.state[place], entries.string[place] = s, way.string[s]
            entries.acoustic[place], entries.graph[place] = way.acoustic[s], way.graph[s]
            place += 1
        way.best[s], way.string[s], way.is_near[s >> BLOCK] = NEG_INF, -1, False
    return count if fits else -1, best_at
