"""Transcript graphs whose transition probabilities change from one iteration to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.graph.decoding_graph import DecodingGraph

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainingGraph:
    """A graph without transition probabilities, to which any can be given quickly.

    A visit to a column is one arc that enters it, loops that stay, and one way of leaving. So each path
    has the same score whether the leaving probability stands where the column is left or where it is
    entered; here it stands where it is entered, which only needs the arc itself.

    Attributes:
      graph: compiled without transitions.
    """

    graph: DecodingGraph

    @cached_property
    def column(self) -> npt.NDArray[np.int32]:
        """int32 (A,): score column that an arc consumes, -1 for epsilon."""
        return self.graph.fst.input_label - np.int32(1)

    @cached_property
    def columns(self) -> npt.NDArray[np.int64]:
        """int64 (n,): the score columns that occur, rising."""
        columns: npt.NDArray[np.int64] = np.unique(self.column[self.column >= 0]).astype(np.int64)
        return columns

    @cached_property
    def is_loop(self) -> npt.NDArray[np.bool_]:
        """bool (A,): whether an arc stays in its column."""
        loops: npt.NDArray[np.bool_] = self.graph.fst.source_state == self.graph.fst.next_state
        return loops & (self.column >= 0)

    def with_transitions(self, transitions: FloatArray) -> DecodingGraph:
        """The graph with transition scores, float32 (C, 2) log [stay, leave]."""
        added = np.where(self.is_loop, transitions[self.column, 0], transitions[self.column, 1])
        added[self.column < 0] = 0.0
        return replace(self.graph, fst=replace(self.graph.fst, score=self.graph.fst.score + added))

    def count(self, arc_occupancy: Float64) -> Tuple[Float64, Float64]:
        """Expected numbers of stays and leaves, (C,) each, from expected arcs (A,)."""
        columns = self.graph.num_columns
        emitting = self.column >= 0
        stays = _sum(self.column, arc_occupancy, self.is_loop, columns)
        return stays, _sum(self.column, arc_occupancy, emitting & ~self.is_loop, columns)


def _sum(column: npt.NDArray[np.int32], occupancy: Float64, chosen: npt.NDArray[np.bool_], columns: int) -> Float64:
    counts: Float64 = np.bincount(column[chosen], weights=occupancy[chosen], minlength=columns).astype(np.float64)
    return counts
