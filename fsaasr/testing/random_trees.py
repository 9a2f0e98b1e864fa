"""Random context trees and transition probabilities, for tests."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Topology, moves
from fsaasr.graph.context_tree import ContextTree, Leaf, Node, Split


def random_context_tree(tokens: Sequence[str], states: int, rng: np.random.Generator, depth: int = 3) -> ContextTree:
    """A tree for each of the `states` of each token, of up to `depth` questions on a path.

    Args:
      tokens: V >= 2 names.
      states: K.
      rng: source of all randomness.
      depth: longest path.
    """
    return ContextTree(
        tuple(tokens), tuple(tuple(_random_node(tuple(tokens), rng, depth) for _ in range(states)) for _ in tokens)
    )


def _random_node(tokens: Tuple[str, ...], rng: np.random.Generator, depth: int) -> Node:
    if depth == 0 or rng.random() < 0.2:
        return Leaf()
    asked = rng.permutation(len(tokens))[: rng.integers(1, len(tokens))]
    names = tuple(tokens[place] for place in sorted(asked.tolist()))
    yes, no = (_random_node(tokens, rng, depth - 1) for _ in range(2))
    return Split("left" if rng.random() < 0.5 else "right", names, yes, no)


def random_transitions(topology: Topology, tokens: SymbolTable, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """float32 (C, W): log probabilities of each column's transitions, none of them small; -inf where it has none."""
    exist = moves(topology, tokens).exist
    shares = np.where(exist, rng.uniform(0.2, 0.8, size=exist.shape), 0.0)
    with np.errstate(divide="ignore"):
        logs = np.log(shares) - np.log(np.maximum(shares.sum(axis=1, keepdims=True), 1e-300))
    return np.where(exist.any(axis=1, keepdims=True), logs, 0.0).astype(np.float32)
