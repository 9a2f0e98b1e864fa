"""Feature augmentation: masks and tempo, drawn from a generator that the caller gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import FloatArray


@dataclass(frozen=True)
class AugmentConfig:
    """What is done to an utterance's features; zeros switch a part off.

    Attributes:
      time_masks: stretches of frames set to the mean. time_width: frames of the longest.
      time_share: masked frames a mask, at most, as a share of the utterance, 0 to 1.
      feature_masks: bands of features set to the mean. feature_width: features of the widest.
      tempo: the utterance is stretched or shrunk in time by up to this share, 0 to below 1.
    """

    __pydantic_config__ = STRICT

    time_masks: int = 2
    time_width: int = 15
    time_share: float = 0.1
    feature_masks: int = 2
    feature_width: int = 6
    tempo: float = 0.1

    def __post_init__(self) -> None:
        if min(self.time_masks, self.time_width, self.feature_masks, self.feature_width) < 0:
            raise ConfigError("AugmentConfig: found a negative number of masks or width; expected 0 or more")
        if not (0 <= self.time_share <= 1 and 0 <= self.tempo < 1):
            raise ConfigError(
                f"AugmentConfig: time_share {self.time_share}, tempo {self.tempo}; expected 0 to 1, 0 to below 1"
            )


def augment(matrix: FloatArray, config: AugmentConfig, rng: np.random.Generator, least_frames: int = 1) -> FloatArray:
    """A changed copy of one utterance's features.

    Masks follow SpecAugment (Park et al. 2019), without its time warping; tempo is changed by linear
    interpolation between frames.

    Args:
      matrix: (T, F).
      config: what to do.
      rng: source of all chance.
      least_frames: the result is not made shorter than this.

    Returns:
      float32 (T', F); T' = T where tempo is 0.
    """
    result = _change_tempo(matrix, config.tempo, rng, least_frames) if config.tempo else matrix.copy()
    frames, features = result.shape
    mean = result.mean(axis=0)
    longest = min(config.time_width, int(config.time_share * frames))
    for start, width in _spans(config.time_masks, longest, frames, rng):
        result[start : start + width] = mean
    for start, width in _spans(config.feature_masks, min(config.feature_width, features), features, rng):
        result[:, start : start + width] = mean[start : start + width]
    return result


def _spans(count: int, longest: int, total: int, rng: np.random.Generator) -> List[tuple[int, int]]:
    widths = rng.integers(0, longest + 1, size=count)
    return [(int(rng.integers(0, total - width + 1)), int(width)) for width in widths]


def _change_tempo(matrix: FloatArray, share: float, rng: np.random.Generator, least_frames: int) -> FloatArray:
    frames = max(least_frames, 1, round(len(matrix) * (1.0 + rng.uniform(-share, share))))
    place = np.linspace(0.0, len(matrix) - 1.0, frames)
    before = np.floor(place).astype(np.int64)
    after = np.minimum(before + 1, len(matrix) - 1)
    share_after = (place - before).astype(np.float32)[:, None]
    result: FloatArray = matrix[before] * (1 - share_after) + matrix[after] * share_after
    return result
