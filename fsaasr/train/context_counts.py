"""Trees from counts in transcripts: states told apart by the token before, without any alignment."""

from __future__ import annotations

from collections import Counter
from typing import Collection, Iterable, List, Sequence, Tuple

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.context_tree import ContextTree, Leaf, Node, Split


def left_context_tree(
    sequences: Iterable[Sequence[str]], tokens: SymbolTable, states: int, least: int, context_free: Collection[str] = ()
) -> ContextTree:
    """States of their own for each token after each other one that it follows often enough (Hadian et al. 2018).

    All rarer contexts of a token, and the begin of an utterance, share one column a state.

    Args:
      sequences: e.g. `spoken_tokens` of the training transcripts.
      tokens: the model's.
      states: HMM states a token.
      least: how often a token must follow another one, >= 1.
      context_free: tokens that have the same states everywhere, as silence.
    """
    pairs: Counter[Tuple[str, str]] = Counter()
    for sequence in sequences:
        pairs.update(zip(sequence, sequence[1:]))
    names = tokens.names[1:]
    trees: List[Tuple[Node, ...]] = []
    for name in names:
        before = [left for left in names if pairs[left, name] >= least and name not in context_free]
        trees.append((_one_by_one(before),) * states)
    return ContextTree(names, tuple(trees))


def _one_by_one(neighbours: Sequence[str]) -> Node:
    node: Node = Leaf()
    for neighbour in reversed(neighbours):
        node = Split("left", (neighbour,), Leaf(), node)
    return node
