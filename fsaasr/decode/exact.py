"""Exact search over all states of a graph: the engine `native-exact`, and `native` for small graphs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fsaasr.decode.ends import find_ends
from fsaasr.decode.search_tables import check_columns, check_trellis, frozen_matrix, search_tables
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.evidence import SearchEvidence
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import SEARCH_DIED


def exact_lattice(graph: DecodingGraph, utterance: Utterance, lattice_beam: float) -> Lattice:
    """All paths within `lattice_beam` of the best: an arc is present exactly if the best path through it is.

    Where no complete path exists, the lattice holds the paths to all states alive at the last frame that
    any path reaches, and says so in `reached_final` and `flags`. Time T * A, memory 8 * T * S bytes.

    Raises:
      GraphError: a malformed graph or a cycle of input epsilons.
      ScoresError: scores that do not fit the graph, NaN, no frame.
      DecodeError: more memory than MAX_TRELLIS_BYTES would be needed.
    """
    from fsaasr.decode.exact_kernels import lattice_backward, viterbi_forward

    tables = search_tables(graph)
    matrix = frozen_matrix(utterance.matrix, utterance.id)
    check_columns(graph, matrix.shape[1])
    frames = len(matrix)
    check_trellis(utterance.id, frames, tables.num_states, cell_bytes=8)
    alpha = np.empty((frames + 1, tables.num_states))
    reached = int(viterbi_forward(*tables.incoming[:4], tables.start, matrix, alpha))
    all_frames = reached == frames
    ends = find_ends(alpha[reached], tables.final_score, all_frames, lattice_beam)
    frame, arc = lattice_backward(*tables.outgoing, ends.score, matrix[:reached], alpha, ends.cutoff)
    kept = np.flatnonzero(ends.score > -np.inf)
    end_score = ends.score[kept].astype(np.float32)
    flags = () if all_frames else (SEARCH_DIED,)
    arcs = KeptArcs(frame, arc, tables.order[kept], end_score, reached, ends.reached_final, flags)
    active = np.count_nonzero(alpha[:reached] > -np.inf, axis=1).astype(np.int32)
    return replace(lattice_from_arcs(graph, utterance, arcs), evidence=SearchEvidence(active, 0, -np.inf))
