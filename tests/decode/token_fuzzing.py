"""Seeded toy token graphs: any topology over any transducer of tokens that a token graph may hold."""

import math
from dataclasses import dataclass

import numpy as np

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import TOPOLOGIES, parse_topology
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.graph.token_labels import ROLES
from tests.two_column_topologies import CTC2, HMM2

ALL_TOPOLOGIES = [*TOPOLOGIES.values(), parse_topology("hmm2", HMM2), parse_topology("ctc2", CTC2)]


@dataclass(frozen=True, eq=False)
class TokenCase:
    """As FuzzCase, with a token graph; all scores are multiples of 0.25."""

    seed: int
    graph: TokenGraph
    matrix: np.ndarray
    lattice_beam: float


def quarters(rng, shape, high=0.0, impossible=0.0):
    scores = np.round(4 * rng.uniform(-4.0, high, size=shape)) / 4
    return np.where(rng.random(shape) < impossible, -math.inf, scores).astype(np.float32)


def token_fst(rng, num_tokens):
    """Arrays and flags: each state has epsilons first, then at most one arc for each kind of flags and token."""
    states = int(rng.integers(1, 7))
    order = rng.permutation(states)
    arcs, flags = [], []
    for state in range(states):
        above = np.flatnonzero(order > order[state])
        for target in rng.choice(above, size=min(len(above), int(rng.integers(0, 3))), replace=False).tolist():
            arcs.append((state, target, 0))
            flags.append(0)
        kinds = [(role, token) for role in ROLES for token in range(1, num_tokens + 1)]
        chosen = rng.random(len(kinds)) < rng.choice([0.2, 0.5])
        for (role, token), wanted in zip(kinds, chosen):
            if wanted:
                arcs.append((state, int(rng.integers(states)), token))
                flags.append(role)
    source, target, label = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    words = np.where(rng.random(len(arcs)) < 0.5, 0, rng.integers(0, 4, size=len(arcs)))
    high = float(rng.choice([0.0, 0.0, 2.0]))
    final = quarters(rng, states, high, float(rng.choice([0.0, 0.6])))
    final[rng.integers(states)] = 0.0
    score = quarters(rng, len(arcs), high, float(rng.choice([0.0, 0.0, 0.1])))
    fst = FstArrays.from_columns(source, target, label, words, score, final, int(rng.integers(states)))
    return fst, np.array(flags, dtype=np.uint8)


def token_case(seed):
    """The case of a seed; it depends on nothing else."""
    rng = np.random.default_rng([seed, 1909])
    num_tokens = int(rng.integers(1, 4))
    tokens = SymbolTable(["a", "b", "c"][:num_tokens])
    topology = ALL_TOPOLOGIES[int(rng.integers(len(ALL_TOPOLOGIES)))]
    fst, flags = token_fst(rng, num_tokens)
    columns = len(topology.columns(tokens).names)
    transitions = None
    if topology.has_transitions and rng.random() < 0.7:
        transitions = quarters(rng, (columns, topology.num_moves))
    graph = TokenGraph(fst, flags, SymbolTable(["w1", "w2", "w3"]), tokens, topology, transitions)
    matrix = quarters(rng, (int(rng.integers(1, 12)), columns), impossible=float(rng.choice([0.0, 0.0, 0.1])))
    return TokenCase(seed, graph, matrix, float(rng.choice([0.0, 0.5, 2.0, 6.0])))
