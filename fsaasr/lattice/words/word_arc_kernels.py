"""From a determinized lattice, whose arcs break anywhere, to arcs that are words with exactly their frames.

Strings hold a symbol for each frame, `1 + 8 * column + flags`, and the negative label of a word before its first frame.
A node is a determinized state with what was read and not written yet: the beginning of a word whose end is not known.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.words.string_kernels import appended, mixed, symbols_of

WORD_LIMIT = 2 | 4
"""Flags of a frame that ends the word before: it begins another one, or a token outside of words."""
BETWEEN = -2
"""Minus a state of the result: in place of a determinized state, where an arc's word goes on to the next word."""
ROUNDED = 1e-6
"""Scores that wait for their word are compared in such steps."""


class Source(NamedTuple):
    """What is cut anew.

    Attributes:
      offsets: int64 (D + 1,) of `arcs`, int32 (B, 3): target, word, string; scores: float64 (B, 2).
      ends: float64 (D, 3), end_string: int32 (D,): as in `Determinized`.
      decided: bool (D,): whether a word, or the end, comes next for all members.
      is_blank: bool (C,). has_flags: whether frames have flags.
    """

    offsets: Any
    arcs: Any
    scores: Any
    ends: Any
    end_string: Any
    decided: Any
    is_blank: Any
    has_flags: bool


class Nodes(NamedTuple):
    """Nodes, and the states of the result that they are at.

    Attributes:
      place: int32 (M, 3): determinized state (-1: the end; `BETWEEN` - source: behind an arc, whose symbols and scores
        stand in place of what waits), waiting string, and state of the result.
      scores: float64 (M, 2): acoustic and graph score that wait. slots: int32 (2 ** k,), each plus one, 0 for none.
      frame: int32 (R,): frame of each state of the result. final: float64 (R,).
      counts: int64 (2,): nodes and states in use.
    """

    place: Any
    scores: Any
    slots: Any
    frame: Any
    final: Any
    counts: Any


class WordArcs(NamedTuple):
    """The result.

    Attributes:
      arcs: int32 (A, 3): source, target, word. scores: float64 (A, 2). offsets: int64 (A + 1,) of `symbols`.
      symbols: int32 (F,): of the frames. count: int64 (1,): arcs in use.
    """

    arcs: Any
    scores: Any
    offsets: Any
    symbols: Any
    count: Any


def new_nodes(room: int) -> Nodes:
    """No nodes, and room for so many."""
    slots = np.zeros(1 << (2 * room - 1).bit_length(), dtype=np.int32)
    place, frame = np.empty((room, 3), dtype=np.int32), np.empty(room, dtype=np.int32)
    return Nodes(place, np.empty((room, 2)), slots, frame, np.empty(room), np.zeros(2, dtype=np.int64))


def new_word_arcs(room: int, frames: int) -> WordArcs:
    """No arcs, and room for so many with so many frames in all."""
    arcs, symbols = np.empty((room, 3), dtype=np.int32), np.empty(frames, dtype=np.int32)
    offsets = np.zeros(room + 1, dtype=np.int64)
    return WordArcs(arcs, np.empty((room, 2)), offsets, symbols, np.zeros(1, dtype=np.int64))


@njit(cache=True, nogil=True)
def _word_end(symbols: Any, begin: int, limit: int, source: Any) -> Any:
    """Where a word's last token ends: blanks behind it are not the word's."""
    if source.has_flags:
        while limit > begin and source.is_blank[(symbols[limit - 1] - 1) >> 3]:
            limit -= 1
    return limit


@njit(cache=True, nogil=True)
def segments(symbols: Any, size: int, ends_here: bool, source: Any, out: Any) -> Tuple[Any, Any]:
    """Cuts symbols into words and what lies between, as far as the ends of words are known.

    Args:
      symbols: int32, `size` of them. ends_here: whether a word or the end comes next.
      source: tells blanks. out: int64 (size + 1, 3) receives begin and end of frames, and word.

    Returns:
      How many pieces there are, and where what is left begins.
    """
    count, here = 0, 0
    while here < size:
        word = -symbols[here] if symbols[here] < 0 else 0
        begin = here + 1 if word else here
        limit = begin
        while limit < size:
            if symbols[limit] < 0 or (word and limit > begin and (symbols[limit] - 1) & WORD_LIMIT):
                break
            limit += 1
        if limit == size and not ends_here:
            break
        if word:
            limit = _word_end(symbols, begin, limit, source)
        out[count, 0], out[count, 1], out[count, 2] = begin, limit, word
        count += 1
        here = limit
    return count, here


@njit(cache=True, nogil=True)
def _node(nodes: Any, det_state: int, string: int, acoustic: float, graph: float, frame: int) -> Any:
    """The node at a state of its own with this waiting for it, made where there is none; -1 without room."""
    key = mixed((np.uint64(det_state + 1) << np.uint64(32)) ^ np.uint64(string))
    key = mixed(key ^ np.uint64(np.int64(np.rint(acoustic / ROUNDED))))
    key = mixed(key ^ np.uint64(np.int64(np.rint(graph / ROUNDED))))
    mask = np.int64(len(nodes.slots) - 1)
    slot = np.int64(key & np.uint64(mask))
    while nodes.slots[slot] > 0:
        m = nodes.slots[slot] - 1
        if nodes.place[m, 0] == det_state and nodes.place[m, 1] == string and nodes.frame[nodes.place[m, 2]] == frame:
            near = np.rint(nodes.scores[m, 0] / ROUNDED) == np.rint(acoustic / ROUNDED)
            if near and np.rint(nodes.scores[m, 1] / ROUNDED) == np.rint(graph / ROUNDED):
                return m
        slot = (slot + 1) & mask
    state = _state(nodes, frame)
    m = _node_at(nodes, det_state, string, acoustic, graph, state)
    if m >= 0:
        nodes.slots[slot] = m + 1
    return m


@njit(cache=True, nogil=True)
def _state(nodes: Any, frame: int) -> Any:
    state = nodes.counts[1]
    if state == len(nodes.frame):
        return -1
    nodes.counts[1] = state + 1
    nodes.frame[state], nodes.final[state] = frame, -np.inf
    return state


@njit(cache=True, nogil=True)
def _node_at(nodes: Any, det_state: int, string: int, acoustic: float, graph: float, state: int) -> Any:
    m = nodes.counts[0]
    if m == len(nodes.place) or state < 0:
        return -1
    nodes.counts[0] = m + 1
    nodes.place[m, 0], nodes.place[m, 1], nodes.place[m, 2] = det_state, string, state
    nodes.scores[m, 0], nodes.scores[m, 1] = acoustic, graph
    return m


@njit(cache=True, nogil=True)
def _owner(pieces: Any, count: int, begin: int, end: int) -> Any:
    """The last word that begins among the symbols `begin` .. `end`; where none does, the last piece."""
    for i in range(count - 1, -1, -1):
        if pieces[i, 2] > 0 and begin <= pieces[i, 0] - 1 < end:
            return i
    return count - 1


@njit(cache=True, nogil=True)
def _share_scores(pieces: Any, count: int, waiting: int, size: int, left: int, new: Any, old: Any) -> Tuple[Any, Any]:
    """Scores of each piece, and of what is left; what waited goes to the word that waited, what is new to the new one.

    Returns:
      float64 (count, 2) and float64 (2,).
    """
    scores, rest = np.zeros((count, 2)), np.zeros(2)
    if count == 0:
        return scores, old + new
    scores[0 if waiting == 0 else min(_owner(pieces, count, 0, waiting), count - 1)] += old
    if left < size:
        rest += new
    else:
        scores[_owner(pieces, count, waiting, size)] += new
    return scores, rest


@njit(cache=True, nogil=True)
def _write(out: Any, source: int, target: int, word: int, scores: Any, symbols: Any, begin: int, end: int) -> Any:
    k = out.count[0]
    if k == len(out.arcs) or out.offsets[k] + end - begin > len(out.symbols):
        return False
    out.count[0] = k + 1
    out.arcs[k, 0], out.arcs[k, 1], out.arcs[k, 2] = source, target, word
    out.scores[k, 0], out.scores[k, 1] = scores[0], scores[1]
    at = out.offsets[k]
    out.symbols[at : at + end - begin] = symbols[begin:end]
    out.offsets[k + 1] = at + end - begin
    return True


@njit(cache=True, nogil=True)
def _string(strings: Any, symbols: Any, begin: int, end: int) -> Any:
    """Symbols as a string."""
    found = 0
    for i in range(begin, end):
        found = appended(strings, found, symbols[i])
    return found


@njit(cache=True, nogil=True)
def _advance(
    source: Any, nodes: Any, out: Any, strings: Any, node: int, target: int, string: int, new: Any, symbols: Any
) -> Any:
    """Reads one more string at a node and writes what is complete; target -1 is the end. False without room."""
    waiting = strings.depth[nodes.place[node, 1]]
    size = waiting + strings.depth[string]
    if size + 1 > len(symbols):
        return False
    symbols_of(strings, nodes.place[node, 1], 0, symbols, 0)
    symbols_of(strings, string, 0, symbols, waiting)
    pieces = np.empty((size + 1, 3), np.int64)
    ends_here = target < 0 or source.decided[target]
    count, left = segments(symbols, size, ends_here, source, pieces)
    scores, rest = _share_scores(pieces, count, waiting, size, left, new, nodes.scores[node])
    if target < 0:
        rest[1] = source.ends[nodes.place[node, 0], 2]  # ends that score differently are states of their own
    tail = _string(strings, symbols, left, size)
    state = nodes.place[node, 2]
    if count == 0 and target >= 0:
        return _node_at(nodes, target, tail, rest[0], rest[1], state) >= 0
    frame = nodes.frame[state]
    for i in range(count):
        begin, end, word = pieces[i]
        frame += end - begin
        known = nodes.counts[0]
        if i < count - 1:
            string = _string(strings, symbols, begin - 1 if word else begin, end)
            there = _node(nodes, BETWEEN - state, string, scores[i, 0], scores[i, 1], frame)
        else:
            there = _node(nodes, target, tail, rest[0], rest[1], frame)
        if there < 0:
            return False
        there, is_there = nodes.place[there, 2], there < known and i < count - 1
        if not is_there and not _write(out, state, there, word, scores[i], symbols, begin, end):
            return False
        state = there
    return True


@njit(cache=True, nogil=True)
def _end(source: Any, nodes: Any, out: Any, strings: Any, node: int, symbols: Any) -> Any:
    """Ends the paths of a node whose determinized state is final; False without room."""
    det_state, state = nodes.place[node, 0], nodes.place[node, 2]
    final = source.ends[det_state, 2]
    new = source.ends[det_state, :2]
    total = np.abs(new + nodes.scores[node]).max()
    if nodes.place[node, 1] == 0 and source.end_string[det_state] == 0:
        if total <= ROUNDED:
            nodes.final[state] = final
            return True
        last = _node(nodes, -1, 0, 0.0, final, nodes.frame[state])
        if last < 0:
            return False
        nodes.final[nodes.place[last, 2]] = final
        scores = new + nodes.scores[node]
        return _write(out, state, nodes.place[last, 2], 0, scores, symbols, 0, 0)
    arcs = out.count[0]
    if not _advance(source, nodes, out, strings, node, -1, source.end_string[det_state], new, symbols):
        return False
    nodes.final[out.arcs[out.count[0] - 1, 1]] = final
    return out.count[0] > arcs


@njit(cache=True, nogil=True)
def cut_words(source: Any, nodes: Any, out: Any, strings: Any, symbols: Any) -> Any:
    """Writes the word arcs of a determinized lattice; False where the tables are too small."""
    nodes.counts[:] = 0
    out.count[0] = 0
    out.offsets[0] = 0
    node = _node(nodes, 0, 0, 0.0, 0.0, 0)
    while node < nodes.counts[0]:
        det_state = nodes.place[node, 0]
        if det_state >= 0:
            if source.ends[det_state, 2] > -np.inf and not _end(source, nodes, out, strings, node, symbols):
                return False
            for b in range(source.offsets[det_state], source.offsets[det_state + 1]):
                string, target = source.arcs[b, 2], source.arcs[b, 0]
                if not _advance(source, nodes, out, strings, node, target, string, source.scores[b], symbols):
                    return False
        node += 1
    return strings.state[1] == 0
