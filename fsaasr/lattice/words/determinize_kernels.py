"""Determinization over words, as compiled loops.

A determinized state is a set of members: lattice states from which words leave or paths end, each with what its best
path scores more than the state's own, and with the symbols (frames and words) of its path. What these all begin with
is the state's own string; two states are equal where their members have equal symbols behind it. Transitions are taken
best first, so that a budget cuts what is worst.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, NamedTuple, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.words.closure_kernels import NEG_INF, SAME, TIE, close, scaled
from fsaasr.lattice.words.string_kernels import appended, behind, common_prefix, hash_behind, mixed, same_behind

ROUNDING = 1e-3
"""By how much the score of a path through many states may differ from the sum along its arcs."""
FITS, NO_ROOM, BUDGET_SPENT = 0, 1, 2


class Determinized(NamedTuple):
    """States and arcs of the result.

    Attributes:
      members: int64 (D, 2): begin and end of each state's entries. base: int32 (D,): what their strings begin with.
      forward: float64 (D,): best scaled score to it.
      slots: int32 (2 ** k,): hash table of states, each plus one, 0 for none.
      ends: float64 (D, 3): acoustic and graph score of what is left to say where paths end, and the lattice's final
        score, -inf where paths do not end. end_string: int32 (D,): what is left to say.
      decided: bool (D,): whether all members have said what the state's own string has, so that a word or the end is
        next.
      arcs: int32 (B, 4): source, target, word and string. scores: float64 (B, 2): acoustic, graph.
      counts: int64 (2,): states and arcs in use.
    """

    members: Any
    base: Any
    forward: Any
    slots: Any
    ends: Any
    end_string: Any
    decided: Any
    arcs: Any
    scores: Any
    counts: Any


def new_determinized(room: int) -> Determinized:
    """No states, and room for so many, and as many arcs."""
    slots = np.zeros(1 << (2 * room - 1).bit_length(), dtype=np.int32)
    members, arcs = np.empty((room, 2), dtype=np.int64), np.empty((room, 4), dtype=np.int32)
    ends, end_string, decided = np.zeros((room, 3)), np.zeros(room, dtype=np.int32), np.empty(room, dtype=np.bool_)
    counts = np.zeros(2, dtype=np.int64)
    base, scores = np.zeros(room, dtype=np.int32), np.empty((room, 2))
    return Determinized(members, base, np.empty(room), slots, ends, end_string, decided, arcs, scores, counts)


@njit(cache=True, nogil=True)
def normalize(entries: Any, begin: int, end: int, best: int, strings: Any) -> Tuple[Any, Any, Any]:
    """Takes the best member's scores out of all; returns them, and the common beginning of the strings."""
    acoustic, graph = entries.acoustic[best], entries.graph[best]
    base = entries.string[begin]
    for i in range(begin, end):
        base = common_prefix(strings, base, entries.string[i])
        entries.acoustic[i] -= acoustic
        entries.graph[i] -= graph
    return acoustic, graph, base


@njit(cache=True, nogil=True)
def _equal(entries: Any, a: int, b: int, count: int, strings: Any, base_a: int, base_b: int) -> Any:
    for i in range(count):
        if entries.state[a + i] != entries.state[b + i]:
            return False
        if abs(entries.acoustic[a + i] - entries.acoustic[b + i]) > SAME:
            return False
        if abs(entries.graph[a + i] - entries.graph[b + i]) > SAME:
            return False
        if not same_behind(strings, base_a, entries.string[a + i], base_b, entries.string[b + i]):
            return False
    return True


@njit(cache=True, nogil=True)
def find_state(entries: Any, begin: int, end: int, strings: Any, base: int, det: Any) -> Tuple[Any, Any]:
    """The determinized state with these members, made where there is none; and whether it was made."""
    key = np.uint64(end - begin)
    for i in range(begin, end):
        key = mixed(key ^ hash_behind(strings, base, entries.string[i]) ^ np.uint64(entries.state[i]))
    mask = np.int64(len(det.slots) - 1)
    slot = np.int64(key & np.uint64(mask))
    while det.slots[slot] > 0:
        there = det.slots[slot] - 1
        at, count = det.members[there, 0], det.members[there, 1] - det.members[there, 0]
        if count == end - begin and _equal(entries, at, begin, count, strings, det.base[there], base):
            return there, False
        slot = (slot + 1) & mask
    fresh = det.counts[0]
    if fresh == len(det.members):
        return -1, False
    det.counts[0] = fresh + 1
    det.slots[slot] = fresh + 1
    det.members[fresh, 0], det.members[fresh, 1], det.base[fresh] = begin, end, base
    entries.used[0] = end
    return fresh, True


@njit(cache=True, nogil=True)
def set_ends(lattice: Any, entries: Any, strings: Any, det: Any, state: int, scratch: Any) -> None:
    """How paths end in a determinized state, by the best of its members; and whether the state is decided."""
    best, base = NEG_INF, det.base[state]
    det.ends[state, 2] = NEG_INF
    det.decided[state] = True
    for i in range(det.members[state, 0], det.members[state, 1]):
        det.decided[state] &= entries.string[i] == base
        final = lattice.final[entries.state[i]]
        value = scaled(lattice, entries.acoustic[i], entries.graph[i] + final)
        if final > NEG_INF and value > best + TIE:
            best = value
            det.ends[state, 0], det.ends[state, 1], det.ends[state, 2] = entries.acoustic[i], entries.graph[i], final
            det.end_string[state] = behind(strings, base, entries.string[i], scratch)


@njit(cache=True, nogil=True)
def leaving(lattice: Any, entries: Any, det: Any, state: int, cutoff: float) -> Tuple[Any, Any, Any]:
    """Word arcs that leave the members of a state within the cutoff, grouped by word.

    Returns:
      arcs and the entries they leave, int64; of two with the same word and target the better one only; and for each
      the best scaled score of a path through it.
    """
    room = 0
    for i in range(det.members[state, 0], det.members[state, 1]):
        room += lattice.offsets[entries.state[i] + 1] - lattice.offsets[entries.state[i]]
    arcs, members, values = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    keys = np.empty(room, np.int64)
    count = 0
    for i in range(det.members[state, 0], det.members[state, 1]):
        here = det.forward[state] + scaled(lattice, entries.acoustic[i], entries.graph[i])
        for k in range(lattice.offsets[entries.state[i]], lattice.offsets[entries.state[i] + 1]):
            value = here + lattice.through[k]
            if lattice.label[k] > 0 and value >= cutoff:
                arcs[count], members[count], values[count] = k, i, value
                keys[count] = np.int64(lattice.label[k]) * len(lattice.beta) + lattice.target[k]
                count += 1
    order = np.argsort(keys[:count], kind="mergesort")
    kept = 0
    chosen = np.empty(count, np.int64)
    for i in order:
        if kept and keys[chosen[kept - 1]] == keys[i]:
            if values[i] > values[chosen[kept - 1]] + TIE:
                chosen[kept - 1] = i
            continue
        chosen[kept] = i
        kept += 1
    chosen = chosen[:kept]
    return arcs[chosen], members[chosen], values[chosen]


@njit(cache=True, nogil=True)
def add_tasks(
    lattice: Any, entries: Any, strings: Any, det: Any, state: int, cutoff: float, queue: Any, tasks: Any
) -> Any:
    """Queues the transitions of a state; False where there is no room."""
    arcs, members, values = leaving(lattice, entries, det, state, cutoff)
    if entries.used[0] + len(arcs) > len(entries.state):
        return False
    i = 0
    while i < len(arcs):
        word, begin, best = lattice.label[arcs[i]], entries.used[0], NEG_INF
        place = begin
        while i < len(arcs) and lattice.label[arcs[i]] == word:
            k, member = arcs[i], members[i]
            string = appended(strings, entries.string[member], -word)
            if lattice.symbol[k] != 0:
                string = appended(strings, string, lattice.symbol[k])
            entries.state[place], entries.string[place] = lattice.target[k], string
            entries.acoustic[place] = entries.acoustic[member] + lattice.acoustic[k]
            entries.graph[place] = entries.graph[member] + lattice.graph[k]
            best = max(best, values[i])
            place += 1
            i += 1
        entries.used[0] = place
        heappush(queue, (-best, len(tasks)))
        tasks.append((state, word, begin, place))
    return strings.state[1] == 0


@njit(cache=True, nogil=True)
def _add_arc(det: Any, source: int, target: int, word: int, string: int, acoustic: float, graph: float) -> None:
    arc = det.counts[1]
    det.counts[1] = arc + 1
    det.arcs[arc, 0], det.arcs[arc, 1], det.arcs[arc, 2], det.arcs[arc, 3] = source, target, word, string
    det.scores[arc, 0], det.scores[arc, 1] = acoustic, graph


@njit(cache=True, nogil=True)
def has_best_path(lattice: Any, det: Any) -> Any:
    """Whether a state is reached in which the best path of the lattice ends."""
    for state in range(det.counts[0]):
        if det.ends[state, 2] > NEG_INF:
            end = scaled(lattice, det.ends[state, 0], det.ends[state, 1] + det.ends[state, 2])
            if det.forward[state] + end >= lattice.beta[0] - ROUNDING:
                return True
    return False


@njit(cache=True, nogil=True)
def determinize(
    lattice: Any, source: Any, beam: float, max_arcs: int, strings: Any, entries: Any, det: Any, way: Any
) -> Any:
    """Determinizes best first; returns FITS, NO_ROOM (larger tables are needed) or BUDGET_SPENT."""
    entries.state[0], entries.string[0], entries.acoustic[0], entries.graph[0] = 0, 0, 0.0, 0.0
    entries.used[0] = 1
    cutoff = lattice.beta[0] - beam - SAME
    queue, tasks = [(0.0, 0)], [(-1, 0, 0, 1)]
    while len(queue):
        _, task = heappop(queue)
        if det.counts[1] == max_arcs:
            return BUDGET_SPENT
        state, word, begin, end = tasks[task]
        count, at = close(lattice, source, entries, begin, end, beam, strings, way)
        if count < 0 or det.counts[1] == len(det.arcs):
            return NO_ROOM
        members = entries.used[0]
        acoustic, graph, base, forward = 0.0, 0.0, 0, 0.0
        if state >= 0:
            acoustic, graph, base = normalize(entries, members, members + count, at, strings)
            forward = det.forward[state] + scaled(lattice, acoustic, graph)
        there, is_new = find_state(entries, members, members + count, strings, base, det)
        if there < 0:
            return NO_ROOM
        if state >= 0:
            string = behind(strings, det.base[state], base, way.symbols)
            _add_arc(det, state, there, word, string, acoustic, graph)
        if is_new:
            det.forward[there] = forward
            set_ends(lattice, entries, strings, det, there, way.symbols)
            if not add_tasks(lattice, entries, strings, det, there, cutoff, queue, tasks):
                return NO_ROOM
    return FITS
