"""From k2's lattice of one utterance to a `Lattice` over the original graph's arcs.

k2 gives arcs of the converted graph; each is spelled out as the original arcs that it stands for, and equal
(frame, arc) pairs are joined. So what comes back is the same lattice as the native engine's, with scores
taken from the score matrix and the graph, not from k2's sums.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.decode.native import native_lattice
from fsaasr.decode.options import SearchOptions
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.k2_graph import K2Graph
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.prune import prune
from fsaasr.lattice.scored_paths import FROM_FALLBACK

WIDEST = 1e20
"""The beam that stands for an infinite one: above any score, below what is impossible."""
ROUNDING = 0.125
"""k2 prunes with float32 sums; it is asked for this much more than the lattice beam, and the rest is cut exactly."""


class K2Arcs(NamedTuple):
    """k2's lattice of one utterance: states in topological order, 0 the start, the last one final.

    Attributes:
      num_states: S.
      source, target: int32 (A,) states of each arc; arcs are sorted by source.
      path: int (A,): path of the converted graph. frame: int (A,): frames consumed before the arc.
      score: float64 (A,).
    """

    num_states: int
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    path: npt.NDArray[Any]
    frame: npt.NDArray[Any]
    score: npt.NDArray[np.float64]


_NONE = np.zeros(0, dtype=np.int32)
NO_ARCS = K2Arcs(1, _NONE, _NONE, _NONE, _NONE, np.zeros(0))
"""Nothing found."""


def output_beam(options: SearchOptions) -> float:
    """What k2 is asked to keep."""
    return min(options.lattice_beam, WIDEST) + ROUNDING


def k2_limits(options: SearchOptions) -> Tuple[int, int]:
    """`min_active` and `max_active` as k2 wants them, the former strictly less."""
    return min(options.min_active, options.max_active - 1), options.max_active


def lattice_of(
    graph: DecodingGraph, converted: K2Graph, searched: Utterance, found: K2Arcs, options: SearchOptions
) -> Lattice:
    """The lattice of what k2 found, pruned exactly; the native engine's, flagged so, where no path is complete."""
    kept = _spell_out(graph, converted, _within(found, output_beam(options)), len(searched.matrix))
    consumes = graph.fst.input_label[kept.arc] > 0
    spoken = searched.matrix[kept.frame[consumes], graph.fst.input_label[kept.arc[consumes]] - 1]
    if len(kept.end_state) and spoken.min(initial=0.0) > -np.inf:
        return prune(lattice_from_arcs(graph, searched, kept), options.lattice_beam)
    lattice = native_lattice(graph, searched, replace(options, engine="native"))
    return replace(lattice, flags=(*lattice.flags, FROM_FALLBACK))


def final_scores(found: K2Arcs) -> npt.NDArray[np.float64]:
    """float64 (S,): 0 for the last state, in which all paths end, -inf for others."""
    final = np.full(found.num_states, -np.inf)
    final[-1] = 0.0
    return final


def _within(found: K2Arcs, beam: float) -> K2Arcs:
    """The arcs on paths within the beam: k2 keeps more, and each costs more to spell out than to drop."""
    from fsaasr.lattice.kernels import max_forward_backward

    if not len(found.source):
        return found
    alpha, beta = max_forward_backward(found.source, found.target, found.score, final_scores(found))
    through = alpha[found.source] + found.score + beta[found.target]
    keep = (through >= beta[0] - beam) & (through > -np.inf)
    return found._replace(
        source=found.source[keep],
        target=found.target[keep],
        path=found.path[keep],
        frame=found.frame[keep],
        score=found.score[keep],
    )


def _spell_out(graph: DecodingGraph, converted: K2Graph, found: K2Arcs, frames: int) -> KeptArcs:
    """Original arcs, each (frame, arc) once, and the states in which paths end."""
    arcs, index = converted.arcs_of(found.path)
    frame = found.frame[index].astype(np.int64) + _consumed_before(graph.fst.input_label[arcs] > 0, index)
    pairs = np.unique(frame * graph.fst.num_arcs + arcs)
    ends = converted.path_end[found.path]
    end_state = np.unique(ends[ends >= 0])
    frame, arc = np.divmod(pairs, max(1, graph.fst.num_arcs))
    return KeptArcs(frame, arc, end_state, graph.fst.final_score[end_state], frames)


def _consumed_before(consumes: npt.NDArray[np.bool_], path: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int (A,): frames that the arcs before each arc of its path consume; `path` numbers the paths in order."""
    before: npt.NDArray[np.int64] = np.cumsum(consumes) - consumes
    first = np.flatnonzero(np.diff(path, prepend=-1))
    return before - np.repeat(before[first], np.diff(first, append=len(path)))
