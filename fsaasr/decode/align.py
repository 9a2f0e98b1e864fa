"""Forced alignment: the best path of each utterance through its own graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.decode.batch import over_utterances
from fsaasr.decode.dead_ends import check_one_graph_each, explain_no_path
from fsaasr.decode.search_tables import check_columns, check_trellis, frozen_matrix, search_tables
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.lattice.readout import PathArcs, read_out


@dataclass(frozen=True, eq=False)
class BestArcs:
    """The best path: its arcs int32 (L,) in order, and the sum of all scores along it."""

    arcs: npt.NDArray[np.int32]
    score: float


def viterbi(graph: DecodingGraph, matrix: npt.ArrayLike, utterance: str = "") -> BestArcs:
    """Exact best path of one utterance (Viterbi 1967); of equal paths, the first in arc order.

    Args:
      graph: small, as a transcript's graph is: time T * A, memory 4 * T * S bytes.
      matrix: (T, C) log scores.
      utterance: id for messages.

    Raises:
      GraphError: a malformed graph or a cycle of input epsilons.
      ScoresError: scores that do not fit the graph, NaN, no frame.
      DecodeError: no path, e.g. fewer frames than labels.
    """
    from fsaasr.decode.exact_kernels import viterbi_path

    tables = search_tables(graph)
    scores = frozen_matrix(matrix, utterance)
    check_columns(graph, scores.shape[1])
    check_trellis(utterance, len(scores), tables.num_states, cell_bytes=4)
    best, arcs = viterbi_path(*tables.incoming, tables.start, tables.final_score, scores)
    if best == -np.inf:
        raise DecodeError(f"align: {explain_no_path(graph, scores, utterance)}")
    return BestArcs(arcs, float(best))


def align(graphs: Sequence[DecodingGraph], scores: Scores, threads: int = 1) -> List[Hypothesis]:
    """Aligns each utterance with its own (transcript) graph.

    Args:
      graphs: N graphs.
      scores: N utterances.
      threads: the result does not depend on it.

    Returns:
      N hypotheses: words and tokens with times, and the score column of each frame.

    Raises:
      DecodeError: an utterance without any path through its graph, by name, e.g. fewer frames than
        labels and repeats; or not one graph for each utterance.
    """
    check_one_graph_each("align", graphs, scores)
    return over_utterances(lambda n: _align(graphs[n], scores, n), len(scores), threads)


def _align(graph: DecodingGraph, scores: Scores, n: int) -> Hypothesis:
    matrix = scores.utterance(n)
    best = viterbi(graph, matrix, scores.ids[n])
    fst = graph.fst
    arcs = best.arcs
    labels = fst.input_label[arcs]
    columns = labels[labels > 0] - 1
    acoustic = float(matrix[np.arange(len(columns)), columns].sum(dtype=np.float64))
    flags = None if graph.arc_flags is None else graph.arc_flags[arcs]
    path = PathArcs(labels, fst.output_label[arcs], flags, acoustic, best.score - acoustic)
    return read_out(path, graph, scores.ids[n], scores.frame_shift)
