"""Best alignments of all data, kept so that several passes can share them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.train.expectation import HmmUtterance, best_path, column_scores
from fsaasr.train.gmm_statistics import GmmStatistics

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class AlignedFrames:
    """The frames of all utterances, by the column that each one's best path visits there.

    Attributes:
      frames: float32 (T, F), of column 0, then of column 1, ...
      offsets: int64 (C + 1,); those of column c are `offsets[c] : offsets[c + 1]`.
      order: int64 (T,), place of each frame in the data, one utterance after another.
      moves: float64 (C, W), transitions taken.
      rest: sum of what the paths score beside frames and transitions.
    """

    frames: FloatArray
    offsets: Int64
    order: Int64
    moves: Float64
    rest: float

    @property
    def columns(self) -> Int64:
        """int64 (T,): column of each frame, in the order of the data."""
        columns = np.empty(len(self.order), dtype=np.int64)
        columns[self.order] = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        return columns

    def with_frames(self, frames: FloatArray, rest: float) -> AlignedFrames:
        """The same paths over other features (T, F), in the order of the data, which score `rest` more."""
        return replace(self, frames=frames[self.order], rest=self.rest + rest)


def align_frames(
    gmm: DiagGmm, transitions: FloatArray, utterances: Sequence[HmmUtterance], threads: int = 1
) -> AlignedFrames:
    """Aligns all utterances; arguments and errors as for `expectation`."""

    def align(utterance: HmmUtterance) -> Tuple[Int64, Float64, float]:
        scores = column_scores(gmm, utterance)
        best = best_path(utterance, transitions, scores)
        path = best.columns.argmax(axis=1)
        acoustic = float(scores[np.arange(len(path)), path].sum(dtype=np.float64))
        return path, best.moves, best.total - acoustic

    with ThreadPoolExecutor(threads) as pool:
        paths, moves, others = zip(*pool.map(align, utterances))
    columns = np.concatenate(paths)
    frames = np.concatenate([utterance.matrix for utterance in utterances])
    offsets = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=gmm.num_columns))])
    taken = np.sum(moves, axis=0)
    rest = sum(others) - _moves_score(taken, transitions)
    order = np.argsort(columns, kind="stable")
    return AlignedFrames(frames[order], offsets, order, taken, rest)


def aligned_expectation(
    gmm: DiagGmm, transitions: FloatArray, aligned: AlignedFrames, observed: Optional[FloatArray] = None
) -> GmmStatistics:
    """Statistics of frames whose columns are known; the total is the score of the aligned paths.

    Args:
      gmm, transitions: give the posteriors of Gaussians, and the scores.
      aligned: the frames.
      observed: float32 (T, F), what is summed instead of each of these frames; None for the frames themselves.
    """
    observed = aligned.frames if observed is None else observed
    statistics = GmmStatistics(gmm, transitions.shape[1])
    total = aligned.rest + _moves_score(aligned.moves, transitions)
    for column in np.flatnonzero(np.diff(aligned.offsets)):
        place = slice(aligned.offsets[column], aligned.offsets[column + 1])
        frames = aligned.frames[place]
        part = gmm.select(np.array([column]))
        gaussian_scores = part.gaussian_scores(frames)
        scores = part.sum_columns(gaussian_scores)
        collected = GmmStatistics(part)
        collected.add_frames(observed[place], np.ones_like(scores), gaussian_scores, scores)
        statistics.add_columns(np.array([column]), collected)
        total += float(scores.sum(dtype=np.float64))
    statistics.add_path(total, aligned.moves)
    return statistics


def _moves_score(moves: Float64, transitions: FloatArray) -> float:
    taken = moves > 0
    return float(moves[taken] @ transitions[taken].astype(np.float64))
