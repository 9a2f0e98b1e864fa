"""Full-sum scores and posteriors: forward-backward over all paths of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import FloatArray, Scores
from fsaasr.decode.batch import over_utterances
from fsaasr.decode.dead_ends import check_one_graph_each, explain_no_path
from fsaasr.decode.search_tables import check_columns, check_trellis, frozen_matrix
from fsaasr.decode.sum_tables import SumTables, sum_tables
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
      graph: small, as a transcript's graph is: time T * A, memory 16 * T * S bytes.
      matrix: (T, C) log scores.
      utterance: id for messages.

    Raises:
      GraphError: a malformed graph or a cycle of input epsilons.
      ScoresError: scores that do not fit the graph, NaN, no frame.
      DecodeError: no path, e.g. fewer frames than labels.
    """
    scores = frozen_matrix(matrix, utterance)
    check_columns(graph, scores.shape[1])
    found = sum_paths(sum_tables(graph), scores, utterance)
    if found.total == -np.inf:
        raise DecodeError(f"forward_backward: {explain_no_path(graph, scores, utterance)}")
    return found


def sum_paths(tables: SumTables, scores: npt.NDArray[Any], utterance: str = "") -> ForwardBackward:
    """`forward_backward` of scores that are checked already, float32 or float64 as the occupancies then are.

    The tables may have columns of their own, those of `scores`.

    Returns:
      Without a path: a total of -inf, and occupancies of zero.

    Raises:
      DecodeError: more memory than MAX_TRELLIS_BYTES would be needed.
    """
    from fsaasr.decode.full_sum_kernels import NATS, split_columns, sum_all, sum_backward, sum_forward

    frames, states, used = len(scores), len(tables.final), len(tables.columns)
    check_trellis(utterance, frames, states, cell_bytes=16)
    emission, emission_power = np.empty((frames, used)), np.empty((frames, used), dtype=np.int64)
    split_columns(scores, tables.columns, emission, emission_power)
    alpha, alpha_power = np.empty((frames + 1, states)), np.empty((frames + 1, states), dtype=np.int64)
    sum_forward(tables.incoming, tables.start, emission, emission_power, alpha, alpha_power)
    total = sum_all(alpha[-1], alpha_power[-1], tables.final, tables.final_power)
    columns, occupancy = np.zeros(scores.shape, scores.dtype), np.zeros((frames, used))
    arcs = np.zeros(len(tables.incoming.arc))
    if total[0] == 0.0:
        return ForwardBackward(-np.inf, columns, arcs)
    ends = (tables.final, tables.final_power)
    sum_backward(tables.outgoing, *ends, emission, emission_power, alpha, alpha_power, total, occupancy, arcs)
    columns[:, tables.columns] = occupancy
    return ForwardBackward(float(np.log(total[0])) + total[1] * NATS, columns, arcs)


def forward_backward_batch(graphs: Sequence[DecodingGraph], scores: Scores, threads: int = 1) -> List[ForwardBackward]:
    """`forward_backward` of each utterance over its own graph; the result does not depend on `threads`.

    Raises:
      DecodeError: as `forward_backward`, naming the utterance; or not one graph for each utterance.
    """
    check_one_graph_each("forward_backward_batch", graphs, scores)
    return over_utterances(
        lambda n: forward_backward(graphs[n], scores.utterance(n), scores.ids[n]), len(scores), threads
    )
