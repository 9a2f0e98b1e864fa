"""Calls of k2's online search: a block of frames of several streams, from state to state."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy as np

from fsaasr.core.scores import FloatArray
from fsaasr.core.stack import import_k2
from fsaasr.decode.k2_lattice import K2Arcs, k2_limits, output_beam
from fsaasr.decode.k2_stream_graph import BEAM_OF_LAST_ROW, StreamGraph
from fsaasr.decode.options import SearchOptions


class Limits(NamedTuple):
    """How wide to search: states at least and at most, and the log score (nats) by which what is kept may lag."""

    min_active: int
    max_active: int
    output_beam: float

    @classmethod
    def of(cls, options: SearchOptions) -> Limits:
        """What k2 keeps must not be less than what it searches on with: at the end of a call it drops the rest."""
        return cls(*k2_limits(options), max(options.search_beam, output_beam(options)))


class Position(NamedTuple):
    """Where a stream stands: k2's state, which no search changes, and the best path's score there that is to be
    taken off, in units, so that sums stay small."""

    state: Any
    base: float = 0.0


class Answer(NamedTuple):
    """k2's lattices after a call, and which of them is meant."""

    lattices: Any
    row: int

    def arcs(self, graph: StreamGraph, matrix: FloatArray) -> K2Arcs:
        """The arcs that the start leads to, with exact scores from the graph and from `matrix`, (T, C), in nats."""
        from fsaasr.decode.k2_kernels import arc_frames

        states, begin, end = _extent(self.lattices, self.row)
        rows = self.lattices.arcs.values()[begin:end].cpu().numpy()
        source, target = (np.ascontiguousarray(rows[:, column]) for column in (0, 1))
        path = self.lattices.arc_path[begin:end].cpu().numpy()
        frame = arc_frames(source, target, states)
        score = np.zeros(len(path))
        stops = path >= graph.num_paths
        score[~stops] = graph.path_score[path[~stops]]
        emits = ~stops
        emits[emits] = graph.path_column[path[emits]] >= 0
        score[emits] += matrix[frame[emits], graph.path_column[path[emits]]]
        return K2Arcs(states, source, target, path, frame, score)


def start_of_stream() -> Position:
    """Before the first frame."""
    k2 = import_k2()
    try:
        return Position(k2.DecodeStateInfo())
    except TypeError:  # k2 1.23 takes None, and lets nobody make a state
        return Position(None)


def search_on(
    graph: StreamGraph, limits: Limits, positions: Sequence[Position], blocks: Sequence[FloatArray]
) -> Tuple[Any, List[Any]]:
    """Searches one block further in each stream.

    Args:
      graph: shared by the streams.
      limits: how wide to search.
      positions: N streams.
      blocks: N matrices (T, C) in nats, all of one T: k2 loses streams that are shorter than others in the call.

    Returns:
      k2's FsaVec of lattices since the start of each stream, and N new states.
    """
    import torch

    k2 = import_k2()
    counted = np.stack([_count(graph, *both) for both in zip(positions, blocks)])
    streams, frames, _ = counted.shape
    segments = torch.tensor([[row, 0, frames] for row in range(streams)], dtype=torch.int32)
    intersecter = k2.OnlineDenseIntersecter(
        decoding_graph=graph.vec,
        num_streams=streams,
        search_beam=BEAM_OF_LAST_ROW,
        output_beam=graph.units.beam(limits.output_beam),
        min_active_states=limits.min_active,
        max_active_states=limits.max_active,
    )
    dense = k2.DenseFsaVec(torch.from_numpy(counted).to(graph.vec.device), segments)
    with torch.no_grad():
        lattices, states = intersecter.decode(dense, [position.state for position in positions])
    return lattices, states


def is_alive(lattices: Any, row: int) -> bool:
    """Whether a stream has any path."""
    _, begin, end = _extent(lattices, row)
    return end > begin


def _extent(lattices: Any, row: int) -> Tuple[int, int, int]:
    """Number of states of a lattice, and its first and last arc."""
    if lattices.num_arcs == 0:
        return 1, 0, 0
    shape = lattices.arcs.shape()
    first, last = shape.row_splits(1)[row : row + 2].tolist()
    begin, end = shape.row_splits(2)[[first, last]].tolist()
    return last - first, begin, end


def _count(graph: StreamGraph, position: Position, block: FloatArray) -> FloatArray:
    """In units, each frame less its best score, the first frame less the base: which changes no decision."""
    best = block.max(axis=1, keepdims=True).astype(np.float64)
    counted: FloatArray = graph.units.count(block - np.where(best > -np.inf, best, 0.0))
    counted[0] -= position.base
    return counted
