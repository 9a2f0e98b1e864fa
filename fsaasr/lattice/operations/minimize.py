"""Minimization: states from which the same can follow become one."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.operations.score_columns import score_columns
from fsaasr.lattice.scored_paths import Paths, ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice

TOLERANCE = 1e-4
"""Scores that differ by no more are equal: the rounding of float32."""

Integers = npt.NDArray[np.int64]


def minimized(lattice: Paths, tolerance: float = TOLERANCE) -> Paths:
    """The lattice in which states of equal future are one: the same paths over fewer states.

    Two states have an equal future if they are at one frame, end with the same score, and have the same arcs: same
    words, columns and scores, to the same states or to such of equal future. So every path stays, with its words,
    times, columns and scores (up to `tolerance` an arc); totals and n-best lists stay, too. Minimizing again changes
    nothing. In a `pushed` lattice more states are equal. One pass from the last state to the first, with hashing, as
    in Revuz, Minimisation of acyclic deterministic automata in linear time (1992).

    Raises:
      LatticeError: a negative tolerance.
    """
    from fsaasr.lattice.operations.future_kernels import equal_futures, reachable

    if not tolerance >= 0:
        raise LatticeError(f"minimized: the tolerance is {tolerance}, expected a number >= 0")
    same = equal_futures(
        (lattice.arc_offsets, lattice.output_label, lattice.target),
        _details(lattice),
        score_columns(lattice),
        (lattice.state_frame, lattice.final_score.astype(np.float64)),
        tolerance,
    )
    target = same[lattice.target]
    keep = reachable(lattice.source, target, lattice.num_states)
    return lattice.replaced(target=target).select(keep[lattice.source], keep & ~np.isneginf(lattice.final_score))


def _details(lattice: ScoredPaths) -> Tuple[Integers, Integers]:
    """What equal arcs share beyond word and scores: columns and flags; integers, arc after arc, and their offsets."""
    if isinstance(lattice, Lattice):
        own = [lattice.input_label, lattice.arc_flags, lattice.graph_arc]
        known = [values.astype(np.int64) for values in own if values is not None]
        return np.stack(known, axis=1).ravel(), len(known) * np.arange(lattice.num_arcs + 1)
    if not isinstance(lattice, WordLattice) or lattice.columns is None:
        return np.zeros(0, dtype=np.int64), np.zeros(lattice.num_arcs + 1, dtype=np.int64)
    details = lattice.columns.astype(np.int64) << 8
    return details if lattice.column_flags is None else details | lattice.column_flags, lattice.column_offsets
