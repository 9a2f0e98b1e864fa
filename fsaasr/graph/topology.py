"""Topologies: how a model's score columns, frame by frame, spell tokens.

A topology is written as text, one arc a line, for *any* token `t`:

    source target input[:t] [weight]

* A state `name` exists once; a state `name.t` exists once for each token.
* Input: `<blk>` (the blank column), `t` (the token's only column), `t.2` (its second), `<eps>`.
* `:t` outputs the token; such an arc consumes the token's first frame.
* Weight: `stay` or `leave`, the transition log probability of the column that the source state loops on.
* Writing `u` on the target side means every token but `t`.

The first line of all names the start state, the second the final ones. `TOPOLOGIES` holds those that
ship; adding one is adding its few lines. After a line `tree` may follow a `ContextTree`, which ties columns:
then `t.2` is the column that the tree gives the second state of `t` between its neighbours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import BLANK, SymbolTable
from fsaasr.graph.context_tree import ContextTree, parse_context_tree

STAY, LEAVE = "stay", "leave"
_TREE = "tree"
_INPUT = re.compile(r"^(?:<eps>|<blk>|[tu](?:\.\d+)?)(?::[tu])?$")


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
class Topology:
    """A parsed declaration.

    Attributes:
      name: as in `DecodingGraph.topology`.
      start: start state. finals: final states.
      arcs: the arcs, for any token.
      tree: which column a token's state is in its context; None where each state of each token has its own.
    """

    name: str
    start: str
    finals: Tuple[str, ...]
    arcs: Tuple[TopologyArc, ...]
    tree: Optional[ContextTree] = None

    @property
    def has_blank(self) -> bool:
        """Whether column 0 is blank."""
        return any(arc.input == BLANK for arc in self.arcs)

    @property
    def columns_per_token(self) -> int:
        """HMM states a token, or 1."""
        return max(arc.column for arc in self.arcs)

    @property
    def has_transitions(self) -> bool:
        """Whether arcs carry `stay` and `leave` probabilities."""
        return any(arc.weight for arc in self.arcs)

    def columns(self, tokens: SymbolTable) -> Columns:
        """Columns of a model with these tokens: blank first if there is one, then token by token."""
        if self.tree is not None:
            return _tied_columns(self, self.tree, tokens)
        per_token = self.columns_per_token
        names: List[str] = [BLANK] if self.has_blank else []
        for name in tokens.names[1:]:
            names += [name] if per_token == 1 else [f"{name}.{k}" for k in range(1, per_token + 1)]
        labels = np.repeat(np.arange(1, len(tokens), dtype=np.int32), per_token)
        states = np.tile(np.arange(1, per_token + 1, dtype=np.int32), len(tokens) - 1)
        blank = np.zeros(int(self.has_blank), dtype=np.int32)
        return Columns(tuple(names), np.concatenate([blank, labels]), np.concatenate([blank, states]))

    def tied(self, tree: ContextTree) -> Topology:
        """This topology with columns tied by `tree`, whose hash becomes part of the name.

        Raises:
          GraphError: a topology whose tokens are not apart but for its start, or of other states than the tree.
        """
        shared = {state for arc in self.arcs for state in (arc.source, arc.target) if not state.endswith(".t")}
        apart = shared == {self.start} and self.finals == (self.start,) and not self.has_blank
        if not apart or self.columns_per_token != tree.states:
            raise GraphError(
                f"Topology.tied: {self.name!r} has {self.columns_per_token} columns a token and shares the states "
                f"{' '.join(sorted(shared))}; expected an HMM of {tree.states}, as the tree has, that shares its start "
                "and final state only"
            )
        return replace(self, name=f"{self.name}-tied-{tree.hash[:8]}", tree=tree)

    def to_text(self) -> str:
        """The declaration; `parse_topology(name, text)` reads it back to an equal topology."""
        lines = [f"start {self.start}", " ".join(["final", *self.finals])]
        text = "\n".join([*lines, *(arc.to_text() for arc in self.arcs)]) + "\n"
        return text if self.tree is None else f"{text}{_TREE}\n{self.tree.to_text()}"

    def loop_column(self, state: str) -> Optional[int]:
        """1-based column on which the declared `state` loops, or None."""
        loops = [arc.column for arc in self.arcs if arc.source == arc.target == state]
        return loops[0] if loops else None


def parse_topology(name: str, text: str) -> Topology:
    """Reads a declaration.

    Raises:
      GraphError: a malformed line, named by number; a state without way in; no emitting arc.
    """
    declaration, has_tree, tree = text.partition(f"\n{_TREE}\n")
    lines = [(n, line.split("#")[0].split()) for n, line in enumerate(declaration.splitlines(), 1)]
    rows = [(n, fields) for n, fields in lines if fields]
    heads = [fields[0] for _, fields in rows[:2]]
    if heads != ["start", "final"] or len(rows) < 3:
        raise GraphError(f"topology {name!r}: expected a `start` line, a `final` line, then arcs; found {heads}")
    arcs = tuple(_parse_arc(name, n, fields) for n, fields in rows[2:])
    topology = Topology(name, rows[0][1][1], tuple(rows[1][1][1:]), arcs)
    _check(topology)
    return replace(topology.tied(parse_context_tree(tree)), name=name) if has_tree else topology


def _tied_columns(topology: Topology, tree: ContextTree, tokens: SymbolTable) -> Columns:
    if tokens.names[1:] != tree.tokens:
        raise GraphError(f"topology {topology.name!r}: its tree is for {len(tree.tokens)} tokens, others than {tokens}")
    sizes = tree.sizes.ravel()
    tokens_of, states = np.indices(tree.sizes.shape, dtype=np.int32).reshape(2, -1) + 1
    names = [
        f"{tokens.name(token)}.{state}.{leaf}"
        for token, state, size in zip(tokens_of.tolist(), states.tolist(), sizes.tolist())
        for leaf in range(1, size + 1)
    ]
    return Columns(tuple(names), np.repeat(tokens_of, sizes), np.repeat(states, sizes))


def _parse_arc(name: str, line: int, fields: List[str]) -> TopologyArc:
    if (
        len(fields) not in (3, 4)
        or not _INPUT.match(fields[2])
        or (len(fields) == 4 and fields[3] not in (STAY, LEAVE))
    ):
        raise GraphError(
            f"topology {name!r}, line {line}: found {' '.join(fields)!r}, "
            "expected `source target input[:t] [stay|leave]`"
        )
    column, _, output = fields[2].partition(":")
    return TopologyArc(fields[0], fields[1], column.replace("u", "t"), bool(output), *fields[3:])


def _check(topology: Topology) -> None:
    sources = {arc.source for arc in topology.arcs}
    reached = {topology.start} | {arc.target.replace(".u", ".t") for arc in topology.arcs}
    for state in (*sources, *topology.finals):
        if state not in reached:
            raise GraphError(f"topology {topology.name!r}: no arc leads to state {state!r}")
    if not any(arc.emits for arc in topology.arcs):
        raise GraphError(f"topology {topology.name!r}: no arc outputs a token; write `:t` on the one that begins it")
    if topology.start.endswith(".t"):
        raise GraphError(f"topology {topology.name!r}: the start state {topology.start!r} must be a shared one")
    for arc in topology.arcs:
        if arc.weight and topology.loop_column(arc.source) is None:
            raise GraphError(f"topology {topology.name!r}: {arc.source!r} has a {arc.weight!r} arc but no loop")


_HMM_1 = """
start between
final between
between body.t  t:t
body.t  body.t  t     stay
body.t  between <eps> leave
"""

_DECLARATIONS = {
    # Graves 2006: a repeated token needs a blank between.
    "ctc": """
start blank
final blank on.t
blank blank <blk>
blank on.t  t:t
on.t  on.t  t
on.t  blank <blk>
on.t  on.u  u:u
""",
    # Laptev 2022: linear in the number of tokens; a repeated token needs no blank.
    "ctc-compact": """
start blank
final blank
blank blank <blk>
blank on.t  t:t
on.t  on.t  t
on.t  blank <eps>
""",
    # k2's `ctc_topo(modified=True)`: as compact, but without epsilons.
    "ctc-modified": """
start blank
final blank
blank blank <blk>
blank blank t:t
blank on.t  t:t
on.t  on.t  t
on.t  blank t
""",
    "hmm1": _HMM_1,
    "hmm3": """
start between
final between
between begin.t t.1:t
begin.t begin.t t.1   stay
begin.t mid.t   t.2   leave
mid.t   mid.t   t.2   stay
mid.t   end.t   t.3   leave
end.t   end.t   t.3   stay
end.t   between <eps> leave
""",
    "blank-free": _HMM_1.replace("stay", "").replace("leave", ""),
}

TOPOLOGIES: Dict[str, Topology] = {name: parse_topology(name, text) for name, text in _DECLARATIONS.items()}
"""The topologies that ship, by name."""
