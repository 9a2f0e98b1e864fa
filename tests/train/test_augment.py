from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError
from fsaasr.train.augment import AugmentConfig, augment

OFF = AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)


def features(frames: int = 50, dimension: int = 12) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(frames, dimension)).astype(np.float32)


def changed(config: AugmentConfig, seed: int = 1, least_frames: int = 1) -> np.ndarray:
    return augment(features(), config, np.random.default_rng(seed), least_frames).matrix


def test_all_off_changes_nothing() -> None:
    np.testing.assert_array_equal(changed(OFF), features())


def test_the_same_generator_state_gives_the_same_result() -> None:
    np.testing.assert_array_equal(changed(AugmentConfig()), changed(AugmentConfig()))
    assert changed(AugmentConfig(), seed=2).shape != changed(AugmentConfig()).shape or not np.array_equal(
        changed(AugmentConfig(), seed=2), changed(AugmentConfig())
    )


def test_the_input_stays_as_it_was() -> None:
    given = features()
    augment(given, AugmentConfig(), np.random.default_rng(0))
    np.testing.assert_array_equal(given, features())


@pytest.mark.parametrize("seed", range(5))
def test_time_masks_keep_to_their_width_and_share(seed: int) -> None:
    config = AugmentConfig(time_masks=2, time_width=30, time_share=0.1, feature_masks=0, tempo=0.0)
    touched = (changed(config, seed) != features()).any(axis=1)
    assert 0 <= touched.sum() <= 2 * 5
    np.testing.assert_allclose(changed(config, seed)[touched], np.tile(features().mean(axis=0), (touched.sum(), 1)))


def test_feature_masks_cover_whole_bands() -> None:
    config = AugmentConfig(time_masks=0, feature_masks=1, feature_width=6, tempo=0.0)
    touched = [(changed(config, seed) != features()).mean(axis=0) for seed in range(8)]
    assert all(set(row) <= {0.0, 1.0} and row.sum() <= 6 for row in touched)
    assert max(row.sum() for row in touched) >= 3


def test_tempo_changes_the_length_but_not_the_ends() -> None:
    config = AugmentConfig(time_masks=0, feature_masks=0, tempo=0.2)
    results = [changed(config, seed) for seed in range(20)]
    lengths = [len(result) for result in results]
    assert 40 <= min(lengths) < 47
    assert 53 < max(lengths) <= 60
    for result in results:
        np.testing.assert_allclose(result[[0, -1]], features()[[0, -1]], rtol=1e-5)
    assert min(len(changed(config, seed, least_frames=49)) for seed in range(20)) == 49


def test_time_is_warped_around_one_frame() -> None:
    config = replace(OFF, time_warp=6)
    results = [augment(features(), config, np.random.default_rng(seed)) for seed in range(30)]
    moves = [result.places - np.arange(50) for result in results]
    assert all(len(result.matrix) == 50 for result in results)
    assert all(abs(move[0]) == abs(move[-1]) == 0 for move in moves)
    assert 4 <= max(np.abs(move).max() for move in moves) <= 6
    # Straight on either side of one frame.
    assert all((np.abs(np.diff(move, 2)) > 1e-9).sum() <= 2 for move in moves)
    short = augment(features(14), config, np.random.default_rng(0))
    np.testing.assert_array_equal(short.matrix, features(14))


@pytest.mark.parametrize("change", [{"tempo": 0.3}, {"time_warp": 9}, {"tempo": 0.2, "time_warp": 5}], ids=str)
def test_places_say_which_frame_a_row_shows(change: dict[str, Any]) -> None:
    # Each feature is a straight line over time, so that interpolation is exact.
    lines = np.arange(60, dtype=np.float32)[:, None] * np.array([1.0, -2.0], dtype=np.float32)
    for seed in range(10):
        result = augment(lines, replace(OFF, **change), np.random.default_rng(seed))
        np.testing.assert_allclose(result.matrix, result.places[:, None] * [1.0, -2.0], atol=1e-4)


def test_ranges_are_checked() -> None:
    with pytest.raises(ConfigError, match="tempo 1"):
        AugmentConfig(tempo=1.0)
    with pytest.raises(ConfigError, match="negative"):
        AugmentConfig(time_masks=-1)
    with pytest.raises(ConfigError, match="negative"):
        AugmentConfig(time_warp=-1)
    with pytest.raises(ConfigError, match="speeds"):
        AugmentConfig(speeds=())
    with pytest.raises(ConfigError, match="speeds"):
        AugmentConfig(speeds=(0.0, 1.0))
