"""Order of states such that every input-epsilon arc goes upwards."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.graph.fst_arrays import FstArrays

IntArray = npt.NDArray[Any]

_RANKS: WeakKeyDictionary[FstArrays, npt.NDArray[np.int32]] = WeakKeyDictionary()


def epsilon_rank(fst: FstArrays) -> npt.NDArray[np.int32]:
    """int32 (S,): place of each state in `epsilon_order`; kept as long as the arrays live."""
    rank = _RANKS.get(fst)
    if rank is None:
        order = epsilon_order(fst)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order), dtype=np.int32)
        _RANKS[fst] = rank
    return rank


def epsilon_order(fst: FstArrays) -> npt.NDArray[np.int32]:
    """States in a topological order of the input-epsilon arcs.

    Returns:
      int32 (S,): a permutation of the states; the identity where there are no input epsilons.

    Raises:
      GraphError: input epsilons form a cycle, so that a path could go on for ever without consuming a frame.
    """
    epsilons = np.flatnonzero(fst.input_label == 0)
    if len(epsilons) == 0:
        return np.arange(fst.num_states, dtype=np.int32)
    source = fst.source_state[epsilons]
    target = fst.next_state[epsilons]
    if np.all(source < target):
        return np.arange(fst.num_states, dtype=np.int32)
    order = _sort_by_waves(source, target, fst.num_states)
    if len(order) < fst.num_states:
        state = np.setdiff1d(np.arange(fst.num_states), order)[0]
        raise GraphError(
            f"epsilon_order: input epsilons form a cycle that state {state} reaches or lies on; "
            "a search would never end. Remove the cycle, e.g. with pynini's rmepsilon, before searching"
        )
    return order


def _sort_by_waves(source: IntArray, target: IntArray, num_states: int) -> npt.NDArray[np.int32]:
    """Kahn's algorithm, a wave of states at a time; states on or beyond a cycle are left out."""
    by_source = np.argsort(source, kind="stable")
    target = target[by_source]
    offsets = np.zeros(num_states + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=num_states), out=offsets[1:])
    incoming = np.bincount(target, minlength=num_states)
    wave = np.flatnonzero(incoming == 0)
    waves = []
    while len(wave):
        waves.append(wave)
        reached = target[ranges(offsets[wave], offsets[wave + 1])]
        np.subtract.at(incoming, reached, 1)
        candidates = np.unique(reached)
        wave = candidates[incoming[candidates] == 0]
    return np.concatenate(waves).astype(np.int32) if waves else np.zeros(0, dtype=np.int32)


def ranges(begin: IntArray, end: IntArray) -> IntArray:
    """Concatenation of `begin[i] .. end[i] - 1` over all i."""
    lengths = end - begin
    total = np.cumsum(lengths)
    count = int(total[-1]) if len(total) else 0
    joined: IntArray = np.arange(count) - np.repeat(total - lengths - begin, lengths)
    return joined
