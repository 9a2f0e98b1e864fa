"""Hybrid models trained on transcripts alone: the full sum from a flat start, and LF-MMI."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Union

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, LexiconError, TrainingError
from fsaasr.decode import decode
from fsaasr.graph import compile_graph, find_topology, word_loop
from fsaasr.lattice import best_path
from fsaasr.lexicon import OptionalSilence, character_lexicon
from fsaasr.models import load_model, save_model
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.sequence import SequenceTraining, train_full_sum, train_lf_mmi
from fsaasr.train.sequence_config import FullSumConfig, LfMmiConfig
from fsaasr.train.sequence_task import SequenceTask
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

Config = Union[FullSumConfig, LfMmiConfig]

SMALL = TdnnConfig(hidden=24, dilations=(1, 2), subsampling=1, dropout=0.1)
GENTLE = AugmentConfig(time_width=2, feature_masks=0, tempo=0.05)
FULL_SUM = FullSumConfig(SMALL, FitConfig(epochs=2, learning_rate=0.01), GENTLE, batch_duration=1.0, topology="hmm3")
LF_MMI = LfMmiConfig(SMALL, FitConfig(epochs=2, learning_rate=0.01), GENTLE, batch_duration=1.0, topology="kaldi-chain")
TRAINERS: Dict[type, Any] = {FullSumConfig: train_full_sum, LfMmiConfig: train_lf_mmi}


def trained(config: Config, count: int = 8, **options: Any) -> SequenceTraining:
    result: SequenceTraining = TRAINERS[type(config)](toy_batch(count), toy_lexicon(), CONFIG, config, **options)
    return result


@pytest.mark.parametrize(
    "config",
    [
        FULL_SUM,
        LF_MMI,
        pytest.param(replace(FULL_SUM, topology="hmm1"), marks=pytest.mark.slow),
        pytest.param(replace(FULL_SUM, context="left"), marks=pytest.mark.slow),
        pytest.param(replace(LF_MMI, topology="hmm1"), marks=pytest.mark.slow),
        pytest.param(replace(LF_MMI, context="left", leak=1e-3, boost=0.1), marks=pytest.mark.slow),
    ],
    ids=lambda config: f"{type(config).__name__}-{config.topology}-{config.context}",
)
def test_a_flat_start_leads_to_the_words(config: Config, tmp_path: Path) -> None:
    result = trained(replace(config, fit=FitConfig(epochs=8, learning_rate=0.01)), 50, dev=toy_batch(10, seed=2))
    save_model(result.model, tmp_path, toy_lexicon())
    model, unseen = load_model(tmp_path), toy_batch(20, seed=1)
    graph = compile_graph(toy_lexicon(), word_loop(toy_lexicon().words), model.topology, transitions=model.transitions)
    found = [best_path(lattice).text for lattice in decode(graph, model.scores(unseen))]
    assert sum(text == truth for text, truth in zip(found, unseen.texts)) >= 14
    first, last = result.history[0], result.history[-1]
    assert last["loss"] < first["loss"]
    assert min(record["dev_error"] for record in result.history) < min(0.3, 0.6 * first["dev_error"])
    assert find_topology(model.topology).name.startswith(config.topology)
    assert (find_topology(model.topology).tree is not None) == (config.context == "left")
    if isinstance(config, FullSumConfig) and config.topology == "hmm3":
        # Each state of the toy speech lasts 1, 2 or 3 frames: of 6 frames, 3 stay.
        assert np.exp(model.transitions[:, 0]).mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("config", [FULL_SUM, LF_MMI], ids=["full-sum", "lf-mmi"])
def test_characters_train_as_phones_do(config: Config) -> None:
    lexicon = replace(character_lexicon(toy_lexicon().words.names[1:]), silence=OptionalSilence("SIL", 0.5))
    few = replace(config, topology="hmm1", fit=FitConfig(epochs=4, learning_rate=0.01), batch_duration=2.0)
    result = TRAINERS[type(config)](toy_batch(20, frames=6), lexicon, CONFIG, few)
    assert result.model.tokens.names[1:] == ("SIL", "e", "n", "o", "s", "u", "y")
    assert result.history[-1]["loss"] < result.history[0]["loss"]


@pytest.mark.parametrize("config", [FULL_SUM, LF_MMI], ids=["full-sum", "lf-mmi"])
def test_a_run_that_was_stopped_ends_in_the_same_model(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(config, fit=replace(config.fit, epochs=3))
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    whole = trained(config, dev=toy_batch(2, seed=1))
    assert torch.equal(torch.random.get_rng_state(), state)
    batches = SequenceTask.batches

    def stop(task: Any, epoch: int) -> Any:
        if epoch == 2:
            raise KeyboardInterrupt
        return batches(task, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(SequenceTask, "batches", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(config, dev=toy_batch(2, seed=1), work_dir=tmp_path)
    resumed = trained(config, dev=toy_batch(2, seed=1), work_dir=tmp_path)
    assert resumed.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], array)
    with pytest.raises(TrainingError, match="another configuration"):
        trained(replace(config, order=2), dev=toy_batch(2, seed=1), work_dir=tmp_path)


CHANGES: Dict[str, Dict[str, Any]] = {
    "seed": {"fit": FitConfig(epochs=2, learning_rate=0.01, seed=1)},
    "augment": {"augment": AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)},
    "batch_duration": {"batch_duration": 3.0},
    "topology": {"topology": "hmm1"},
    "context": {"context": "left", "context_count": 2},
    "order": {"order": 1},
}
OF_FULL_SUM: Dict[str, Dict[str, Any]] = {
    "acoustic_scale": {"acoustic_scale": 1.0},
    "prior_scale": {"prior_scale": 0.5},
    "prior_decay": {"prior_decay": 0.5},
    "stay": {"stay": 0.7},
    "silence_stay": {"silence_stay": 0.9},
    "transitions": {"transitions": "fixed"},
}
OF_LF_MMI: Dict[str, Dict[str, Any]] = {
    "draws": {"draws": 1},
    "leak": {"leak": 0.01},
    "boost": {"boost": 0.2},
    "frame_weight": {"frame_weight": 0.0},
}


@pytest.mark.parametrize("name", [*CHANGES, *OF_FULL_SUM])
def test_every_option_of_the_full_sum_changes_the_outcome(name: str) -> None:
    assert_changes(FULL_SUM, {**CHANGES, **OF_FULL_SUM}[name])


@pytest.mark.parametrize("name", [*CHANGES, *OF_LF_MMI])
def test_every_option_of_lf_mmi_changes_the_outcome(name: str) -> None:
    assert_changes(LF_MMI, {**CHANGES, **OF_LF_MMI}[name])


_OUTCOMES: Dict[Config, str] = {}


def outcome(config: Config) -> str:
    if config not in _OUTCOMES:
        result = trained(config, 12, dev=toy_batch(8, seed=1))
        _OUTCOMES[config] = repr((result.history, result.model.transitions.tolist()))
    return _OUTCOMES[config]


def assert_changes(config: Config, change: Dict[str, Any]) -> None:
    assert outcome(config) != outcome(replace(config, **change))


def test_rarer_contexts_share_states() -> None:
    often, rarely = (
        trained(replace(LF_MMI, context="left", context_count=count), 20).model.log_priors for count in (1, 10)
    )
    assert 2 * (len(toy_lexicon().tokens) - 1) < len(rarely) < len(often)


def test_bad_input_is_refused_with_the_utterance_named() -> None:
    batch = toy_batch(2)
    short = replace(batch, matrices=(batch.matrices[0], batch.matrices[1][:3]), texts=("no", "no no"))
    with pytest.raises(TrainingError, match=r"'toy-1' has 3 frames after subsampling by 1, too few"):
        train_full_sum(short, toy_lexicon(), CONFIG, FULL_SUM)
    with pytest.raises(TrainingError, match="'toy-1'"):
        train_lf_mmi(batch, toy_lexicon(), CONFIG, LF_MMI, dev=short)
    with pytest.raises(LexiconError, match="'maybe'"):
        train_lf_mmi(replace(batch, texts=("maybe", "no")), toy_lexicon(), CONFIG, LF_MMI)
    with pytest.raises(TrainingError, match="'toy-0' has no transcript"):
        train_full_sum(replace(batch, texts=("", "no")), toy_lexicon(), CONFIG, FULL_SUM)
    with pytest.raises(TrainingError, match="4 dimensions, 5 are configured"):
        train_lf_mmi(batch, toy_lexicon(), replace(CONFIG, num_ceps=5), LF_MMI)


@pytest.mark.parametrize(
    ("config", "change", "match"),
    [
        (FULL_SUM, {"topology": "ctc"}, "topology 'ctc'"),
        (FULL_SUM, {"transitions": "learned"}, "transitions 'learned'"),
        (FULL_SUM, {"stay": 1.0}, "stay 1.0"),
        (FULL_SUM, {"acoustic_scale": 0.0}, "acoustic_scale 0.0"),
        (LF_MMI, {"context_count": 0}, "context_count 0"),
        (LF_MMI, {"leak": 1.0}, "leak 1.0"),
        (LF_MMI, {"frame_weight": -1.0}, "frame_weight -1.0"),
    ],
)
def test_values_out_of_range_are_refused(config: Config, change: Dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        replace(config, **change)


@pytest.mark.parametrize("config", [FULL_SUM, LF_MMI], ids=["full-sum", "lf-mmi"])
def test_configurations_round_trip(config: Config) -> None:
    assert config_from_dict(type(config), config_to_dict(config)) == config
