"""Pruned search over an active list: the `native` engine for graphs too large for exact search."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.decode.ends import find_ends
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_tables import check_columns, check_searchable, frozen, frozen_matrix
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.epsilon import epsilon_rank
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.lattice import SEARCH_DIED, Lattice

if TYPE_CHECKING:
    from fsaasr.decode.beam_kernels import BeamGraph

_CACHE: WeakKeyDictionary[DecodingGraph, BeamGraph] = WeakKeyDictionary()
_LOCK = threading.Lock()
_SCRATCH = threading.local()


def beam_lattice(graph: DecodingGraph, utterance: Utterance, options: SearchOptions) -> Lattice:
    """The lattice of what `search_beam`, `max_active` and `min_active` leave.

    An arc is present exactly if the best path through it, among those that survived the search, is within
    `lattice_beam` of the best. Where no complete path survived, the lattice holds the paths to all states
    alive at the last frame that any path reaches, and says so in `reached_final` and `flags`.

    Raises:
      GraphError, ScoresError: as `fsaasr.decode.decode`.
    """
    from fsaasr.decode.beam_kernels import beam_backward, beam_forward

    arrays = _beam_graph(graph)
    matrix = frozen_matrix(utterance.matrix, utterance.id)
    check_columns(graph, matrix.shape[1])
    limits = (options.search_beam, options.max_active, options.min_active)
    found, offsets, reached = beam_forward(arrays, graph.fst.start, matrix, *limits, _scratch(graph.fst.num_states))
    states, alpha = found[0][offsets[reached] :], found[1][offsets[reached] :]
    all_frames = reached == len(matrix)
    ends = find_ends(alpha, graph.fst.final_score[states], all_frames, options.lattice_beam)
    frame, arc = beam_backward(arrays, matrix, found, offsets, reached, ends.score, ends.cutoff)
    kept = ends.score > -np.inf
    end_score = ends.score[kept].astype(np.float32)
    flags = () if all_frames else (SEARCH_DIED,)
    return lattice_from_arcs(
        graph, utterance, KeptArcs(frame, arc, states[kept], end_score, int(reached), ends.reached_final, flags)
    )


def _beam_graph(graph: DecodingGraph) -> BeamGraph:
    """The graph's own arrays and an index of its epsilon arcs, checked once and kept as long as the graph lives."""
    from fsaasr.decode.beam_kernels import BeamGraph

    with _LOCK:
        arrays = _CACHE.get(graph)
        if arrays is None:
            check_searchable(graph)
            fst = graph.fst
            epsilons = np.flatnonzero(fst.input_label == 0).astype(np.int32)
            eps_offsets = np.searchsorted(epsilons, fst.arc_offsets).astype(np.int64)
            parts = (fst.arc_offsets, fst.next_state, fst.input_label, fst.score, eps_offsets, epsilons)
            arrays = BeamGraph(*(frozen(part) for part in (*parts, epsilon_rank(fst))))
            _CACHE[graph] = arrays
    return arrays


def _scratch(num_states: int) -> npt.NDArray[np.int32]:
    """int32 (S,) of -1, one for each thread, which `beam_forward` leaves as it found it."""
    place: Any = getattr(_SCRATCH, "place", None)
    if place is None or len(place) < num_states:
        place = _SCRATCH.place = np.full(num_states, -1, dtype=np.int32)
    scratch: npt.NDArray[np.int32] = place
    return scratch
