"""How sure an alignment is of itself: posteriors of its tokens, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode.forward_backward import sum_paths
from fsaasr.decode.search_tables import ArcTable, frozen_matrix, search_tables
from fsaasr.decode.sum_tables import SumTables
from fsaasr.graph.decoding_graph import WORD_START, DecodingGraph

Float64 = npt.NDArray[np.float64]


def frame_confidence(
    graph: DecodingGraph, matrix: FloatArray, arcs: npt.NDArray[np.int32], utterance: str = ""
) -> Float64:
    """Posterior, at each frame, of being in the token that a path is in there.

    Two paths are in the same token at a frame if both are in a token of one name there and as many words have begun
    on both. So neither states of a token nor its pronunciation's other tokens matter, and equal tokens of two words are
    told apart. The posterior is over all paths of the graph: it says how sure the times are, given that the words were
    said, and not whether they were.

    Args:
      graph: a transcript's: all ways to a state have begun equally many words.
      matrix: (T, C) log scores.
      arcs: int32 (L,): a complete path through them, as `viterbi` gives it.
      utterance: id for messages.

    Returns:
      float64 (T,), 0 .. 1.

    Raises:
      DecodeError: a graph of another kind; or as `forward_backward`.
    """
    # Each column is taken apart into as many as there are words in which arcs have it.
    fst, columns = graph.fst, graph.num_columns
    consumes = fst.input_label > 0
    number = _words_begun(graph, utterance)[fst.next_state]
    key = np.where(consumes, number.astype(np.int64) * columns + fst.input_label - 1, 0)
    kinds, column = np.unique(key, return_inverse=True)
    column = np.where(consumes, column.reshape(-1), -1).astype(np.int32)
    tables = search_tables(graph)
    incoming, outgoing = (_relabelled(table, column) for table in (tables.incoming, tables.outgoing))
    apart = SumTables.of(replace(tables, incoming=incoming, outgoing=outgoing))
    scores = frozen_matrix(matrix[:, kinds % columns], utterance)
    occupancy = sum_paths(apart, scores, utterance).column_occupancy
    token = kinds // columns * len(graph.tokens) + graph.column_token[kinds % columns]
    taken = token[column[arcs[consumes[arcs]]]]
    same = taken[:, None] == token[None, :]
    posterior: Float64 = np.minimum(np.sum(occupancy, axis=1, where=same, dtype=np.float64), 1.0)
    return posterior


def with_frame_confidence(
    hypothesis: Hypothesis, graph: DecodingGraph, posterior: Float64, frame_shift: Seconds
) -> Hypothesis:
    """The hypothesis whose words and tokens have the mean of `frame_confidence` over their frames, blanks left out."""
    inside = graph.column_token[list(hypothesis.columns)] > 0
    sums = np.concatenate([[0.0], np.cumsum(np.where(inside, posterior, 0.0))])
    frames = np.concatenate([[0], np.cumsum(inside)])

    def sure(spans: Tuple[Span, ...]) -> Tuple[Span, ...]:
        limits = np.array([(span.start, span.end) for span in spans]).reshape(-1, 2)
        start, end = np.rint(limits / frame_shift).astype(np.int64).T
        means = (sums[end] - sums[start]) / np.maximum(frames[end] - frames[start], 1)
        return tuple(s._replace(confidence=c) for s, c in zip(spans, np.clip(means, 0.0, 1.0).tolist()))

    return replace(hypothesis, words=sure(hypothesis.words), tokens=sure(hypothesis.tokens))


def _relabelled(table: ArcTable, column: npt.NDArray[np.int32]) -> ArcTable:
    offsets, other, _, score, arc = table
    return offsets, other, column[arc], score, arc


def _words_begun(graph: DecodingGraph, utterance: str) -> npt.NDArray[np.int32]:
    """int32 (S,): words that have begun on the way to each state, the same on all ways."""
    from fsaasr.decode.words_begun_kernels import words_begun

    fst = graph.fst
    if graph.arc_flags is not None:
        begins = (graph.arc_flags & WORD_START > 0) & (fst.input_label > 0)
        number, agrees = words_begun(fst.arc_offsets, fst.next_state, begins, fst.start)
        if agrees:
            words: npt.NDArray[np.int32] = number
            return words
    raise DecodeError(
        f"frame_confidence: the graph of utterance {utterance!r} is no transcript's, as words in it have no number; "
        "make it with TranscriptCompiler, or align without confidence"
    )
