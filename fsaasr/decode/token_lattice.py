"""From the best token sequences of an utterance to a `WordLattice`, for searches that say tokens and not frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import Seconds
from fsaasr.decode.said_words import SaidWords
from fsaasr.graph import DecodingGraph, TokenGraph
from fsaasr.lattice.readout import PathArcs, read_out
from fsaasr.lattice.word_lattice import WordLattice

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

APPROXIMATE_TIMES = "approximate-times"
"""Flag: words have times that the search did not find, but that were read off an attention."""


@dataclass(frozen=True, eq=False)
class TimedPath:
    """A path through a TokenGraph, with times.

    Attributes:
      arcs: int32 (L,), its arcs in order; U of them say a token.
      starts, ends: int64 (U,), frames of each token: `starts[u] <= ends[u] <= starts[u + 1]`, 0 .. T.
      token_scores: float64 (U + 1,), the model's score of each token and of the end.
      final: whether it ends where the graph does.
    """

    arcs: Int32
    starts: Int64
    ends: Int64
    token_scores: Float64
    final: bool = True


class _Piece(NamedTuple):
    """An arc of the lattice: a word, or 0, its frames, and its scores."""

    word: int
    begin: int
    end: int
    acoustic: float
    graph: float


def nbest_lattice(
    graph: TokenGraph,
    paths: Sequence[TimedPath],
    utterance: str,
    num_frames: int,
    frame_shift: Seconds,
    flags: Tuple[str, ...] = (),
    said: Optional[SaidWords] = None,
) -> WordLattice:
    """The lattice of some paths, side by side: what they share is not merged.

    Args:
      graph: that the paths are of.
      paths: best first, at least one; of those with the same words, the first is kept.
      utterance: id.
      num_frames: T.
      frame_shift: seconds.
      flags: of the lattice.
      said: what words add to the graph's scores, as the search had it.

    Returns:
      A lattice whose columns are tokens behind a blank: column t is token label t. A word has the scores of its tokens,
      and of the tokens outside of words that follow; the first word also those before it.
    """
    spoken = graph.over_tokens()
    kept: List[Tuple[TimedPath, List[_Piece]]] = []
    seen = set()
    for path in paths:
        words = tuple(graph.fst.output_label[path.arcs][graph.fst.output_label[path.arcs] > 0].tolist())
        if words not in seen:
            seen.add(words)
            kept.append((path, _pieces(graph, spoken, path, num_frames, said)))
    frame, rows = _chains([pieces for _, pieces in kept], num_frames)
    columns, column_flags = _columns(graph, kept, rows, num_frames)
    order = np.argsort([source for source, _, _ in rows], kind="stable")
    table = [rows[place] for place in order]
    return WordLattice(
        utterance,
        np.array([source for source, _, _ in table], dtype=np.int32),
        np.array([target for _, target, _ in table], dtype=np.int32),
        np.array([piece.word for _, _, piece in table], dtype=np.int32),
        np.array([piece.acoustic for _, _, piece in table], dtype=np.float32),
        np.array([piece.graph for _, _, piece in table], dtype=np.float32),
        np.array(frame, dtype=np.int32),
        np.where(np.arange(len(frame)) == len(frame) - 1, 0.0, -np.inf).astype(np.float32),
        num_frames,
        frame_shift,
        graph.words,
        graph.tokens,
        np.arange(len(graph.tokens), dtype=np.int32),
        np.concatenate([columns[place] for place in order]),
        np.concatenate([column_flags[place] for place in order]),
        reached_final=paths[0].final,
        flags=flags,
    )


def _pieces(
    graph: TokenGraph, spoken: DecodingGraph, path: TimedPath, num_frames: int, said: Optional[SaidWords]
) -> List[_Piece]:
    """The path word by word, with what lies between words."""
    fst, arcs = graph.fst, path.arcs
    labels = fst.input_label[arcs]
    flags = graph.arc_flags[arcs]
    # Read out as if a token were a frame: word times are then places of tokens.
    found = read_out(PathArcs(labels, fst.output_label[arcs], flags, 0.0, 0.0), spoken, "", 1.0)
    words = fst.output_label[arcs][fst.output_label[arcs] > 0]
    first = np.array([round(span.start) for span in found.words], dtype=np.int64)
    limit = np.array([round(span.end) for span in found.words], dtype=np.int64)
    starts, ends = np.append(path.starts, num_frames), np.append(path.ends, num_frames)
    # Word that each token, and each arc, counts for; the first one's what comes before it.
    token_word = np.maximum(np.searchsorted(first, np.arange(len(path.starts)), side="right") - 1, 0)
    said_before: Int64 = np.cumsum(labels > 0) - (labels > 0)
    arc_word = np.append(token_word, token_word[-1] if len(token_word) else 0)[said_before]
    count = max(len(first), 1)
    acoustic, scores = np.zeros(count), np.zeros(count)
    np.add.at(acoustic, token_word, path.token_scores[:-1])
    acoustic[-1] += path.token_scores[-1]
    added, end = (0.0, 0.0) if said is None else said.along(fst.output_label[arcs])
    np.add.at(scores, arc_word, fst.score[arcs] + added)
    if path.final:
        scores[-1] += fst.final_score[fst.next_state[arcs[-1]] if len(arcs) else fst.start] + end
    if not len(first):
        return [_Piece(0, 0, num_frames, float(acoustic[0]), float(scores[0]))]
    pieces, here = [], 0
    for n, word in enumerate(words.tolist()):
        begin = max(here, int(starts[first[n]]))
        end = max(begin, int(ends[limit[n] - 1]) if limit[n] > first[n] else begin)
        if begin > here:
            pieces.append(_Piece(0, here, begin, 0.0, 0.0))
        pieces.append(_Piece(word, begin, end, float(acoustic[n]), float(scores[n])))
        here = end
    return [*pieces, _Piece(0, here, num_frames, 0.0, 0.0)] if here < num_frames else pieces


def _chains(paths: Sequence[List[_Piece]], num_frames: int) -> Tuple[List[int], List[Tuple[int, int, _Piece]]]:
    """Frame of each state, and source, target and content of each arc; all chains begin in the first state."""
    last = 1 + sum(len(pieces) - 1 for pieces in paths)
    frame, rows = [0], []
    for pieces in paths:
        here = 0
        for place, piece in enumerate(pieces):
            there = last
            if place < len(pieces) - 1:
                there = len(frame)
                frame.append(piece.end)
            rows.append((here, there, piece))
            here = there
    return [*frame, num_frames], rows


def _columns(
    graph: TokenGraph,
    kept: Sequence[Tuple[TimedPath, List[_Piece]]],
    rows: Sequence[Tuple[int, int, _Piece]],
    num_frames: int,
) -> Tuple[List[Int32], List[npt.NDArray[np.uint8]]]:
    """Column and flags of the frames of each arc."""
    columns: List[Int32] = []
    flags: List[npt.NDArray[np.uint8]] = []
    for path, pieces in kept:
        said = path.arcs[graph.fst.input_label[path.arcs] > 0]
        column, flag = np.zeros(num_frames, dtype=np.int32), np.zeros(num_frames, dtype=np.uint8)
        for arc, start, end in zip(said.tolist(), path.starts.tolist(), path.ends.tolist()):
            column[start:end] = graph.fst.input_label[arc]
            flag[start : min(start + 1, end)] = graph.arc_flags[arc]
        columns += [column[piece.begin : piece.end] for piece in pieces]
        flags += [flag[piece.begin : piece.end] for piece in pieces]
    return columns, flags
