"""Lattices to and from k2: an Fsa in memory, with attributes that k2's own functions carry along.

`labels` are score columns (`Lattice`) or words (`WordLattice`), -1 on the arcs to k2's last state; `aux_labels` are
words; `scores` = `acoustic_scores` + `lm_scores`, where `lm_scores` is the whole graph score; `frames` is the number
of frames of an arc: k2's label 0 is blank as well as epsilon. A word lattice has the ragged `columns` and
`column_flags` of its frames, a lattice of frames has `arc_flags`, both as in `DecodingGraph`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.stack import import_k2
from fsaasr.lattice.check import check
from fsaasr.lattice.formats.k2_arrays import K2Arrays, k2_arrays, lattice_of_arrays
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

WORDS = "WordLattice"
"""Value of the attribute `lattice_type` where labels are words."""


def lattice_to_k2(lattice: ScoredPaths) -> Any:
    """A k2.Fsa of a lattice, topologically sorted; best and total score by k2 are the lattice's own.

    Its attributes `utterance`, `frame_shift`, `reached_final` and `lattice_type` say the rest; what k2 makes of the
    Fsa can be read back with `lattice_from_k2`. Flags and evidence of the search and parts of scores stay behind.

    Raises:
      MissingDependencyError: no k2 that fits.
    """
    import torch

    k2 = import_k2()
    check(lattice)
    arrays = k2_arrays(lattice)
    fsa = k2.Fsa(torch.from_numpy(arrays.arcs))
    for name in ("aux_labels", "acoustic_scores", "lm_scores", "frames"):
        setattr(fsa, name, torch.from_numpy(getattr(arrays, name)))
    if arrays.columns is not None and arrays.column_offsets is not None:
        offsets = torch.from_numpy(arrays.column_offsets.astype(np.int32))
        shape = k2.ragged.create_ragged_shape2(offsets, None, len(arrays.columns))
        fsa.columns = k2.RaggedTensor(shape, torch.from_numpy(arrays.columns))
        if arrays.flags is not None:
            fsa.column_flags = k2.RaggedTensor(shape, torch.from_numpy(arrays.flags))
    elif arrays.flags is not None:
        fsa.arc_flags = torch.from_numpy(arrays.flags)
    for name in ("utterance", "frame_shift", "reached_final"):
        setattr(fsa, name, getattr(lattice, name))
    fsa.lattice_type = type(lattice).__name__
    return fsa


def lattice_from_k2(fsa: Any, symbols: LatticeSymbols, utterance: Optional[str] = None) -> ScoredPaths:
    """The lattice in a k2.Fsa: one that `lattice_to_k2` made, whatever k2 did to it, or one of k2's own search.

    Args:
      fsa: a single Fsa without cycles. Without `frames`, as in what `k2.intersect_dense` gives, every arc but those
        to the last state takes a frame, and its label is its column. An arc with several words becomes a chain.
        Without `acoustic_scores`, they are the scores less `lm_scores`; without these, all of the scores.
      symbols: names of the labels; the frame shift is the Fsa's own where it has one.
      utterance: id; the Fsa's own if None.

    Returns:
      A `WordLattice` if the Fsa says so, else a `Lattice`.

    Raises:
      LatticeError: a FsaVec, labels beyond the symbols, cycles, paths that differ in frames.
    """
    if len(fsa.shape) != 2:
        raise LatticeError("lattice_from_k2: found a FsaVec, expected one Fsa; take `fsa_vec[i]`")
    rows = fsa.arcs.values().cpu().numpy()[:, :3]
    scores = fsa.scores.detach().cpu().numpy()
    lm = _floats(fsa, "lm_scores", np.zeros_like(scores))
    words, word_offsets = _ragged(fsa, "aux_labels")
    columns, column_offsets = _ragged(fsa, "columns")
    of_words = getattr(fsa, "lattice_type", "") == WORDS
    arrays = K2Arrays(
        np.concatenate([rows, scores[:, None].view(np.int32)], axis=1),
        np.zeros(len(rows), dtype=np.int32) if words is None else words,
        _floats(fsa, "acoustic_scores", scores - lm),
        lm,
        fsa.frames.cpu().numpy() if hasattr(fsa, "frames") else (rows[:, 2] >= 0).astype(np.int32),
        columns,
        column_offsets,
        _ragged(fsa, "column_flags" if of_words else "arc_flags")[0],
        word_offsets,
    )
    symbols = replace(symbols, frame_shift=getattr(fsa, "frame_shift", symbols.frame_shift))
    name = getattr(fsa, "utterance", "") if utterance is None else utterance
    return lattice_of_arrays(arrays, of_words, name, symbols, getattr(fsa, "reached_final", True))


def _floats(fsa: Any, name: str, default: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    values = getattr(fsa, name, None)
    return default if values is None else values.detach().cpu().numpy()


def _ragged(fsa: Any, name: str) -> Tuple[Optional[npt.NDArray[Any]], Optional[npt.NDArray[Any]]]:
    """Values, and offsets if they are ragged; None where there are none."""
    values = getattr(fsa, name, None)
    if isinstance(values, import_k2().RaggedTensor):
        return values.values.cpu().numpy(), values.shape.row_splits(1).cpu().numpy()
    return None if values is None else values.cpu().numpy(), None
