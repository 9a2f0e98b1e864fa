"""The graph as k2's own users build it: epsilons removed from L o G, then composed with k2's CTC topology."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fsaasr.core.stack import import_k2
from fsaasr.graph import TokenGraph


def write_k2_graph(graph: TokenGraph, path: Path) -> None:
    """Builds it and writes `arcs` int32 (A, 4), and the `words` of arc a: `words[splits[a] : splits[a + 1]]`."""
    import torch

    k2 = import_k2()
    columns, words = _columns(graph)
    lg = k2.Fsa(torch.from_numpy(columns))
    lg.aux_labels = torch.from_numpy(words)
    lg = k2.connect(k2.remove_epsilon(lg))
    lg.aux_labels = lg.aux_labels.remove_values_eq(0)
    tlg = k2.compose(k2.ctc_topo(len(graph.tokens) - 1), k2.arc_sort(lg), inner_labels="tokens")
    tlg = k2.arc_sort(k2.connect(tlg))
    spoken = tlg.aux_labels.remove_values_leq(0)
    splits = spoken.shape.row_splits(1).numpy()
    np.savez(path, arcs=tlg.arcs.values().numpy(), words=spoken.values.numpy(), splits=splits)


def _columns(graph: TokenGraph) -> Any:
    """L o G as k2 has it: rows of source, target, token and score bits, sorted; and the words, -1 on last arcs."""
    fst = graph.fst
    ends = np.flatnonzero(fst.final_score > -np.inf)
    source = np.concatenate([fst.source_state, ends])
    target = np.concatenate([fst.next_state, np.full(len(ends), fst.num_states)])
    label = np.concatenate([fst.input_label, np.full(len(ends), -1)])
    words: npt.NDArray[Any] = np.concatenate([fst.output_label, np.full(len(ends), -1)])
    score = np.concatenate([fst.score, fst.final_score[ends]]).astype(np.float32)
    order = np.lexsort((target, label.astype(np.uint32), source))  # k2 sorts -1 last
    rows = np.stack([source, target, label, score.view(np.int32)], axis=1)[order]
    return np.ascontiguousarray(rows, dtype=np.int32), words[order].astype(np.int32)
