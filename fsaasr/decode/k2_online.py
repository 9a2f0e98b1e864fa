"""Calls of k2's online search: a block of frames of several streams, from state to state."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.scores import FloatArray
from fsaasr.core.stack import import_k2
from fsaasr.decode.k2_lattice import K2Arcs, k2_limits, output_beam
from fsaasr.decode.k2_stream_graph import BEAM_OF_LAST_ROW, MOST_DRIFT, StreamGraph
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


class Answer(NamedTuple):
    """k2's lattices after a call, and which of them is meant."""

    lattices: Any
    row: int

    def arcs(self, graph: StreamGraph, matrix: FloatArray) -> K2Arcs:
        """The arcs that the start leads to, with exact scores from the graph and from `matrix`, (T, C), in nats."""
        from fsaasr.decode.k2_kernels import arc_frames

        states, begin, end = self._extent()
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

    @property
    def is_alive(self) -> bool:
        """Whether a path goes on to the end: then the last arcs are stops. If none does, k2 leaves older arcs."""
        _, begin, end = self._extent()
        return end > begin and int(self.lattices.arcs.values()[end - 1, 2]) == -1

    def best(self) -> float:
        """The best path's score, in units."""
        scores = self.lattices.get_tot_scores(use_double_scores=False, log_semiring=False)
        return float(scores[self.row])

    def _extent(self) -> Tuple[int, int, int]:
        """Number of states, and the lattice's first and last arc."""
        if self.lattices.num_arcs == 0:
            return 1, 0, 0
        shape = self.lattices.arcs.shape()
        first, last = shape.row_splits(1)[self.row : self.row + 2].tolist()
        begin, end = shape.row_splits(2)[[first, last]].tolist()
        return last - first, begin, end


class Front(NamedTuple):
    """How far a stream has been searched; never changed, so that one may search on from it more than once.

    Attributes:
      state: k2's.
      searched: frames.
      answer: what was found; None before the first frame.
      drift: nats by which sums may have grown since they were near 0.
      alive: whether there still is a path; if not, the rest is as it was before the search died.
    """

    state: Any
    searched: int = 0
    answer: Optional[Answer] = None
    drift: float = 0.0
    alive: bool = True

    def block(self, graph: StreamGraph, matrix: FloatArray, frames: int) -> FloatArray:
        """The next `frames` frames of `matrix`, or as many as keep sums exact; at least one."""
        block = matrix[self.searched : self.searched + frames]
        fitting = int(np.searchsorted(np.cumsum(graph.drift(block)), MOST_DRIFT, side="right"))
        return block[: max(1, fitting)]


def start_of_stream() -> Front:
    """Before the first frame."""
    k2 = import_k2()
    try:
        return Front(k2.DecodeStateInfo())
    except TypeError:  # k2 1.23 takes None, and lets nobody make a state
        return Front(None)


def search_on(graph: StreamGraph, limits: Limits, fronts: Sequence[Front], blocks: Sequence[FloatArray]) -> List[Front]:
    """Searches one block further in each stream.

    Args:
      graph: shared by the streams.
      limits: how wide to search.
      fronts: N streams, alive.
      blocks: N matrices (T, C) in nats as `Front.block` gives them, all of one T: k2 loses streams that are shorter
        than others in the call.
    """
    import torch

    k2 = import_k2()
    drifts = [float(graph.drift(block).sum()) for block in blocks]
    is_due = [front.drift + drift > MOST_DRIFT for front, drift in zip(fronts, drifts)]
    bases = [front.answer.best() if due and front.answer else 0.0 for front, due in zip(fronts, is_due)]
    counted = np.stack([_count(graph, block, base) for block, base in zip(blocks, bases)])
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
        lattices, states = intersecter.decode(dense, [front.state for front in fronts])
    after = []
    for row, (front, state, drift, due) in enumerate(zip(fronts, states, drifts, is_due)):
        answer = Answer(lattices, row)
        since = drift if due else front.drift + drift
        ahead = Front(state, front.searched + frames, answer, since)
        after.append(ahead if answer.is_alive else front._replace(alive=False))
    return after


def _count(graph: StreamGraph, block: FloatArray, base: float) -> FloatArray:
    """In units, each frame less its best score, the first frame less the base: which changes no decision."""
    best = block.max(axis=1, keepdims=True).astype(np.float64)
    counted: FloatArray = graph.units.count(block - np.where(best > -np.inf, best, 0.0))
    counted[0] -= base
    return counted
