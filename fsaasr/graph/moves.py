"""Transitions of HMM states, as tables over score columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.topology import Topology, loop_column

NO_MOVE = -1


@dataclass(frozen=True, eq=False)
class Moves:
    """Where the W transitions of each of C columns lead; a table of their log probabilities is float32 (C, W).

    Transition 0 stays in the column, the others leave it, in the order of `leave`, `leave.2`, ... of the topology.

    Attributes:
      state: int32 (C,), which of its token's states a column is, 1 .. K.
      target: int32 (C, W), the state that a transition consumes a frame in, 0 where the token ends; NO_MOVE for none.
      home: int32 (C,), the column whose transitions lead on from each column: itself, or, where a state is entered by
        one column and loops in another, the latter.
    """

    state: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    home: npt.NDArray[np.int32]

    @property
    def exist(self) -> npt.NDArray[np.bool_]:
        """bool (C, W): which transitions there are."""
        exist: npt.NDArray[np.bool_] = self.target != NO_MOVE
        return exist

    def uniform(self) -> npt.NDArray[np.float32]:
        """float32 (C, W): equal probabilities of all ways out of a column, as logs; -inf where there is no transition.

        A column without any (of a topology that has no transitions there) has 0.
        """
        count = self.exist.sum(axis=1, keepdims=True)
        scores = np.where(self.exist, -np.log(np.maximum(count, 1)), np.where(count > 0, -np.inf, 0.0))
        return scores.astype(np.float32)

    def find(self, column: npt.NDArray[np.int32], state: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """int64 (n,): the transition from each `column` to each `state` (0: the end of the token), or NO_MOVE."""
        hit = self.target[column] == state[:, None]
        return np.where(hit.any(axis=1), hit.argmax(axis=1), NO_MOVE)


def moves(topology: Topology, tokens: SymbolTable) -> Moves:
    """The transitions of a model with these tokens.

    Raises:
      GraphError: tokens that do not fit the topology, or one whose transitions cannot be told apart.
    """
    columns = topology.columns(tokens)
    target = np.full((len(columns.names), topology.num_moves), NO_MOVE, dtype=np.int32)
    for label, name in enumerate(tokens.names[1:], 1):
        for (state, move), end in _declared(topology, name).items():
            target[(columns.token == label) & (columns.state == state), move] = end
    home = np.arange(len(columns.names), dtype=np.int32)
    for label, name in enumerate(tokens.names[1:], 1):
        for state, loop in _loops(topology, name).items():
            own, looping = (np.flatnonzero((columns.token == label) & (columns.state == s)) for s in (state, loop))
            if len(looping) == 1:  # one of several tied ones has no say for the others
                home[own] = looping[0]
    return Moves(columns.state, target, home)


def _loops(topology: Topology, token: str) -> Dict[int, int]:
    """State that the declared state loops in which each state's column leads to, where it loops at all."""
    arcs = topology.arcs_of(token)
    reached = {arc.column: loop_column(arcs, arc.target) for arc in arcs if arc.column}
    return {column: loop for column, loop in reached.items() if column and loop}


def _declared(topology: Topology, token: str) -> Dict[Tuple[int, int], int]:
    """State to be in next, 0 for none of the token's, by state and transition."""
    arcs = topology.arcs_of(token)
    found: Dict[Tuple[int, int], int] = {}
    for arc in arcs:
        if arc.weight:
            key = (loop_column(arcs, arc.source) or 0, arc.move)
            found.setdefault(key, arc.column)
            ends = [end for (state, _), end in found.items() if state == key[0]]
            if found[key] != arc.column or len(set(ends)) != len(ends):
                raise GraphError(
                    f"topology {topology.name!r}: two transitions of state {key[0]} of {token!r} have the same weight, "
                    f"or lead to the same state; expected `leave`, `leave.2`, ... on the ways to different states"
                )
    return found
