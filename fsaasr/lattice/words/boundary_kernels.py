"""Compiled loops that move word labels to the first frames of their words."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.growth_kernels import grown


@njit(cache=True, nogil=True)
def open_words(source: Any, target: Any, label: Any, starts: Any, states: int) -> Tuple[Any, Any]:
    """Words that have begun without having had their label yet, int32 (S,) for each state; and whether that holds.

    It does where every path to a state says the same, and says 0 or 1.
    """
    count = np.full(states, -1, np.int32)
    count[0] = 0
    for k in range(len(source)):
        there = count[source[k]] + np.int32(starts[k]) - np.int32(label[k] > 0)
        if there < 0 or there > 1 or (count[target[k]] >= 0 and count[target[k]] != there):
            return count, False
        count[target[k]] = there
    return count, True


@njit(cache=True, nogil=True)
def awaited_labels(offsets: Any, target: Any, label: Any, is_final: Any, is_open: Any, words: int) -> Tuple[Any, Any]:
    """Labels that the open word of a state may turn out to have, ascending; 0 where a path ends without one.

    Returns:
      begin and end int64 (S, 2) of each state's labels, and the labels int32.
    """
    states = len(offsets) - 1
    places = np.zeros((states, 2), np.int64)
    labels = np.empty(1024, np.int32)
    seen = np.full(words, -1, np.int32)
    used = 0
    for s in range(states - 1, -1, -1):
        places[s, 0] = used
        if is_open[s]:
            if is_final[s]:
                labels = grown(labels, used + 1)
                labels[used] = 0
                used += 1
            for k in range(offsets[s], offsets[s + 1]):
                begin, end = places[target[k], 0], places[target[k], 1]
                labels = grown(labels, used + 1 + end - begin)
                if label[k] > 0:
                    if seen[label[k]] != s:
                        seen[label[k]] = s
                        labels[used] = label[k]
                        used += 1
                    continue
                for i in range(begin, end):
                    if labels[i] == 0 and is_final[s]:
                        continue
                    if seen[labels[i]] != s:
                        seen[labels[i]] = s
                        labels[used] = labels[i]
                        used += 1
            labels[places[s, 0] : used].sort()
        places[s, 1] = used
    return places, labels[:used]


@njit(cache=True, nogil=True)
def _variants(is_open: Any, places: Any, s: int) -> Any:
    return places[s, 1] - places[s, 0] if is_open[s] else 1


@njit(cache=True, nogil=True)
def _ways(is_open: Any, awaited: int, there: Any, s: int, t: int, label: int) -> Tuple[Any, Any, Any]:
    """Which states of `t` an arc from a state of `s` that awaits `awaited` leads to, and its new label.

    Returns:
      First and last + 1 of the states of `t`, and the label; -1 where it is the one that the new state awaits.
    """
    closes = is_open[s] and label > 0
    if closes and label != awaited:
        return 0, 0, 0
    if not is_open[t]:
        # A word that awaits its label cannot be closed without one.
        return (0, 0, 0) if is_open[s] and not closes else (0, 1, 0 if closes else label)
    if closes or not is_open[s]:
        return 0, len(there), -1
    place = np.searchsorted(there, awaited)
    is_there = place < len(there) and there[place] == awaited
    return place, place + 1 if is_there else place, 0


@njit(cache=True, nogil=True)
def _first_variants(is_open: Any, places: Any, labels: Any) -> Tuple[Any, Any, Any]:
    """First new state of each state, int64 (S + 1,); original state and awaited label of each new one, int32."""
    states = len(is_open)
    first = np.zeros(states + 1, np.int64)
    for s in range(states):
        first[s + 1] = first[s] + _variants(is_open, places, s)
    origin, awaits = np.empty(first[states], np.int32), np.zeros(first[states], np.int32)
    for s in range(states):
        origin[first[s] : first[s + 1]] = s
        if is_open[s]:
            awaits[first[s] : first[s + 1]] = labels[places[s, 0] : places[s, 1]]
    return first, origin, awaits


@njit(cache=True, nogil=True)
def split_states(offsets: Any, target: Any, label: Any, is_open: Any, places: Any, labels: Any) -> Tuple[Any, ...]:
    """A state for each label that the open word of a state may have; labels move to the arcs that open words.

    Returns:
      source, target, label and original arc, int32 (B,) each; of each new state the original, and the label that it
      still awaits, or 0.
    """
    first, origin, awaits = _first_variants(is_open, places, labels)
    room = 0
    for here in range(len(origin)):
        for k in range(offsets[origin[here]], offsets[origin[here] + 1]):
            room += _variants(is_open, places, target[k])
    out = np.empty((4, room), np.int32)
    arc = 0
    for here in range(len(origin)):
        s = origin[here]
        for k in range(offsets[s], offsets[s + 1]):
            there = labels[places[target[k], 0] : places[target[k], 1]]
            begin, end, moved = _ways(is_open, awaits[here], there, s, target[k], label[k])
            for place in range(begin, end):
                out[0, arc], out[1, arc] = here, first[target[k]] + place
                out[2, arc], out[3, arc] = there[place] if moved < 0 else moved, k
                arc += 1
    return out[0, :arc].copy(), out[1, :arc].copy(), out[2, :arc].copy(), out[3, :arc].copy(), origin, awaits
