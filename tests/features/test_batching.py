from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from lhotse import CutSet

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.features import FeatureConfig, FeatureDataset, bucketing_sampler, compute_features, pad
from fsaasr.features.cache import cache_key

CONFIG = FeatureConfig(sampling_rate=8000)


@pytest.fixture
def cuts(cut_of):
    return [cut_of(f"cut-{n}", 400 + 100 * (n * 7 % 23), text=f"text {n}") for n in range(40)]


def epoch(sampler, number=0):
    sampler.set_epoch(number)
    return [[cut.id for cut in batch] for batch in sampler]


def test_each_cut_comes_once_an_epoch(cuts):
    batches = epoch(bucketing_sampler(cuts, 1.0, num_buckets=4))
    assert sorted(name for batch in batches for name in batch) == sorted(cut.id for cut in cuts)


def test_each_of_several_processes_gets_every_batch(cuts, monkeypatch):
    alone = epoch(bucketing_sampler(cuts, 1.0, num_buckets=4))
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert epoch(bucketing_sampler(cuts, 1.0, num_buckets=4)) == alone


def test_batches_keep_to_the_duration(cuts):
    durations = {cut.id: cut.duration for cut in cuts}
    batches = epoch(bucketing_sampler(cuts, 1.0, num_buckets=4))
    assert max(sum(durations[name] for name in batch) for batch in batches) <= 1.0
    assert len(batches) < 20


def test_buckets_hold_similar_durations(cuts):
    durations = {cut.id: cut.duration for cut in cuts}

    def padding(num_buckets):
        batches = epoch(bucketing_sampler(cuts, 1.0, num_buckets=num_buckets))
        padded = sum(len(batch) * max(durations[name] for name in batch) for batch in batches)
        return 1 - sum(durations.values()) / padded

    assert padding(6) < 0.6 * padding(1)


def test_seed_and_epoch_decide_the_order(cuts):
    one, same, other = (bucketing_sampler(cuts, 1.0, seed=seed) for seed in (1, 1, 2))
    assert epoch(one) == epoch(same)
    assert epoch(one, 3) == epoch(same, 3)
    assert epoch(one, 3) != epoch(one, 4)
    assert epoch(one) != epoch(other)


def test_without_shuffling_epochs_are_alike(cuts):
    sampler = bucketing_sampler(cuts, 1.0, shuffle=False)
    assert epoch(sampler, 0) == epoch(sampler, 1)


def test_global_random_state_is_untouched(cuts):
    before = torch.random.get_rng_state()
    epoch(bucketing_sampler(cuts, 1.0))
    assert torch.equal(before, torch.random.get_rng_state())


def test_resumed_sampler_continues(cuts):
    sampler = bucketing_sampler(cuts, 1.0, seed=5)
    sampler.set_epoch(2)
    whole = []
    for batch in sampler:
        whole.append([cut.id for cut in batch])
        if len(whole) == 3:
            saved = copy.deepcopy(sampler.state_dict())
    expected = whole[3:]
    resumed = bucketing_sampler(cuts, 1.0, seed=5)
    given = copy.deepcopy(saved)
    resumed.load_state_dict(given)
    assert expected
    assert [[cut.id for cut in batch] for batch in resumed] == expected
    assert given == saved


def test_callers_cuts_stay_as_they_are(cuts):
    before = cache_key(cuts, CONFIG)
    mixed = [cuts[0].append(cuts[1]).with_id("mixed"), cuts[2]]
    before_mixed = cache_key(mixed, CONFIG)
    epoch(bucketing_sampler(cuts, 1.0))
    epoch(bucketing_sampler(mixed, 1.0))
    assert cache_key(cuts, CONFIG) == before
    assert cache_key(mixed, CONFIG) == before_mixed


def test_padded_batch_holds_the_features(cuts):
    batch = compute_features(cuts[:3], CONFIG)
    padded = pad(batch)
    assert padded.features.shape == (3, int(padded.lengths.max()), 13)
    assert padded.ids == batch.ids
    assert padded.texts == ("text 0", "text 1", "text 2")
    for row, length, matrix in zip(padded.features, padded.lengths, batch.matrices):
        assert torch.equal(row[:length], torch.from_numpy(matrix))
        assert not row[length:].any()


@pytest.mark.parametrize("in_memory", [True, False])
def test_data_loader_takes_sampler_and_dataset(cuts, in_memory):
    features = compute_features(cuts, CONFIG)
    dataset = FeatureDataset(features.select_cuts if in_memory else partial(compute_features, config=CONFIG))
    loader = torch.utils.data.DataLoader(dataset, sampler=bucketing_sampler(CutSet(cuts), 1.0), batch_size=None)
    matrices = dict(zip(features.ids, features.matrices))
    seen = []
    for batch in loader:
        seen += batch.ids
        for name, row, length in zip(batch.ids, batch.features, batch.lengths):
            assert torch.equal(row[:length], torch.from_numpy(matrices[name]))
    assert sorted(seen) == sorted(features.ids)


def test_one_cut_and_many_buckets(cut_of):
    assert epoch(bucketing_sampler([cut_of("only")], 1.0, num_buckets=30)) == [["only"]]


def test_wrong_input_is_named(cuts):
    with pytest.raises(CorpusError, match=r"cut 'cut-3' lasts .* longer than max_duration 0\.2 s"):
        bucketing_sampler([cut for cut in cuts if cut.duration < 0.2] + [cuts[3]], 0.2)
    with pytest.raises(CorpusError, match="no cuts"):
        bucketing_sampler([], 1.0)
    with pytest.raises(CorpusError, match="occurs twice"):
        bucketing_sampler([cuts[0], cuts[0]], 1.0)
    with pytest.raises(ConfigError, match="0 buckets"):
        bucketing_sampler(cuts, 1.0, num_buckets=0)
