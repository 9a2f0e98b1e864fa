"""The engines `k2` (pruned) and `k2-exact`: batched dense intersection, lattices over the original graph's arcs.

k2 gives arcs of the converted graph; each is spelled out as the original arcs that it stands for, and equal
(frame, arc) pairs are joined. So what comes back is the same lattice as the native engine's, with scores
taken from the score matrix and the graph, not from k2's sums.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator, List, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import Scores
from fsaasr.core.stack import import_k2
from fsaasr.decode.batch import utterance
from fsaasr.decode.native import native_lattice
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_tables import check_columns, check_searchable
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.k2_graph import K2Graph, to_k2
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.lattice import FROM_FALLBACK, Lattice
from fsaasr.lattice.prune import prune

IMPOSSIBLE = -1e30
"""What k2 is given for -inf, with which its sums would be NaN."""
_WIDEST = 1e20
"""The beam that stands for an infinite one: above any score, below what is impossible."""
_ROUNDING = 0.125
"""k2 prunes with float32 sums; it is asked for this much more than the lattice beam, and the rest is cut exactly."""
MAX_BATCH_FRAMES = 20_000
"""Frames that are searched in one call of `intersect_dense_pruned`."""
MAX_EXACT_ARCS = 1 << 25
"""Frames times arcs that are searched in one call of `intersect_dense`, whose memory grows with them."""


class _Found(NamedTuple):
    """k2's lattice of one utterance: path number and frame of each arc."""

    path: npt.NDArray[np.int64]
    frame: npt.NDArray[np.int64]


def k2_lattices(graph: DecodingGraph, scores: Scores, options: SearchOptions) -> List[Lattice]:
    """Searches with k2; lattices in the order of `scores`.

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
    check_columns(graph, scores.num_columns)
    check_searchable(graph)
    converted = to_k2(graph)
    lattices: List[Any] = [None] * len(scores)
    for batch in _batches(scores, converted, options):
        for n, found in zip(batch, _search(converted, scores, batch, options)):
            lattices[n] = _lattice(graph, converted, utterance(scores, n), found, options)
    return lattices


def _batches(scores: Scores, converted: K2Graph, options: SearchOptions) -> Iterator[List[int]]:
    """Utterances, longest first as `intersect_dense` demands, in groups that fit the limits."""
    per_frame, limit = 1, MAX_BATCH_FRAMES
    if options.engine == "k2-exact":
        per_frame, limit = len(converted.path_end), MAX_EXACT_ARCS
    batch: List[int] = []
    size = 0
    for n in np.argsort(-scores.lengths, kind="stable").tolist():
        needed = int(scores.lengths[n]) * per_frame
        if needed > limit and options.engine == "k2-exact":
            raise DecodeError(
                f"k2-exact: utterance {scores.ids[n]!r} with {scores.lengths[n]} frames over {per_frame} arcs is too "
                "large for exact search; use engine 'k2'"
            )
        if batch and size + needed > limit:
            yield batch
            batch, size = [], 0
        batch.append(n)
        size += needed
    if batch:
        yield batch


def _search(converted: K2Graph, scores: Scores, batch: Sequence[int], options: SearchOptions) -> List[_Found]:
    import torch

    k2 = import_k2()
    log_probs = scores.tensor[list(batch), : int(scores.lengths[list(batch)].max())].clamp(min=IMPOSSIBLE)
    segments = torch.tensor([[row, 0, int(scores.lengths[n])] for row, n in enumerate(batch)], dtype=torch.int32)
    dense = k2.DenseFsaVec(log_probs, segments)
    fsa = converted.fsa.to(log_probs.device)
    output_beam = min(options.lattice_beam, _WIDEST) + _ROUNDING
    with torch.no_grad():
        if options.engine == "k2-exact":
            graphs = k2.index_fsa(
                k2.create_fsa_vec([fsa]), torch.zeros(len(batch), dtype=torch.int32, device=fsa.device)
            )
            result = k2.intersect_dense(graphs, dense, output_beam, frame_idx_name="frame")
        else:
            result = k2.intersect_dense_pruned(
                fsa,
                dense,
                min(options.search_beam, _WIDEST),
                output_beam,
                options.min_active,
                options.max_active,
                frame_idx_name="frame",
            )
    return _split(result, len(batch))


def _split(result: Any, count: int) -> List[_Found]:
    """Arcs of each of the `count` lattices of a FsaVec."""
    if result.num_arcs == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return [_Found(nothing, nothing)] * count
    shape = result.arcs.shape()
    begins = shape.row_splits(2)[shape.row_splits(1).long()].tolist()
    path = result.arc_path.cpu().numpy().astype(np.int64)
    frame = result.frame.cpu().numpy().astype(np.int64)
    return [_Found(path[begin:end], frame[begin:end]) for begin, end in zip(begins, begins[1:])]


def _lattice(
    graph: DecodingGraph, converted: K2Graph, searched: Utterance, found: _Found, options: SearchOptions
) -> Lattice:
    kept = _spell_out(graph, converted, found, len(searched.matrix))
    consumes = graph.fst.input_label[kept.arc] > 0
    spoken = searched.matrix[kept.frame[consumes], graph.fst.input_label[kept.arc[consumes]] - 1]
    if len(kept.end_state) and spoken.min(initial=0.0) > -np.inf:
        return prune(lattice_from_arcs(graph, searched, kept), options.lattice_beam)
    lattice = native_lattice(graph, searched, replace(options, engine="native"))
    return replace(lattice, flags=(*lattice.flags, FROM_FALLBACK))


def _spell_out(graph: DecodingGraph, converted: K2Graph, found: _Found, frames: int) -> KeptArcs:
    """Original arcs, each (frame, arc) once, and the states in which paths end."""
    arcs, index = converted.arcs_of(found.path)
    pairs = np.unique(found.frame[index] * graph.fst.num_arcs + arcs)
    ends = converted.path_end[found.path]
    end_state = np.unique(ends[ends >= 0])
    frame, arc = np.divmod(pairs, max(1, graph.fst.num_arcs))
    return KeptArcs(frame, arc, end_state, graph.fst.final_score[end_state], frames)
