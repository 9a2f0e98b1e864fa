"""From the arcs of one path to a `Hypothesis`: words and tokens with their times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Optional, Protocol, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import UNKNOWN, Hypothesis, Span, with_spellings
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.decoding_graph import TOKEN_START

Frames = npt.NDArray[np.int64]

shared_span = lru_cache(maxsize=1 << 14)(Span)
"""`Span(name, start, end)`, one object for equal ones: the hypotheses of an n-best list have most in common."""


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
    frame to the end of its last token. The i-th word start belongs to the i-th word. `<unk>` gets the
    tokens within it as its spelling. A foreign graph has no word starts: its words begin where their
    label stands, and last until the next word.
    """
    from fsaasr.lattice.readout_kernels import frames_of_labels, word_frames

    consumes = path.input_label > 0
    columns = path.input_label[consumes] - 1
    flags, starts, ends = _tokens(symbols, columns, None if path.arc_flags is None else path.arc_flags[consumes])
    words = path.output_label[path.output_label > 0]
    word_starts, word_ends = word_frames(flags, starts, ends, frames_of_labels(consumes, path.output_label))
    tokens = _spans(symbols.tokens, symbols.column_token[columns[starts]], starts, ends, frame_shift)
    spans = _spans(symbols.words, words, word_starts, word_ends, frame_shift)
    return Hypothesis(
        utterance,
        with_spellings(spans, tokens) if UNKNOWN in symbols.words else spans,
        tokens,
        tuple(columns.tolist()),
        path.acoustic_score,
        path.graph_score,
        reached_final,
    )


def token_spans(
    symbols: Symbols, columns: npt.NDArray[np.int32], flags: Optional[npt.NDArray[np.uint8]], frame_shift: Seconds
) -> Tuple[Span, ...]:
    """The tokens of a path, from the column of each frame (T,) and its flags, guessed where they are None."""
    _, starts, ends = _tokens(symbols, columns, flags)
    return _spans(symbols.tokens, symbols.column_token[columns[starts]], starts, ends, frame_shift)


def _tokens(
    symbols: Symbols, columns: npt.NDArray[np.int32], flags: Optional[npt.NDArray[np.uint8]]
) -> Tuple[npt.NDArray[np.uint8], Frames, Frames]:
    """Flags of each frame; first frame and end of each token."""
    from fsaasr.lattice.readout_kernels import token_frames

    frame_tokens = symbols.column_token[columns]
    flags = _guessed_flags(frame_tokens) if flags is None else flags
    starts, ends = token_frames(flags, frame_tokens)
    return flags, starts, ends


def _guessed_flags(frame_tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """Without flags, a token starts wherever another one than before is seen; equal neighbours run together."""
    changes = np.diff(frame_tokens, prepend=0) != 0
    return np.where(changes & (frame_tokens > 0), TOKEN_START, 0).astype(np.uint8)


def _spans(
    names: SymbolTable, labels: npt.NDArray[np.int32], starts: Frames, ends: Frames, frame_shift: Seconds
) -> Tuple[Span, ...]:
    begins, limits = (starts * frame_shift).tolist(), (ends * frame_shift).tolist()
    return tuple(map(shared_span, names.names_of(labels.tolist()), begins, limits))
