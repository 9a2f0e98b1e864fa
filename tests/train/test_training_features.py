"""Utterances as training draws them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.ctc import train_ctc
from fsaasr.train.training_features import check_augmentation, draw_features
from tests.train.test_ctc import QUICK
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

OFF = AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)
SPEEDS = (0.8, 1.0, 1.25)


def batch_at_speeds() -> FeatureBatch:
    """An utterance of 40 frames whose one feature is the time at which a frame's middle was spoken."""

    def spoken(speed: float) -> np.ndarray:
        return ((np.arange(round(40 / speed), dtype=np.float32) + 0.5) * speed)[:, None]

    at_speed = {speed: (spoken(speed),) for speed in SPEEDS if speed != 1}
    return FeatureBatch(("a",), (spoken(1.0),), ("",), ("no",), 0.01, at_speed)


def test_every_speed_is_drawn_and_nothing_else() -> None:
    config = replace(OFF, speeds=SPEEDS)
    rng = np.random.default_rng(0)
    lengths = [len(draw_features(batch_at_speeds(), 0, config, rng).matrix) for _ in range(30)]
    assert set(lengths) == {50, 40, 32}
    assert {len(draw_features(batch_at_speeds(), 0, OFF, rng).matrix) for _ in range(10)} == {40}
    slow = replace(OFF, speeds=(0.8,))
    assert {len(draw_features(batch_at_speeds(), 0, slow, rng).matrix) for _ in range(10)} == {50}


def test_the_same_generator_state_gives_the_same_draws() -> None:
    config = replace(OFF, speeds=SPEEDS)

    def draws() -> list:
        rng = np.random.default_rng(3)
        return [len(draw_features(batch_at_speeds(), 0, config, rng).matrix) for _ in range(10)]

    assert draws() == draws()


@pytest.mark.parametrize("config", [OFF, replace(OFF, tempo=0.2), replace(OFF, time_warp=4, tempo=0.1)])
def test_places_are_of_the_utterance_as_spoken(config: AugmentConfig) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        drawn = draw_features(batch_at_speeds(), 0, replace(config, speeds=SPEEDS), rng)
        # The outer frames of slower speech lie beyond the first and last frame's middles.
        np.testing.assert_allclose(drawn.places + 0.5, drawn.matrix[:, 0].clip(0.5, 39.5), atol=1e-3)
        assert drawn.places.min() >= 0
        assert drawn.places.max() <= 39


def test_a_speed_that_leaves_too_few_frames_is_not_used() -> None:
    config, rng = replace(OFF, speeds=SPEEDS), np.random.default_rng(0)
    assert {len(draw_features(batch_at_speeds(), 0, config, rng, 35).matrix) for _ in range(30)} == {50, 40}


def test_a_speed_that_was_not_extracted_is_an_error() -> None:
    with pytest.raises(TrainingError, match=r"no features at speed 0\.5, only at \(1\.0, 0\.8, 1\.25\)"):
        draw_features(batch_at_speeds(), 0, replace(OFF, speeds=(0.5,)), np.random.default_rng(0))


def test_training_draws_from_the_speeds() -> None:
    batch = toy_batch(12)
    slower = tuple(np.repeat(matrix, 2, axis=0) for matrix in batch.matrices)
    batch = replace(batch, at_speed={0.5: slower})
    config = replace(QUICK, augment=replace(QUICK.augment, speeds=(0.5, 1.0)))
    first, second = (train_ctc(batch, toy_lexicon(), CONFIG, config).history for _ in range(2))
    assert first == second
    assert first != train_ctc(batch, toy_lexicon(), CONFIG, QUICK).history


def test_checkpoints_know_the_speeds() -> None:
    batch, lexicon = batch_at_speeds(), Lexicon.from_text("no N\n")
    assert fingerprint([], lexicon, [batch]) != fingerprint([], lexicon, [replace(batch, at_speed={})])


@pytest.mark.parametrize("change", [{"tempo": 0.1}, {"time_warp": 3}, {"feature_masks": 1}])
def test_samples_are_not_augmented_as_features_are(change: dict[str, Any]) -> None:
    check_augmentation(OFF, FeatureConfig(kind="waveform"), "train")
    check_augmentation(replace(OFF, **change), FeatureConfig(kind="fbank"), "train")
    with pytest.raises(ConfigError, match="train: augment has"):
        check_augmentation(replace(OFF, **change), FeatureConfig(kind="waveform"), "train")
