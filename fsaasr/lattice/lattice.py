"""`Lattice`: the paths that a search kept for one utterance, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.evidence import SearchEvidence
from fsaasr.lattice.scored_paths import ScoredPaths

if TYPE_CHECKING:
    from fsaasr.lattice.word_lattice import WordLattice


@dataclass(frozen=True, eq=False)
class Lattice(ScoredPaths):
    """Paths frame by frame: an arc with input label 0 consumes no frame, any other exactly one.

    Order of states and arcs, and what else holds of all lattices: see `ScoredPaths`.

    Attributes:
      utterance, source, target, output_label, acoustic_score, graph_score, state_frame, final_score, num_frames,
      frame_shift, words, tokens, column_token, reached_final, flags, evidence: as in ScoredPaths.
      input_label: int32 (A,): score column + 1; 0 is epsilon.
      arc_flags: uint8 (A,) bits as in DecodingGraph, or None for foreign graphs.
      graph_arc: int32 (A,): the searched graph's arc behind each arc, where known; -1 for a step of the topology.
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
    graph_arc: Optional[npt.NDArray[np.int32]] = None
    evidence: Optional[SearchEvidence] = None

    def read_path(self, arcs: npt.NDArray[np.int32]) -> Hypothesis:
        """The hypothesis of the complete path of arcs `arcs`, with unscaled scores."""
        from fsaasr.lattice.readout import PathArcs, read_out

        end = self.target[arcs[-1]] if len(arcs) else 0
        path = PathArcs(
            self.input_label[arcs],
            self.output_label[arcs],
            None if self.arc_flags is None else self.arc_flags[arcs],
            float(self.acoustic_score[arcs].sum(dtype=np.float64)),
            float(self.graph_score[arcs].sum(dtype=np.float64) + self.final_score[end]),
        )
        return read_out(path, self, self.utterance, self.frame_shift, self.reached_final)

    def select(self, keep_arc: npt.NDArray[np.bool_], keep_final: npt.NDArray[np.bool_]) -> Lattice:
        """The lattice of the arcs (A,) and final states (S,) that are kept; see `ScoredPaths.select`."""
        from fsaasr.lattice.prune import selected

        changed = selected(self, keep_arc, keep_final)
        changed["input_label"] = self.input_label[keep_arc]
        for name in ("arc_flags", "graph_arc"):
            values = getattr(self, name)
            changed[name] = None if values is None else values[keep_arc]
        return replace(self, **changed)

    def word_lattice(
        self,
        beam: Optional[float] = None,
        acoustic_scale: float = 1.0,
        lm_scale: float = 1.0,
        max_arcs: Optional[int] = None,
    ) -> WordLattice:
        """See `fsaasr.lattice.word_lattice`."""
        from fsaasr.lattice.words.determinize import MAX_WORD_ARCS, word_lattice

        return word_lattice(self, beam, acoustic_scale, lm_scale, MAX_WORD_ARCS if max_arcs is None else max_arcs)
