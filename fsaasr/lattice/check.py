"""The invariants of a lattice, as an executable validator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice

_ARC_ARRAYS = ("source", "target", "output_label", "acoustic_score", "graph_score")
PARTS_TOLERANCE = 1e-4
"""Parts of a graph score are float32 each, and so is their sum."""


def check(lattice: ScoredPaths) -> None:
    """Raises LatticeError, naming the utterance and the state or arc, where an invariant is broken.

    The invariants are those of `ScoredPaths`, and of `Lattice` or `WordLattice`, whichever it is.
    """
    _check_shapes(lattice)
    _check_order(lattice)
    _check_labels(lattice)
    if isinstance(lattice, Lattice):
        _check_steps(lattice)
    elif isinstance(lattice, WordLattice):
        _check_words(lattice)
    _check_ends(lattice)
    _check_connected(lattice)


def _fail(lattice: ScoredPaths, problem: str) -> None:
    raise LatticeError(f"{type(lattice).__name__}.check: utterance {lattice.utterance!r}: {problem}")


def _refuse(lattice: ScoredPaths, bad: npt.NDArray[np.bool_], what: str) -> None:
    if bad.any():
        _fail(lattice, f"{what} (first at {int(np.argmax(bad))} of {len(bad)})")


def _check_shapes(lattice: ScoredPaths) -> None:
    own = ("input_label", "arc_flags", "graph_arc") if isinstance(lattice, Lattice) else ()
    for name in (*_ARC_ARRAYS, *(name for name in own if getattr(lattice, name) is not None)):
        if getattr(lattice, name).shape != (lattice.num_arcs,):
            _fail(lattice, f"{name} has shape {getattr(lattice, name).shape}, expected ({lattice.num_arcs},)")
    if lattice.num_states == 0 or lattice.final_score.shape != (lattice.num_states,):
        _fail(lattice, f"{lattice.final_score.shape} final scores for {lattice.num_states} states; one each, >= 1")


def _check_order(lattice: ScoredPaths) -> None:
    outside = (lattice.source < 0) | (lattice.target >= lattice.num_states)
    _refuse(lattice, outside, "an arc leaves the states")
    _refuse(lattice, lattice.source >= lattice.target, "an arc goes to an earlier state; number them topologically")
    _refuse(lattice, np.diff(lattice.source) < 0, "arcs are not sorted by source")


def _check_labels(lattice: ScoredPaths) -> None:
    outputs = lattice.output_label
    _refuse(lattice, (outputs < 0) | (outputs >= len(lattice.words)), "an output label beyond the words")
    finite = np.isfinite(lattice.acoustic_score) & np.isfinite(lattice.graph_score)
    _refuse(lattice, ~finite, "an arc score that is not finite")
    bad_final = np.isnan(lattice.final_score) | np.isposinf(lattice.final_score)
    _refuse(lattice, bad_final, "a final score that is NaN or +inf")


def _frames(lattice: ScoredPaths) -> npt.NDArray[np.int32]:
    return lattice.state_frame[lattice.target] - lattice.state_frame[lattice.source]


def _check_steps(lattice: Lattice) -> None:
    inputs = lattice.input_label
    _refuse(lattice, (inputs < 0) | (inputs > len(lattice.column_token)), "an input label beyond the columns")
    wrong = _frames(lattice) != (inputs > 0)
    _refuse(lattice, wrong, "an arc's states are not as many frames apart as it consumes")


def _check_words(lattice: WordLattice) -> None:
    _refuse(lattice, _frames(lattice) < 0, "an arc goes back in time")
    for name in ("columns", "column_flags"):
        values = getattr(lattice, name)
        if values is not None and values.shape != (lattice.column_offsets[-1],):
            _fail(lattice, f"{name} has shape {values.shape}, the arcs have {lattice.column_offsets[-1]} frames")
    if lattice.columns is not None:
        outside = (lattice.columns < 0) | (lattice.columns >= len(lattice.column_token))
        _refuse(lattice, outside, "a column beyond those of the scores")
    if lattice.parts is not None:
        parts = lattice.parts
        rest = lattice.graph_score - parts.lm - parts.pronunciation - parts.silence - parts.topology
        wrong = ~(np.abs(rest) <= PARTS_TOLERANCE * (1 + np.abs(lattice.graph_score)))
        _refuse(lattice, wrong, "an arc's graph score is not the sum of its parts")


def _check_ends(lattice: ScoredPaths) -> None:
    if lattice.state_frame[0] != 0:
        _fail(lattice, f"the start is at frame {lattice.state_frame[0]}, expected 0")
    is_final = ~np.isneginf(lattice.final_score)
    if not is_final.any():
        _fail(lattice, "no state is final")
    elsewhere = is_final & (lattice.state_frame != lattice.end_frame)
    _refuse(lattice, elsewhere, f"a final state that is not at frame {lattice.end_frame}")


def _check_connected(lattice: ScoredPaths) -> None:
    reachable = np.zeros(lattice.num_states, dtype=bool)
    reachable[0] = True
    reachable[lattice.target] = True
    alive = ~np.isneginf(lattice.final_score)
    alive[lattice.source] = True
    # With states in topological order, an arc in (or the start) and an arc out (or final) at each state
    # make all of them lie on complete paths.
    _refuse(lattice, ~reachable, "a state that no arc leads to")
    _refuse(lattice, ~alive, "a dead end: a state without arcs that is not final")
