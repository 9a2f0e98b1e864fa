"""Forced alignment: the best path of each utterance through its own graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Optional, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.decode.align_confidence import frame_confidence, with_frame_confidence
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


def align(
    graphs: Sequence[DecodingGraph], scores: Scores, threads: int = 1, confidence_scale: Optional[float] = None
) -> List[Hypothesis]:
    """Aligns each utterance with its own (transcript) graph.

    Args:
      graphs: N graphs.
      scores: N utterances.
      threads: the result does not depend on it.
      confidence_scale: > 0, factor of the scores in the posteriors below; smaller is less sure. None: no confidences.

    Returns:
      N hypotheses: words and tokens with times, and the score column of each frame. With `confidence_scale`, the
      confidence of a token or word is the mean, over its frames that are not blank, of the posterior of the token that
      the path is in there; see `frame_confidence`.

    Raises:
      DecodeError: an utterance without any path through its graph, by name, e.g. fewer frames than
        labels and repeats; not one graph for each utterance; or confidences over a graph of no transcript.
    """
    if confidence_scale is not None and not 0 < confidence_scale < math.inf:
        raise DecodeError(f"align: confidence_scale is {confidence_scale}, expected a number > 0")
    check_one_graph_each("align", graphs, scores)
    return over_utterances(lambda n: _align(graphs[n], scores, n, confidence_scale), len(scores), threads)


def _align(graph: DecodingGraph, scores: Scores, n: int, confidence_scale: Optional[float]) -> Hypothesis:
    matrix = scores.utterance(n)
    best = viterbi(graph, matrix, scores.ids[n])
    fst = graph.fst
    arcs = best.arcs
    labels = fst.input_label[arcs]
    columns = labels[labels > 0] - 1
    acoustic = float(matrix[np.arange(len(columns)), columns].sum(dtype=np.float64))
    flags = None if graph.arc_flags is None else graph.arc_flags[arcs]
    path = PathArcs(labels, fst.output_label[arcs], flags, acoustic, best.score - acoustic)
    hypothesis = read_out(path, graph, scores.ids[n], scores.frame_shift)
    if confidence_scale is None:
        return hypothesis
    posterior = frame_confidence(graph, matrix * np.float32(confidence_scale), arcs, scores.ids[n])
    return with_frame_confidence(hypothesis, graph, posterior, scores.frame_shift)
