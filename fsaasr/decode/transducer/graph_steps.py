"""`GraphSteps`: what can follow in a token graph, for many states at once, input epsilons walked through."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.decode.search_tables import check_searchable
from fsaasr.graph import TokenGraph
from fsaasr.graph.epsilon import epsilon_rank, ranges

IntArray = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

BLANK = -1
"""In place of a walk and of an arc: nothing was said."""


def of_arcs(values: npt.NDArray[Any], arc: IntArray) -> npt.NDArray[Any]:
    """The value of each arc, or walk; 0 for blanks, and so of a graph without arcs, too."""
    found, said = np.zeros(len(arc), dtype=values.dtype), arc != BLANK
    found[said] = values[arc[said]]
    return found


class Steps(NamedTuple):
    """Ways out of several states, int64 (A,) each: which of the states, the walk of epsilons, the arc behind it."""

    source: IntArray
    walk: IntArray
    arc: IntArray


class GraphSteps:
    """A token graph and all walks along its input epsilons, the empty ones among them.

    Attributes:
      graph: lexicon and grammar.
      at: int64 (K,): state where each walk ends. score: float64 (K,): sum of its arcs.
      depth: int64 (K,): how many they are. last: int64 (K,) the last one. before: int64 (K,) the walk without it.
    """

    def __init__(self, graph: TokenGraph) -> None:
        """Raises GraphError for a malformed graph, one without final state, or with a cycle of input epsilons."""
        check_searchable(graph)
        epsilon_rank(graph.fst)  # no cycles
        self.graph = graph
        fst = graph.fst
        self._order = np.lexsort((fst.input_label > 0, fst.source_state))  # epsilons of a state first
        epsilons = np.bincount(fst.source_state[fst.input_label == 0], minlength=fst.num_states)
        self._begin, self._end = fst.arc_offsets[:-1], fst.arc_offsets[1:]
        self._tokens = self._begin + epsilons
        self._find_walks()

    def _find_walks(self) -> None:
        fst, states = self.graph.fst, np.arange(self.graph.fst.num_states)
        origin, at, score = [states], [states], [np.zeros(len(states))]
        before, last = [np.full(len(states), -1)], [np.full(len(states), -1)]
        first = 0
        while len(at[-1]):
            begin, end = self._begin[at[-1]], self._tokens[at[-1]]
            source, arc = np.repeat(np.arange(len(begin)), end - begin), self._order[ranges(begin, end)]
            before.append(first + source)
            first += len(at[-1])
            origin.append(origin[-1][source])
            score.append(score[-1][source] + fst.score[arc])
            last.append(arc)
            at.append(fst.next_state[arc].astype(np.int64))
        origins = np.concatenate(origin)
        order = np.argsort(origins, kind="stable")
        self.at, self.score = np.concatenate(at)[order], np.concatenate(score)[order]
        number = np.argsort(order)  # of each walk in the new order; the last entry answers for "none"
        self.before = np.append(number, -1)[np.concatenate(before)][order]
        self.last = np.concatenate(last)[order]
        self.depth = np.repeat(np.arange(len(at)), [len(each) for each in at])[order]
        self._walks = np.searchsorted(origins[order], np.arange(len(states) + 1))

    @cached_property
    def walk_labels(self) -> IntArray:
        """int64 (K, L): output labels along each walk, 0 behind the last one."""
        label = of_arcs(self.graph.fst.output_label, self.last).astype(np.int64)
        levels = [np.flatnonzero(self.depth == depth) for depth in range(1, int(self.depth.max()) + 1)]
        count = np.zeros(len(self.at), dtype=np.int64)
        for walks in levels:
            count[walks] = count[self.before[walks]] + (label[walks] > 0)
        labels = np.zeros((len(self.at), int(count.max())), dtype=np.int64)
        for walks in levels:
            labels[walks] = labels[self.before[walks]]
            spoken = walks[label[walks] > 0]
            labels[spoken, count[spoken] - 1] = label[spoken]
        return labels

    def walks(self, states: IntArray) -> Steps:
        """The walks from some states; no arc behind them."""
        begin, end = self._walks[states], self._walks[states + 1]
        walk = ranges(begin, end)
        return Steps(np.repeat(np.arange(len(states)), end - begin), walk, np.full(len(walk), -1))

    def tokens(self, states: IntArray) -> Steps:
        """The token arcs from some states, behind any walk."""
        source, walk, _ = self.walks(states)
        begin, end = self._tokens[self.at[walk]], self._end[self.at[walk]]
        which = np.repeat(np.arange(len(walk)), end - begin)
        return Steps(source[which], walk[which], self._order[ranges(begin, end)])

    def prefixes(self, node: IntArray, walk: IntArray) -> Tuple[IntArray, IntArray]:
        """All beginnings of walks that are not empty, the walks among them, each beside its node; walk -1 is none."""
        walking = (walk >= 0) & (self.depth[walk] > 0)
        nodes, walks = [node[walking]], [walk[walking]]
        while len(walks[-1]):
            shorter = self.depth[walks[-1]] > 1
            nodes.append(nodes[-1][shorter])
            walks.append(self.before[walks[-1][shorter]])
        return np.concatenate(nodes), np.concatenate(walks)
