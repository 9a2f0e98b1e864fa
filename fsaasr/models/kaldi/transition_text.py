"""Kaldi's `<TransitionModel>`."""

from __future__ import annotations

import numpy as np

from fsaasr.core.scores import FloatArray
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Topology, moves
from fsaasr.models.kaldi.topology_text import kaldi_topology


def kaldi_transition_model(topology: Topology, tokens: SymbolTable, transitions: FloatArray) -> str:
    """Topology, the triples of phone, state and PDF, and the log probability of each transition.

    A column is a PDF of one state of one phone, so triples are columns, and a triple's transitions are its column's,
    in the same order.

    Args:
      topology, tokens: with C columns.
      transitions: float32 (C, W), as a `GmmModel` has them.

    Raises:
      ModelError: as `kaldi_topology`.
    """
    columns = topology.columns(tokens)
    order = np.lexsort((np.arange(len(columns.names)), columns.state, columns.token))
    triples = [f"{columns.token[c]} {columns.state[c] - 1} {c}" for c in order.tolist()]
    exist = moves(topology, tokens).exist[order]
    logs = transitions[order][exist]
    scores = " ".join(f"{value:.7g}" for value in [0.0, *logs.tolist()])
    head = ["<TransitionModel>", kaldi_topology(topology, tokens).rstrip("\n"), f"<Triples> {len(triples)}"]
    lines = [*head, *triples, "</Triples>", "<LogProbs>", f" [ {scores} ]", "</LogProbs>", "</TransitionModel>"]
    return "\n".join(lines) + "\n"
