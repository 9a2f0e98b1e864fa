"""From a graph to what the pruned search reads: records of its states, and the rules of its topology."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any, Optional, Tuple, Union
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.decode.added_scores import AddedScores
from fsaasr.decode.search_records import ENTERED, NO_SLOTS, RULE, STATE, SearchGraph
from fsaasr.decode.search_tables import check_searchable, frozen
from fsaasr.decode.word_arcs import WordArcs
from fsaasr.graph import DecodingGraph, Graph, TokenGraph
from fsaasr.graph.epsilon import epsilon_order
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.slots import SlotGraph

_CACHE: WeakKeyDictionary[Union[DecodingGraph, TokenGraph], Searchable] = WeakKeyDictionary()
_ADDED: WeakKeyDictionary[Union[DecodingGraph, TokenGraph], WeakKeyDictionary[AddedScores, SearchGraph]] = (
    WeakKeyDictionary()
)
_WORDS: WeakKeyDictionary[Union[DecodingGraph, TokenGraph], WordArcs] = WeakKeyDictionary()
_LOCK = threading.Lock()
_FEW = 64
"""Passes in which epsilons that form no cycle mostly get their heights."""


def steps_by_itself(graph: Graph) -> bool:
    """Whether the search can step through the graph's topology; else a TokenGraph must be expanded."""
    if isinstance(graph, DecodingGraph):
        return False
    chain = graph.chain
    return chain is not None and not (chain.repeats_need_blank and (chain.columns > 1 or graph.transitions is not None))


@dataclass(frozen=True, eq=False)
class Searchable:
    """A graph as the pruned search has it.

    Attributes:
      tables: what the kernels read.
      order: the graph's arc of each of the kernels' arcs; None where they are the same, which they are wherever each
        state's epsilons come first.
      own_arcs: those from this one on are no arcs of the graph's arrays, but within its slots.
      input_label, output_label: int32 (A,); arc_flags: uint8 (A,) or None: of the kernels' arcs.
      final_score: float32 (S,); states beyond S are not final.
    """

    tables: SearchGraph
    order: Optional[npt.NDArray[np.int64]]
    own_arcs: int
    input_label: npt.NDArray[np.int32]
    output_label: npt.NDArray[np.int32]
    arc_flags: Optional[npt.NDArray[np.uint8]]
    final_score: npt.NDArray[np.float32]

    def graph_arcs(self, via: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The graph's arc of each step; -1 for steps of the topology (`via` below 0) and within slots."""
        known = (via >= 0) & (via < self.own_arcs)
        arcs = via if self.order is None else self.order[np.where(known, via, 0)]
        return np.where(known, arcs, -1).astype(np.int32)

    def final_scores(self, states: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Final scores of some states."""
        within = states < len(self.final_score)
        scores: npt.NDArray[np.float32] = np.where(
            within, self.final_score[np.where(within, states, 0)], np.float32(-np.inf)
        )
        return scores


def search_graph(graph: Graph) -> Searchable:
    """What the search reads of `graph`, checked and made at its first use and kept as long as the graph lives.

    Args:
      graph: a DecodingGraph, or a TokenGraph that `steps_by_itself`.

    Raises:
      GraphError: the graph is malformed, has no final state, or has a cycle of input epsilons.
    """
    with _LOCK:
        found = _CACHE.get(graph)
        if found is None:
            found = _CACHE[graph] = _build(graph)
    return found


def with_added(graph: Graph, added: AddedScores) -> SearchGraph:
    """The records of `search_graph` with what words add; made once for both and kept as long as they live.

    Raises:
      GraphError: words add more than a state's record holds.
    """
    tables = search_graph(graph).tables
    with _LOCK:
        of_graph = _ADDED.setdefault(graph, WeakKeyDictionary())
        found = of_graph.get(added)
        if found is None:
            found = of_graph[added] = _with_added(graph, tables, added)
    return found


def _with_added(graph: Graph, tables: SearchGraph, added: AddedScores) -> SearchGraph:
    arcs = _WORDS.get(graph)
    if arcs is None:
        arcs = _WORDS[graph] = WordArcs(tables)
    slack, greatest, best_epsilon, fits = arcs.slack(added.most, added.opens)
    if not fits:
        raise GraphError(
            f"search: words add up to {float(added.most.max()):.1f} to a score; expected at most 63: lower the weights"
        )
    return tables._replace(
        greatest=greatest,
        bonus=tables.highest * max(best_epsilon, 0.0),
        best_final=tables.best_final + added.most_at_end,
        said=added.said(slack, arcs.reach(added.most, slack)),
    )


def _build(graph: Graph) -> Searchable:
    from fsaasr.decode.search_graph_kernels import state_records

    if isinstance(graph, SlotGraph):
        from fsaasr.decode.slot_search_graph import searchable_slots

        return searchable_slots(graph)
    check_searchable(graph)
    fst, order = graph.fst, None
    states = np.zeros(fst.num_states + 1, STATE)
    greatest = float(fst.score.max(initial=0.0, where=fst.input_label > 0))
    if not state_records(frozen(fst.arc_offsets), frozen(fst.input_label), frozen(fst.score), greatest, states):
        order = np.lexsort((fst.input_label, fst.source_state))
        columns = ("next_state", "input_label", "output_label", "score")
        fst = replace(fst, **{name: getattr(fst, name)[order] for name in columns})
        state_records(frozen(fst.arc_offsets), frozen(fst.input_label), frozen(fst.score), greatest, states)
    heights = epsilon_heights(fst)
    states["height"][:-1] = heights
    spelled = isinstance(graph, DecodingGraph)
    column, enter, rules, start_label = _spelled_out(graph) if isinstance(graph, DecodingGraph) else chained(graph)
    best_epsilon = float(fst.score.max(initial=-np.inf, where=fst.input_label == 0))
    highest = int(heights.max(initial=0))
    tables = SearchGraph(
        states,
        frozen(fst.input_label),
        frozen(fst.score),
        frozen(fst.next_state),
        frozen(fst.output_label),
        column,
        enter,
        rules,
        fst.start,
        start_label,
        not spelled,
        highest,
        greatest,
        greatest,
        highest * max(best_epsilon, 0.0),
        best_epsilon,
        float(fst.final_score.max()),
        NO_SLOTS,
        1,
        np.zeros(0, np.int32),
        (),
    )
    flags = graph.arc_flags if graph.arc_flags is None or order is None else graph.arc_flags[order]
    return Searchable(tables, order, fst.num_arcs, fst.input_label, fst.output_label, flags, fst.final_score)


Tables = Tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[Any], int]


def _no_rules(count: int) -> npt.NDArray[Any]:
    rules = np.zeros(count, RULE)
    rules["exit"] = -1
    return rules


def _spelled_out(graph: DecodingGraph) -> Tables:
    """Labels are columns plus one, tokens have label 0, and all that they may do is in the graph."""
    labels = np.arange(graph.num_columns + 1, dtype=np.int32)
    rules = _no_rules(1)
    rules["scans"] = rules["ends"] = 1
    return np.maximum(labels - 1, 0), np.zeros_like(labels), rules, 0


def chained(graph: TokenGraph) -> Tables:
    """The rules of a chain; the label of a token is its last column plus one, or 0 between two tokens of an HMM."""
    chain = graph.chain
    assert chain is not None  # callers ask `steps_by_itself`
    num_tokens, num_columns = len(graph.tokens) - 1, graph.num_columns
    column = np.maximum(chain.has_blank + np.arange(-1, num_tokens, dtype=np.int32) * chain.columns, 0).astype(np.int32)
    rules = _no_rules(num_columns + 1)
    labels = np.arange(num_columns + 1)
    rules["entered"] = labels | ENTERED
    hub = 1 if chain.has_blank else 0
    rules["scans"][hub] = rules["ends"][hub] = 1
    of_tokens = labels[1 + chain.has_blank :]
    if graph.transitions is not None:
        rules["stay"][1:] = graph.transitions[:, 0]
    is_last = (of_tokens - chain.has_blank) % chain.columns == 0
    last, inner = of_tokens[is_last], of_tokens[~is_last]
    leave = np.zeros(num_columns + 1, np.float32) if graph.transitions is None else _leaving(graph.transitions)
    rules["next"][inner], rules["next_score"][inner] = inner + 1, leave[inner]
    if chain.repeats_need_blank:
        rules["blank"][last], rules["scans"][last], rules["ends"][last] = 1, 1, 1
        rules["excluded"][last] = np.arange(1, num_tokens + 1)
    else:
        rules["exit"][last], rules["exit_score"][last] = hub, leave[last]
    return column, (column + 1).astype(np.int32), rules, hub


def _leaving(transitions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.concatenate([np.zeros(1, np.float32), transitions[:, 1]])


def epsilon_heights(fst: FstArrays, last: int = 0) -> npt.NDArray[np.int64]:
    """int64 (S,): arcs of the longest chain of input epsilons from each state; `last` more follow the last state."""
    from fsaasr.decode.search_graph_kernels import HIGHEST, raise_heights

    arcs = np.flatnonzero(fst.input_label == 0)
    heights = np.zeros(fst.num_states, np.int64)
    heights[-1:] = last
    if len(arcs) == 0:
        return heights
    source = (np.searchsorted(fst.arc_offsets, arcs, side="right") - 1).astype(np.int32)
    targets = fst.next_state[arcs]
    if not raise_heights(source, targets, heights, _FEW):
        epsilon_order(fst)  # refuses cycles
        raise_heights(source, targets, heights, len(arcs) + 1)
    if heights.max() > HIGHEST:
        raise GraphError("search: chains of input epsilons are longer than 65535; remove epsilons before searching")
    return heights
