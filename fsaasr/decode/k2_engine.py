"""The engines `k2` (pruned) and `k2-exact`: batched dense intersection, lattices over the original graph's arcs."""

from __future__ import annotations

from typing import Any, Iterator, List, Sequence, Union

import numpy as np

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import Scores
from fsaasr.core.stack import import_k2
from fsaasr.decode.batch import utterance
from fsaasr.decode.expanded import expanded
from fsaasr.decode.k2_batches import batches_of_similar_length
from fsaasr.decode.k2_lattice import NO_ARCS, WIDEST, K2Arcs, k2_limits, lattice_of, output_beam
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_tables import check_columns
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.k2_graph import K2Graph, to_k2
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.lattice.lattice import Lattice

IMPOSSIBLE = -1e30
"""What `intersect_dense` is given for -inf, with which its sums could be NaN."""
MAX_BATCH_FRAMES = 20_000
"""Frames, padding included, that are searched in one call of `intersect_dense_pruned`."""
MAX_EXACT_ARCS = 1 << 25
"""Frames times arcs that are searched in one call of `intersect_dense`, whose memory grows with them."""


def k2_lattices(graph: Union[DecodingGraph, TokenGraph], scores: Scores, options: SearchOptions) -> List[Lattice]:
    """Searches with k2, on the device of the scores; lattices in the order of `scores`.

    Graph and conversion are made once for each graph and device. On the last five frames of an utterance k2
    widens its beam where fewer than half of `max_active` states are alive, so a needlessly large `max_active`
    costs time.

    Where k2 keeps no complete path (the beam lost it, or there is none), the utterance is searched by the
    native engine instead, and its lattice is flagged FROM_FALLBACK: it may be complete, or partial with
    `reached_final=False`, but never empty without a word.

    Raises:
      MissingDependencyError: no k2 that fits.
      GraphError: no final state can be reached from the start.
      GraphBudgetError: the graph's epsilons cannot be removed in bounds.
      DecodeError: an utterance too large for `k2-exact`.
      Also as `fsaasr.decode.decode`.
    """
    import_k2()
    static = expanded(graph)
    check_columns(static, scores.num_columns)
    converted = to_k2(static)  # checks the graph: k2 itself would read beyond the columns
    lattices: List[Any] = [None] * len(scores)
    for batch in _batches(scores, converted, options):
        for n, found in zip(batch, _search(converted, scores, batch, options)):
            lattices[n] = lattice_of(static, converted, utterance(scores, n), found, options)
    return lattices


def search_device(k2: Any, tensor: Any) -> Any:
    """Where to search: on the tensor's device, or on the CPU where k2 knows no other."""
    return tensor.device if getattr(k2, "with_cuda", False) else "cpu"


def _batches(scores: Scores, converted: K2Graph, options: SearchOptions) -> Iterator[List[int]]:
    if options.engine != "k2-exact" or not len(scores):
        return batches_of_similar_length(scores.lengths, MAX_BATCH_FRAMES)
    arcs = len(converted.path_end)
    longest = int(np.argmax(scores.lengths))
    if int(scores.lengths[longest]) * arcs > MAX_EXACT_ARCS:
        raise DecodeError(
            f"k2-exact: utterance {scores.ids[longest]!r} with {scores.lengths[longest]} frames over {arcs} arcs is "
            "too large for exact search; use engine 'k2'"
        )
    return batches_of_similar_length(scores.lengths, MAX_EXACT_ARCS // arcs)


def _search(converted: K2Graph, scores: Scores, batch: Sequence[int], options: SearchOptions) -> List[K2Arcs]:
    import torch

    k2 = import_k2()
    lengths = scores.lengths[list(batch)].tolist()
    log_probs = scores.tensor.detach()[list(batch), : max(lengths)].to(search_device(k2, scores.tensor))
    segments = torch.tensor([[row, 0, length] for row, length in enumerate(lengths)], dtype=torch.int32)
    fsa = converted.on(log_probs.device)
    with torch.no_grad():
        if options.engine == "k2-exact":
            dense = k2.DenseFsaVec(log_probs.clamp(min=IMPOSSIBLE), segments)
            which = torch.zeros(len(batch), dtype=torch.int32, device=fsa.device)
            graphs = k2.index_fsa(k2.create_fsa_vec([fsa]), which)
            result = k2.intersect_dense(graphs, dense, output_beam(options), frame_idx_name="frame")
        else:
            dense = k2.DenseFsaVec(log_probs, segments)
            beam = min(options.search_beam, WIDEST)
            result = k2.intersect_dense_pruned(
                fsa, dense, beam, output_beam(options), *k2_limits(options), frame_idx_name="frame"
            )
    return _split(result, len(batch))


def _split(result: Any, count: int) -> List[K2Arcs]:
    """Arcs of each of the `count` lattices of a FsaVec."""
    if result.num_arcs == 0:
        return [NO_ARCS] * count
    shape = result.arcs.shape()
    states = shape.row_splits(1).tolist()
    begins = shape.row_splits(2)[shape.row_splits(1).long()].tolist()
    rows = result.arcs.values().cpu().numpy()
    source, target = (np.ascontiguousarray(rows[:, column]) for column in (0, 1))
    path, frame = result.arc_path.cpu().numpy(), result.frame.cpu().numpy()
    score = result.scores.cpu().numpy().astype(np.float64)
    lattices = []
    for n, (begin, end) in enumerate(zip(begins, begins[1:])):
        arcs = (values[begin:end] for values in (source, target, path, frame, score))
        lattices.append(K2Arcs(states[n + 1] - states[n], *arcs))
    return lattices
