"""T: a topology, spelled out for a set of tokens, as a transducer from columns to tokens."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import Arc, FstArrays
from fsaasr.graph.tied_fst import tied_fst
from fsaasr.graph.token_labels import TokenLabels, join_flags, role_labels
from fsaasr.graph.topology import Topology, TopologyArc, loop_column


def topology_fst(
    topology: Topology,
    tokens: SymbolTable,
    transitions: Optional[npt.NDArray[np.float32]] = None,
    labels: Optional[TokenLabels] = None,
) -> FstArrays:
    """Spells out a topology; one whose columns are tied spells tokens in their contexts, see `tied_fst`.

    Args:
      tokens: V tokens.
      transitions: float32 (C, W): log probabilities of the ways to stay in and to leave each column, see `Moves`; None
        for 0.
      labels: output labels with roles, for composition with L. The input label of an arc with flags f
        is then `column + 1 + f * (C + 1)`, see `split_flags`. None for plain columns and tokens.

    Raises:
      GraphError: transitions that do not fit the columns or the topology.
    """
    num_columns = len(topology.columns(tokens).names)
    check_transitions(topology, transitions, num_columns)
    if topology.tree is not None:
        return tied_fst(topology, topology.tree, transitions, labels)
    first = _first_columns(topology, tokens)
    states = _number_states(topology, tokens)
    arcs: List[Arc] = []
    for declared, labels_of in _groups(topology, tokens):
        for arc in declared:
            loop = loop_column(declared, arc.source) or 1
            for t, u in _token_pairs(arc, labels_of):
                source, target = states[_name(arc.source, t, t)], states[_name(arc.target, t, u)]
                column = first[u] + arc.column - 1 if arc.column else -int(arc.input == "<eps>")
                score = _score(arc, first[t] + loop - 1, transitions)
                arcs += [
                    (source, target, join_flags(column, flags, num_columns), output, score)
                    for output, flags in (role_labels(u, labels) if arc.emits else [(0, 0)])
                ]
    every = range(1, len(tokens))
    finals = [(states[_name(state, t, t)], 0.0) for state in topology.finals for t in _tokens_of(state, every)]
    return FstArrays.from_arcs(arcs, finals, states[_name(topology.start, 0, 0)])


def check_transitions(topology: Topology, transitions: Optional[npt.NDArray[np.float32]], num_columns: int) -> None:
    """Raises GraphError for transitions that do not fit the columns or the topology."""
    if transitions is None:
        return
    if not topology.has_transitions:
        raise GraphError(f"topology {topology.name!r} has no transition probabilities; pass transitions=None")
    expected = (num_columns, topology.num_moves)
    if transitions.shape != expected or np.isnan(transitions).any() or (transitions > 1e-6).any():
        raise GraphError(
            f"transitions have shape {transitions.shape}; expected log probabilities (<= 0) of shape {expected}"
        )


def _groups(topology: Topology, tokens: SymbolTable) -> List[Tuple[Tuple[TopologyArc, ...], List[int]]]:
    """Declared arcs, and the labels of the tokens that they spell."""
    own = [(other.arcs, [tokens[name] for name in other.tokens]) for other in topology.others]
    apart = {label for _, labels in own for label in labels}
    return [(topology.arcs, [label for label in range(1, len(tokens)) if label not in apart]), *own]


def _first_columns(topology: Topology, tokens: SymbolTable) -> List[int]:
    """The first column of each token, by label; that of label 0 is blank's."""
    sizes = [int(topology.has_blank), *map(topology.states_of, tokens.names[1:])]
    return [0, *np.cumsum(sizes)[:-1].tolist()]


def _tokens_of(state: str, labels: Sequence[int]) -> Sequence[int]:
    return labels if state.endswith(".t") else [0]


def _name(state: str, t: int, u: int) -> Tuple[str, int]:
    if state.endswith((".t", ".u")):
        return state[:-2], u if state.endswith(".u") else (t or u)
    return state, 0


def _number_states(topology: Topology, tokens: SymbolTable) -> Dict[Tuple[str, int], int]:
    keys = {_name(topology.start, 0, 0): 0}
    for declared, labels in _groups(topology, tokens):
        names = dict.fromkeys(s.replace(".u", ".t") for arc in declared for s in (arc.source, arc.target))
        for key in (_name(state, t, t) for state in names for t in _tokens_of(state, labels)):
            keys.setdefault(key, len(keys))
    return keys


def _token_pairs(arc: TopologyArc, labels: Sequence[int]) -> Iterator[Tuple[int, int]]:
    """(token at the source, token that is consumed), 0 where there is none."""
    if not arc.token:
        yield 0, 0
    for t in labels if arc.token else ():
        if arc.token == "t":
            yield t, t
        else:
            yield from ((t, u) for u in labels if u != t)


def _score(arc: TopologyArc, loop: int, transitions: Optional[npt.NDArray[np.float32]]) -> float:
    if transitions is None or not arc.weight:
        return 0.0
    return float(transitions[loop, arc.move])
