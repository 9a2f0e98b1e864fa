"""The compiled loop that reads off the arcs of a word lattice what a graph scored them for."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit

_TOKEN_START, _NON_WORD = 1, 4
"""Bits of arc flags: the first frame of a token, and of a token outside of words."""


@njit(cache=True, nogil=True)
def _move_score(log_prob: Any, target: Any, state: int) -> float:
    for move in range(len(target)):
        if target[move] == state:
            return float(log_prob[move])
    return 0.0


@njit(cache=True, nogil=True)
def read_arcs(offsets: Any, frames: Any, column_token: Any, transitions: Any, trie: Any) -> Tuple[Any, Any, Any]:
    """Transition score, number of tokens outside of words, and pronunciation of each arc.

    Args:
      offsets: (A + 1,) frames of each arc. frames: columns (F,) and flags (F,).
      column_token: (C,).
      transitions: of each column's transitions the log probabilities (C, W) and the state of the token that they lead
        to, 0 for its end; state (C,) of each column.
      trie: number of tokens; keys `node * tokens + token` of a trie of pronunciations, ascending, and the node behind
        each.

    Returns:
      float64, int64 and int64 (A,); the pronunciation as a node of the trie, -1 for one that is not there.
    """
    columns, flags = frames
    log_prob, target, state = transitions
    num_tokens, keys, children = trie
    arcs = len(offsets) - 1
    score, outside, node = np.zeros(arcs), np.zeros(arcs, np.int64), np.zeros(arcs, np.int64)
    for k in range(arcs):
        before = -1
        for f in range(offsets[k], offsets[k + 1]):
            column, begins = columns[f], flags[f] & _TOKEN_START > 0
            if before >= 0:
                score[k] += _move_score(log_prob[before], target[before], 0 if begins else state[column])
            before = column
            if flags[f] & _NON_WORD > 0:
                outside[k] += 1
            elif begins and node[k] >= 0:
                key = node[k] * num_tokens + column_token[column]
                place = np.searchsorted(keys, key)
                node[k] = children[place] if place < len(keys) and keys[place] == key else -1
        if before >= 0:
            score[k] += _move_score(log_prob[before], target[before], 0)
    return score, outside, node
