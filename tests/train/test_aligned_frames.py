"""Passes over kept alignments: the same sums as passes that align."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.train import GmmTrainConfig, train_gmm
from fsaasr.train.aligned_frames import align_frames, aligned_expectation
from fsaasr.train.expectation import expectation, hmm_utterances
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

KEPT = GmmTrainConfig(method="viterbi", realign_every=3, iterations=7, gaussians=24, growth_end=4, split_min_count=2.0)


def random_model(seed: int) -> tuple[DiagGmm, np.ndarray]:
    columns = 3 * (len(toy_lexicon().tokens) - 1)
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, size=columns)
    weights = np.concatenate([rng.dirichlet(np.ones(size)) for size in sizes])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    stay = rng.uniform(0.1, 0.9, size=columns)
    transitions = np.log(np.stack([stay, 1 - stay], axis=1)).astype(np.float32)
    return DiagGmm(weights, rng.normal(size=(len(weights), 4)), np.ones((len(weights), 4)), offsets), transitions


def test_the_aligning_model_collects_what_a_viterbi_pass_does() -> None:
    gmm, transitions = random_model(0)
    utterances = hmm_utterances(toy_batch(10), toy_lexicon(), "hmm3")
    whole = expectation(gmm, transitions, utterances, "viterbi")
    kept = aligned_expectation(gmm, transitions, align_frames(gmm, transitions, utterances))
    assert kept.total == pytest.approx(whole.total, rel=1e-6)
    assert kept.frames == whole.frames
    for name in ("occupancy", "first", "second", "moves"):
        np.testing.assert_allclose(getattr(kept, name), getattr(whole, name), rtol=1e-3, atol=1e-3)


def test_another_model_scores_the_same_paths_and_so_no_better_than_its_own() -> None:
    (gmm, transitions), (other, moves) = random_model(0), random_model(1)
    utterances = hmm_utterances(toy_batch(10), toy_lexicon(), "hmm3")
    aligned = align_frames(gmm, transitions, utterances)
    own = aligned_expectation(other, moves, align_frames(other, moves, utterances))
    assert aligned_expectation(other, moves, aligned).total < own.total


def test_threads_change_nothing() -> None:
    gmm, transitions = random_model(2)
    utterances = hmm_utterances(toy_batch(30), toy_lexicon(), "hmm3")
    one, three = (align_frames(gmm, transitions, utterances, threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.frames, three.frames)
    assert one.rest == three.rest


def test_likelihood_rises_and_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsaasr.train.gmm_passes as passes

    batch = toy_batch(12)
    whole = train_gmm(batch, toy_lexicon(), CONFIG, KEPT)
    rates = [entry["log_likelihood"] for entry in whole.history]
    assert rates[-1] > rates[0]
    left = [5]

    def killed(*arguments: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return original(*arguments)

    original = passes.aligned_expectation
    monkeypatch.setattr(passes, "aligned_expectation", killed)
    with pytest.raises(KeyboardInterrupt):
        train_gmm(batch, toy_lexicon(), CONFIG, KEPT, work_dir=tmp_path)
    left[0] = 100
    resumed = train_gmm(batch, toy_lexicon(), CONFIG, KEPT, work_dir=tmp_path)
    assert left[0] == 100 - 4, "three of seven passes were kept"
    assert resumed.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], array)


def test_full_sum_has_no_alignment_to_keep() -> None:
    with pytest.raises(ConfigError, match="realign_every 2 with method 'full-sum'"):
        GmmTrainConfig(realign_every=2)
