"""What an expectation step collects for a GMM-HMM, and the parameters that maximise the likelihood of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.models.diag_gmm import DiagGmm, Float64

_SMALLEST_WEIGHT = 1e-8
_SMALLEST_TRANSITION = 0.01


class GmmStatistics:
    """Sums over frames, weighted by occupancy; all float64.

    Attributes:
      occupancy: (M,) expected frames of each Gaussian.
      first, second: (M, F) sums of `x - centre` and `(x - centre)^2`.
      centre: (F,), what moments are taken about; keeps them accurate.
      moves: (C, W) expected transitions of each column, see `graph.Moves`.
      total: log likelihood of all utterances (of their best paths, with Viterbi).
      frames: how many there were.
    """

    def __init__(self, gmm: DiagGmm, num_moves: int = 2) -> None:
        self.gmm = gmm
        self.occupancy: Float64 = np.zeros(gmm.num_gaussians)
        self.first: Float64 = np.zeros((gmm.num_gaussians, gmm.dimension))
        self.second: Float64 = np.zeros((gmm.num_gaussians, gmm.dimension))
        self.centre: Float64 = gmm.centre
        self.moves: Float64 = np.zeros((gmm.num_columns, num_moves))
        self.total = 0.0
        self.frames = 0

    @property
    def column_occupancy(self) -> Float64:
        """(C,) expected frames of each column."""
        return np.add.reduceat(self.occupancy, self.gmm.offsets[:-1])

    def add_frames(
        self,
        matrix: FloatArray,
        column_occupancy: FloatArray,
        gaussian_scores: FloatArray,
        column_scores: FloatArray,
    ) -> None:
        """Adds frames whose columns' posteriors are known.

        Args:
          matrix: (T, F) features.
          column_occupancy: (T, C) posterior of each column.
          gaussian_scores, column_scores: (T, M) and (T, C), as `gmm` gives for these frames.
        """
        sizes = np.diff(self.gmm.offsets)
        share = gaussian_scores - np.repeat(column_scores, sizes, axis=1)
        np.exp(share, out=share)
        share *= np.repeat(column_occupancy.astype(np.float32, copy=False), sizes, axis=1)
        centred = (matrix - self.centre).astype(np.float32)
        self.occupancy += share.sum(axis=0, dtype=np.float64)
        self.first += share.T @ centred
        self.second += share.T @ (centred * centred)
        self.frames += len(matrix)

    def add(self, other: GmmStatistics) -> None:
        """Adds what was collected with the same mixtures."""
        for name in ("occupancy", "first", "second", "moves"):
            total = getattr(self, name)
            total += getattr(other, name)
        self.total += other.total
        self.frames += other.frames

    def add_columns(self, columns: npt.NDArray[np.int64], part: GmmStatistics) -> None:
        """Adds the frames that were collected with `gmm.select(columns)`."""
        gaussians = self.gmm.gaussians_of(columns)
        for name in ("occupancy", "first", "second"):
            getattr(self, name)[gaussians] += getattr(part, name)
        self.frames += part.frames

    def add_path(self, total: float, moves: Float64) -> None:
        """Adds an utterance's log likelihood and its (C, W) transition counts."""
        self.total += total
        self.moves += moves


def maximise(statistics: GmmStatistics, variance_floor: Float64, min_occupancy: float) -> DiagGmm:
    """The mixtures of greatest expected log likelihood, given what was collected.

    A Gaussian of fewer than `min_occupancy` frames keeps its mean and variance, and a column that no
    frame visited keeps all, so that the likelihood cannot fall (Dempster et al. 1977).

    Args:
      statistics: of one pass over the data.
      variance_floor: (F,), > 0.
      min_occupancy: frames.
    """
    gmm = statistics.gmm
    occupancy = statistics.occupancy
    column = statistics.column_occupancy[gmm.column_of]
    weights = np.where(column > 0, occupancy / np.maximum(column, 1e-300), gmm.weights)
    weights = np.maximum(weights, _SMALLEST_WEIGHT)
    weights /= np.add.reduceat(weights, gmm.offsets[:-1])[gmm.column_of]
    enough = (occupancy >= min_occupancy)[:, None]
    count = np.maximum(occupancy, 1e-300)[:, None]
    means = statistics.first / count
    variances = np.maximum(statistics.second / count - means**2, variance_floor)
    return DiagGmm(
        weights,
        np.where(enough, means + statistics.centre, gmm.means),
        np.where(enough, variances, gmm.variances),
        gmm.offsets,
    )


def maximise_transitions(statistics: GmmStatistics, previous: FloatArray, min_occupancy: float) -> FloatArray:
    """Transition probabilities of greatest likelihood, none of them below 0.01.

    Args:
      statistics: of one pass over the data.
      previous: float32 (C, W) logs, -inf where a column has no such transition.
      min_occupancy: a column of fewer transitions keeps its own.

    Returns:
      float32 (C, W) logs.
    """
    exist = np.isfinite(previous)
    floored = ~exist
    least = np.where(exist, _SMALLEST_TRANSITION, 0.0)
    shares = least
    # What is below the floor goes to it, and the rest shares what is left: until nothing more is below.
    for _ in range(previous.shape[1]):
        counts = np.where(floored, 0.0, statistics.moves)
        left = 1.0 - np.where(floored, least, 0.0).sum(axis=1, keepdims=True)
        shares = np.where(floored, least, left * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300))
        floored |= shares < least
    enough = statistics.moves.sum(axis=1, keepdims=True) >= min_occupancy
    updated = np.log(np.where(enough & exist, np.maximum(shares, 1e-300), 1.0))
    result: FloatArray = np.where(enough & exist, updated, previous).astype(np.float32)
    return result


def grow(gmm: DiagGmm, occupancy: Float64, target: int, power: float, min_count: float) -> DiagGmm:
    """Splits Gaussians until there are `target` of them, or none has frames enough.

    Columns receive Gaussians in proportion to occupancy^power (Kaldi's `--power`). Within a column the
    one of greatest weight is split: half the weight each, means 0.2 standard deviations to either side.

    Args:
      gmm: the mixtures.
      occupancy: (C,) frames of each column.
      target: number of Gaussians wanted.
      power: 0 (all columns alike) to 1 (in proportion to their frames).
      min_count: a column gets no more Gaussians than `occupancy / min_count`.
    """
    sizes = _target_sizes(np.diff(gmm.offsets), occupancy, target, power, min_count)
    parts = [_grow_column(gmm, column, size) for column, size in enumerate(sizes)]
    weights, means, variances = (np.concatenate(arrays) for arrays in zip(*parts))
    return replace(
        gmm, weights=weights, means=means, variances=variances, offsets=np.concatenate([[0], np.cumsum(sizes)])
    )


def _target_sizes(
    sizes: npt.NDArray[np.int64], occupancy: Float64, target: int, power: float, min_count: float
) -> npt.NDArray[np.int64]:
    sizes = sizes.copy()
    appeal = np.maximum(occupancy, 0.0) ** power
    while sizes.sum() < target:
        worth = np.where(occupancy / (sizes + 1) >= min_count, appeal / sizes, -np.inf)
        best = int(np.argmax(worth))
        if worth[best] == -np.inf:
            break
        sizes[best] += 1
    return sizes


def _grow_column(gmm: DiagGmm, column: int, size: int) -> tuple[Float64, Float64, Float64]:
    part = slice(int(gmm.offsets[column]), int(gmm.offsets[column + 1]))
    weights, means, variances = list(gmm.weights[part]), list(gmm.means[part]), list(gmm.variances[part])
    while len(weights) < size:
        heaviest = int(np.argmax(weights))
        step = 0.2 * np.sqrt(variances[heaviest])
        weights[heaviest] /= 2
        weights.append(weights[heaviest])
        means.append(means[heaviest] + step)
        variances.append(variances[heaviest])
        means[heaviest] = means[heaviest] - step
    return np.array(weights), np.array(means), np.array(variances)
