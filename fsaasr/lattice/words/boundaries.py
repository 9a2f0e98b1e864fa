"""Where words begin in a lattice: their labels are moved to the first frames of the words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fsaasr.graph.decoding_graph import WORD_START
from fsaasr.lattice.lattice import Lattice

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class BoundaryArcs:
    """A lattice's arcs with labels where words begin, and nowhere else.

    Attributes:
      source, target, label: int32 (B,); sorted by source, topological.
      arc: int32 (B,): the lattice's arc behind each one.
      state: int32 (R,): the lattice's state behind each state.
      is_end: bool (R,): whether paths may end in the state, if the lattice's state is final.
      has_flags: whether words begin where the flags say, so that their ends are known, too.
    """

    source: Ints
    target: Ints
    label: Ints
    arc: Ints
    state: Ints
    is_end: npt.NDArray[np.bool_]
    has_flags: bool


def word_boundaries(lattice: Lattice) -> BoundaryArcs:
    """Moves labels to where words begin, at the cost of a state for each word that the beginning may turn out to be.

    In a graph whose words share beginnings, a label stands where it is sure. The i-th beginning of a word on a path
    belongs to the i-th label, as in `read_out`. Where flags are missing, or count differently on different paths, a
    word begins where its label stands.
    """
    from fsaasr.lattice.words.boundary_kernels import awaited_labels, open_words, split_states

    label = lattice.output_label
    if lattice.arc_flags is None:
        return _as_labelled(lattice)
    starts = (lattice.arc_flags & WORD_START > 0) & (lattice.input_label > 0)
    is_open, counts = open_words(lattice.source, lattice.target, label, starts, lattice.num_states)
    if not counts:
        return _as_labelled(lattice)
    offsets = lattice.arc_offsets
    is_final = ~np.isneginf(lattice.final_score)
    places, labels = awaited_labels(offsets, lattice.target, label, is_final, is_open > 0, len(lattice.words))
    source, target, moved, arc, state, awaits = split_states(
        offsets, lattice.target, label, is_open > 0, places, labels
    )
    return BoundaryArcs(source, target, moved, arc, state, awaits == 0, True)


def _as_labelled(lattice: Lattice) -> BoundaryArcs:
    states = np.arange(lattice.num_states, dtype=np.int32)
    arcs = np.arange(lattice.num_arcs, dtype=np.int32)
    ends = np.ones(lattice.num_states, dtype=bool)
    return BoundaryArcs(lattice.source, lattice.target, lattice.output_label, arcs, states, ends, False)
