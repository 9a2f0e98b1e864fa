"""`SearchTables`: a graph's arcs by target and by source, with states in epsilon order, for the exact kernels."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Tuple, cast
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError, GraphError, ScoresError
from fsaasr.core.scores import FloatArray, float32_array
from fsaasr.graph import Graph
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.epsilon import epsilon_rank

ArcTable = Tuple[
    npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.int32]
]
"""offsets (S + 1,); of each arc: rank of its other state, score column or -1 for epsilon, score, arc id."""

MAX_TRELLIS_BYTES = 1 << 30
"""Largest (T + 1) x S trellis, in bytes, that exact search allocates for one utterance."""


@dataclass(frozen=True, eq=False)
class SearchTables:
    """What the exact kernels read.

    Attributes:
      order: int32 (S,): state of each rank; epsilon arcs go upwards in rank. rank: its inverse.
      incoming, outgoing: arcs grouped by target rank and by source rank.
      final_score: float32 (S,) by rank. start: rank of the start state.
    """

    order: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int32]
    incoming: ArcTable
    outgoing: ArcTable
    final_score: npt.NDArray[np.float32]
    start: int

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.order)


_CACHE: WeakKeyDictionary[DecodingGraph, SearchTables] = WeakKeyDictionary()
_LOCK = threading.Lock()


def search_tables(graph: DecodingGraph) -> SearchTables:
    """The tables of `graph`, checked and made at its first use and kept as long as the graph lives.

    Raises:
      GraphError: the graph is malformed, has no final state, or has a cycle of input epsilons.
    """
    with _LOCK:
        tables = _CACHE.get(graph)
    if tables is None:
        tables = _build(graph)
        with _LOCK:
            _CACHE[graph] = tables
    return tables


def check_searchable(graph: Graph) -> None:
    """Raises GraphError where the graph is malformed or accepts nothing for want of a final state."""
    graph.check()
    if not np.isfinite(graph.fst.final_score).any():
        raise GraphError("search: the graph has no final state, so it accepts nothing; give at least one a final score")


def check_columns(graph: Graph, num_columns: int) -> None:
    """Raises ScoresError where scores of `num_columns` do not fit the graph."""
    if num_columns != graph.num_columns:
        raise ScoresError(
            f"search: the scores have {num_columns} columns, the graph ({graph.topology_name or 'foreign'} topology) "
            f"was built for {graph.num_columns} ({', '.join(graph.column_names[:4])}, ...); use the model's own graph"
        )


def check_trellis(utterance: str, frames: int, states: int, cell_bytes: int) -> None:
    """Raises DecodeError where exact search would need more than MAX_TRELLIS_BYTES."""
    needed = (frames + 1) * states * cell_bytes
    if needed > MAX_TRELLIS_BYTES:
        raise DecodeError(
            f"exact search: utterance {utterance!r} with {frames} frames over {states} states needs "
            f"{needed / 2**30:.1f} GiB, more than {MAX_TRELLIS_BYTES / 2**30:.1f}; cut it into shorter ones, or "
            "search with a pruned engine (SearchOptions(engine='native'))"
        )


def frozen_matrix(matrix: Any, utterance: str = "") -> FloatArray:
    """The scores of one utterance as read-only, contiguous float32 (T, C): one type for the kernels to be compiled for.

    Raises:
      ScoresError: not two axes, no frame, NaN or +inf.
    """
    array = np.ascontiguousarray(float32_array(matrix, f"search: the scores of {utterance!r}"))
    return cast(FloatArray, frozen(checked_matrix(array, utterance)))


def checked_matrix(array: npt.NDArray[Any], utterance: str = "") -> npt.NDArray[Any]:
    """The scores of one utterance themselves; raises ScoresError for not two axes, no frame, NaN or +inf."""
    if array.ndim != 2 or array.size == 0:
        raise ScoresError(f"search: scores of {utterance!r} have shape {array.shape}, expected (T, C) with T, C >= 1")
    peak = array.max()  # NaN or +inf exactly where an element is
    if np.isnan(peak) or peak == np.inf:
        raise ScoresError(f"search: scores of {utterance!r} hold {peak}; log scores are finite or -inf")
    return array


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only, aligned and contiguous view, or copy where the array is not so (a memory-mapped one may not be)."""
    view = np.require(array, requirements=("C", "A")).view()
    view.flags.writeable = False
    return view


def _build(graph: DecodingGraph) -> SearchTables:
    check_searchable(graph)
    fst = graph.fst
    rank = epsilon_rank(fst)
    order = np.argsort(rank).astype(np.int32)
    source = rank[fst.source_state]
    target = rank[fst.next_state]
    return SearchTables(
        order,
        rank,
        _grouped(target, source, fst.input_label, fst.score, len(order)),
        _grouped(source, target, fst.input_label, fst.score, len(order)),
        np.array(fst.final_score[order], dtype=np.float32),
        int(rank[fst.start]),
    )


def _grouped(
    by: npt.NDArray[np.int32],
    other: npt.NDArray[np.int32],
    label: npt.NDArray[np.int32],
    score: npt.NDArray[np.float32],
    num_states: int,
) -> ArcTable:
    arcs = np.argsort(by, kind="stable").astype(np.int32)
    offsets = np.zeros(num_states + 1, dtype=np.int64)
    np.cumsum(np.bincount(by, minlength=num_states), out=offsets[1:])
    return offsets, other[arcs], label[arcs] - np.int32(1), score[arcs], arcs
