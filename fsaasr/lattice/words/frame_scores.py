"""Acoustic scores of frames: in a search's lattice, frame and column tell the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.lattice import Lattice


@dataclass(frozen=True, eq=False)
class FrameScores:
    """The acoustic score of each pair of frame and column that a lattice has.

    Attributes:
      keys: int64 (K,): `frame * columns + column`, ascending. scores: float32 (K,).
      columns: C.
    """

    keys: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    columns: int

    def of_arcs(
        self, frame: npt.NDArray[np.int32], frames: npt.NDArray[np.int64], columns: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float64]:
        """Sums of the scores of arcs (A,): first frame and number of frames of each, and all frames' columns (F,)."""
        ends = np.cumsum(frames)
        at = np.arange(len(columns)) + np.repeat(frame - (ends - frames), frames)
        scores = self.scores[np.searchsorted(self.keys, at * self.columns + columns)]
        sums = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
        totals: npt.NDArray[np.float64] = sums[ends] - sums[ends - frames]
        return totals


def frame_scores(lattice: Lattice) -> Optional[FrameScores]:
    """The table; None where a pair has several scores, or an arc without frame has one, as in foreign lattices."""
    consumes = lattice.input_label > 0
    if lattice.acoustic_score[~consumes].any():
        return None
    columns = len(lattice.column_token)
    keys = lattice.arc_frame[consumes].astype(np.int64) * columns + lattice.input_label[consumes] - 1
    scores = lattice.acoustic_score[consumes]
    unique, first, place = np.unique(keys, return_index=True, return_inverse=True)
    if not np.array_equal(scores[first][place], scores):
        return None
    return FrameScores(unique, scores[first], columns)
