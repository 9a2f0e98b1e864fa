"""`ContextTree`: which score column each state of a token has between two neighbours, decided by questions.

As text, after the line `tokens ...`, a tree for each state of each token:

    state AH.1
      left in B D G
        right in M N
          AH.1.1
        else
          AH.1.2
      else
        AH.1.3
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Iterator, List, Literal, Sequence, Tuple, Union, get_args

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.files import content_hash

Side = Literal["left", "right"]
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Leaf:
    """A set of contexts that share a score column."""


@dataclass(frozen=True)
class Split:
    """A question: is the neighbour on this side one of these tokens?

    The end of the utterance is a neighbour that no question names.
    """

    side: Side
    tokens: Tuple[str, ...]
    yes: Node
    no: Node


Node = Union[Leaf, Split]


@dataclass(frozen=True)
class ContextTree:
    """Decision trees over the neighbours of a token; every context, seen in training or not, leads to a leaf.

    A leaf is a score column. Columns are numbered token by token, state by state, and within a state's tree with
    `yes` before `no`. Young, Odell, Woodland 1994.

    Attributes:
      tokens: V token names.
      roots: of each token, the trees of its states, up to K.

    Raises:
      GraphError: no tree for some token, or a question about a token that is not there.
    """

    tokens: Tuple[str, ...]
    roots: Tuple[Tuple[Node, ...], ...]

    def __post_init__(self) -> None:
        if len(self.roots) != len(self.tokens) or not self.roots or not all(self.roots):
            raise GraphError(
                f"ContextTree: {len(self.roots)} groups of trees for {len(self.tokens)} tokens, of "
                f"{min(map(len, self.roots), default=0)} trees or more; expected one group each, of at least one tree"
            )
        known = set(self.tokens)
        for trees in self.roots:
            for root in trees:
                for node in splits(root):
                    unknown = [name for name in node.tokens if name not in known]
                    if unknown or not node.tokens:
                        raise GraphError(
                            f"ContextTree: a question asks for {unknown[0] if unknown else 'nothing'!r}; expected some "
                            f"of the {len(known)} tokens"
                        )

    @property
    def states(self) -> int:
        """K, states of the token that has most."""
        return max(map(len, self.roots))

    def states_of(self, token: str) -> int:
        """States of a token; raises ValueError for one that is not there."""
        return len(self.roots[self.tokens.index(token)])

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """int64 (V, K): leaves of each state's tree, 0 where a token has fewer states."""
        sizes = np.zeros((len(self.roots), self.states), dtype=np.int64)
        for row, trees in zip(sizes, self.roots):
            row[: len(trees)] = list(map(count_leaves, trees))
        return sizes

    @property
    def num_columns(self) -> int:
        """C, leaves of all trees."""
        return int(self.sizes.sum())

    @cached_property
    def hash(self) -> str:
        """Hash of the whole content."""
        return content_hash(self.to_text())

    @cached_property
    def table(self) -> IntArray:
        """int32 (V + 1, V + 1, V + 1, K): column by [left, token, right, state], tokens as labels.

        Label 0 as a neighbour is the end of the utterance; as the token itself it has no column, -1. So has a state
        that a token lacks.
        """
        count = len(self.tokens)
        table = np.full((count + 1, count + 1, count + 1, self.states), -1, dtype=np.int32)
        everywhere = np.ones((count + 1, count + 1), dtype=np.bool_)
        column = 0
        for label, trees in enumerate(self.roots, 1):
            for state, root in enumerate(trees):
                for contexts in self._leaf_contexts(root, everywhere):
                    table[:, label, :, state][contexts] = column
                    column += 1
        table.setflags(write=False)
        return table

    def _leaf_contexts(self, node: Node, contexts: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.bool_]]:
        """Of each leaf, in order, which (left, right) pairs of `contexts` lead to it."""
        if isinstance(node, Leaf):
            yield contexts
            return
        asked = np.isin(("", *self.tokens), node.tokens)
        answer = asked[:, None] if node.side == "left" else asked[None, :]
        yield from self._leaf_contexts(node.yes, contexts & answer)
        yield from self._leaf_contexts(node.no, contexts & ~answer)

    def to_text(self) -> str:
        """The tree as text; `parse_context_tree` reads it back to an equal tree."""
        lines = [" ".join(["tokens", *self.tokens])]
        for token, trees in zip(self.tokens, self.roots):
            for state, root in enumerate(trees, 1):
                leaves = iter(range(1, count_leaves(root) + 1))
                lines.append(f"state {token}.{state}")
                lines += _node_lines(root, "  ", (f"{token}.{state}.{number}" for number in leaves))
        return "\n".join(lines) + "\n"


def splits(node: Node) -> Iterator[Split]:
    """All questions of a tree, the root first."""
    if isinstance(node, Split):
        yield node
        yield from splits(node.yes)
        yield from splits(node.no)


def count_leaves(node: Node) -> int:
    """Leaves below a node, or 1 for a leaf itself."""
    return 1 + sum(1 for _ in splits(node))


def _node_lines(node: Node, indent: str, names: Iterator[str]) -> List[str]:
    if isinstance(node, Leaf):
        return [indent + next(names)]
    question = f"{indent}{node.side} in {' '.join(node.tokens)}"
    yes = _node_lines(node.yes, indent + "  ", names)
    return [question, *yes, f"{indent}else", *_node_lines(node.no, indent + "  ", names)]


def parse_context_tree(text: str) -> ContextTree:
    """Reads what `ContextTree.to_text` wrote; indentation does not count.

    Raises:
      GraphError: a line that is not expected where it stands, named by number.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    reader = _Reader(lines)
    tokens = tuple(reader.take("tokens")[1:])
    trees: List[List[Node]] = [[] for _ in tokens]
    while reader.more():
        number, (_, state) = reader.number, reader.take("state", 2)
        name = state.rpartition(".")[0]
        place = tokens.index(name) if name in tokens else -1
        if place < 0 or state != f"{name}.{len(trees[place]) + 1}":
            raise GraphError(f"context tree, line {number}: found state {state!r}; expected a token's next state")
        trees[place].append(reader.node())
    return ContextTree(tokens, tuple(map(tuple, trees)))


class _Reader:
    """Takes the lines of a tree one after another."""

    def __init__(self, lines: Sequence[Tuple[int, List[str]]]) -> None:
        self._lines = lines
        self._next = 0

    def more(self) -> bool:
        """Whether lines are left."""
        return self._next < len(self._lines)

    @property
    def number(self) -> int:
        """Number of the next line; of the last one at the end."""
        return self._lines[min(self._next, len(self._lines) - 1)][0] if self._lines else 1

    def take(self, first: str = "", fields: int = 0) -> List[str]:
        """The fields of the next line, which must begin with `first` and have as many as `fields` (0: any)."""
        found = self._lines[self._next][1] if self.more() else []
        if not found or (first and found[0] != first) or (fields and len(found) != fields):
            what = " ".join(found[:4]) or "the end"
            raise GraphError(f"context tree, line {self.number}: found {what!r}, expected {first or 'a node'!r}")
        self._next += 1
        return found

    def node(self) -> Node:
        """The tree that begins at the next line."""
        found = self.take()
        if len(found) == 1:
            return Leaf()
        side = found[0]
        if side not in get_args(Side) or found[1] != "in" or len(found) < 3:
            self._next -= 1
            raise GraphError(f"context tree, line {self.number}: found {' '.join(found[:4])!r}, expected a question")
        yes = self.node()
        self.take("else", 1)
        return Split("left" if side == "left" else "right", tuple(found[2:]), yes, self.node())
