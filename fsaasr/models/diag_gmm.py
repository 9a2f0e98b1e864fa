"""`DiagGmm`: one mixture of diagonal Gaussians per score column, as frozen arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ModelError

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_LOG_2PI = float(np.log(2 * np.pi))


BLOCK = 4096
"""Frames whose Gaussians are scored at a time."""


@dataclass(frozen=True, eq=False)
class DiagGmm:
    """C mixtures of M Gaussians in all, over features of F dimensions.

    The Gaussians of column c are `offsets[c] : offsets[c + 1]`.

    Attributes:
      weights: float64 (M,), in 0 .. 1, summing to 1 within each column.
      means: float64 (M, F).
      variances: float64 (M, F), > 0.
      offsets: int64 (C + 1,), rising from 0 to M.

    Raises:
      ModelError: shapes that do not fit, a column without a Gaussian, a variance <= 0, weights that do not sum to 1.
    """

    weights: Float64
    means: Float64
    variances: Float64
    offsets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("weights", "means", "variances"):
            object.__setattr__(self, name, _frozen(getattr(self, name), np.float64))
        object.__setattr__(self, "offsets", _frozen(self.offsets, np.int64))
        self._check()

    def _check(self) -> None:
        if self.means.ndim != 2 or self.means.shape != self.variances.shape or len(self.weights) != len(self.means):
            raise ModelError(
                f"DiagGmm: weights {self.weights.shape}, means {self.means.shape}, variances {self.variances.shape}; "
                "expected (M,), (M, F), (M, F)"
            )
        if len(self.offsets) < 2 or self.offsets[0] != 0 or self.offsets[-1] != len(self.weights):
            raise ModelError(f"DiagGmm: offsets do not run from 0 to {len(self.weights)} Gaussians")
        if np.any(np.diff(self.offsets) < 1):
            raise ModelError(f"DiagGmm: column {int(np.argmin(np.diff(self.offsets)))} has no Gaussian")
        if not (np.isfinite(self.means).all() and np.isfinite(self.variances).all() and (self.variances > 0).all()):
            raise ModelError("DiagGmm: a mean is not finite or a variance is not > 0; floor the variances")
        sums = np.add.reduceat(self.weights, self.offsets[:-1])
        if (self.weights < 0).any() or not np.allclose(sums, 1.0, atol=1e-6):
            raise ModelError(f"DiagGmm: weights of column {int(np.argmax(np.abs(sums - 1)))} do not sum to 1")

    @property
    def num_columns(self) -> int:
        """C."""
        return len(self.offsets) - 1

    @property
    def num_gaussians(self) -> int:
        """M."""
        return len(self.weights)

    @property
    def dimension(self) -> int:
        """F."""
        return int(self.means.shape[1])

    @cached_property
    def column_of(self) -> npt.NDArray[np.int64]:
        """int64 (M,): score column of each Gaussian."""
        return np.repeat(np.arange(self.num_columns), np.diff(self.offsets))

    @cached_property
    def centre(self) -> Float64:
        """float64 (F,): a point that features are taken relative to; keeps terms small, so that float32 will do."""
        centre: Float64 = self.means.mean(axis=0)
        return centre

    @cached_property
    def _quadratic(self) -> Tuple[Float32, Float32]:
        """Matrix (2F, M) and constant (M,): scores are `[x - centre, (x - centre)^2] @ matrix + constant`."""
        means = self.means - self.centre
        precision = 1.0 / self.variances
        with np.errstate(divide="ignore"):
            constant = np.log(self.weights) - 0.5 * (
                self.dimension * _LOG_2PI + np.log(self.variances).sum(axis=1) + (means**2 * precision).sum(axis=1)
            )
        matrix = np.concatenate([means * precision, -0.5 * precision], axis=1).T
        return np.ascontiguousarray(matrix, dtype=np.float32), constant.astype(np.float32)

    def gaussians_of(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """int64: the Gaussians of some columns, column after column."""
        sizes = np.diff(self.offsets)[columns]
        ends = np.cumsum(sizes)
        first = np.repeat(self.offsets[columns] - (ends - sizes), sizes)
        gaussians: npt.NDArray[np.int64] = first + np.arange(len(first))
        return gaussians

    def select(self, columns: npt.NDArray[np.int64]) -> DiagGmm:
        """The mixtures of some columns, int64 (n,), n >= 1, which score there as the whole does."""
        chosen = self.gaussians_of(columns)
        offsets = np.concatenate([[0], np.cumsum(np.diff(self.offsets)[columns])])
        part = DiagGmm(self.weights[chosen], self.means[chosen], self.variances[chosen], offsets)
        matrix, constant = self._quadratic
        # Not worked out anew, since training selects once an utterance.
        part.__dict__.update(centre=self.centre, _quadratic=(matrix[:, chosen], constant[chosen]))
        return part

    def gaussian_scores(self, matrix: npt.ArrayLike) -> Float32:
        """`log w_m + log N(x_t; mean_m, variance_m)` of every frame and Gaussian.

        Args:
          matrix: (T, F) features.

        Returns:
          float32 (T, M).

        Raises:
          ModelError: features of another dimension.
        """
        frames = np.asarray(matrix)
        if frames.ndim != 2 or frames.shape[1] != self.dimension:
            raise ModelError(
                f"DiagGmm.gaussian_scores: features of shape {frames.shape}, expected (T, {self.dimension}); "
                "extract them with the model's own feature configuration"
            )
        quadratic, constant = self._quadratic
        centred = (frames - self.centre).astype(np.float32)
        scores: Float32 = np.concatenate([centred, centred * centred], axis=1) @ quadratic
        scores += constant
        return scores

    def log_likelihoods(self, matrix: npt.ArrayLike) -> Float32:
        """`log p(x_t | column c)`: float32 (T, C) for features (T, F); raises as `gaussian_scores`.

        Memory for the Gaussians is that of `BLOCK` frames, however many there are.
        """
        frames = np.asarray(matrix)
        starts = range(0, max(len(frames), 1), BLOCK)
        return np.concatenate([self.sum_columns(self.gaussian_scores(frames[t : t + BLOCK])) for t in starts])

    def sum_columns(self, gaussian_scores: Float32) -> Float32:
        """Log-sum over the Gaussians of each column: (T, M) to float32 (T, C)."""
        if self.num_gaussians == self.num_columns:
            return gaussian_scores.copy()
        starts = self.offsets[:-1]
        peak = np.maximum.reduceat(gaussian_scores, starts, axis=1)
        shifted = gaussian_scores - np.repeat(peak, np.diff(self.offsets), axis=1)
        np.exp(shifted, out=shifted)
        total: Float32 = peak + np.log(np.add.reduceat(shifted, starts, axis=1))
        return total


def _frozen(values: npt.ArrayLike, dtype: Any) -> npt.NDArray[Any]:
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array
