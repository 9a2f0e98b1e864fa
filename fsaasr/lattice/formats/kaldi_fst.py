"""The seam to Kaldi's lattices: costs become scores, transition-ids become columns, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.formats.assemble import LooseArcs, assemble_lattice, assemble_word_lattice
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice

Ints = npt.NDArray[np.int32]
Costs = npt.NDArray[np.float32]
SOURCE, TARGET, INPUT, OUTPUT, LENGTH = range(5)
"""Rows of `KaldiFst.arcs`."""


@dataclass(frozen=True, eq=False)
class KaldiFst:
    """A lattice as Kaldi has it, with costs, its states and arcs as they come.

    Attributes:
      compact: a `CompactLattice`: an acceptor of words whose weights have strings of transition-ids; else a `Lattice`,
        from transition-ids to words.
      start: first state; -1 in a lattice without states.
      arcs: int32 (5, A): source, target, input label, output label, length of the string.
      costs: float32 (2, A): graph and acoustic.
      ids: int32 (F,): the strings of the arcs, arc after arc.
      final_costs: float32 (2, S); infinite where a state is not final. final_lengths: int32 (S,).
      final_ids: int32 (G,): the strings of final weights, state after state.
    """

    compact: bool
    start: int
    arcs: Ints
    costs: Costs
    ids: Ints
    final_costs: Costs
    final_lengths: Ints
    final_ids: Ints


def to_lattice(
    fst: KaldiFst, utterance: str, symbols: LatticeSymbols, tid_column: Optional[npt.NDArray[np.int32]] = None
) -> ScoredPaths:
    """A `WordLattice` of a compact lattice, a `Lattice` of another.

    A final weight with a string or an acoustic cost becomes an arc without word to a further state.

    Args:
      fst: the lattice.
      utterance: id.
      symbols: names of labels; those without names are named by their numbers.
      tid_column: int (I + 1,): the column of each transition-id, from index 1; None where id i is column i - 1.

    Raises:
      LatticeError: as `assemble_lattice`; a transition-id that is beyond `tid_column` or, among others, 0.
    """
    fst = _ends_in_states(fst)
    with np.errstate(invalid="ignore"):  # NaN, if any, is refused below
        scores, final_scores = np.float32(0) - fst.costs, np.float32(0) - fst.final_costs
    impossible = np.isneginf(final_scores).any(axis=0)
    loose = LooseArcs(
        fst.arcs[SOURCE],
        fst.arcs[TARGET],
        fst.arcs[OUTPUT],
        scores[1],
        scores[0],
        np.where(impossible, np.float32(-np.inf), final_scores[0]),
        fst.start,
    )
    word = int(fst.arcs[OUTPUT].max(initial=0))
    if not fst.compact:
        labels = fst.arcs[INPUT].copy()
        emits = labels != 0
        labels[emits] = _columns(labels[emits], utterance, tid_column) + 1
        return assemble_lattice(utterance, loose, labels, symbols.covering(word, int(labels.max(initial=0)) - 1))
    if not np.array_equal(fst.arcs[INPUT], fst.arcs[OUTPUT]):
        raise LatticeError(f"utterance {utterance!r}: a compact lattice with different labels on both sides of an arc")
    # Kaldi has no id 0; it stands for a frame whose column is not known, in lattices written without columns.
    columns = None
    if len(fst.ids) == 0 or fst.ids.any():
        columns = _columns(fst.ids, utterance, tid_column)
    symbols = symbols.covering(word, -1 if columns is None else int(columns.max(initial=-1)))
    return assemble_word_lattice(utterance, loose, fst.arcs[LENGTH], symbols, columns)


def from_lattice(lattice: ScoredPaths) -> KaldiFst:
    """A compact lattice of a `WordLattice`, a full one of a `Lattice`; transition-id = column + 1, 0 if not known."""
    compact = isinstance(lattice, WordLattice)
    arcs = np.zeros((5, lattice.num_arcs), dtype=np.int32)
    arcs[SOURCE], arcs[TARGET], arcs[OUTPUT] = lattice.source, lattice.target, lattice.output_label
    ids = np.empty(0, dtype=np.int32)
    if isinstance(lattice, WordLattice):
        arcs[INPUT] = lattice.output_label
        arcs[LENGTH] = np.diff(lattice.column_offsets)
        ids = np.zeros(lattice.column_offsets[-1], dtype=np.int32)
        if lattice.columns is not None:
            ids = lattice.columns + np.int32(1)
    elif isinstance(lattice, Lattice):
        arcs[INPUT] = lattice.input_label
    else:
        raise LatticeError(f"a {type(lattice).__name__} has no form in Kaldi; expected a Lattice or a WordLattice")
    final_costs = np.stack([lattice.final_score, np.where(np.isneginf(lattice.final_score), -np.inf, 0)])
    return KaldiFst(
        compact,
        0,
        arcs,
        # 0 - x and not -x: a cost of -0.0 prints oddly.
        np.float32(0) - np.stack([lattice.graph_score, lattice.acoustic_score]),
        ids,
        np.float32(0) - final_costs.astype(np.float32),
        np.zeros(lattice.num_states, dtype=np.int32),
        np.empty(0, dtype=np.int32),
    )


def _ends_in_states(fst: KaldiFst) -> KaldiFst:
    """Final weights that are more than a graph cost become arcs to a state of their own."""
    possible = ~np.isposinf(fst.final_costs).any(axis=0)
    moved = np.flatnonzero(possible & ((fst.final_costs[1] != 0) | (fst.final_lengths > 0)))
    if len(moved) == 0:
        return fst
    states = fst.final_costs.shape[1]
    arcs = np.zeros((5, len(moved)), dtype=np.int32)
    arcs[SOURCE], arcs[TARGET], arcs[LENGTH] = moved, states, fst.final_lengths[moved]
    final_costs = np.append(fst.final_costs, np.zeros((2, 1), dtype=np.float32), axis=1)
    final_costs[:, moved] = np.inf
    # Strings of states that are not final belong to no path.
    has_path = np.repeat(possible, fst.final_lengths)
    return KaldiFst(
        fst.compact,
        fst.start,
        np.append(fst.arcs, arcs, axis=1),
        np.append(fst.costs, fst.final_costs[:, moved], axis=1),
        np.append(fst.ids, fst.final_ids[has_path]),
        final_costs,
        np.zeros(states + 1, dtype=np.int32),
        np.empty(0, dtype=np.int32),
    )


def _columns(ids: Ints, utterance: str, tid_column: Optional[npt.NDArray[np.int32]]) -> Ints:
    last = np.iinfo(np.int32).max if tid_column is None else len(tid_column) - 1
    if len(ids) and not 1 <= ids.min() <= ids.max() <= last:
        bad = ids[np.argmax((ids < 1) | (ids > last))]
        raise LatticeError(f"utterance {utterance!r}: transition-id {bad}, expected 1 .. {last}")
    if tid_column is None:
        return ids - np.int32(1)
    columns: Ints = np.asarray(tid_column, dtype=np.int32)[ids]
    return columns
