"""Normalisation and derivatives of feature matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import FloatArray

DELTA_WINDOW = 2
"""Frames on either side that a derivative looks at, Kaldi's default."""

_VARIANCE_FLOOR = 1e-10


def add_deltas(features: FloatArray, order: int) -> FloatArray:
    """Appends time derivatives by linear regression.

    The derivative of order o is one filter over the original frames, the regression filter
    `[-2, -1, 0, 1, 2] / 10` convolved o times with itself; frames beyond the ends repeat the first and last
    frame. (Kaldi's `ComputeDeltas`, feat/feature-functions.cc; not the derivative of the derivative at the ends.)

    Args:
      features: float32 (T, F), T >= 1.
      order: 0, 1 or 2.

    Returns:
      float32 (T, F * (1 + order)): the features, then each derivative.

    Raises:
      ConfigError: an order out of range.
    """
    if order not in (0, 1, 2):
        raise ConfigError(f"add_deltas: order is {order}, expected 0, 1 or 2")
    taps = np.arange(-DELTA_WINDOW, DELTA_WINDOW + 1, dtype=np.float64)
    taps /= np.sum(taps**2)
    blocks = [np.asarray(features, dtype=np.float64)]
    kernel = np.ones(1)
    for _ in range(order):
        kernel = np.convolve(kernel, taps)
        reach = len(kernel) // 2
        padded = np.pad(blocks[0], ((reach, reach), (0, 0)), mode="edge")
        blocks.append(sum(tap * padded[k : k + len(features)] for k, tap in enumerate(kernel)))
    return np.concatenate(blocks, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Statistics:
    """Mean frame, float64 (F,), and what frames are multiplied with once it is subtracted."""

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    def apply(self, matrix: FloatArray) -> FloatArray:
        """Normalised, float32 (T, F), a new array."""
        normalised: FloatArray = ((matrix - self.mean) * self.scale).astype(np.float32)
        return normalised


def normalise(matrices: Sequence[FloatArray], groups: Sequence[str], variance: bool = False) -> List[FloatArray]:
    """Subtracts each group's mean frame and, if asked, divides by its standard deviation.

    Args:
      matrices: N float32 (T_n, F).
      groups: N names; utterances of one name (a speaker, or the utterance alone) share statistics.
      variance: normalise to unit variance as well.

    Returns:
      N float32 (T_n, F), new arrays.
    """
    statistics = group_statistics(matrices, groups, variance)
    return [statistics[group].apply(matrix) for group, matrix in zip(groups, matrices)]


def group_statistics(
    matrices: Sequence[FloatArray], groups: Sequence[str], variance: bool = False
) -> Dict[str, Statistics]:
    """Statistics of each group; arguments as `normalise`. One matrix at a time is looked at."""
    members: Dict[str, List[int]] = {}
    for n, group in enumerate(groups):
        members.setdefault(group, []).append(n)
    found = {}
    for group, indices in members.items():
        frames, total = 0, np.zeros(1)
        for n in indices:
            matrix = matrices[n]
            frames, total = frames + len(matrix), total + matrix.sum(axis=0, dtype=np.float64)
        mean = total / frames
        scale = np.ones_like(mean)
        if variance:
            spread = sum(np.square(matrices[n] - mean).sum(axis=0) for n in indices) / frames
            scale = 1.0 / np.sqrt(np.maximum(spread, _VARIANCE_FLOOR))
        found[group] = Statistics(mean, scale)
    return found
