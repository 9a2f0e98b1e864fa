"""Random transition probabilities."""

from __future__ import annotations

import numpy as np

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Topology, moves


def random_transitions(topology: Topology, tokens: SymbolTable, rng: np.random.Generator) -> np.ndarray:
    """float32 (C, W): log probabilities of each column's transitions, none of them small; -inf where it has none."""
    exist = moves(topology, tokens).exist
    shares = np.where(exist, rng.uniform(0.2, 0.8, size=exist.shape), 0.0)
    with np.errstate(divide="ignore"):
        logs = np.log(shares) - np.log(np.maximum(shares.sum(axis=1, keepdims=True), 1e-300))
    return np.where(exist.any(axis=1, keepdims=True), logs, 0.0).astype(np.float32)
