"""The invariants of a lattice, as an executable validator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.lattice import SEARCH_DIED, Lattice

_ARC_ARRAYS = ("source", "target", "input_label", "output_label", "acoustic_score", "graph_score")


def check(lattice: Lattice) -> None:
    """Raises LatticeError, naming the utterance and the state or arc, where an invariant of `Lattice` is broken."""
    _check_shapes(lattice)
    _check_order(lattice)
    _check_labels(lattice)
    _check_frames(lattice)
    _check_connected(lattice)


def _fail(lattice: Lattice, problem: str) -> None:
    raise LatticeError(f"Lattice.check: utterance {lattice.utterance!r}: {problem}")


def _refuse(lattice: Lattice, bad: npt.NDArray[np.bool_], what: str) -> None:
    if bad.any():
        _fail(lattice, f"{what} (first at {int(np.argmax(bad))} of {len(bad)})")


def _check_shapes(lattice: Lattice) -> None:
    optional = [name for name in ("arc_flags", "graph_arc") if getattr(lattice, name) is not None]
    for name in (*_ARC_ARRAYS, *optional):
        if getattr(lattice, name).shape != (lattice.num_arcs,):
            _fail(lattice, f"{name} has shape {getattr(lattice, name).shape}, expected ({lattice.num_arcs},)")
    if lattice.num_states == 0 or lattice.final_score.shape != (lattice.num_states,):
        _fail(lattice, f"{lattice.final_score.shape} final scores for {lattice.num_states} states; one each, >= 1")


def _check_order(lattice: Lattice) -> None:
    outside = (lattice.source < 0) | (lattice.target >= lattice.num_states)
    _refuse(lattice, outside, "an arc leaves the states")
    _refuse(lattice, lattice.source >= lattice.target, "an arc goes to an earlier state; number them topologically")
    _refuse(lattice, np.diff(lattice.source) < 0, "arcs are not sorted by source")


def _check_labels(lattice: Lattice) -> None:
    inputs, outputs = lattice.input_label, lattice.output_label
    _refuse(lattice, (inputs < 0) | (inputs > len(lattice.column_token)), "an input label beyond the columns")
    _refuse(lattice, (outputs < 0) | (outputs >= len(lattice.words)), "an output label beyond the words")
    finite = np.isfinite(lattice.acoustic_score) & np.isfinite(lattice.graph_score)
    _refuse(lattice, ~finite, "an arc score that is not finite")
    bad_final = np.isnan(lattice.final_score) | np.isposinf(lattice.final_score)
    _refuse(lattice, bad_final, "a final score that is NaN or +inf")


def _check_frames(lattice: Lattice) -> None:
    if lattice.state_frame[0] != 0:
        _fail(lattice, f"the start is at frame {lattice.state_frame[0]}, expected 0")
    step = lattice.state_frame[lattice.target] - lattice.state_frame[lattice.source]
    _refuse(lattice, step != (lattice.input_label > 0), "an arc's states are not as many frames apart as it consumes")
    is_final = ~np.isneginf(lattice.final_score)
    if not is_final.any():
        _fail(lattice, "no state is final")
    end = int(lattice.state_frame.max()) if SEARCH_DIED in lattice.flags else lattice.num_frames
    _refuse(lattice, is_final & (lattice.state_frame != end), f"a final state that is not at frame {end}")


def _check_connected(lattice: Lattice) -> None:
    reachable = np.zeros(lattice.num_states, dtype=bool)
    reachable[0] = True
    reachable[lattice.target] = True
    alive = ~np.isneginf(lattice.final_score)
    alive[lattice.source] = True
    # With states in topological order, an arc in (or the start) and an arc out (or final) at each state
    # make all of them lie on complete paths.
    _refuse(lattice, ~reachable, "a state that no arc leads to")
    _refuse(lattice, ~alive, "a dead end: a state without arcs that is not final")
