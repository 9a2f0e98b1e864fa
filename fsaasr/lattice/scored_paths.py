"""`ScoredPaths`: what every lattice is, whatever its arcs cover, and what can be asked of all of them alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, List, Optional, Tuple, TypeVar

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.evidence import SearchEvidence

if TYPE_CHECKING:
    from fsaasr.core.hypothesis import Hypothesis

SEARCH_DIED = "search-died"
"""Flag: no path survived to the last frame; the lattice covers the frames before."""
FROM_FALLBACK = "from-native-fallback"
"""Flag: the engine asked for kept no path; the `native` engine made this lattice."""
BUDGET_SPENT = "budget-spent"
"""Flag: a budget did not do for all paths; the best ones are here."""

Paths = TypeVar("Paths", bound="ScoredPaths")


class ScoredPaths(ABC):
    """An acyclic graph of words over one utterance's frames, acoustic and graph scores apart.

    States are numbered in topological order, 0 is the start; arcs are sorted by source state. Every state
    and arc lies on a path from the start to a final state. `Lattice` and `WordLattice` differ in what an arc
    covers; the arrays here are common to both.

    Attributes:
      utterance: utterance id.
      source, target: int32 (A,) states of each arc; source < target.
      output_label: int32 (A,) word label; 0 is none.
      acoustic_score, graph_score: float32 (A,), log, larger is better, finite, as the search saw them
        (its acoustic scale is in the acoustic scores).
      state_frame: int32 (S,): frames consumed when the state is reached, 0 .. T.
      final_score: float32 (S,): graph score of ending there; -inf where a state is not final.
      num_frames: T. frame_shift: seconds.
      words, tokens, column_token: as in the decoding graph.
      reached_final: False if no final state of the graph was alive at the last frame; the lattice
        then ends in every state alive at the last frame that any path reached, with final score 0.
      flags: what else befell the search or the lattice: SEARCH_DIED, FROM_FALLBACK, BUDGET_SPENT.
      evidence: what the search tells of itself; None for a lattice from elsewhere.
    """

    utterance: str
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    output_label: npt.NDArray[np.int32]
    acoustic_score: npt.NDArray[np.float32]
    graph_score: npt.NDArray[np.float32]
    state_frame: npt.NDArray[np.int32]
    final_score: npt.NDArray[np.float32]
    num_frames: int
    frame_shift: Seconds
    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]
    reached_final: bool
    flags: Tuple[str, ...]
    evidence: Optional[SearchEvidence]

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.state_frame)

    @property
    def num_arcs(self) -> int:
        """A."""
        return len(self.source)

    @property
    def arc_offsets(self) -> npt.NDArray[np.int64]:
        """int64 (S + 1,): the arcs that leave state s are `arc_offsets[s]` to `arc_offsets[s + 1] - 1`."""
        return np.searchsorted(self.source, np.arange(self.num_states + 1))

    @property
    def arc_frame(self) -> npt.NDArray[np.int32]:
        """int32 (A,): frames consumed before each arc, 0 .. T."""
        return self.state_frame[self.source]

    @property
    def end_frame(self) -> int:
        """Frame at which complete paths end: T, or where the search died."""
        return int(self.state_frame.max()) if SEARCH_DIED in self.flags else self.num_frames

    @abstractmethod
    def read_path(self, arcs: npt.NDArray[np.int32]) -> Hypothesis:
        """The hypothesis of the complete path of arcs `arcs`, with unscaled scores."""

    @abstractmethod
    def select(self: Paths, keep_arc: npt.NDArray[np.bool_], keep_final: npt.NDArray[np.bool_]) -> Paths:
        """The lattice of the arcs (A,) and final states (S,) that are kept; the caller keeps it connected.

        States that lose all arcs go, the start stays.
        """

    def replaced(self: Paths, **arrays: Any) -> Paths:
        """The lattice with other values of some attributes."""
        # Every kind of lattice is a dataclass.
        result: Paths = replace(self, **arrays)  # type: ignore[type-var]
        return result

    def best_path(
        self, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
    ) -> Hypothesis:
        """See `fsaasr.lattice.best_path`."""
        from fsaasr.lattice.best import best_path

        return best_path(self, acoustic_scale, lm_scale, word_insertion_penalty)

    def nbest(
        self, n: int, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
    ) -> List[Hypothesis]:
        """See `fsaasr.lattice.nbest`."""
        from fsaasr.lattice.nbest import nbest

        return nbest(self, n, acoustic_scale, lm_scale, word_insertion_penalty)

    def total_score(
        self, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
    ) -> float:
        """See `fsaasr.lattice.total_score`."""
        from fsaasr.lattice.scoring import total_score

        return total_score(self, acoustic_scale, lm_scale, word_insertion_penalty)

    def arc_posteriors(
        self, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
    ) -> npt.NDArray[np.float64]:
        """See `fsaasr.lattice.arc_posteriors`."""
        from fsaasr.lattice.scoring import arc_posteriors

        return arc_posteriors(self, acoustic_scale, lm_scale, word_insertion_penalty)

    def pruned(
        self: Paths,
        beam: float,
        acoustic_scale: float = 1.0,
        lm_scale: float = 1.0,
        word_insertion_penalty: float = 0.0,
    ) -> Paths:
        """See `fsaasr.lattice.prune`."""
        from fsaasr.lattice.prune import prune

        return prune(self, beam, acoustic_scale, lm_scale, word_insertion_penalty)

    def check(self) -> None:
        """See `fsaasr.lattice.check`."""
        from fsaasr.lattice.check import check

        check(self)
