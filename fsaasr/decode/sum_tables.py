"""`SumTables`: a graph's search tables with probabilities in place of log scores, for the full-sum kernels."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import NamedTuple, Tuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.decode.search_tables import ArcTable, SearchTables, search_tables
from fsaasr.graph.decoding_graph import DecodingGraph

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class SumArcs(NamedTuple):
    """Arcs grouped by one of their states: offsets (S + 1,); of each arc the rank of its other state, the place of its
    column among the graph's columns or -1 for epsilon, its probability, its number."""

    offsets: Int64
    other: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    mantissa: Float64
    power: Int64
    arc: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SumTables:
    """What the full-sum kernels read.

    Attributes:
      incoming, outgoing: arcs by target and by source. final, final_power: (S,).
      columns: int64 (U,): the score columns that the graph uses, rising.
      start: rank of the start state.
    """

    incoming: SumArcs
    outgoing: SumArcs
    final: Float64
    final_power: Int64
    columns: Int64
    start: int

    @classmethod
    def of(cls, search: SearchTables) -> SumTables:
        """The same with probabilities in place of scores."""
        column = search.incoming[2]
        columns = np.unique(column[column >= 0]).astype(np.int64)
        incoming, outgoing = (_sum_arcs(arcs, columns) for arcs in (search.incoming, search.outgoing))
        return cls(incoming, outgoing, *probabilities(search.final_score), columns, search.start)


_CACHE: WeakKeyDictionary[DecodingGraph, SumTables] = WeakKeyDictionary()
_LOCK = threading.Lock()


def sum_tables(graph: DecodingGraph) -> SumTables:
    """The tables of `graph`, made at its first use and kept as long as it lives; raises as `search_tables`."""
    with _LOCK:
        tables = _CACHE.get(graph)
    if tables is None:
        tables = SumTables.of(search_tables(graph))
        with _LOCK:
            _CACHE[graph] = tables
    return tables


def probabilities(score: npt.NDArray[np.float32]) -> Tuple[Float64, Int64]:
    """Mantissas and powers of log scores (n,)."""
    from fsaasr.decode.full_sum_kernels import split_log

    mantissa, power = np.empty(len(score)), np.empty(len(score), dtype=np.int64)
    split_log(score, mantissa, power)
    return mantissa, power


def _sum_arcs(arcs: ArcTable, columns: Int64) -> SumArcs:
    offsets, other, column, score, arc = arcs
    place = np.where(column < 0, -1, np.searchsorted(columns, column)).astype(np.int32)
    return SumArcs(offsets, other, place, *probabilities(score), arc)
