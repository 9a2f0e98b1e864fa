"""Training of attention encoder-decoders as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.decode import decode
from fsaasr.decode.attention.greedy import greedy_tokens
from fsaasr.graph import compile_graph, word_loop
from fsaasr.models.attention_model import AttentionNetwork, Encoded
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.decoders.transformer import TransformerDecoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.attention import train_attention
from fsaasr.train.attention_config import AttentionTrainConfig
from fsaasr.train.attention_task import AttentionTask, encode_matrices, teacher_forcing
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.ctc_losses import first_labels
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.network_state import isolated_chance
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

ENCODER = TdnnConfig(hidden=32, dilations=(1, 2), subsampling=2, dropout=0.1)
RNN = RnnDecoderConfig(units=32, embedding=16)
GENTLE = AugmentConfig(time_width=2, feature_masks=0, tempo=0.05)
QUICK = AttentionTrainConfig(ENCODER, RNN, FitConfig(epochs=2, learning_rate=0.01), GENTLE, batch_duration=2.0)


def test_training_lowers_loss_and_dev_error() -> None:
    config = replace(QUICK, fit=FitConfig(epochs=5, learning_rate=0.01), sampling=0.0, label_smoothing=0.0)
    result = train_attention(toy_batch(40), toy_lexicon(), CONFIG, config, dev=toy_batch(5, seed=2))
    assert "SIL" not in result.model.tokens
    assert result.history[-1]["loss"] < 0.8 * result.history[0]["loss"]
    assert min(record["dev_error"] for record in result.history) < result.history[0]["dev_error"]


@pytest.mark.slow
def test_a_trained_model_spells_unseen_utterances() -> None:
    config = replace(QUICK, fit=FitConfig(epochs=22, learning_rate=0.01), sampling=0.0)
    result = train_attention(toy_batch(80), toy_lexicon(), CONFIG, config, dev=toy_batch(10, seed=2))
    unseen = toy_batch(20, seed=1)
    network = result.model.network
    found = greedy_tokens(network, encode_matrices(network, unseen.matrices))
    wanted = [first_labels(text.split(), result.lexicon) for text in unseen.texts]
    # Every other `yes` is said by its second pronunciation, so that not all can be right.
    assert sum(a == b for a, b in zip(found, wanted)) >= 8
    assert min(record["dev_error"] for record in result.history) < 0.3
    assert result.history[-1]["loss"] < 0.5 * result.history[0]["loss"]
    # Its CTC layer is a recognizer by itself.
    graph = compile_graph(result.lexicon, word_loop(result.lexicon.words), result.model.topology)
    texts = [lattice.best_path().text for lattice in decode(graph, result.model.scores(unseen))]
    assert sum(text == truth for text, truth in zip(texts, unseen.texts)) >= 15


def loss_of(config: AttentionTrainConfig, **changes: Any) -> float:
    """The loss of a network with fixed weights."""
    batch = toy_batch(12)
    assert "yes" in " ".join(batch.texts)
    task = AttentionTask(batch, toy_lexicon(silence=False), replace(config, **changes), None, 2)
    with isolated_chance(0, torch.device("cpu")):
        network = AttentionNetwork(batch.dim, len(toy_lexicon(silence=False).tokens) - 1, config.shape)
        value, _ = task.loss(network.eval(), list(range(12)), np.random.default_rng(0))
    return float(value)


def test_the_joint_loss_is_the_weighted_sum_of_its_parts() -> None:
    plain = replace(QUICK, label_smoothing=0.0, sampling=0.0)
    none, some, more = (loss_of(plain, ctc_weight=weight) for weight in (0.0, 0.25, 0.75))
    assert more - some == pytest.approx(2 * (some - none), rel=1e-3)
    assert loss_of(plain, ctc_weight=0.5) == pytest.approx((some + more) / 2, rel=1e-4)


def test_the_decoders_loss_is_minus_the_log_probability_of_labels_and_end() -> None:
    batch, lexicon = toy_batch(3), toy_lexicon(silence=False)
    still = AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)
    config = replace(QUICK, ctc_weight=0.0, label_smoothing=0.0, sampling=0.0, augment=still)
    task = AttentionTask(batch, lexicon, config, None, 2)
    with isolated_chance(0, torch.device("cpu")):
        network = AttentionNetwork(batch.dim, len(lexicon.tokens) - 1, config.shape).eval()
    value, weight = task.loss(network, [0, 1, 2], np.random.default_rng(0))
    total, count = 0.0, 0
    for matrix, text in zip(batch.matrices, batch.texts):
        encoded = encode_matrices(network, [matrix])
        state, before = network.decoder.start(encoded.vectors, encoded.lengths), 0
        for label in [*first_labels(text.split(), lexicon), 0]:
            step = network.decoder.step(state, torch.tensor([before]))
            total -= float(step.logits.log_softmax(dim=1)[0, label].detach())
            state, before, count = step.state, label, count + 1
    assert weight == count
    assert float(value.detach()) == pytest.approx(total / count, rel=1e-4)


def test_smoothing_is_torchs_definition_and_sampling_draws() -> None:
    plain = replace(QUICK, ctc_weight=0.0, label_smoothing=0.0, sampling=0.0)
    sharp, smooth = loss_of(plain), loss_of(plain, label_smoothing=0.5)
    assert sharp != pytest.approx(smooth, abs=1e-4)
    assert loss_of(plain, sampling=1.0) != pytest.approx(sharp, abs=1e-6)


def test_pronunciations_that_are_heard_are_those_that_ctc_aligns() -> None:
    lexicon, batch = toy_lexicon(silence=False), replace(toy_batch(2, words=1), texts=("yes", "yes"))
    task = AttentionTask(batch, lexicon, replace(QUICK, pronunciations="heard"), None, 1)
    ways = {name: [lexicon.tokens[token] for token in entry.tokens] for name, entry in zip("ab", lexicon.of("yes"))}
    scores = torch.full((2, 9, len(lexicon.tokens)), -20.0)
    for n, way in enumerate("ba"):
        for place, label in enumerate(ways[way]):
            scores[n, 3 * place : 3 * place + 3, label] = 0.0
    encoded = Encoded(torch.zeros(2, 9, 4), torch.tensor([9, 9]), scores)
    assert task._targets.of(encoded, [0, 1]) == [ways["b"], ways["a"]]
    # The words of toy speech have two pronunciations each now and then, so that the choice matters.
    first, heard = (loss_of(replace(QUICK, ctc_weight=0.5), pronunciations=kind) for kind in ("first", "heard"))
    assert first != pytest.approx(heard, abs=1e-5)


def test_inputs_begin_with_the_end_and_targets_close_with_it() -> None:
    inputs, targets = teacher_forcing([[3, 1, 2], [4]])
    assert inputs.tolist() == [[0, 3, 1, 2], [0, 4, 0, 0]]
    assert targets.tolist() == [[3, 1, 2, 0], [4, 0, -1, -1]]


def test_runs_repeat_and_resume_bit_for_bit(tmp_path: Path) -> None:
    config = replace(QUICK, decoder=TransformerDecoderConfig(units=16, heads=2, layers=1, feedforward=16), sampling=0.5)
    batch, dev = toy_batch(12), toy_batch(3, seed=1)
    whole = train_attention(batch, toy_lexicon(), CONFIG, config, dev=dev, work_dir=tmp_path / "whole")
    state = torch.random.get_rng_state()
    again = train_attention(batch, toy_lexicon(), CONFIG, config, dev=dev)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert again.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(again.model.tensors()[name], array)
    other = replace(config, ctc_weight=0.5)
    with pytest.raises(TrainingError, match="another configuration"):
        train_attention(batch, toy_lexicon(), CONFIG, other, dev=dev, work_dir=tmp_path / "whole")


def test_bad_input_is_refused_with_the_utterance_named() -> None:
    batch = toy_batch(2)
    short = replace(batch, matrices=(batch.matrices[0], batch.matrices[1][:3]), texts=("no", "no no"))
    with pytest.raises(TrainingError, match="'toy-1' has 2 frames after subsampling by 2"):
        train_attention(short, toy_lexicon(), CONFIG, QUICK)
    # Without a CTC loss, few frames are no obstacle.
    result = train_attention(short, toy_lexicon(), CONFIG, replace(QUICK, ctc_weight=0.0))
    assert result.model.network.ctc is None
    with pytest.raises(TrainingError, match="'toy-0' has no transcript"):
        train_attention(replace(batch, texts=("", "no")), toy_lexicon(), CONFIG, QUICK)
    for wrong in (
        {"ctc_weight": 1.0},
        {"label_smoothing": 1.0},
        {"sampling": -0.1},
        {"batch_duration": 0.0},
        {"pronunciations": "heard", "ctc_weight": 0.0},
    ):
        with pytest.raises(ConfigError, match="expected"):
            replace(QUICK, **wrong)


def test_configurations_survive_a_file() -> None:
    values = config_to_dict(QUICK)
    assert config_from_dict(AttentionTrainConfig, values) == QUICK
    assert config_from_dict(AttentionTrainConfig, {"decoder": {"kind": "transformer"}}).decoder.kind == "transformer"
