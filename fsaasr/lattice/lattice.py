"""`Lattice`: the paths that a search kept for one utterance, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable


@dataclass(frozen=True, eq=False)
class Lattice:
    """An acyclic transducer whose arcs keep acoustic and graph score apart.

    States are numbered in topological order, 0 is the start; arcs are sorted by source state. An
    arc with input label 0 consumes no frame; any other arc consumes exactly one.

    Attributes:
      utterance: utterance id.
      source, target: int32 (A,) states of each arc; source < target.
      input_label, output_label: int32 (A,): score column + 1 and word label; 0 is epsilon.
      acoustic_score, graph_score: float32 (A,), log, larger is better.
      arc_flags: uint8 (A,) TOKEN_START | WORD_START bits, or None for foreign graphs.
      state_frame: int32 (S,): frames consumed when the state is reached, 0 .. T.
      final_score: float32 (S,): graph score of ending there; -inf where a state is not final.
      num_frames: T. frame_shift: seconds.
      words, tokens, column_token: as in the decoding graph.
      reached_final: False if no final state of the graph was alive at the last frame; the lattice
        then ends in every state alive there, with final score 0.
    """

    utterance: str
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    input_label: npt.NDArray[np.int32]
    output_label: npt.NDArray[np.int32]
    acoustic_score: npt.NDArray[np.float32]
    graph_score: npt.NDArray[np.float32]
    arc_flags: Optional[npt.NDArray[np.uint8]]
    state_frame: npt.NDArray[np.int32]
    final_score: npt.NDArray[np.float32]
    num_frames: int
    frame_shift: Seconds
    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]
    reached_final: bool = True
    flags: Tuple[str, ...] = ()

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.state_frame)

    @property
    def num_arcs(self) -> int:
        """A."""
        return len(self.source)
