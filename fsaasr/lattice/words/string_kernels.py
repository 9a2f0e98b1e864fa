"""Strings as nodes of a tree, each string once: equal strings have equal numbers, longer ones share their beginning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fsaasr.core.kernels import njit


class Strings(NamedTuple):
    """The tree; node 0 is the empty string.

    Attributes:
      parent, symbol, depth: int32 (N,): a node is its parent's string and one symbol more.
      hash: uint64 (N,): polynomial in `powers[1]`, whose powers are uint64 (L,), modulo 2 ** 64.
      slots: int32 (2 ** k,): hash table of nodes, 0 for none.
      state: int64 (2,): nodes in use; 1 if there was no room for one, from when on all answers are void.
    """

    parent: Any
    symbol: Any
    depth: Any
    hash: Any
    powers: Any
    slots: Any
    state: Any


def new_strings(capacity: int, longest: int) -> Strings:
    """The empty string, and room for so many nodes, of so many symbols at most."""
    slots = 1 << (2 * capacity - 1).bit_length()
    parent, symbol, depth = (np.zeros(capacity, dtype=np.int32) for _ in range(3))
    hashes, powers = np.zeros(capacity, dtype=np.uint64), np.full(longest + 1, 0x9E3779B97F4A7C15, dtype=np.uint64)
    powers[0] = 1
    empty = np.array([1, 0], dtype=np.int64)
    return Strings(parent, symbol, depth, hashes, np.cumprod(powers), np.zeros(slots, dtype=np.int32), empty)


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
    strings.hash[fresh] = strings.hash[node] * strings.powers[1] + mixed(np.uint32(symbol))
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
def hash_behind(strings: Any, base: int, node: int) -> Any:
    """A hash of what a string has behind its beginning `base`."""
    return strings.hash[node] - strings.hash[base] * strings.powers[strings.depth[node] - strings.depth[base]]


@njit(cache=True, nogil=True)
def same_behind(strings: Any, base: int, node: int, other_base: int, other: int) -> Any:
    """Whether two strings have the same behind their beginnings `base` and `other_base`."""
    if strings.depth[node] - strings.depth[base] != strings.depth[other] - strings.depth[other_base]:
        return False
    while node != other and node != base:
        if strings.symbol[node] != strings.symbol[other]:
            return False
        node, other = strings.parent[node], strings.parent[other]
    return True


@njit(cache=True, nogil=True)
def behind(strings: Any, base: int, node: int, scratch: Any) -> Any:
    """What a string has behind its beginning `base`, as a string."""
    end = symbols_of(strings, node, strings.depth[base], scratch, 0)
    rest = 0
    for i in range(end):
        rest = appended(strings, rest, scratch[i])
    return rest
