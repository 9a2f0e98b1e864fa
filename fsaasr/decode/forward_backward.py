"""Full-sum scores and posteriors: forward-backward in the log semiring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import FloatArray, Scores
from fsaasr.decode.batch import over_utterances
from fsaasr.decode.dead_ends import check_one_graph_each, explain_no_path
from fsaasr.decode.search_tables import SearchTables, check_columns, check_trellis, frozen_matrix, search_tables
from fsaasr.graph.decoding_graph import DecodingGraph


@dataclass(frozen=True, eq=False)
class ForwardBackward:
    """Sum over all complete paths.

    Attributes:
      total: log-sum of the paths' scores.
      column_occupancy: float32 (T, C): posterior of each column at each frame; each row sums to 1.
        It is the gradient of `total` with respect to the scores.
      arc_occupancy: float64 (A,): expected number of times that each arc is taken, the gradient of
        `total` with respect to the arcs' scores.
    """

    total: float
    column_occupancy: FloatArray
    arc_occupancy: npt.NDArray[np.float64]


def forward_backward(graph: DecodingGraph, matrix: npt.ArrayLike, utterance: str = "") -> ForwardBackward:
    """Total score and posteriors of one utterance over all paths of its graph (Rabiner 1989, eq. 18 to 27).

    Args:
      graph: small, as a transcript's graph is: time T * A, memory 8 * T * S bytes.
      matrix: (T, C) log scores.
      utterance: id for messages.

    Raises:
      GraphError: a malformed graph or a cycle of input epsilons.
      ScoresError: scores that do not fit the graph, NaN, no frame.
      DecodeError: no path, e.g. fewer frames than labels.
    """
    scores = frozen_matrix(matrix, utterance)
    check_columns(graph, scores.shape[1])
    return sum_paths(graph, search_tables(graph), scores, utterance)


def sum_paths(graph: DecodingGraph, tables: SearchTables, matrix: FloatArray, utterance: str) -> ForwardBackward:
    """`forward_backward` where the graph's tables may have columns of their own, those of `matrix`."""
    from fsaasr.decode.exact_kernels import log_backward, log_forward

    scores = frozen_matrix(matrix, utterance)
    check_trellis(utterance, len(scores), tables.num_states, cell_bytes=8)
    alpha = np.empty((len(scores) + 1, tables.num_states))
    log_forward(*tables.incoming[:4], tables.start, scores, alpha)
    final = tables.final_score.astype(np.float64)
    total = float(np.logaddexp.reduce(alpha[-1] + final))
    if total == -np.inf:
        raise DecodeError(f"forward_backward: {explain_no_path(graph, scores, utterance)}")
    columns = np.zeros(scores.shape)
    arcs = np.zeros(graph.fst.num_arcs)
    log_backward(*tables.outgoing, final, scores, alpha, total, columns, arcs)
    return ForwardBackward(total, columns.astype(np.float32), arcs)


def forward_backward_batch(graphs: Sequence[DecodingGraph], scores: Scores, threads: int = 1) -> List[ForwardBackward]:
    """`forward_backward` of each utterance over its own graph; the result does not depend on `threads`.

    Raises:
      DecodeError: as `forward_backward`, naming the utterance; or not one graph for each utterance.
    """
    check_one_graph_each("forward_backward_batch", graphs, scores)
    return over_utterances(
        lambda n: forward_backward(graphs[n], scores.utterance(n), scores.ids[n]), len(scores), threads
    )
