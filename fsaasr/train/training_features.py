"""Features as training sees them: drawn from an utterance's speeds, and augmented."""

from __future__ import annotations

import numpy as np

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.train.augment import AugmentConfig, Augmented, augment


def draw_features(
    features: FeatureBatch, number: int, config: AugmentConfig, rng: np.random.Generator, least_frames: int = 1
) -> Augmented:
    """One utterance as it is trained on this time.

    A task's `loss` calls it for each utterance of a batch with the generator that `fit` gives, so that each epoch has
    its own draw, the same in a run that resumes:

        drawn = [draw_features(self._features, n, self._config.augment, rng, least[n]) for n in batch]
        batch, lengths = pad_matrices([utterance.matrix for utterance in drawn])

    Targets by frame follow `places`; transcripts need no care.

    Args:
      features: the training utterances, with `at_speed` (`add_speeds`) for the speeds that `config` names.
      number: of the utterance.
      config: speeds and augmentation.
      rng: source of all chance.
      least_frames: the result has no fewer, unless the utterance itself has; a speed that leaves fewer is not used.

    Raises:
      TrainingError: features lack a speed.
    """
    spoken = features.matrices[number]
    speed = config.speeds[int(rng.integers(len(config.speeds)))] if len(config.speeds) > 1 else config.speeds[0]
    if speed == 1:
        return augment(spoken, config, rng, least_frames)
    if speed not in features.at_speed:
        raise TrainingError(
            f"draw_features: no features at speed {speed}, only at {(1.0, *features.at_speed)}; extract them with "
            "add_speeds, or leave the speed out of augment.speeds"
        )
    perturbed = features.at_speed[speed][number]
    if len(perturbed) < least_frames:
        return augment(spoken, config, rng, least_frames)
    drawn = augment(perturbed, config, rng, least_frames)
    # The middle of frame t is t + 1/2 frames after the beginning.
    places = (drawn.places + 0.5) * speed - 0.5
    return Augmented(drawn.matrix, places.clip(0, len(spoken) - 1))


def check_augmentation(config: AugmentConfig, features: FeatureConfig, function: str) -> None:
    """Raises ConfigError where features are samples and `config` would treat them as frames' features."""
    if features.kind == "waveform" and (
        config.tempo or config.time_warp or (config.feature_masks and config.feature_width)
    ):
        raise ConfigError(
            f"{function}: augment has tempo {config.tempo}, time_warp {config.time_warp}, feature_masks "
            f"{config.feature_masks}, which make no sense of features of kind waveform; set them to 0, and give speeds"
        )
