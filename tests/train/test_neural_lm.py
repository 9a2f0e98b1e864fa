"""Training of neural language models: they learn what n-grams know, and go on where they were killed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fsaasr.core import SymbolTable
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.decode.neural_token_lm import NeuralTokenLm
from fsaasr.decode.token_lm import NgramTokenLm
from fsaasr.grammar import estimate_ngram, perplexity
from fsaasr.grammar.neural import LmConfig, LstmLmConfig, TransformerLmConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.neural_lm import NeuralLmTask, NeuralLmTrainConfig, train_neural_lm

WORDS = SymbolTable(["a", "b", "c", "d"])
FIT = FitConfig(epochs=25, learning_rate=0.01, weight_decay=0.0)


def copies(count: int, seed: int) -> list[list[str]]:
    """Sentences that say their first word again at their end, which no bigram knows."""
    rng = np.random.default_rng(seed)
    firsts, middles = rng.choice(["a", "b"], size=count), rng.choice(["c", "d"], size=count)
    return [[str(first), str(middle), str(first)] for first, middle in zip(firsts, middles)]


@pytest.mark.parametrize(
    "network",
    [LstmLmConfig(dim=16, dropout=0.0), TransformerLmConfig(dim=16, heads=2, layers=1, feed_forward=16, dropout=0.0)],
    ids=lambda network: network.kind,
)
def test_it_remembers_further_than_a_bigram(network: LmConfig) -> None:
    train, test = copies(200, 0), copies(50, 1)
    trained = train_neural_lm(train, WORDS, NeuralLmTrainConfig(network, FIT, batch_words=100), dev=copies(50, 2))
    found = trained.lm.perplexity(test).perplexity
    bigram = perplexity(estimate_ngram(train, 2), test).perplexity
    # Two bits a sentence of four tokens: perplexity 2 ** (2 / 4); a bigram has to guess a third one.
    assert found == pytest.approx(2 ** (2 / 4), rel=0.05)
    assert bigram > 1.6
    assert [entry["epoch"] for entry in trained.history] == list(range(1, 26))
    assert trained.history[-1]["dev_loss"] < trained.history[0]["dev_loss"]


def test_a_killed_training_ends_in_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = NeuralLmTrainConfig(LstmLmConfig(dim=8, dropout=0.3), FIT, batch_words=100, noise=0.1)
    whole = train_neural_lm(copies(40, 0), WORDS, config, dev=copies(10, 1)).lm
    calls = 0

    def evaluate(self: NeuralLmTask, network: torch.nn.Module) -> dict[str, float]:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return original(self, network)  # type: ignore[arg-type]

    original = NeuralLmTask.evaluate
    with monkeypatch.context() as patched:
        patched.setattr(NeuralLmTask, "evaluate", evaluate)
        with pytest.raises(KeyboardInterrupt):
            train_neural_lm(copies(40, 0), WORDS, config, dev=copies(10, 1), work_dir=tmp_path)
    resumed = train_neural_lm(copies(40, 0), WORDS, config, dev=copies(10, 1), work_dir=tmp_path).lm
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name])
    with pytest.raises(TrainingError, match="another configuration"):
        train_neural_lm(copies(41, 0), WORDS, config, dev=copies(10, 1), work_dir=tmp_path)


def test_every_sentence_is_in_one_batch_of_no_more_words() -> None:
    config = NeuralLmTrainConfig(batch_words=12)
    lm = train_neural_lm([["a"]], WORDS, NeuralLmTrainConfig(fit=FitConfig(epochs=1))).lm
    sentences = [["a"] * n for n in (1, 2, 3, 2, 1, 20, 3)]
    task = NeuralLmTask(lm, sentences, None, config)
    for epoch in range(3):
        batches = task.batches(epoch)
        assert sorted(n for batch in batches for n in batch) == list(range(7))
        widths = [len(batch) * (1 + max(len(sentences[n]) for n in batch)) for batch in batches]
        assert all(width <= 12 or len(batch) == 1 for width, batch in zip(widths, batches))
    assert task.batches(0) == task.batches(0) != task.batches(1)


def test_noise_changes_what_is_learned() -> None:
    fit = FitConfig(epochs=2)
    plain, noisy = (
        train_neural_lm(copies(20, 0), WORDS, NeuralLmTrainConfig(LstmLmConfig(dim=8), fit, noise=noise)).lm
        for noise in (0.0, 0.5)
    )
    assert not torch.equal(plain.network.bias, noisy.network.bias)
    for wrong in ({"noise": 1.0}, {"batch_words": 0}):
        with pytest.raises(ConfigError, match="expected >= 1, 0 to below 1"):
            NeuralLmTrainConfig(**wrong)  # type: ignore[arg-type]


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(TrainingError, match="no sentences"):
        train_neural_lm([], WORDS, NeuralLmTrainConfig())


def test_fusion_asks_for_the_acoustic_models_own_tokens() -> None:
    lm = train_neural_lm(copies(20, 0), WORDS, NeuralLmTrainConfig(LstmLmConfig(dim=8), FitConfig(epochs=1))).lm
    tokens = SymbolTable(["c", "a"])  # another order, and not all of them
    fusion = NeuralTokenLm(lm, tokens)
    (state,) = fusion.advance([fusion.start], [2])
    expected, _ = lm.advance([lm.start], ["a"])
    np.testing.assert_allclose(fusion.scores([state])[0], lm.distributions(expected)[0, [0, 3, 1]], atol=1e-6)
    ngram = NgramTokenLm(estimate_ngram(copies(20, 0), 2), tokens)
    assert ngram.scores([ngram.start]).shape == fusion.scores([fusion.start]).shape == (1, 3)
