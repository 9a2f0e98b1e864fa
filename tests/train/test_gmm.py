"""Training of GMM-HMMs as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, ModelError, TrainingError
from fsaasr.decode import decode
from fsaasr.graph import compile_graph, word_loop
from fsaasr.lattice import best_path
from fsaasr.models import load_model, save_model
from fsaasr.train.gmm import train_gmm
from fsaasr.train.gmm_config import GmmTrainConfig
from fsaasr.train.gmm_passes import CHECKPOINT
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

QUICK = GmmTrainConfig(iterations=6, gaussians=24, growth_end=2, split_min_count=2.0)


@pytest.mark.parametrize(("topology", "silence"), [("hmm1", ""), ("hmm3", ""), ("hmm3", "silence5")])
@pytest.mark.parametrize("method", ["full-sum", "viterbi"])
def test_likelihood_never_falls_at_a_fixed_number_of_gaussians(method: str, topology: str, silence: str) -> None:
    config = GmmTrainConfig(topology, silence, method, iterations=12, gaussians=40, growth_end=3, split_min_count=2.0)
    history = train_gmm(toy_batch(40, noise=1.0), toy_lexicon(), CONFIG, config).history
    checked = 0
    for before, after in zip(history, history[1:]):
        if before["gaussians"] == after["gaussians"]:
            assert after["log_likelihood"] >= before["log_likelihood"] - 1e-5
            checked += 1
    assert checked >= 7
    assert history[-1]["gaussians"] == 40


def test_full_sum_likelihood_is_above_viterbi_on_the_same_model() -> None:
    config = replace(QUICK, iterations=1, growth_end=0)
    full, best = (
        train_gmm(toy_batch(10), toy_lexicon(), CONFIG, replace(config, method=method)).history[0]["log_likelihood"]
        for method in ("full-sum", "viterbi")
    )
    assert best < full


@pytest.mark.parametrize("method", ["full-sum", "viterbi"])
def test_a_trained_model_recognizes_unseen_utterances(method: str) -> None:
    config = replace(QUICK, method=method)
    model = train_gmm(toy_batch(60), toy_lexicon(), CONFIG, config).model
    unseen = toy_batch(20, seed=1)
    lexicon = toy_lexicon()
    graph = compile_graph(lexicon, word_loop(lexicon.words), "hmm3", transitions=model.transitions)
    found = [best_path(lattice).text for lattice in decode(graph, model.scores(unseen))]
    assert sum(text == truth for text, truth in zip(found, unseen.texts)) >= 19


def test_transitions_are_learned() -> None:
    slow = train_gmm(toy_batch(30, frames=8), toy_lexicon(), CONFIG, QUICK).model
    fast = train_gmm(toy_batch(30, frames=1), toy_lexicon(), CONFIG, QUICK).model
    assert np.exp(slow.transitions[:, 0]).mean() > 0.6
    assert np.exp(fast.transitions[:, 0]).mean() < 0.3


def test_silence_may_have_five_states_and_learns_in_which_order_they_come(tmp_path: Path) -> None:
    lexicon, batch = toy_lexicon(), toy_batch(40, frames=6)
    model = train_gmm(batch, lexicon, CONFIG, replace(QUICK, silence="silence5")).model
    columns = model.topology.columns(model.tokens)
    assert np.bincount(columns.token)[1:].tolist() == [5 if name == "SIL" else 3 for name in model.tokens.names[1:]]
    of_silence = np.exp(model.transitions[columns.token == lexicon.tokens["SIL"]])
    np.testing.assert_allclose(of_silence.sum(axis=1), 1.0, rtol=1e-5)
    assert (of_silence[:4] >= 0.0099).all()
    assert np.abs(of_silence[1:4] - 0.25).max() > 0.1  # no longer what training began with
    save_model(model, tmp_path, lexicon)
    loaded = load_model(tmp_path)
    assert loaded.topology == model.topology
    np.testing.assert_array_equal(loaded.transitions, model.transitions)
    graph = compile_graph(lexicon, word_loop(lexicon.words), loaded.topology, transitions=loaded.transitions)
    unseen = toy_batch(20, seed=1)
    found = [best_path(lattice).text for lattice in decode(graph, model.scores(unseen))]
    assert sum(text == truth for text, truth in zip(found, unseen.texts)) >= 19
    with pytest.raises(ConfigError, match="silence 'silence5' for a lexicon without"):
        train_gmm(batch, toy_lexicon(silence=False), CONFIG, replace(QUICK, silence="silence5"))


class KilledError(Exception):
    pass


def test_a_killed_run_resumes_to_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = toy_batch(12)
    whole = train_gmm(batch, toy_lexicon(), CONFIG, QUICK)

    import fsaasr.train.gmm_passes as trainer

    calls = []

    def killed(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 4:
            raise KilledError
        return original(*arguments)

    original = trainer.expectation
    monkeypatch.setattr(trainer, "expectation", killed)
    with pytest.raises(KilledError):
        train_gmm(batch, toy_lexicon(), CONFIG, QUICK, work_dir=tmp_path)
    resumed = train_gmm(batch, toy_lexicon(), CONFIG, QUICK, work_dir=tmp_path)
    assert len(calls) == 4 + 3, "three passes were done already"
    assert resumed.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], array)
    # Once more: all is done, nothing is computed.
    train_gmm(batch, toy_lexicon(), CONFIG, QUICK, work_dir=tmp_path)
    assert len(calls) == 7


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    config = replace(QUICK, iterations=1, growth_end=0)
    train_gmm(toy_batch(4), toy_lexicon(), CONFIG, config, work_dir=tmp_path)
    with pytest.raises(TrainingError, match="other data or another configuration"):
        train_gmm(toy_batch(5), toy_lexicon(), CONFIG, config, work_dir=tmp_path)
    with pytest.raises(TrainingError, match="other data or another configuration"):
        train_gmm(toy_batch(4), toy_lexicon(), CONFIG, replace(config, gaussians=25), work_dir=tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"junk")
    with pytest.raises(TrainingError, match="not a checkpoint"):
        train_gmm(toy_batch(4), toy_lexicon(), CONFIG, config, work_dir=tmp_path)


def test_columns_that_no_transcript_holds_are_reported() -> None:
    batch = toy_batch(30)
    batch = batch.select([name for name, text in zip(batch.ids, batch.texts) if not {"so", "no"} & set(text.split())])
    result = train_gmm(batch, toy_lexicon(), CONFIG, replace(QUICK, iterations=1, growth_end=0))
    assert result.unseen == ("N.1", "N.2", "N.3", "OW.1", "OW.2", "OW.3")
    assert train_gmm(toy_batch(20), toy_lexicon(), CONFIG, replace(QUICK, iterations=1, growth_end=0)).unseen == ()


def test_bad_input_is_refused() -> None:
    batch = toy_batch(2)
    with pytest.raises(ModelError, match="topology 'ctc' has no HMM states"):
        train_gmm(batch, toy_lexicon(), CONFIG, GmmTrainConfig(topology="ctc"))
    with pytest.raises(TrainingError, match="4 dimensions, 5 are configured"):
        train_gmm(batch, toy_lexicon(), replace(CONFIG, num_ceps=5), QUICK)
    with pytest.raises(TrainingError, match="'toy-1' has no transcript"):
        train_gmm(replace(batch, texts=("no", " ")), toy_lexicon(), CONFIG, QUICK)
    with pytest.raises(TrainingError, match="no utterances"):
        train_gmm(batch.select([]), toy_lexicon(), CONFIG, QUICK)
    constant = replace(batch, matrices=tuple(np.zeros_like(matrix) for matrix in batch.matrices))
    with pytest.raises(TrainingError, match="feature 0 is the same in every frame"):
        train_gmm(constant, toy_lexicon(), CONFIG, QUICK)
    with pytest.raises(ConfigError, match="growth_end"):
        GmmTrainConfig(iterations=3, growth_end=3)
