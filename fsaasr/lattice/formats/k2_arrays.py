"""A lattice as the arrays of a k2 Fsa and its attributes, without k2."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.graph.k2_arcs import Chains, chains
from fsaasr.lattice.formats.assemble import MAX_FRAMES, LooseArcs, assemble_lattice, assemble_word_lattice
from fsaasr.lattice.formats.one_end import with_final_scores
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice, places

Ints = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class K2Arrays:
    """A k2 FSA with one lattice's attributes; K arcs, those to its last state among them.

    Attributes:
      arcs: int32 (K, 4): source, target, label, bits of the score; sorted by source. Label -1 leads to the last state.
      aux_labels: int32 (K,): words, 0 for none, -1 at the end; or all words of all arcs, with `word_offsets`.
      acoustic_scores, lm_scores: float32 (K,).
      frames: int32 (K,).
      columns: int32 (F,), with `column_offsets` (K + 1,): score columns of the arcs' frames; None where not known.
      flags: int in 0 .. 255: of each arc (K,) where labels are columns, else of each of `columns`; None as these.
      word_offsets: int (K + 1,), where arcs have any number of words.
    """

    arcs: npt.NDArray[np.int32]
    aux_labels: Ints
    acoustic_scores: Floats
    lm_scores: Floats
    frames: Ints
    columns: Optional[Ints] = None
    column_offsets: Optional[Ints] = None
    flags: Optional[Ints] = None
    word_offsets: Optional[Ints] = None


def k2_arrays(lattice: ScoredPaths) -> K2Arrays:
    """A lattice for k2: state numbers stay, and one more state is the end."""
    finals = np.flatnonzero(~np.isneginf(lattice.final_score)).astype(np.int32)
    ones, zeros = np.ones(len(finals), dtype=np.int32), np.zeros(len(finals), dtype=np.float32)
    order = np.argsort(np.concatenate([lattice.source, finals]), kind="stable")

    def joined(of_arcs: npt.NDArray[Any], of_ends: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(np.concatenate([of_arcs, of_ends])[order])

    labels = np.maximum(lattice.input_label - 1, 0) if isinstance(lattice, Lattice) else lattice.output_label
    arcs = np.stack(
        [
            joined(lattice.source, finals),
            joined(lattice.target, ones * lattice.num_states),
            joined(labels.astype(np.int32), -ones),
            joined(lattice.acoustic_score + lattice.graph_score, lattice.final_score[finals]).view(np.int32),
        ],
        axis=1,
    )
    frames = joined(lattice.state_frame[lattice.target] - lattice.arc_frame, 0 * ones)
    made = K2Arrays(
        np.ascontiguousarray(arcs, dtype=np.int32),
        joined(lattice.output_label, -ones),
        joined(lattice.acoustic_score, zeros),
        joined(lattice.graph_score, lattice.final_score[finals]),
        frames,
    )
    if isinstance(lattice, Lattice) and lattice.arc_flags is not None:
        return replace(made, flags=joined(lattice.arc_flags, 0 * ones).astype(np.int32))
    if not isinstance(lattice, WordLattice) or lattice.columns is None:
        return made
    begins = joined(lattice.column_offsets[:-1], 0 * ones)
    offsets = np.concatenate([[0], np.cumsum(frames, dtype=np.int64)])
    chosen = places(begins, begins + frames)
    flags = None if lattice.column_flags is None else lattice.column_flags[chosen].astype(np.int32)
    return replace(made, columns=lattice.columns[chosen], column_offsets=offsets, flags=flags)


def lattice_of_arrays(
    arrays: K2Arrays, of_words: bool, utterance: str, symbols: LatticeSymbols, reached_final: bool = True
) -> Union[Lattice, WordLattice]:
    """The inverse of `k2_arrays`, arcs in any order.

    Args:
      of_words: labels are words, which makes a WordLattice; else they are columns.

    Raises:
      LatticeError: arrays that do not fit each other; what `assemble_lattice` refuses.
    """
    _check_arrays(arrays, utterance)
    _check_flags(arrays, of_words, utterance)
    source, target, label, _ = arrays.arcs.T
    states = int(target.max(initial=0)) + 1
    arc, is_first = np.arange(len(source)), np.ones(len(source), dtype=bool)
    words = np.maximum(label if of_words else arrays.aux_labels, 0)
    if arrays.word_offsets is not None and not of_words:
        words, chain = _one_word_each(arrays, states)
        arc, is_first, source, target, states = chain.arc, chain.is_first, chain.source, chain.target, chain.num_states
    final_score = np.full(states, -np.inf)
    final_score[int(arrays.arcs[:, 1].max(initial=0))] = 0.0
    acoustic, lm = (np.where(is_first, values[arc], 0) for values in (arrays.acoustic_scores, arrays.lm_scores))
    frames = np.where(is_first, arrays.frames[arc], 0)
    keep, loose = with_final_scores(LooseArcs(source, target, words, acoustic, lm, final_score), frames)
    made: Union[Lattice, WordLattice]
    if of_words:
        columns, flags = arrays.columns, arrays.flags
        if columns is not None:
            of_kept = np.repeat(keep, frames)
            columns, flags = columns[of_kept], None if flags is None else flags[of_kept]
        made = assemble_word_lattice(utterance, loose, frames[keep], symbols, columns, None, flags)
    else:
        if frames.max() > 1:
            raise LatticeError(f"utterance {utterance!r}: an arc of {frames.max()} frames, where labels are columns")
        inputs = np.where(frames > 0, label[arc] + 1, 0)[keep]
        flags = None if arrays.flags is None else np.where(is_first, arrays.flags[arc], 0)[keep]
        made = assemble_lattice(utterance, loose, inputs, symbols, flags)
    return replace(made, reached_final=reached_final)


def _one_word_each(arrays: K2Arrays, states: int) -> Tuple[Ints, Chains]:
    """Arcs of several words as chains of arcs; the word of each."""
    has_word = arrays.aux_labels > 0
    count = np.diff(np.concatenate([[0], np.cumsum(has_word)])[arrays.word_offsets])
    chain = chains(arrays.arcs[:, 0], arrays.arcs[:, 1], np.maximum(count, 1), states)
    words = np.zeros(len(chain.arc), dtype=np.int64)
    words[count[chain.arc] > 0] = arrays.aux_labels[has_word]
    return words, chain


def _check_arrays(arrays: K2Arrays, utterance: str) -> None:
    count = len(arrays.arcs)
    offsets = arrays.column_offsets
    if (arrays.columns is None) != (offsets is None):
        raise LatticeError(f"utterance {utterance!r}: columns without column_offsets, or the other way round")
    states = int(arrays.arcs[:, :2].max(initial=0)) + 1
    lengths = {
        "aux_labels": len(arrays.aux_labels) if arrays.word_offsets is None else len(arrays.word_offsets) - 1,
        **{name: len(getattr(arrays, name)) for name in ("acoustic_scores", "lm_scores", "frames")},
        "columns": count if offsets is None else len(offsets) - 1,
    }
    for name, length in lengths.items():
        if length != count:
            raise LatticeError(f"utterance {utterance!r}: {name} is for {length} arcs, of which there are {count}")
    # Every state is the source or target of an arc, so there are no more of them than that.
    if count == 0 or states > 2 * count or arrays.arcs[:, :2].min() < 0 or arrays.arcs[:, 2].min() < -1:
        raise LatticeError(f"utterance {utterance!r}: {states} states on {count} arcs, or numbers below those of k2")
    if arrays.frames.min() < 0 or arrays.frames.max() > MAX_FRAMES:
        raise LatticeError(f"utterance {utterance!r}: an arc of {arrays.frames.min()} or {arrays.frames.max()} frames")
    whole = 0 if arrays.columns is None else len(arrays.columns)
    if offsets is not None and not (np.array_equal(np.diff(offsets), arrays.frames) and offsets[-1] == whole):
        raise LatticeError(f"utterance {utterance!r}: an arc has not as many columns as frames")


def _check_flags(arrays: K2Arrays, of_words: bool, utterance: str) -> None:
    flags = arrays.flags
    if flags is None:
        return
    expected = len(arrays.arcs) if not of_words else 0 if arrays.columns is None else len(arrays.columns)
    if len(flags) != expected or flags.min(initial=0) < 0 or flags.max(initial=0) > 255:
        raise LatticeError(f"utterance {utterance!r}: {len(flags)} flags, expected {expected} in 0 .. 255")
