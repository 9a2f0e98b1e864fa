"""Training of transducers as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.decode.transducer import greedy
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.transducer import TransducerConfig
from fsaasr.models.transducer.config import AdditiveConfig, LstmConfig, StatelessConfig, TanhConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.transducer import TransducerTrained, train_transducer
from fsaasr.train.transducer_config import TransducerTrainConfig
from fsaasr.train.transducer_pruned import PruningConfig
from fsaasr.train.transducer_task import TransducerTask
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

ENCODER = TdnnConfig(hidden=32, dilations=(1, 2), subsampling=2, dropout=0.1)
SMALL = TransducerConfig(StatelessConfig(context=2, dim=16), TanhConfig(dim=32))
SINGLE = replace(SMALL, topology="one-per-frame")
GENTLE = AugmentConfig(time_width=2, feature_masks=0, tempo=0.05)
QUICK = TransducerTrainConfig(ENCODER, SMALL, FitConfig(epochs=3, learning_rate=0.01), GENTLE, batch_duration=2.0)
LONGER = replace(QUICK, fit=FitConfig(epochs=10, learning_rate=0.01))


def token_errors(result: TransducerTrained, topology: str) -> float:
    """Token error rate of greedy search on unseen utterances."""
    from kaldialign import edit_distance

    unseen = toy_batch(20, seed=1)
    errors = count = 0
    for text, vectors in zip(unseen.texts, result.model.encoded(unseen)):
        (path,) = greedy(result.model.network, torch.from_numpy(vectors)[None], torch.tensor([len(vectors)]), topology)
        truth = [result.lexicon.tokens[t] for word in text.split() for t in result.lexicon.of(word)[0].tokens]
        errors += edit_distance(truth, list(path.labels))["total"]
        count += len(truth)
    return errors / count


@pytest.mark.parametrize("topology", ["regular", "one-per-frame"])
def test_a_trained_model_recognizes_unseen_utterances(topology: str) -> None:
    config = replace(LONGER, transducer=replace(SMALL, topology=topology))
    result = train_transducer(toy_batch(120), toy_lexicon(), CONFIG, config, dev=toy_batch(10, seed=2))
    assert result.lexicon.silence is None
    assert "SIL" not in result.model.tokens
    # A fifth of the words with two pronunciations is said with the second one.
    assert token_errors(result, topology) < 0.15
    assert min(record["dev_error"] for record in result.history) < 0.15
    assert result.history[-1]["dev_loss"] < 0.5 * result.history[0]["dev_loss"]


def test_every_option_changes_the_training() -> None:
    kinds = {
        "base": QUICK,
        "one-per-frame": replace(QUICK, transducer=SINGLE),
        "no ctc": replace(QUICK, ctc_scale=0.0),
        "more ctc": replace(QUICK, ctc_scale=1.0),
        "lstm": replace(QUICK, transducer=replace(SMALL, predictor=LstmConfig(dim=8, hidden=16))),
        "two layers": replace(QUICK, transducer=replace(SMALL, predictor=LstmConfig(dim=8, hidden=16, layers=2))),
        "additive": replace(QUICK, transducer=replace(SMALL, joiner=AdditiveConfig())),
        "context": replace(QUICK, transducer=replace(SMALL, predictor=StatelessConfig(context=1, dim=16))),
        "dropout": replace(QUICK, transducer=replace(SMALL, predictor=StatelessConfig(dim=16, dropout=0.4))),
        "batches": replace(QUICK, batch_duration=1.0),
        "heard": replace(QUICK, pronunciations="heard"),
    }
    losses = {}
    for name, config in kinds.items():
        history = train_transducer(toy_batch(12), toy_lexicon(), CONFIG, config).history
        losses[name] = [record["loss"] for record in history]
        assert losses[name][-1] < losses[name][0]
    assert len({tuple(loss) for loss in losses.values()}) == len(kinds)


def test_pronunciations_that_are_heard_are_those_that_ctc_aligns() -> None:
    lexicon, batch = toy_lexicon(silence=False), replace(toy_batch(2, words=1), texts=("yes", "yes"))
    task = TransducerTask(batch, lexicon, replace(QUICK, pronunciations="heard"), None)
    ways = {name: [lexicon.tokens[token] for token in entry.tokens] for name, entry in zip("ab", lexicon.of("yes"))}
    scores = torch.full((2, 9, len(lexicon.tokens)), -20.0)
    for n, way in enumerate("ba"):
        for place, label in enumerate(ways[way]):
            scores[n, 3 * place : 3 * place + 3, label] = 0.0
    assert task._rows(0, [0, 1], scores, torch.tensor([9, 9])) == [ways["b"], ways["a"]]
    with pytest.raises(ConfigError, match=r"pronunciations 'heard', ctc_scale 0\.0"):
        replace(QUICK, pronunciations="heard", ctc_scale=0.0)


@pytest.mark.k2
def test_the_pruned_loss_trains_too() -> None:
    pytest.importorskip("k2")
    config = replace(LONGER, pruning=PruningConfig(band=4), transducer=SINGLE, ctc_scale=0.0)
    result = train_transducer(toy_batch(120), toy_lexicon(), CONFIG, config)
    assert token_errors(result, "one-per-frame") < 0.2
    shares = [replace(QUICK, pruning=PruningConfig(simple_scale=scale)) for scale in (0.25, 0.75)]
    losses = [train_transducer(toy_batch(12), toy_lexicon(), CONFIG, each).history[0]["loss"] for each in shares]
    assert losses[0] < losses[1]


def test_a_run_that_was_stopped_resumes_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(folder: str) -> TransducerTrained:
        return train_transducer(
            toy_batch(12), toy_lexicon(), CONFIG, QUICK, dev=toy_batch(3, seed=2), work_dir=tmp_path / folder
        )

    whole = train("whole")
    batches = TransducerTask.batches

    def stopping(task: TransducerTask, epoch: int) -> object:
        if epoch == 2:
            raise KeyboardInterrupt
        return batches(task, epoch)

    monkeypatch.setattr(TransducerTask, "batches", stopping)
    with pytest.raises(KeyboardInterrupt):
        train("stopped")
    monkeypatch.setattr(TransducerTask, "batches", batches)
    resumed = train("stopped")
    assert resumed.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], array)


def test_chance_is_repeatable_and_left_alone() -> None:
    state = torch.random.get_rng_state()
    first, second = (train_transducer(toy_batch(6), toy_lexicon(), CONFIG, QUICK).history for _ in range(2))
    other = replace(QUICK, fit=replace(QUICK.fit, seed=1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first == second
    assert first != train_transducer(toy_batch(6), toy_lexicon(), CONFIG, other).history


def test_utterances_too_short_are_named() -> None:
    batch = toy_batch(2)
    short = replace(batch, matrices=(batch.matrices[0], batch.matrices[1][:6]), texts=("no", "no no"))
    with pytest.raises(TrainingError, match=r"'toy-1' has 3 frames after subsampling by 2, but its 4 labels need 4"):
        train_transducer(short, toy_lexicon(), CONFIG, QUICK)
    with pytest.raises(TrainingError, match="'toy-1'"):
        train_transducer(batch, toy_lexicon(), CONFIG, replace(QUICK, ctc_scale=0.0, transducer=SINGLE), dev=short)
    regular = train_transducer(short, toy_lexicon(), CONFIG, replace(QUICK, ctc_scale=0.0))
    assert regular.history[-1]["loss"] < regular.history[0]["loss"]
    with pytest.raises(TrainingError, match="4 dimensions, 5 are configured"):
        train_transducer(batch, toy_lexicon(), replace(CONFIG, num_ceps=5), QUICK)


def test_configurations_round_trip() -> None:
    for config in (QUICK, replace(QUICK, pruning=PruningConfig())):
        assert config_from_dict(TransducerTrainConfig, config_to_dict(config)) == config
    with pytest.raises(ConfigError, match="ctc_scale -1"):
        replace(QUICK, ctc_scale=-1.0)
