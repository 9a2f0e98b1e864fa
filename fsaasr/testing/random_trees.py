"""Random context trees, for tests."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

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
