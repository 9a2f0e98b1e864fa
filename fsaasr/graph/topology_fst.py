"""T: a topology, spelled out for a set of tokens, as a transducer from columns to tokens."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import BLANK, SymbolTable
from fsaasr.graph.fst_arrays import Arc, FstArrays
from fsaasr.graph.tied_fst import tied_fst
from fsaasr.graph.token_labels import TokenLabels, join_flags, role_labels
from fsaasr.graph.topology import STAY, TOPOLOGIES, Topology, TopologyArc


def find_topology(topology: Union[str, Topology]) -> Topology:
    """The topology itself, or the shipped one of that name; raises GraphError for an unknown name."""
    if isinstance(topology, Topology):
        return topology
    if topology not in TOPOLOGIES:
        raise GraphError(f"topology {topology!r} is unknown; there are {', '.join(TOPOLOGIES)}")
    return TOPOLOGIES[topology]


def topology_fst(
    topology: Topology,
    tokens: SymbolTable,
    transitions: Optional[npt.NDArray[np.float32]] = None,
    labels: Optional[TokenLabels] = None,
) -> FstArrays:
    """Spells out a topology; one whose columns are tied spells tokens in their contexts, see `tied_fst`.

    Args:
      tokens: V tokens.
      transitions: float32 (C, 2): log probability to stay in and to leave each column; None for 0.
      labels: output labels with roles, for composition with L. The input label of an arc with flags f
        is then `column + 1 + f * (C + 1)`, see `split_flags`. None for plain columns and tokens.

    Raises:
      GraphError: transitions that do not fit the columns or the topology.
    """
    num_columns = len(topology.columns(tokens).names)
    check_transitions(topology, transitions, num_columns)
    if topology.tree is not None:
        return tied_fst(topology, topology.tree, transitions, labels)
    states = _number_states(topology, len(tokens) - 1)
    arcs: List[Arc] = []
    for arc in topology.arcs:
        for t, u in _token_pairs(arc, len(tokens) - 1):
            source, target = states[_name(arc.source, t, t)], states[_name(arc.target, t, u)]
            column = _column(topology, arc, u)
            score = _score(topology, arc, t, transitions)
            arcs += [
                (source, target, join_flags(column, flags, num_columns), output, score)
                for output, flags in (role_labels(u, labels) if arc.emits else [(0, 0)])
            ]
    finals = [
        (states[_name(state, t, t)], 0.0) for state in topology.finals for t in _tokens_of(state, len(tokens) - 1)
    ]
    return FstArrays.from_arcs(arcs, finals, states[_name(topology.start, 0, 0)])


def check_transitions(topology: Topology, transitions: Optional[npt.NDArray[np.float32]], num_columns: int) -> None:
    """Raises GraphError for transitions that do not fit the columns or the topology."""
    if transitions is None:
        return
    if not topology.has_transitions:
        raise GraphError(f"topology {topology.name!r} has no transition probabilities; pass transitions=None")
    if transitions.shape != (num_columns, 2) or np.isnan(transitions).any() or (transitions > 1e-6).any():
        raise GraphError(
            f"transitions have shape {transitions.shape}; expected log probabilities (<= 0) of shape ({num_columns}, 2)"
        )


def _tokens_of(state: str, num_tokens: int) -> range:
    return range(1, num_tokens + 1) if state.endswith(".t") else range(1)


def _name(state: str, t: int, u: int) -> Tuple[str, int]:
    if state.endswith((".t", ".u")):
        return state[:-2], u if state.endswith(".u") else (t or u)
    return state, 0


def _number_states(topology: Topology, num_tokens: int) -> Dict[Tuple[str, int], int]:
    declared = dict.fromkeys(
        [topology.start] + [s.replace(".u", ".t") for arc in topology.arcs for s in (arc.source, arc.target)]
    )
    keys = [_name(state, t, t) for state in declared for t in _tokens_of(state, num_tokens)]
    return {key: number for number, key in enumerate(keys)}


def _token_pairs(arc: TopologyArc, num_tokens: int) -> Iterator[Tuple[int, int]]:
    """(token at the source, token that is consumed), 0 where there is none."""
    if not arc.token:
        yield 0, 0
    for t in range(1, num_tokens + 1 if arc.token else 1):
        if arc.token == "t":
            yield t, t
        else:
            yield from ((t, u) for u in range(1, num_tokens + 1) if u != t)


def _column(topology: Topology, arc: TopologyArc, token: int) -> int:
    if arc.input == "<eps>":
        return -1
    if arc.input == BLANK:
        return 0
    return topology.has_blank + (token - 1) * topology.columns_per_token + arc.column - 1


def _score(topology: Topology, arc: TopologyArc, token: int, transitions: Optional[npt.NDArray[np.float32]]) -> float:
    if transitions is None or not arc.weight:
        return 0.0
    loop = topology.loop_column(arc.source) or 1
    column = topology.has_blank + (token - 1) * topology.columns_per_token + loop - 1
    return float(transitions[column, 0 if arc.weight == STAY else 1])
