from __future__ import annotations

import os

import numpy as np
import pytest
import soundfile

from fsaasr.core.errors import CorpusError
from fsaasr.features import FeatureConfig, cache, compute_features
from fsaasr.features.cache import cache_key

CONFIG = FeatureConfig(sampling_rate=8000, deltas=1, cmvn="utterance")


def same(one, two) -> bool:
    return one.ids == two.ids and all(np.array_equal(a, b) for a, b in zip(one.matrices, two.matrices))


def test_cached_is_fresh(cut_of, tmp_path):
    cuts = [cut_of("a"), cut_of("b", 500)]
    fresh = compute_features(cuts, CONFIG)
    first = compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache")
    again = compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache")
    assert same(fresh, first)
    assert same(fresh, again)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_cache_is_used(cut_of, tmp_path, monkeypatch):
    cuts = [cut_of("a")]
    compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache")

    def fail(*arguments):
        raise RuntimeError("extracted again")

    monkeypatch.setattr(cache, "extract_all", fail)
    assert len(compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache")) == 1
    with pytest.raises(RuntimeError, match="again"):
        compute_features(cuts, FeatureConfig(sampling_rate=8000, num_ceps=5), cache_dir=tmp_path / "cache")


def test_normalisation_and_deltas_share_the_cached_files(cut_of, tmp_path):
    cuts = [cut_of("a")]
    for config in (CONFIG, FeatureConfig(sampling_rate=8000)):
        compute_features(cuts, config, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_changed_audio_is_extracted_again(cut_of, tmp_path):
    cut = cut_of("a")
    first = compute_features([cut], CONFIG, cache_dir=tmp_path / "cache")
    soundfile.write(tmp_path / "a.wav", np.linspace(-0.5, 0.5, 1600), 8000, subtype="PCM_16")
    os.utime(tmp_path / "a.wav", ns=(1, 1))
    again = compute_features([cut], CONFIG, cache_dir=tmp_path / "cache")
    assert not same(first, again)
    assert same(again, compute_features([cut], CONFIG))


def test_key_follows_what_features_depend_on(cut_of):
    a, b = cut_of("a"), cut_of("b")
    keys = {
        cache_key([a, b], CONFIG),
        cache_key([b, a], CONFIG),
        cache_key([a], CONFIG),
        cache_key([a], CONFIG, resample=True),
        cache_key([a], FeatureConfig(sampling_rate=8000, num_ceps=12)),
        cache_key([a.truncate(duration=0.1, preserve_id=True)], CONFIG),
        cache_key([a.append(b)], CONFIG),
    }
    assert len(keys) == 7
    assert cache_key([a, b], CONFIG) == cache_key([a, b], CONFIG)


def test_damaged_cache_is_remade(cut_of, tmp_path):
    cuts = [cut_of("a")]
    first = compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache")
    [path] = (tmp_path / "cache").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    assert same(first, compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache"))


def test_killed_extraction_keeps_finished_shards(cut_of, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "SHARD", 2)
    cuts = [cut_of(name) for name in "abc"]
    (tmp_path / "c.wav").rename(tmp_path / "away.wav")
    with pytest.raises(CorpusError, match="'c'"):
        compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    (tmp_path / "away.wav").rename(tmp_path / "c.wav")
    assert same(compute_features(cuts, CONFIG, cache_dir=tmp_path / "cache"), compute_features(cuts, CONFIG))
    assert len(list((tmp_path / "cache").iterdir())) == 2
