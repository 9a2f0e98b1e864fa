"""Training of CTC models as a whole."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, LexiconError, TrainingError
from fsaasr.decode import decode
from fsaasr.features import FeatureBatch, FeatureConfig, features_of
from fsaasr.graph import compile_graph, word_loop
from fsaasr.lattice import best_path
from fsaasr.lexicon import Lexicon, character_lexicon
from fsaasr.models import load_model, save_model
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.ctc import train_ctc
from fsaasr.train.ctc_config import CtcTrainConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.length_batches import LengthBatches
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

SMALL = TdnnConfig(hidden=32, dilations=(1, 2), subsampling=2, dropout=0.1)
GENTLE = AugmentConfig(time_width=2, feature_masks=0, tempo=0.05)
QUICK = CtcTrainConfig(SMALL, FitConfig(epochs=4, learning_rate=0.01), GENTLE, batch_duration=2.0)
LONGER = replace(QUICK, fit=FitConfig(epochs=18, learning_rate=0.01))


@pytest.mark.parametrize("pronunciations", ["first", "all"])
def test_a_trained_model_recognizes_unseen_utterances(pronunciations: str) -> None:
    config = replace(LONGER, pronunciations=pronunciations)
    result = train_ctc(toy_batch(60), toy_lexicon(), CONFIG, config, dev=toy_batch(10, seed=2))
    unseen = toy_batch(20, seed=1)
    assert result.lexicon.silence is None
    assert "SIL" not in result.model.tokens
    graph = compile_graph(result.lexicon, word_loop(result.lexicon.words), result.model.topology)
    found = [best_path(lattice).text for lattice in decode(graph, result.model.scores(unseen))]
    assert sum(text == truth for text, truth in zip(found, unseen.texts)) >= 18
    assert result.history[-1]["loss"] < 0.2 * result.history[0]["loss"]
    assert min(record["dev_loss"] for record in result.history) < 0.3


def test_characters_train_as_phones_do() -> None:
    lexicon = character_lexicon(toy_lexicon().words.names[1:])
    config = replace(LONGER, encoder=replace(SMALL, subsampling=1))
    result = train_ctc(toy_batch(60, frames=6), lexicon, CONFIG, config)
    assert result.model.tokens.names[1:] == ("e", "n", "o", "s", "u", "y")
    assert result.history[-1]["loss"] < 0.3 * result.history[0]["loss"]


def test_seeds_make_runs_repeatable_and_leave_global_chance_alone() -> None:
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first = train_ctc(toy_batch(12), toy_lexicon(), CONFIG, QUICK)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(6)
    second = train_ctc(toy_batch(12), toy_lexicon(), CONFIG, QUICK)
    other = train_ctc(toy_batch(12), toy_lexicon(), CONFIG, replace(QUICK, fit=replace(QUICK.fit, seed=1)))
    assert first.history == second.history
    for name, array in first.model.tensors().items():
        np.testing.assert_array_equal(second.model.tensors()[name], array)
    assert other.history != first.history


def run(*arguments: object) -> int:
    command = [sys.executable, "-m", "tests.train.ctc_run", *map(str, arguments)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode


def test_a_run_killed_by_the_system_resumes_to_the_same_weights(tmp_path: Path) -> None:
    whole, resumed = tmp_path / "whole.safetensors", tmp_path / "resumed.safetensors"
    assert run(tmp_path / "a", whole) == 0
    assert run(tmp_path / "b", resumed, 3) == -9
    assert not resumed.exists()
    assert (tmp_path / "b" / "ctc.safetensors").exists()
    assert run(tmp_path / "b", resumed) == 0
    expected, found = load_file(whole), load_file(resumed)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_batches_hold_every_utterance_once_and_change_with_the_epoch() -> None:
    batch = toy_batch(50)
    batches = LengthBatches(batch, max_duration=1.5, seed=0)
    epochs = [batches.of_epoch(epoch) for epoch in (0, 1, 0)]
    assert epochs[0] == epochs[2] == LengthBatches(batch, max_duration=1.5, seed=0).of_epoch(0)
    assert epochs[0] != epochs[1]
    for groups in epochs[:2]:
        assert sorted(n for group in groups for n in group) == list(range(50))
        assert max(sum(len(batch.matrices[n]) for n in group) for group in groups) <= 150


def test_bad_input_is_refused_with_the_utterance_named() -> None:
    batch = toy_batch(2)
    short = replace(batch, matrices=(batch.matrices[0], batch.matrices[1][:3]), texts=("no", "no no"))
    with pytest.raises(TrainingError, match=r"'toy-1' has 2 frames after subsampling by 2, but its 4 labels need 4"):
        train_ctc(short, toy_lexicon(), CONFIG, QUICK)
    with pytest.raises(TrainingError, match="'toy-1' has 2 frames after subsampling by 2, too few"):
        train_ctc(short, toy_lexicon(), CONFIG, replace(QUICK, pronunciations="all"))
    with pytest.raises(TrainingError, match="'toy-1'"):
        train_ctc(batch, toy_lexicon(), CONFIG, QUICK, dev=short)
    with pytest.raises(LexiconError, match="'maybe'"):
        train_ctc(replace(batch, texts=("maybe", "no")), toy_lexicon(), CONFIG, QUICK)
    with pytest.raises(TrainingError, match="'toy-0' has no transcript"):
        train_ctc(replace(batch, texts=("", "no")), toy_lexicon(), CONFIG, QUICK)
    with pytest.raises(TrainingError, match="4 dimensions, 5 are configured"):
        train_ctc(batch, toy_lexicon(), replace(CONFIG, num_ceps=5), QUICK)


def test_nan_features_end_training_with_an_error() -> None:
    batch = toy_batch(3)
    broken = batch.matrices[0].copy()
    broken[2, 1] = np.nan
    with pytest.raises(TrainingError, match="epoch 1, batch 1"):
        train_ctc(replace(batch, matrices=(broken, *batch.matrices[1:])), toy_lexicon(), CONFIG, QUICK)


def test_configurations_round_trip_and_refuse_unknown_keys() -> None:
    assert config_from_dict(CtcTrainConfig, config_to_dict(QUICK)) == QUICK
    with pytest.raises(ConfigError, match="speed"):
        config_from_dict(CtcTrainConfig, {"augment": {"speed": 3}})
    with pytest.raises(ConfigError, match="pronunciations 'best'"):
        replace(QUICK, pronunciations="best")


def test_encoders_can_multiply_in_bfloat16() -> None:
    low = replace(QUICK, fit=replace(QUICK.fit, precision="bfloat16"))
    precise, coarse = (train_ctc(toy_batch(12), toy_lexicon(), CONFIG, config) for config in (QUICK, low))
    losses = [[record["loss"] for record in trained.history] for trained in (precise, coarse)]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.1)
    assert all(array.dtype == np.float32 for array in coarse.model.tensors().values())
    # The trained model is a float32 one.
    assert coarse.model.network.precision is torch.float32


def test_a_model_that_hears_samples_trains_and_is_saved(tmp_path: Path) -> None:
    lexicon, rate = Lexicon.from_text("high H\nlow L\n"), 8000
    features = FeatureConfig(kind="waveform", sampling_rate=rate)
    rng = np.random.default_rng(0)

    def said(words: str) -> np.ndarray:
        hertz = np.repeat([{"high": 2500.0, "low": 400.0}[word] for word in words.split()], rate // 5)
        tone = 0.2 * np.sin(2 * np.pi * np.cumsum(hertz) / rate) + 0.01 * rng.normal(size=len(hertz))
        return features_of(tone.astype(np.float32), features)

    texts = ("high low", "low high", "low", "high") * 4
    names = tuple(f"utt{n}" for n in range(len(texts)))
    batch = FeatureBatch(names, tuple(map(said, texts)), ("",) * len(texts), texts, features.frame_shift)
    encoder = {"kind": "waveform", "front_end": {"filters": 16}, "encoder": {"hidden": 24, "dilations": [1]}}
    values = {"encoder": encoder, "fit": {"epochs": 12, "learning_rate": 0.02}, "batch_duration": 2.0}
    config = config_from_dict(CtcTrainConfig, {**values, "augment": {"tempo": 0.0, "feature_masks": 0}})
    trained = train_ctc(batch, lexicon, features, config)
    assert trained.history[-1]["loss"] < 0.3 * trained.history[0]["loss"]
    save_model(trained.model, tmp_path, trained.lexicon)
    np.testing.assert_array_equal(load_model(tmp_path).scores(batch).array, trained.model.scores(batch).array)
    # Samples are heard as they are: no mean is taken off, no peak cut.
    assert trained.model.tensors()["normalize.mean"].any() == np.False_
    with pytest.raises(ConfigError, match="train_ctc: augment has tempo"):
        train_ctc(batch, lexicon, features, config_from_dict(CtcTrainConfig, values))
