"""Strings as nodes of a tree, each string once: equal strings have equal numbers, longer ones share their beginning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit


class Strings(NamedTuple):
    """The tree; node 0 is the empty string.

    Attributes:
      parent, symbol, depth: int32 (N,): a node is its parent's string and one symbol more.
      slots: int32 (2 ** k,): hash table of nodes, 0 for none.
      state: int64 (2,): nodes in use; 1 if there was no room for one, from when on all answers are void.
    """

    parent: Any
    symbol: Any
    depth: Any
    slots: Any
    state: Any


def new_strings(capacity: int) -> Strings:
    """The empty string, and room for so many nodes."""
    slots = 1 << (2 * capacity - 1).bit_length()
    parent, symbol, depth = (np.zeros(capacity, dtype=np.int32) for _ in range(3))
    return Strings(parent, symbol, depth, np.zeros(slots, dtype=np.int32), np.array([1, 0], dtype=np.int64))


@njit(cache=True, nogil=True, inline="always")
def mixed(value: Any) -> Any:
    """A hash of a 64-bit number (the finalizer of MurmurHash3)."""
    value = np.uint64(value)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True)
def appended(strings: Any, node: int, symbol: int) -> Any:
    """The node of a string and one symbol more."""
    mask = np.int64(len(strings.slots) - 1)
    slot = np.int64(mixed((np.uint64(node) << np.uint64(32)) ^ np.uint64(np.uint32(symbol)))) & mask
    while strings.slots[slot] != 0:
        found = strings.slots[slot]
        if strings.parent[found] == node and strings.symbol[found] == symbol:
            return found
        slot = (slot + 1) & mask
    fresh = strings.state[0]
    if fresh == len(strings.parent):
        strings.state[1] = 1
        return 0
    strings.state[0] = fresh + 1
    strings.parent[fresh] = node
    strings.symbol[fresh] = symbol
    strings.depth[fresh] = strings.depth[node] + 1
    strings.slots[slot] = fresh
    return fresh


@njit(cache=True, nogil=True)
def common_prefix(strings: Any, a: int, b: int) -> Any:
    """The longest string with which both begin."""
    while strings.depth[a] > strings.depth[b]:
        a = strings.parent[a]
    while strings.depth[b] > strings.depth[a]:
        b = strings.parent[b]
    while a != b:
        a, b = strings.parent[a], strings.parent[b]
    return a


@njit(cache=True, nogil=True)
def symbols_of(strings: Any, node: int, begin: int, out: Any, place: int) -> Any:
    """Writes the symbols of a string from its `begin`-th on to `out[place:]`; returns the place behind them."""
    end = place + strings.depth[node] - begin
    for i in range(end - 1, place - 1, -1):
        out[i] = strings.symbol[node]
        node = strings.parent[node]
    return end


@njit(cache=True, nogil=True)
def without_prefix(strings: Any, node: int, prefix_depth: int, scratch: Any) -> Any:
    """The string without its first `prefix_depth` symbols."""
    end = symbols_of(strings, node, prefix_depth, scratch, 0)
    rest = 0
    for i in range(end):
        rest = appended(strings, rest, scratch[i])
    return rest
