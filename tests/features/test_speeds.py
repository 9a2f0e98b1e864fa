"""Utterances at other speeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError
from fsaasr.corpora import make_cut, open_recording, write_wav
from fsaasr.features import FeatureConfig, add_speeds, compute_features

CONFIG = FeatureConfig(kind="fbank", sampling_rate=8000, cmvn="utterance")


def tones(folder: Path) -> list:
    cuts = []
    for number in range(2):
        path = folder / f"tone-{number}.wav"
        write_wav(path, 0.3 * np.sin(2 * np.pi * 800 * np.arange(8000 + 800 * number) / 8000), sampling_rate=8000)
        cuts.append(make_cut(open_recording(path, path.stem, 8000), text=f"tone {number}", speaker="piano"))
    return cuts


def test_faster_is_shorter_and_higher(tmp_path: Path) -> None:
    config = FeatureConfig(kind="fbank", sampling_rate=8000)
    cuts = tones(tmp_path)
    batch = add_speeds(compute_features(cuts, config), cuts, config, [0.8, 1.0, 1.25])
    assert list(batch.at_speed) == [0.8, 1.25]
    slow, spoken, fast = batch.at_speed[0.8], batch.matrices, batch.at_speed[1.25]
    assert [len(matrix) for matrix in slow] == [125, 138]
    assert [len(matrix) for matrix in fast] == [80, 88]
    peaks = [int(matrices[0].mean(axis=0).argmax()) for matrices in (slow, spoken, fast)]
    assert peaks[0] < peaks[1] < peaks[2]


def test_selected_utterances_keep_their_speeds(tmp_path: Path) -> None:
    cuts = tones(tmp_path)
    batch = add_speeds(compute_features(cuts, CONFIG), cuts, CONFIG, [0.9])
    chosen = batch.select(["tone-1"])
    np.testing.assert_array_equal(chosen.at_speed[0.9][0], batch.at_speed[0.9][1])
    assert len(chosen.at_speed[0.9]) == 1


def test_speeds_come_from_the_cache(tmp_path: Path) -> None:
    cuts = tones(tmp_path)
    batch = compute_features(cuts, CONFIG)
    first = add_speeds(batch, cuts, CONFIG, [0.9], cache_dir=tmp_path / "cache")
    files = sorted((tmp_path / "cache").iterdir())
    second = add_speeds(batch, cuts, CONFIG, [0.9], cache_dir=tmp_path / "cache")
    assert len(files) == 1
    assert sorted((tmp_path / "cache").iterdir()) == files
    for one, other in zip(first.at_speed[0.9], second.at_speed[0.9]):
        np.testing.assert_array_equal(one, other)


def test_a_speed_out_of_range_is_refused(tmp_path: Path) -> None:
    cuts = tones(tmp_path)
    with pytest.raises(ConfigError, match="speeds"):
        add_speeds(compute_features(cuts, CONFIG), cuts, CONFIG, [0.0])
