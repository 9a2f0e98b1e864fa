"""H o C: a topology of tied columns spelled out, each token between its neighbours."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.graph.context_tree import ContextTree
from fsaasr.graph.fst_arrays import Arc, FstArrays
from fsaasr.graph.token_labels import TokenLabels, join_flags, role_labels
from fsaasr.graph.topology import Topology, TopologyArc, loop_column

Transitions = Optional[npt.NDArray[np.float32]]
Following = FrozenSet[int]
Way = Tuple[Tuple[int, ...], Following]
"""Columns of a token's states, and the tokens (0: the end) that may come next for these to be the right ones."""


def tied_fst(
    topology: Topology, tree: ContextTree, transitions: Transitions = None, labels: Optional[TokenLabels] = None
) -> FstArrays:
    """A transducer from tied columns to tokens.

    A token's columns depend on its right neighbour, which is not read yet when they are. So each way to spell a
    token comes with the set of tokens that may follow, and leads to a state that reads only these. In this way a
    token, and its word, stand at their own first frame, as in topologies without context; Kaldi's C reads one token
    ahead instead, and puts words one token early. Contexts of equal columns are one way (Mohri, Pereira, Riley
    2002, section 3.2, builds the same deterministic in reverse).

    Args:
      topology: an HMM, tied by `tree`.
      tree: its tree over V tokens.
      transitions, labels: as for `topology_fst`.
    """
    speller = _Speller(topology, tree, transitions, labels)
    start = speller.node(0, frozenset(range(len(tree.tokens) + 1)))
    speller.spell()
    return FstArrays.from_arcs(speller.arcs, speller.finals, start)


class _Speller:
    """Makes states and arcs. A node stands between two tokens: the one before it, and those that may follow."""

    def __init__(
        self, topology: Topology, tree: ContextTree, transitions: Transitions, labels: Optional[TokenLabels]
    ) -> None:
        self.arcs: List[Arc] = []
        self.finals: List[Tuple[int, float]] = []
        self._tree, self._transitions, self._labels = tree, transitions, labels
        declared = [(), *map(topology.arcs_of, tree.tokens)]
        self._entering = [[arc for arc in arcs if arc.source == topology.start] for arcs in declared]
        self._inner = [[arc for arc in arcs if arc.source != topology.start] for arcs in declared]
        self._loops = [{arc.source: loop_column(arcs, arc.source) or 1 for arc in arcs} for arcs in self._inner]
        self._start = topology.start
        self._num_states = 0
        self._nodes: Dict[Tuple[int, Following], int] = {}
        self._pending: List[Tuple[int, int, Following]] = []
        self._chains: Dict[Tuple[int, Way], Dict[str, int]] = {}
        self._ways: Dict[Tuple[int, int], List[Way]] = {}

    def node(self, before: int, following: Following) -> int:
        """State between the token `before` and one of `following`."""
        key = (before, following)
        if key not in self._nodes:
            self._nodes[key] = self._new_state()
            self._pending.append((self._nodes[key], before, following))
            if 0 in following:
                self.finals.append((self._nodes[key], 0.0))
        return self._nodes[key]

    def spell(self) -> None:
        """Adds the arcs of all nodes, and of those that they lead to."""
        while self._pending:
            source, before, following = self._pending.pop()
            for token in sorted(following - {0}):
                for way in self._ways_of(before, token):
                    states = self._chain(token, way)
                    for arc in self._entering[token]:
                        self._enter(source, states[arc.target], arc, token, way[0])

    def _new_state(self) -> int:
        self._num_states += 1
        return self._num_states - 1

    def _ways_of(self, before: int, token: int) -> List[Way]:
        """The different ways to spell `token` after `before`."""
        key = (before, token)
        if key not in self._ways:
            groups: Dict[Tuple[int, ...], List[int]] = {}
            for right, columns in enumerate(self._tree.table[before, token].tolist()):
                groups.setdefault(tuple(columns), []).append(right)
            self._ways[key] = [(columns, frozenset(rights)) for columns, rights in groups.items()]
        return self._ways[key]

    def _chain(self, token: int, way: Way) -> Dict[str, int]:
        """States that spell a token in one way, by their declared names; made with their arcs at first use."""
        key = (token, way)
        if key not in self._chains:
            columns, following = way
            loops = self._loops[token]
            states = {source: self._new_state() for source in loops}
            self._chains[key] = states
            for arc in self._inner[token]:
                target = self.node(token, following) if arc.target == self._start else states[arc.target]
                label = columns[arc.column - 1] + 1 if arc.column else 0
                score = self._score(arc, columns[loops[arc.source] - 1])
                self.arcs.append((states[arc.source], target, label, 0, score))
        return self._chains[key]

    def _enter(self, source: int, target: int, arc: TopologyArc, token: int, columns: Tuple[int, ...]) -> None:
        column = columns[arc.column - 1] if arc.column else -1
        for output, flags in role_labels(token, self._labels) if arc.emits else [(0, 0)]:
            self.arcs.append((source, target, join_flags(column, flags, self._tree.num_columns), output, 0.0))

    def _score(self, arc: TopologyArc, column: int) -> float:
        if self._transitions is None or not arc.weight:
            return 0.0
        return float(self._transitions[column, arc.move])
