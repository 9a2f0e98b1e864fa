"""Neural language models: word by word as at once, alone as in a batch, and what is saved comes back."""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core import SymbolTable
from fsaasr.core.errors import ConfigError, GrammarError
from fsaasr.grammar import perplexity
from fsaasr.grammar.neural import (
    LmConfig,
    LstmLmConfig,
    NeuralLm,
    TransformerLmConfig,
    build_lm_network,
    load_neural_lm,
    save_neural_lm,
)
from fsaasr.lattice import DoubleCountWarning, Mixing, NbestList, rescore_lattice, rescore_nbest
from fsaasr.testing import word_lattice_of

WORDS = SymbolTable(["a", "b", "c", "<unk>"])
CONFIGS: list[LmConfig] = [
    LstmLmConfig(dim=8, layers=2, dropout=0.5),
    TransformerLmConfig(dim=8, heads=2, layers=2, feed_forward=16, dropout=0.5),
]
SENTENCES = [["a", "b", "c", "a"], [], ["c"], ["b", "b"]]


@pytest.fixture(params=CONFIGS, ids=lambda config: config.kind)
def lm(request: pytest.FixtureRequest) -> NeuralLm:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NeuralLm(build_lm_network(4, request.param), request.param, WORDS)


def test_word_by_word_is_as_at_once(lm: NeuralLm) -> None:
    for words, expected in zip(SENTENCES, lm.score(SENTENCES)):
        state, found = lm.start, []
        for word in words:
            (state,), (score,) = lm.advance([state], [word])
            found.append(score)
        found.append(lm.final([state])[0])
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_states_of_any_lengths_go_together(lm: NeuralLm) -> None:
    (one,), _ = lm.advance([lm.start], ["a"])
    (two,), _ = lm.advance([one], ["b"])
    states = [two, lm.start, one]
    together, scores = lm.advance(states, ["c", "a", "b"])
    for state, word, joint, score in zip(states, ["c", "a", "b"], together, scores):
        (alone,), (own,) = lm.advance([state], [word])
        assert own == pytest.approx(score, abs=1e-5)
        np.testing.assert_allclose(lm.distributions([alone]), lm.distributions([joint]), atol=1e-5)


def test_a_batch_changes_nothing(lm: NeuralLm) -> None:
    for words, scores in zip(SENTENCES, lm.score(SENTENCES)):
        np.testing.assert_allclose(lm.score([words])[0], scores, atol=1e-5)


def test_probabilities_of_all_sentences_sum_to_one(lm: NeuralLm) -> None:
    names = WORDS.names[1:]
    sentences = [list(words) for length in range(3) for words in itertools.product(names, repeat=length)]
    ended = np.exp(lm.sentence_scores(sentences)).sum()
    # What has not ended after two words goes on.
    going = [np.exp(scores[:-1].sum()) * -np.expm1(scores[-1]) for scores in lm.score(sentences[-16:])]
    assert ended + np.sum(going) == pytest.approx(1.0, abs=1e-5)


def test_what_comes_later_changes_nothing_before(lm: NeuralLm) -> None:
    first, second = lm.score([["a", "b", "c"], ["a", "b", "a"]])
    np.testing.assert_allclose(first[:2], second[:2], atol=1e-6)
    assert first[-1] != second[-1]


def test_order_matters(lm: NeuralLm) -> None:
    first, second = (lm.score([words])[0][-1] for words in (["a", "b", "b"], ["b", "b", "a"]))
    assert first != pytest.approx(second, abs=1e-6)


def test_unknown_words_count_as_unk(lm: NeuralLm) -> None:
    assert lm.sentence_scores([["a", "zebra"]]) == lm.sentence_scores([["a", "<unk>"]])
    closed = NeuralLm(build_lm_network(2, lm.config), lm.config, SymbolTable(["a", "b"]))
    with pytest.raises(GrammarError, match="unknown word 'zebra'"):
        closed.score([["zebra"]])
    with pytest.raises(GrammarError, match="string 'a b'"):
        closed.score(["a b"])


def test_perplexity_is_that_of_the_scores(lm: NeuralLm) -> None:
    report = lm.perplexity([*SENTENCES, ["zebra"]])
    total = sum(lm.sentence_scores([*SENTENCES, ["zebra"]]))
    assert report.perplexity == pytest.approx(np.exp(-total / (8 + 5)))
    assert (report.sentences, report.words, report.oov, report.oov_words) == (5, 8, 1, (("zebra", 1),))
    known = total - lm.score([["zebra"]])[0][0]
    assert report.perplexity_without_oov == pytest.approx(np.exp(-known / (8 + 5 - 1)))
    with pytest.raises(GrammarError, match="no sentence"):
        lm.perplexity([])


def test_a_saved_model_is_the_same(lm: NeuralLm, tmp_path: Path) -> None:
    save_neural_lm(lm, tmp_path / "lm", {"epochs": 1})
    before = torch.random.get_rng_state()
    loaded = load_neural_lm(tmp_path / "lm")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (loaded.words, loaded.config) == (lm.words, lm.config)
    assert loaded.sentence_scores(SENTENCES) == lm.sentence_scores(SENTENCES)


@pytest.mark.parametrize("damage", ["lm.json", "lm.safetensors", "other"])
def test_damaged_files_are_refused(tmp_path: Path, damage: str) -> None:
    lm = NeuralLm(build_lm_network(4, CONFIGS[0]), CONFIGS[0], WORDS)
    save_neural_lm(lm, tmp_path)
    if damage == "other":
        record: dict[str, Any] = json.loads((tmp_path / "lm.json").read_text())
        (tmp_path / "lm.json").write_text(json.dumps({**record, "sha256": "0"}))
    else:
        (tmp_path / damage).write_bytes(b"\0" * 20)
    with pytest.raises(GrammarError, match="train or copy the language model again"):
        load_neural_lm(tmp_path)


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(GrammarError, match="a network of 3 words for a vocabulary of 4"):
        NeuralLm(build_lm_network(3, CONFIGS[0]), CONFIGS[0], WORDS)


@pytest.mark.parametrize("wrong", [{"dim": 0}, {"layers": 0}, {"dropout": 1.0}])
def test_wrong_shapes_are_refused(wrong: dict[str, Any]) -> None:
    for kind in (LstmLmConfig, TransformerLmConfig):
        with pytest.raises(ConfigError, match="expected >= 1"):
            kind(**wrong)
    with pytest.raises(ConfigError, match="multiple of heads"):
        TransformerLmConfig(dim=9, heads=2)


def test_lattices_and_nbest_lists_are_rescored_alike(lm: NeuralLm) -> None:
    names = ["w1", "w2", "w3"]
    own = NeuralLm(build_lm_network(3, lm.config), lm.config, SymbolTable(names))
    lattice = word_lattice_of([((1, 2), -1.0, 0.0), ((3, 2), -1.5, 0.0), ((3,), -1.25, 0.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubleCountWarning)
        rescored = rescore_lattice(lattice, own, mixing=Mixing(on_top=True))
    (listed,) = rescore_nbest([NbestList.from_lattice(rescored, 3)], own.sentence_scores, "neural")
    totals = [float(hypothesis.graph_score) for hypothesis in listed.hypotheses]
    np.testing.assert_allclose(totals, listed.scores["neural"], atol=1e-4)


def test_perplexity_means_the_same_as_for_ngrams() -> None:
    from fsaasr.grammar import estimate_ngram

    model = estimate_ngram([["a", "b"], ["a"], ["b", "a", "c"]], 2)
    report = perplexity(model, SENTENCES[:1])
    lm = NeuralLm(build_lm_network(4, CONFIGS[0]), CONFIGS[0], WORDS)
    own = lm.perplexity(SENTENCES[:1])
    assert (own.sentences, own.words, own.oov) == (report.sentences, report.words, report.oov)
