"""From the arcs of one path to a `Hypothesis`: words and tokens with their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.decoding_graph import NON_WORD, TOKEN_START, WORD_START

Frames = npt.NDArray[np.int64]


class Symbols(Protocol):
    """What a decoding graph and a lattice both know of their labels."""

    @property
    def words(self) -> SymbolTable:
        """Words of the output labels."""

    @property
    def tokens(self) -> SymbolTable:
        """Tokens."""

    @property
    def column_token(self) -> npt.NDArray[np.int32]:
        """Token of each column, 0 for blank."""


@dataclass(frozen=True, eq=False)
class PathArcs:
    """The arcs of one path, in order.

    Attributes:
      input_label, output_label: integers (L,).
      arc_flags: uint8 (L,), or None for a foreign graph.
      acoustic_score, graph_score: sums over the path, the final score included in the graph's.
    """

    input_label: npt.NDArray[np.int32]
    output_label: npt.NDArray[np.int32]
    arc_flags: Optional[npt.NDArray[np.uint8]]
    acoustic_score: float
    graph_score: float


def read_out(
    path: PathArcs, symbols: Symbols, utterance: str, frame_shift: Seconds, reached_final: bool = True
) -> Hypothesis:
    """Words, tokens and columns along a path.

    A token lasts from its first frame to the next token's first frame or blank; a word from its first
    frame to the end of its last token. The i-th word start belongs to the i-th word. A foreign graph has
    no word starts: its words begin where their label stands, and last until the next word.
    """
    consumes = path.input_label > 0
    columns = path.input_label[consumes] - 1
    frame_tokens = symbols.column_token[columns]
    flags = _guessed_flags(frame_tokens) if path.arc_flags is None else path.arc_flags[consumes]
    starts, ends = _token_frames(flags, frame_tokens)
    is_word = path.output_label > 0
    label_frames = np.cumsum(consumes)[is_word] - consumes[is_word]
    word_starts, word_ends = _word_frames(flags, starts, ends, label_frames)
    return Hypothesis(
        utterance,
        _spans(symbols.words, path.output_label[is_word], word_starts, word_ends, frame_shift),
        _spans(symbols.tokens, frame_tokens[starts], starts, ends, frame_shift),
        tuple(columns.tolist()),
        path.acoustic_score,
        path.graph_score,
        reached_final,
    )


def _guessed_flags(frame_tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """Without flags, a token starts wherever another one than before is seen; equal neighbours run together."""
    changes = np.diff(frame_tokens, prepend=0) != 0
    return np.where(changes & (frame_tokens > 0), TOKEN_START, 0).astype(np.uint8)


def _token_frames(flags: npt.NDArray[np.uint8], frame_tokens: npt.NDArray[np.int32]) -> Tuple[Frames, Frames]:
    """First frame and end of each token; it ends at the next start or blank."""
    is_start = (flags & (TOKEN_START | WORD_START)) > 0
    starts = np.flatnonzero(is_start)
    stops = np.append(np.flatnonzero(is_start | (frame_tokens == 0)), len(flags))
    return starts, stops[np.searchsorted(stops, starts, side="right")]


def _word_frames(
    flags: npt.NDArray[np.uint8], token_starts: Frames, token_ends: Frames, label_frames: Frames
) -> Tuple[Frames, Frames]:
    """First frame and end of each of the W words whose labels stand at `label_frames`.

    A path that was cut short may hold a label whose word has not begun, or a word without a label yet:
    the former takes its label's place, the latter is left out.
    """
    flagged = np.flatnonzero(flags & WORD_START)[: len(label_frames)]
    starts = np.concatenate([flagged, label_frames[len(flagged) :]])
    # A word start is a token start, so each word has a token before its limit.
    limits = np.append(np.flatnonzero(flags & (WORD_START | NON_WORD)), len(flags))
    limit = limits[np.searchsorted(limits, flagged, side="right")]
    last_token = np.searchsorted(token_starts, limit, side="left") - 1
    ends = np.append(starts[1:], len(flags))[: len(starts)]
    ends[: len(flagged)] = token_ends[last_token]
    return starts, np.maximum(starts, ends)


def _spans(
    names: SymbolTable, labels: npt.NDArray[np.int32], starts: Frames, ends: Frames, frame_shift: Seconds
) -> Tuple[Span, ...]:
    times = zip((starts * frame_shift).tolist(), (ends * frame_shift).tolist())
    return tuple(Span(name, start, end) for name, (start, end) in zip(names.names_of(labels.tolist()), times))
