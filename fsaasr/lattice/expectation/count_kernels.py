"""Compiled loop of n-gram counts."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.lattice.growth_kernels import grown


@njit(cache=True, nogil=True)
def count_ngrams(source: Any, target: Any, word: Any, onward: Any, sizes: Tuple[int, int, int]) -> Tuple[Any, Any]:
    """Probability of each n-gram at each arc, given each history.

    A state has as many nodes as there are histories, the last n - 1 words, with which it can be reached. Histories
    and n-grams are numbers whose digits, to the base V, are words.

    Args:
      source, target: int32 (A,), arcs sorted by source, states in topological order.
      word: int (A,), 0 .. V - 1, 0 for none. onward: float64 (A,): probability of each arc at its source.
      sizes: S, V and n.

    Returns:
      N-grams int64 and their probabilities float64; the same n-gram may come many times.
    """
    states, base, order = sizes
    histories = base ** (order - 1)
    first = np.full(states, -1, np.int64)
    history, following, mass = np.zeros(64, np.int64), np.full(64, -1, np.int64), np.zeros(64)
    keys, shares = np.empty(64, np.int64), np.empty(64)
    first[0], mass[0] = 0, 1.0
    nodes, count = 1, 0
    for k in range(len(source)):
        node = first[source[k]]
        while node >= 0:
            share, behind = mass[node] * onward[k], history[node]
            if word[k]:
                key = behind * base + word[k]
                behind = key % histories
                # Fewer words than n so far leave the first digit 0.
                if key >= histories:
                    keys, shares = grown(keys, count + 1), grown(shares, count + 1)
                    keys[count], shares[count] = key, share
                    count += 1
            other = first[target[k]]
            while other >= 0 and history[other] != behind:
                other = following[other]
            if other < 0:
                history, following = grown(history, nodes + 1), grown(following, nodes + 1)
                mass = grown(mass, nodes + 1)
                history[nodes], following[nodes], mass[nodes] = behind, first[target[k]], 0.0
                first[target[k]] = other = nodes
                nodes += 1
            mass[other] += share
            node = following[node]
    return keys[:count], shares[:count]
