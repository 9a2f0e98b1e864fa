"""`WordLattice`: one word an arc, with exactly the word's frames."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import UNKNOWN, Hypothesis, Span, with_spellings
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.evidence import SearchEvidence
from fsaasr.lattice.scored_paths import ScoredPaths

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GraphParts:
    """What the graph score of each arc is made of; float32 (A,) each, their sum is the graph score.

    Attributes:
      lm: language model or grammar.
      pronunciation: of the word's pronunciation among those of the word.
      silence: of having optional silence, or none, after the word or at the beginning.
      topology: transition scores.
    """

    lm: Scores
    pronunciation: Scores
    silence: Scores
    topology: Scores

    def take(self, arcs: npt.NDArray[np.generic]) -> GraphParts:
        """The parts of some arcs, by a mask or by index."""
        return GraphParts(*(getattr(self, field.name)[arcs] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class WordLattice(ScoredPaths):
    """Paths word by word: an arc is a word with exactly its frames, or, with label 0, frames without word.

    So words have times without further ado: arc k begins at frame `state_frame[source[k]]` and ends at
    `state_frame[target[k]]`. Silence, and blanks between words, are arcs with label 0. Order of states and arcs,
    and what else holds of all lattices: see `ScoredPaths`.

    Attributes:
      utterance, source, target, output_label, acoustic_score, graph_score, state_frame, final_score, num_frames,
      frame_shift, words, tokens, column_token, reached_final, flags, evidence: as in ScoredPaths.
      columns: int32 (F,): the score columns of the arcs' frames, arc after arc: as many for each arc as lie between
        its two states, those of arc k from `column_offsets[k]`. None where the alignment is not known, as in
        files that have none.
      column_flags: uint8 (F,): bits as in DecodingGraph, for each of `columns`; None where they are not known.
      parts: what `graph_score` is made of, where it is known; final scores belong to the language model.
    """

    utterance: str
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    output_label: npt.NDArray[np.int32]
    acoustic_score: Scores
    graph_score: Scores
    state_frame: npt.NDArray[np.int32]
    final_score: Scores
    num_frames: int
    frame_shift: Seconds
    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]
    columns: Optional[npt.NDArray[np.int32]] = None
    column_flags: Optional[npt.NDArray[np.uint8]] = None
    parts: Optional[GraphParts] = None
    reached_final: bool = True
    flags: Tuple[str, ...] = ()
    evidence: Optional[SearchEvidence] = None

    @cached_property
    def column_offsets(self) -> npt.NDArray[np.int64]:
        """int64 (A + 1,): arc k has the frames `columns[column_offsets[k] : column_offsets[k + 1]]`."""
        frames = self.state_frame[self.target] - self.state_frame[self.source]
        return np.concatenate([[0], np.cumsum(frames, dtype=np.int64)])

    def frames_of(self, arcs: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Places in `columns` of the frames of several arcs, end to end."""
        return places(self.column_offsets[arcs], self.column_offsets[arcs + np.int32(1)])

    def read_path(self, arcs: npt.NDArray[np.int32]) -> Hypothesis:
        """The hypothesis of the complete path of arcs `arcs`, with unscaled scores.

        Without known columns it has no tokens, and no columns.
        """
        from fsaasr.lattice.readout import shared_span

        words = arcs[self.output_label[arcs] > 0]
        names = self.words.names_of(self.output_label[words].tolist())
        begins = (self.state_frame[self.source[words]] * self.frame_shift).tolist()
        ends = (self.state_frame[self.target[words]] * self.frame_shift).tolist()
        end = self.target[arcs[-1]] if len(arcs) else 0
        frames = self.frames_of(arcs)
        spans, tokens = tuple(map(shared_span, names, begins, ends)), self._tokens(frames)
        return Hypothesis(
            self.utterance,
            with_spellings(spans, tokens) if UNKNOWN in self.words else spans,
            tokens,
            () if self.columns is None else tuple(self.columns[frames].tolist()),
            float(self.acoustic_score[arcs].sum(dtype=np.float64)),
            float(self.graph_score[arcs].sum(dtype=np.float64) + self.final_score[end]),
            self.reached_final,
        )

    def _tokens(self, frames: npt.NDArray[np.int64]) -> Tuple[Span, ...]:
        from fsaasr.lattice.readout import token_spans

        if self.columns is None:
            return ()
        flags = None if self.column_flags is None else self.column_flags[frames]
        return token_spans(self, self.columns[frames], flags, self.frame_shift)

    def select(self, keep_arc: npt.NDArray[np.bool_], keep_final: npt.NDArray[np.bool_]) -> WordLattice:
        """The lattice of the arcs (A,) and final states (S,) that are kept; see `ScoredPaths.select`."""
        from fsaasr.lattice.prune import selected

        changed = selected(self, keep_arc, keep_final)
        frames = self.frames_of(np.flatnonzero(keep_arc).astype(np.int32))
        changed["columns"] = None if self.columns is None else self.columns[frames]
        changed["column_flags"] = None if self.column_flags is None else self.column_flags[frames]
        changed["parts"] = None if self.parts is None else self.parts.take(keep_arc)
        return replace(self, **changed)


def places(begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The numbers of several ranges `begin[i] .. end[i] - 1`, end to end."""
    before = np.cumsum(end - begin) - (end - begin)
    numbers: npt.NDArray[np.int64] = np.arange(int((end - begin).sum())) + np.repeat(begin - before, end - begin)
    return numbers
