"""Features on disk and on the fly are those in memory, bit by bit, for training, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.corpora import make_cut, open_recording, write_wav
from fsaasr.features import FeatureConfig, add_speeds, cache, compute_features
from fsaasr.features.extract import Storage
from fsaasr.features.on_demand import OnDemand
from fsaasr.lexicon import character_lexicon
from fsaasr.train.checkpoint import fingerprint

LEXICON = character_lexicon(["one", "two"])
CONFIGS = [
    FeatureConfig(sampling_rate=8000, cmvn="none"),
    FeatureConfig(sampling_rate=8000, cmvn="utterance", cmvn_variance=True),
    FeatureConfig(sampling_rate=8000, cmvn="speaker", cmvn_variance=True, deltas=2),
    FeatureConfig(kind="waveform", sampling_rate=8000),
]


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder, rng = tmp_path_factory.mktemp("audio"), np.random.default_rng(0)
    made = []
    for number in range(7):
        path = folder / f"u{number}.wav"
        write_wav(path, 0.1 * rng.standard_normal(2000 + 777 * number), 8000)
        made.append(make_cut(open_recording(path, path.stem, 8000), text="one two", speaker=f"s{number % 2}"))
    return made


@pytest.mark.parametrize("config", CONFIGS, ids=["plain", "utterance", "speaker", "waveform"])
@pytest.mark.parametrize("storage", ["disk", "on-the-fly"])
def test_matrices_are_those_in_memory(
    cuts: list[Any], config: FeatureConfig, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SHARD", 3)
    held = compute_features(cuts, config)
    for _ in range(2):  # the second time, the files are there
        found = compute_features(cuts, config, cache_dir=tmp_path, storage=storage)
        assert isinstance(found.matrices, OnDemand)
        assert found.lengths == held.lengths == tuple(map(len, held.matrices))
        for one, other in zip(found.matrices, held.matrices):
            np.testing.assert_array_equal(one, other)
    assert bool(list(tmp_path.iterdir())) == (storage == "disk")
    np.testing.assert_array_equal(found.matrices[-1], held.matrices[-1])
    np.testing.assert_array_equal(found.frames(), np.concatenate(held.matrices))
    chosen = found.select(["u3", "u0"])
    np.testing.assert_array_equal(chosen.matrices[1], held.matrices[0])
    # One that is asked for may be written to, and changes no other.
    found.matrices[2][:] = 0.0
    np.testing.assert_array_equal(found.matrices[2], held.matrices[2])
    assert fingerprint([config], LEXICON, [found]) == fingerprint([config], LEXICON, [held])


def test_speeds_are_there_on_demand(cuts: list[Any]) -> None:
    config = CONFIGS[1]
    held = add_speeds(compute_features(cuts, config), cuts, config, (0.9, 1.0))
    lazy = compute_features(cuts, config, storage="on-the-fly")
    found = add_speeds(lazy, cuts, config, (0.9, 1.0), storage="on-the-fly")
    assert list(map(len, found.at_speed[0.9])) == list(map(len, held.at_speed[0.9]))
    for one, other in zip(found.at_speed[0.9], held.at_speed[0.9]):
        np.testing.assert_array_equal(one, other)


def test_frames_of_many_utterances_are_evenly_chosen(cuts: list[Any]) -> None:
    held = compute_features(cuts, CONFIGS[0])
    some = held.frames(most=sum(held.lengths) // 3)
    np.testing.assert_array_equal(some, np.concatenate([held.matrices[n] for n in (0, 3, 6)]))


def test_a_cut_that_is_wrong_is_named_when_it_is_asked_for(cuts: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "gone.wav"
    write_wav(path, np.zeros(4000), 8000)
    gone = make_cut(open_recording(path, "gone", 8000), text="one", speaker="s")
    path.unlink()
    found = compute_features([*cuts, gone], CONFIGS[1], storage="on-the-fly")
    with pytest.raises(CorpusError, match="'gone': its audio cannot be read"):
        found.matrices[len(cuts)]
    with pytest.raises(ConfigError, match="storage 'disk' without cache_dir"):
        compute_features(cuts, CONFIGS[0], storage="disk")
    with pytest.raises(IndexError):
        found.matrices[len(cuts) + 1]
