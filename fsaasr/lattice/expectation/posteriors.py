"""Posteriors by frame."""

from __future__ import annotations

from typing import NamedTuple, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scoring import arc_posteriors
from fsaasr.lattice.word_lattice import WordLattice

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]


def frame_posteriors(
    lattice: Union[Lattice, WordLattice],
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> Float64:
    """Probability of each score column at each frame, float64 (T, C); rows sum to 1 up to the lattice's end frame.

    Scales as in `scaled_scores`.

    Raises:
      LatticeError: a word lattice without columns.
    """
    posterior = arc_posteriors(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    shape = (lattice.num_frames, len(lattice.column_token))
    if isinstance(lattice, Lattice):
        steps = lattice.input_label > 0
        return _table(lattice.arc_frame[steps], lattice.input_label[steps] - 1, posterior[steps], shape)
    if lattice.columns is None:
        raise LatticeError(f"frame_posteriors: the lattice of {lattice.utterance!r} does not know its columns")
    frame, arc = _frames(lattice)
    return _table(frame, lattice.columns, posterior[arc], shape)


class WordsByFrame(NamedTuple):
    """Labels that occur, int32 (V,) ascending, 0 for no word, and their posteriors, float64 (T, V)."""

    labels: Int32
    posterior: Float64


def word_frame_posteriors(
    lattice: WordLattice, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
) -> WordsByFrame:
    """Probability of being in each word at each frame; rows sum to 1 up to the end frame.

    Scales as in `scaled_scores`.
    """
    posterior = arc_posteriors(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    labels, place = np.unique(np.append(lattice.output_label, np.int32(0)), return_inverse=True)
    frame, arc = _frames(lattice)
    shape = (lattice.num_frames, len(labels))
    return WordsByFrame(labels, _table(frame, place[:-1][arc], posterior[arc], shape))


def _frames(lattice: WordLattice) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The frame and the arc of each of the arcs' frames, in the order of `columns`."""
    offsets = lattice.column_offsets
    arc = np.repeat(np.arange(lattice.num_arcs), np.diff(offsets))
    return np.arange(len(arc)) - offsets[arc] + lattice.arc_frame[arc], arc


def _table(row: npt.NDArray[np.int_], column: npt.NDArray[np.int_], share: Float64, shape: Tuple[int, int]) -> Float64:
    table = np.bincount(row * shape[1] + column, share, shape[0] * shape[1]).astype(np.float64)
    return table.reshape(shape)
