"""Transcript graphs whose transition probabilities change from one iteration to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.graph import Moves
from fsaasr.graph.decoding_graph import DecodingGraph

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
_NONE = np.int32(-1)


@dataclass(frozen=True, eq=False)
class TrainingGraph:
    """A graph without transition probabilities, to which any can be given quickly.

    Composition keeps the states of the topology apart, so a state of the graph whose loop consumes column c is one
    where c may be left: an arc from there that consumes a frame is c's transition to that frame's state, and an epsilon
    arc the one that ends the token, unless it leads to another state of the same column (where L o G moves on alone).

    Attributes:
      graph: compiled without transitions.
      moves: what transitions its columns have.
    """

    graph: DecodingGraph
    moves: Moves

    @cached_property
    def column(self) -> Int32:
        """int32 (A,): score column that an arc consumes, -1 for epsilon."""
        return self.graph.fst.input_label - np.int32(1)

    @cached_property
    def columns(self) -> npt.NDArray[np.int64]:
        """int64 (n,): the score columns that occur, rising."""
        columns: npt.NDArray[np.int64] = np.unique(self.column[self.column >= 0]).astype(np.int64)
        return columns

    @cached_property
    def arcs(self) -> npt.NDArray[np.int64]:
        """int64 (B,): arcs that are transitions of a column."""
        source, _ = self._transitions
        return np.flatnonzero(source >= 0)

    @cached_property
    def entries(self) -> npt.NDArray[np.int64]:
        """int64 (B,): of each of `arcs`, its place `column * W + move` in a table of transitions (C, W)."""
        source, move = self._transitions
        return source[self.arcs].astype(np.int64) * self.moves.target.shape[1] + move[self.arcs]

    @cached_property
    def _transitions(self) -> Tuple[Int32, npt.NDArray[np.int64]]:
        """(A,) column that an arc is a transition of, -1 for none, and which one it is."""
        fst = self.graph.fst
        loops = np.full(fst.num_states, _NONE)
        is_loop = (fst.source_state == fst.next_state) & (self.column >= 0)
        loops[fst.next_state[is_loop]] = self.column[is_loop]
        source = loops[fst.source_state]
        source[(self.column < 0) & (source == loops[fst.next_state])] = _NONE
        state = np.where(self.column >= 0, self.moves.state[self.column], 0)
        move = self.moves.find(source, state)
        return np.where(move >= 0, source, _NONE), move

    def with_transitions(self, transitions: FloatArray) -> DecodingGraph:
        """The graph with transition scores, float32 (C, W) log probabilities."""
        score = self.graph.fst.score.copy()
        score[self.arcs] += transitions.ravel()[self.entries]
        return replace(self.graph, fst=replace(self.graph.fst, score=score))

    def count(self, arc_occupancy: Float64) -> Float64:
        """float64 (C, W): expected numbers of transitions, from expected arcs (A,)."""
        shape = self.moves.target.shape
        size = shape[0] * shape[1]
        counts = np.bincount(self.entries, weights=arc_occupancy[self.arcs], minlength=size).astype(np.float64)
        return counts.reshape(shape)
