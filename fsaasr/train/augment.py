"""Feature augmentation: masks and tempo, drawn from a generator that the caller gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

import numpy as np
import numpy.typing as npt

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
      time_warp: one frame, and those around it in proportion, is moved by up to so many frames.
      tempo: the utterance is stretched or shrunk in time by up to this share, 0 to below 1.
      speeds: each time an utterance is drawn it is drawn from these, 1 being as it was spoken. Others are features of
        audio that was resampled, which `add_speeds` extracts.
    """

    __pydantic_config__ = STRICT

    time_masks: int = 2
    time_width: int = 15
    time_share: float = 0.1
    feature_masks: int = 2
    feature_width: int = 6
    time_warp: int = 0
    tempo: float = 0.1
    speeds: Tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if min(self.time_masks, self.time_width, self.feature_masks, self.feature_width, self.time_warp) < 0:
            raise ConfigError("AugmentConfig: found a negative number of masks or width; expected 0 or more")
        if not (0 <= self.time_share <= 1 and 0 <= self.tempo < 1):
            raise ConfigError(
                f"AugmentConfig: time_share {self.time_share}, tempo {self.tempo}; expected 0 to 1, 0 to below 1"
            )
        if not self.speeds or min(self.speeds) <= 0:
            raise ConfigError(f"AugmentConfig: speeds {self.speeds}; expected one or more above 0, e.g. 0.9, 1.0, 1.1")


@dataclass(frozen=True)
class Augmented:
    """A changed utterance.

    Attributes:
      matrix: float32 (T', F).
      places: float64 (T',), rising: the frame, 0 to T - 1, of the unchanged utterance that each row shows. Targets by
        frame follow: `targets[np.rint(places).astype(int)]`.
    """

    matrix: FloatArray
    places: npt.NDArray[np.float64]


def augment(matrix: FloatArray, config: AugmentConfig, rng: np.random.Generator, least_frames: int = 1) -> Augmented:
    """A changed copy of one utterance's features.

    Masks and time warping follow SpecAugment (Park et al. 2019); tempo is changed by linear interpolation between
    frames. (`draw_features` draws a speed, too.)

    Args:
      matrix: (T, F).
      config: what to do.
      rng: source of all chance.
      least_frames: the result is not made shorter than this.

    Returns:
      T' = T where tempo is 0.
    """
    places = np.arange(len(matrix), dtype=np.float64)
    if config.tempo:
        places = _change_tempo(len(matrix), config.tempo, rng, least_frames)
    if config.time_warp:
        places = np.interp(_warp(len(places), config.time_warp, rng), np.arange(len(places)), places)
    result = _frames_at(matrix, places) if config.tempo or config.time_warp else matrix.copy()
    frames, features = result.shape
    mean = result.mean(axis=0)
    longest = min(config.time_width, int(config.time_share * frames))
    for start, width in _spans(config.time_masks, longest, frames, rng):
        result[start : start + width] = mean
    for start, width in _spans(config.feature_masks, min(config.feature_width, features), features, rng):
        result[:, start : start + width] = mean[start : start + width]
    return Augmented(result, places)


def _spans(count: int, longest: int, total: int, rng: np.random.Generator) -> List[Tuple[int, int]]:
    widths = rng.integers(0, longest + 1, size=count)
    return [(int(rng.integers(0, total - width + 1)), int(width)) for width in widths]


def _change_tempo(length: int, share: float, rng: np.random.Generator, least_frames: int) -> npt.NDArray[np.float64]:
    frames = max(least_frames, 1, round(length * (1.0 + rng.uniform(-share, share))))
    return np.linspace(0.0, length - 1.0, frames)


def _warp(frames: int, furthest: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """One frame moves, and all between it and the ends with it; too short utterances stay."""
    times = np.arange(frames, dtype=np.float64)
    if frames < 2 * furthest + 3:
        return times
    centre = int(rng.integers(furthest + 1, frames - furthest - 1))
    moved = centre + int(rng.integers(-furthest, furthest + 1))
    return np.interp(times, [0, moved, frames - 1], [0, centre, frames - 1])


def _frames_at(matrix: FloatArray, places: npt.NDArray[np.float64]) -> FloatArray:
    before = np.floor(places).astype(np.int64)
    after = np.minimum(before + 1, len(matrix) - 1)
    share_after = (places - before).astype(np.float32)[:, None]
    result: FloatArray = matrix[before] * (1 - share_after) + matrix[after] * share_after
    return result
