"""All scores of the arcs of a lattice side by side, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Dict

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.scored_paths import Paths, ScoredPaths
from fsaasr.lattice.word_lattice import GraphParts, WordLattice

FINAL_COLUMN = 1
"""The column that final scores belong to: the graph's, or of its parts the language model's."""

_PARTS = [field.name for field in fields(GraphParts)]


def score_columns(lattice: ScoredPaths) -> npt.NDArray[np.float64]:
    """float64 (A, P): acoustic score, and then graph score, or its parts where they are known; see FINAL_COLUMN."""
    parts = lattice.parts if isinstance(lattice, WordLattice) else None
    graph = [lattice.graph_score] if parts is None else [getattr(parts, name) for name in _PARTS]
    columns: npt.NDArray[np.float64] = np.stack([lattice.acoustic_score, *graph], axis=1).astype(np.float64)
    return columns


def with_score_columns(lattice: Paths, scores: npt.NDArray[np.float64], final_score: npt.NDArray[np.float64]) -> Paths:
    """The lattice with other scores; inverse of `score_columns`."""
    changes: Dict[str, Any] = {
        "acoustic_score": scores[:, 0].astype(np.float32),
        "graph_score": scores[:, 1:].sum(axis=1).astype(np.float32),
        "final_score": final_score.astype(np.float32),
    }
    if scores.shape[1] > 2:
        changes["parts"] = GraphParts(*scores[:, 1:].astype(np.float32).T.copy())
    return lattice.replaced(**changes)
