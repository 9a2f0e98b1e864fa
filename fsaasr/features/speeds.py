"""Features of audio that is played faster or slower, for training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Optional, Sequence

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.features.config import FeatureConfig
from fsaasr.features.extract import FeatureBatch, Storage, compute_features


def add_speeds(
    features: FeatureBatch,
    cuts: Iterable[Any],
    config: FeatureConfig,
    speeds: Sequence[float],
    *,
    resample: bool = False,
    cache_dir: Optional[PathLike] = None,
    storage: Storage = "memory",
) -> FeatureBatch:
    """The same utterances at other speeds beside them: the waveform is resampled, so that pitch moves, too.

    Ko et al. 2015; Lhotse's `perturb_speed`. Mean and variance are normalized among utterances of one speed.

    Args:
      features: of `cuts`, in their order.
      cuts: Lhotse cuts with one channel of audio each.
      config: how `features` were extracted.
      speeds: above 0; 1 is what is there already.
      resample, cache_dir, storage: as `compute_features`.

    Returns:
      `features` with `at_speed`.

    Raises:
      ConfigError: a speed out of range.
      CorpusError: as `compute_features`.
    """
    if not all(0.25 <= speed <= 4 for speed in speeds):
        raise ConfigError(f"add_speeds: speeds {tuple(speeds)}; expected 0.25 to 4, usually 0.9, 1.0 and 1.1")
    listed = list(cuts)
    at_speed = {
        speed: compute_features(
            [cut.perturb_speed(speed, affix_id=False) for cut in listed],
            config,
            resample=resample,
            cache_dir=cache_dir,
            storage=storage,
        ).matrices
        for speed in dict.fromkeys(speeds)
        if speed != 1
    }
    return replace(features, at_speed=at_speed)
