"""Topologies: how a model's score columns, frame by frame, spell tokens.

A topology is written as text, one arc a line, for *any* token `t`:

    source target input[:t] [weight]

* A state `name` exists once; a state `name.t` exists once for each token.
* Input: `<blk>` (the blank column), `t` (the token's only column), `t.2` (its second), `<eps>`.
* `:t` outputs the token; such an arc consumes the token's first frame.
* Weight: `stay` or `leave`, the transition log probability of the column that the source state loops on; where there
  are several ways to leave a state, the second one has `leave.2`, the third one `leave.3`.
* Writing `u` on the target side means every token but `t`.

The first line of all names the start state, the second the final ones. After a line `tokens SIL NOISE` follow the arcs
of these tokens, in place of the others'. After a line `tree` may follow a `ContextTree`, which ties columns: then `t.2`
is the column that the tree gives the second state of `t` between its neighbours. `topologies.py` has those that ship.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import BLANK, SymbolTable
from fsaasr.graph.context_tree import ContextTree

STAY, LEAVE = "stay", "leave"
TREE, TOKENS = "tree", "tokens"


@dataclass(frozen=True)
class TopologyArc:
    """One declared arc; the fields hold the words of its line."""

    source: str
    target: str
    input: str
    emits: bool
    weight: str = ""

    @property
    def token(self) -> str:
        """Which token the arc is about: `u` (another one), `t`, or empty for a shared arc."""
        if self.target.endswith(".u"):
            return "u"
        return "t" if any(part.endswith(".t") for part in (self.source, self.target)) or self.emits else ""

    @property
    def column(self) -> int:
        """1-based column within the token; 0 for blank or epsilon."""
        if self.input in ("<eps>", BLANK):
            return 0
        return int(self.input.partition(".")[2] or 1)

    @property
    def move(self) -> int:
        """Which of its column's transitions the arc is: 0 to stay, 1, 2, ... to leave; -1 without a weight."""
        if self.weight in ("", STAY):
            return -1 if self.weight == "" else 0
        return int(self.weight.partition(".")[2] or 1)

    def to_text(self) -> str:
        """Its line."""
        token = self.token or "t"
        column = self.input.replace("t", token) if self.column else self.input
        return " ".join([self.source, self.target, f"{column}:{token}" if self.emits else column, self.weight]).strip()


@dataclass(frozen=True)
class Columns:
    """Meaning of the score columns.

    Attributes:
      names: C column names.
      token: int32 (C,) token label of each column, 0 for blank.
      state: int32 (C,) which of its token's states a column is, 1 .. K; 0 for blank.
    """

    names: Tuple[str, ...]
    token: npt.NDArray[np.int32]
    state: npt.NDArray[np.int32]


@dataclass(frozen=True)
class TokenArcs:
    """The arcs of some tokens.

    Attributes:
      tokens: names. arcs: as in `Topology`; all of them about `t`.
    """

    tokens: Tuple[str, ...]
    arcs: Tuple[TopologyArc, ...]


@dataclass(frozen=True)
class Topology:
    """A parsed declaration.

    Attributes:
      name: as in `DecodingGraph.topology`.
      start: start state. finals: final states.
      arcs: the arcs, for any token.
      others: arcs of tokens that have their own.
      tree: which column a token's state is in its context; None where each state of each token has its own.
    """

    name: str
    start: str
    finals: Tuple[str, ...]
    arcs: Tuple[TopologyArc, ...]
    others: Tuple[TokenArcs, ...] = ()
    tree: Optional[ContextTree] = None

    @property
    def has_blank(self) -> bool:
        """Whether column 0 is blank."""
        return any(arc.input == BLANK for arc in self.arcs)

    @property
    def columns_per_token(self) -> int:
        """HMM states of a token that has no arcs of its own, or 1."""
        return max(arc.column for arc in self.arcs)

    @property
    def has_transitions(self) -> bool:
        """Whether arcs carry `stay` and `leave` probabilities."""
        return any(arc.weight for arc in self.arcs)

    @property
    def num_moves(self) -> int:
        """W: most transitions that a column has, to stay in it included; 2, or more with several ways to leave."""
        return max(2, *(1 + arc.move for arcs in self._all_arcs() for arc in arcs))

    def arcs_of(self, token: str) -> Tuple[TopologyArc, ...]:
        """The arcs that spell a token."""
        return next((other.arcs for other in self.others if token in other.tokens), self.arcs)

    def states_of(self, token: str) -> int:
        """HMM states of a token, or 1."""
        return max(arc.column for arc in self.arcs_of(token))

    def columns(self, tokens: SymbolTable) -> Columns:
        """Columns of a model with these tokens: blank first if there is one, then token by token.

        Raises:
          GraphError: tokens with arcs of their own, or with trees, that are none of these.
        """
        self._check_tokens(tokens)
        names: List[str] = [BLANK] if self.has_blank else []
        labels, states = [0] * len(names), [0] * len(names)
        for label, name in enumerate(tokens.names[1:], 1):
            for state in range(1, self.states_of(name) + 1):
                own = name if self.states_of(name) == 1 and self.tree is None else f"{name}.{state}"
                leaves = 1 if self.tree is None else int(self.tree.sizes[label - 1, state - 1])
                names += [own] if self.tree is None else [f"{own}.{leaf}" for leaf in range(1, leaves + 1)]
                labels += [label] * leaves
                states += [state] * leaves
        return Columns(tuple(names), np.array(labels, dtype=np.int32), np.array(states, dtype=np.int32))

    def tied(self, tree: ContextTree) -> Topology:
        """This topology with columns tied by `tree`, whose hash becomes part of the name.

        Raises:
          GraphError: a topology whose tokens are not apart but for its start, or of other states than the tree.
        """
        wrong = [token for token, trees in zip(tree.tokens, tree.roots) if len(trees) != self.states_of(token)]
        if not self.is_apart or wrong:
            token = (wrong or tree.tokens)[0]
            raise GraphError(
                f"Topology.tied: {self.name!r} has {self.states_of(token)} columns for {token!r} and shares the states "
                f"{' '.join(self._shared())}; expected an HMM of {tree.states_of(token)}, as the tree has, that shares "
                "its start and final state only"
            )
        return replace(self, name=f"{self.name}-tied-{tree.hash[:8]}", tree=tree)

    def with_tokens(self, other: Topology, tokens: Sequence[str]) -> Topology:
        """This topology, but for `tokens`, which `other` spells: three states for speech and five for silence, say.

        Raises:
          GraphError: either shares more states between tokens than its start, or is tied.
        """
        for topology in (self, other):
            if not topology.is_apart or topology.tree is not None or topology.start != self.start or other.others:
                raise GraphError(
                    f"Topology.with_tokens: {topology.name!r} shares the states {' '.join(topology._shared())}; "
                    f"expected untied topologies whose start and final state {self.start!r} is the only shared one"
                )
        name = f"{self.name}+{other.name}"
        return replace(self, name=name, others=(*self.others, TokenArcs(tuple(tokens), other.arcs)))

    @property
    def is_apart(self) -> bool:
        """Whether tokens share nothing but the start, which is the final state."""
        return self._shared() == [self.start] and self.finals == (self.start,) and not self.has_blank

    def to_text(self) -> str:
        """The declaration; `parse_topology(name, text)` reads it back to an equal topology."""
        lines = [f"start {self.start}", " ".join(["final", *self.finals]), *(arc.to_text() for arc in self.arcs)]
        for other in self.others:
            lines += [" ".join([TOKENS, *other.tokens]), *(arc.to_text() for arc in other.arcs)]
        text = "\n".join(lines) + "\n"
        return text if self.tree is None else f"{text}{TREE}\n{self.tree.to_text()}"

    def _all_arcs(self) -> Iterator[Tuple[TopologyArc, ...]]:
        yield self.arcs
        yield from (other.arcs for other in self.others)

    def _shared(self) -> List[str]:
        states = {state for arcs in self._all_arcs() for arc in arcs for state in (arc.source, arc.target)}
        return sorted(state for state in states if not state.endswith(".t"))

    def _check_tokens(self, tokens: SymbolTable) -> None:
        if self.tree is not None and tokens.names[1:] != self.tree.tokens:
            raise GraphError(
                f"topology {self.name!r}: its tree is for {len(self.tree.tokens)} tokens, others than {tokens}"
            )
        missing = [name for other in self.others for name in other.tokens if name not in tokens]
        if missing:
            raise GraphError(
                f"topology {self.name!r} has arcs of the tokens {' '.join(missing)}, which are none of {tokens}"
            )


def loop_column(arcs: Sequence[TopologyArc], state: str) -> Optional[int]:
    """1-based column on which the declared `state` loops, or None."""
    loops = [arc.column for arc in arcs if arc.source == arc.target == state]
    return loops[0] if loops else None
