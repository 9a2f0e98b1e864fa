"""Expected word errors of given words, exactly."""

from __future__ import annotations

from typing import List, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.risk.weighted_words import weighted_words
from fsaasr.lattice.scored_paths import ScoredPaths

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

MAX_ROWS = 20_000
"""Different rows of the edit distance table that are kept for one state."""


class _Rows(NamedTuple):
    """Histories of a state, told apart by what they leave to be done.

    Attributes:
      row: int32 (H, W + 1): edits to each prefix of the words, less the least of the row.
      probability: float64 (H,), given the state.
      edits: float64 (H,): what was subtracted from the row, on average, times the probability.
    """

    row: Int32
    probability: Float64
    edits: Float64

    def times(self, weight: float) -> _Rows:
        return _Rows(self.row, self.probability * weight, self.edits * weight)

    def after(self, word: int, words: Int32) -> _Rows:
        """The rows behind an arc with `word`."""
        steps = np.arange(len(words) + 1, dtype=np.int32)
        row = self.row + 1
        row[:, 1:] = np.minimum(row[:, 1:], self.row[:, :-1] + (words != word))
        row = np.minimum.accumulate(row - steps, axis=1) + steps
        least = row.min(axis=1)
        return _Rows(row - least[:, None], self.probability, self.edits + self.probability * least)


def expected_word_errors(
    lattice: ScoredPaths,
    words: Sequence[str],
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
    ignore: Sequence[str] = (),
) -> float:
    """The expected edit distance between `words` and the words of the lattice's paths under their posteriors, exactly.

    For each state, histories are kept as rows of the edit distance table; equal rows become one. Their number grows
    with the words' uncertainty that is spread over the whole of the utterance, not with the number of paths.

    Args:
      lattice: paths of words.
      words: names; those of `ignore` are left out.
      acoustic_scale, lm_scale, word_insertion_penalty, ignore: as in `mbr_decode`.

    Raises:
      LatticeError: more than MAX_ROWS rows in a state; a pruned lattice, or sharper posteriors, need fewer.
    """
    arcs = weighted_words([lattice], (acoustic_scale, lm_scale, word_insertion_penalty), ignore, [1.0])
    wanted = arcs.numbers_of([name for name in words if name not in ignore])
    arriving: List[List[_Rows]] = [[] for _ in arcs.time]
    arriving[0].append(_Rows(np.arange(len(wanted) + 1, dtype=np.int32)[None], np.ones(1), np.zeros(1)))
    state, rows = -1, arriving[0][0]
    for source, target, word, weight in zip(*(column.tolist() for column in arcs[:4])):
        if source != state:
            state, rows = source, _merged(arriving[source], lattice)
            arriving[source] = []
        arriving[target].append((rows.after(word, wanted) if word else rows).times(weight))
    last = _merged(arriving[-1], lattice)
    return float((last.probability * last.row[:, -1] + last.edits).sum())


def _merged(parts: Sequence[_Rows], lattice: ScoredPaths) -> _Rows:
    row, inverse = np.unique(np.concatenate([part.row for part in parts]), axis=0, return_inverse=True)
    if len(row) > MAX_ROWS:
        raise LatticeError(
            f"expected_word_errors: utterance {lattice.utterance!r}: {len(row)} different alignments meet in a state, "
            f"at most {MAX_ROWS} are kept; prune the lattice"
        )
    sums = np.zeros((2, len(row)))
    for total, i in zip(sums, (1, 2)):
        np.add.at(total, inverse.reshape(-1), np.concatenate([part[i] for part in parts]))
    return _Rows(row, sums[0], sums[1])
