"""Compiled loops over the body of a binary Kaldi lattice, as 32-bit words.

A state is its final weight, an int64 number of arcs, and the arcs; an arc is two labels, a weight and the next state.
A weight is two floats, and in compact lattices a string of ids after its length.
"""

from __future__ import annotations

from typing import Any, Tuple

from fsaasr.core.kernels import njit

WHOLE, CUT, BAD_LENGTH, BAD_COUNT = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def measure(words: Any, num_states: int, compact: bool) -> Tuple[int, int, int, int, int]:
    """Sizes of a body, without trust in anything it claims: each step is bounded by the words that there are.

    Args:
      words: int32 (W,), the body and what follows it, if anything. num_states: as the header claims.
      compact: whether weights have strings.

    Returns:
      WHOLE, CUT where the words do not suffice, BAD_LENGTH or BAD_COUNT; the place behind the body, or that of the bad
      word; the numbers of arcs, of ids in the strings of arcs, and in those of final weights.
    """
    place, arcs, ids, final_ids = 0, 0, 0, 0
    total = len(words)
    for _ in range(num_states):
        place += 2
        if compact:
            if place >= total:
                return CUT, place, arcs, ids, final_ids
            if words[place] < 0:
                return BAD_LENGTH, place, arcs, ids, final_ids
            final_ids += words[place]
            place += 1 + int(words[place])
        if place + 2 > total:
            return CUT, place, arcs, ids, final_ids
        count = int(words[place])
        if count < 0 or words[place + 1] != 0:
            return BAD_COUNT, place, arcs, ids, final_ids
        place += 2
        arcs += count
        if not compact:
            place += 5 * count
            continue
        for _ in range(count):
            if place + 5 > total:
                return CUT, place, arcs, ids, final_ids
            length = int(words[place + 4])
            if length < 0:
                return BAD_LENGTH, place + 4, arcs, ids, final_ids
            ids += length
            place += 6 + length
    return WHOLE if place <= total else CUT, place, arcs, ids, final_ids


@njit(cache=True, nogil=True)
def _copy(words: Any, place: int, length: int, out: Any, at: int) -> None:
    for i in range(length):
        out[at + i] = words[place + i]


@njit(cache=True, nogil=True)
def parse(words: Any, values: Any, compact: bool, arcs: Any, costs: Any, ids: Any, finals: Any) -> None:
    """Fills the tables of a body that `measure` found whole.

    Args:
      words, values: int32 and float32 (W,), the same memory. compact: as for `measure`.
      arcs: int32 (5, A): source, target, input label, output label, length of the string.
      costs: float32 (2, A): graph and acoustic.
      ids: the strings of arcs, int32 (F,). finals: (costs float32 (2, S), lengths int32 (S,), strings int32 (G,)).
    """
    final_costs, final_lengths, final_ids = finals
    place, k, at, final_at = 0, 0, 0, 0
    for s in range(len(final_lengths)):
        final_costs[0, s] = values[place]
        final_costs[1, s] = values[place + 1]
        place += 2
        if compact:
            final_lengths[s] = words[place]
            _copy(words, place + 1, words[place], final_ids, final_at)
            final_at += words[place]
            place += 1 + words[place]
        count = words[place]
        place += 2
        for _ in range(count):
            arcs[0, k] = s
            arcs[2, k] = words[place]
            arcs[3, k] = words[place + 1]
            costs[0, k] = values[place + 2]
            costs[1, k] = values[place + 3]
            place += 4
            if compact:
                arcs[4, k] = words[place]
                _copy(words, place + 1, words[place], ids, at)
                at += words[place]
                place += 1 + words[place]
            arcs[1, k] = words[place]
            place += 1
            k += 1


@njit(cache=True, nogil=True)
def serialize(compact: bool, arcs: Any, costs: Any, ids: Any, final_costs: Any, words: Any, values: Any) -> None:
    """The body of a lattice whose arcs are sorted by source and whose final weights have no strings.

    Tables are as for `parse`; `words` and `values` are the same memory, of the right size, and are filled.
    """
    place, k, at = 0, 0, 0
    for s in range(final_costs.shape[1]):
        values[place] = final_costs[0, s]
        values[place + 1] = final_costs[1, s]
        place += 2
        if compact:
            words[place] = 0
            place += 1
        count_at = place
        words[place + 1] = 0
        place += 2
        first = k
        while k < arcs.shape[1] and arcs[0, k] == s:
            words[place] = arcs[2, k]
            words[place + 1] = arcs[3, k]
            values[place + 2] = costs[0, k]
            values[place + 3] = costs[1, k]
            place += 4
            if compact:
                words[place] = arcs[4, k]
                _copy(ids, at, arcs[4, k], words, place + 1)
                at += arcs[4, k]
                place += 1 + arcs[4, k]
            words[place] = arcs[1, k]
            place += 1
            k += 1
        words[count_at] = k - first
