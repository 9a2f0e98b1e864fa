"""Training of hybrid models as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.decode import align, decode
from fsaasr.features import FeatureBatch
from fsaasr.graph import TranscriptCompiler, compile_graph, word_loop
from fsaasr.lattice import best_path
from fsaasr.models import GmmModel
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.hybrid import HybridModel
from fsaasr.train import GmmTrainConfig, train_gmm
from fsaasr.train.aligned_batch import AlignedBatch
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.hybrid import HybridTraining, train_hybrid
from fsaasr.train.hybrid_config import HybridTrainConfig
from fsaasr.train.hybrid_task import HybridTask
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

SMALL = TdnnConfig(hidden=32, dilations=(1,), subsampling=2, dropout=0.1)
GENTLE = AugmentConfig(time_width=2, feature_masks=0, tempo=0.05)
PLAIN = AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)
QUICK = HybridTrainConfig(SMALL, FitConfig(epochs=3, learning_rate=0.01), GENTLE, batch_duration=2.0)
LEXICON = toy_lexicon()


@pytest.fixture(scope="module")
def start() -> GmmModel:
    config = GmmTrainConfig(topology="hmm3", method="viterbi", iterations=8, gaussians=24, growth_end=1)
    return train_gmm(toy_batch(40), LEXICON, CONFIG, config).model


def aligned(model: GmmModel | HybridModel, batch: FeatureBatch) -> AlignedBatch:
    compiler = TranscriptCompiler(LEXICON, model.topology, model.tokens, model.transitions)
    graphs = [compiler.compile(text.split(), name) for text, name in zip(batch.texts, batch.ids)]
    return AlignedBatch.from_alignments(batch, align(graphs, model.scores(batch)))


def trained(start: GmmModel, config: HybridTrainConfig, data: AlignedBatch, **options: object) -> HybridTraining:
    return train_hybrid(data, start.topology, start.transitions, LEXICON, CONFIG, config, **options)  # type: ignore[arg-type]


def correct(model: HybridModel) -> int:
    unseen = toy_batch(20, seed=1)
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), model.topology, transitions=model.transitions)
    found = [best_path(lattice).text for lattice in decode(graph, model.scores(unseen))]
    return sum(text == truth for text, truth in zip(found, unseen.texts))


def test_a_trained_model_recognizes_unseen_utterances_and_aligns_for_another(start: GmmModel) -> None:
    data, dev = aligned(start, toy_batch(60)), aligned(start, toy_batch(10, seed=2))
    config = replace(QUICK, fit=FitConfig(epochs=10, learning_rate=0.01))
    result = trained(start, config, data, dev=dev)
    assert correct(result.model) >= 18
    assert result.model.interleaved
    assert result.model.frame_shift == CONFIG.frame_shift
    assert result.history[-1]["dev_error"] < 0.2
    # Realigned by the hybrid, with an encoder at the full rate.
    again = replace(config, encoder=replace(SMALL, subsampling=1), fit=FitConfig(epochs=6, learning_rate=0.01))
    second = trained(start, again, aligned(result.model, toy_batch(60)))
    assert correct(second.model) >= 18
    assert not second.model.interleaved


def test_a_silence_of_five_states_goes_on_into_the_hybrid() -> None:
    config = GmmTrainConfig(silence="silence5", method="viterbi", iterations=8, gaussians=24, growth_end=1)
    start = train_gmm(toy_batch(40), LEXICON, CONFIG, config).model
    quick = replace(QUICK, fit=FitConfig(epochs=6, learning_rate=0.01))
    model = trained(start, quick, aligned(start, toy_batch(60))).model
    assert model.topology == start.topology
    assert model.transitions.shape == (start.gmm.num_columns, 4)
    assert correct(model) >= 16


def test_seeds_make_runs_repeatable_and_leave_global_chance_alone(start: GmmModel) -> None:
    data = aligned(start, toy_batch(12))
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first = trained(start, QUICK, data)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(6)
    second = trained(start, QUICK, data)
    other = trained(start, replace(QUICK, fit=replace(QUICK.fit, seed=1)), data)
    for name, array in first.model.tensors().items():
        np.testing.assert_array_equal(second.model.tensors()[name], array)
    assert other.history != first.history == second.history


def test_an_interrupted_run_resumes_to_the_same_weights(
    start: GmmModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, dev = aligned(start, toy_batch(12)), aligned(start, toy_batch(4, seed=1))
    whole = trained(start, QUICK, data, dev=dev)
    with monkeypatch.context() as killed:
        batches = HybridTask.batches
        killed.setattr(
            HybridTask, "batches", lambda task, epoch: pytest.fail("killed") if epoch == 2 else batches(task, epoch)
        )
        with pytest.raises(pytest.fail.Exception, match="killed"):
            trained(start, QUICK, data, dev=dev, work_dir=tmp_path)
    resumed = trained(start, QUICK, data, dev=dev, work_dir=tmp_path)
    assert resumed.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], array)
    # Other labels of the same features are another run.
    moved = AlignedBatch(data.features, tuple(np.roll(path, 1) for path in data.paths))
    with pytest.raises(TrainingError, match="other data"):
        trained(start, QUICK, moved, dev=dev, work_dir=tmp_path)


def test_priors_come_from_alignments_or_posteriors(start: GmmModel) -> None:
    data = aligned(start, toy_batch(12))
    counted = trained(start, replace(QUICK, prior_scale=0.25), data).model
    np.testing.assert_allclose(np.exp(counted.log_priors).sum(), 1.0, rtol=1e-5)
    shares = data.counts(len(counted.log_priors)) / sum(map(len, data.paths))
    np.testing.assert_allclose(np.exp(counted.log_priors)[shares > 0.05], shares[shares > 0.05], rtol=0.05)
    model = trained(start, replace(QUICK, priors="posteriors"), data).model
    rows = replace(model, prior_scale=0.0, interleaved=False).scores(data.features)
    mean = np.exp(np.concatenate([rows.utterance(n) for n in range(len(rows))])).mean(axis=0)
    np.testing.assert_allclose(np.exp(model.log_priors), mean, rtol=0.05, atol=1e-3)
    assert counted.prior_scale == 0.25
    assert model.prior_scale == 1.0
    assert not np.allclose(model.log_priors, counted.log_priors)


def one_hot(columns: int, subsampling: int, augment: AugmentConfig) -> HybridTask:
    """A task whose features, also those at half the speed, say the label of each frame."""
    rng = np.random.default_rng(0)
    paths = tuple(np.repeat(rng.integers(0, columns, size=9), 8) for _ in range(4))
    matrices = tuple(np.eye(columns, dtype=np.float32)[path] for path in paths)
    slower = tuple(np.repeat(matrix, 2, axis=0) for matrix in matrices)
    batch = FeatureBatch(tuple("abcd"), matrices, ("",) * 4, ("x",) * 4, 0.01, {0.5: slower})
    return HybridTask(AlignedBatch(batch, paths), subsampling, replace(QUICK, augment=augment), None)


@pytest.mark.parametrize("subsampling", [1, 2, 3, 4])
@pytest.mark.parametrize("change", [{}, {"tempo": 0.3}, {"speeds": (0.5, 1.0)}, {"time_warp": 20}], ids=str)
def test_labels_stay_with_their_frames(subsampling: int, change: dict[str, Any]) -> None:
    task = one_hot(5, subsampling, replace(PLAIN, **change))
    seen = set()
    for seed in range(12):
        matrix, labels = task._drawn(seed % 4, np.random.default_rng(seed))
        centres = matrix[subsampling // 2 :: subsampling][: len(labels)]
        assert len(centres) == len(labels)
        clear = centres.max(axis=1) > 0.501  # not halfway between two frames of different labels
        assert clear.mean() > 0.9
        np.testing.assert_array_equal(centres.argmax(axis=1)[clear], labels[clear])
        seen.add(matrix.tobytes())
    if change or subsampling > 1:
        assert len(seen) > 4


def test_smoothing_adds_the_distance_to_the_uniform_distribution(start: GmmModel) -> None:
    data = aligned(start, toy_batch(6))
    network = trained(start, QUICK, data).model.network
    losses = []
    for smoothing in (0.0, 0.5, 0.25):
        config = replace(QUICK, label_smoothing=smoothing, augment=PLAIN)
        task = HybridTask(data, 2, config, None)
        loss, frames = task.loss(network, [0, 1], np.random.default_rng(3))
        losses.append(float(loss))
    assert losses[1] > losses[0]
    assert losses[2] == pytest.approx((losses[0] + losses[1]) / 2, rel=1e-5)
    assert frames == pytest.approx(sum(map(len, data.paths[:2])) / 2, abs=1)


def test_dev_measures_are_those_of_the_scores(start: GmmModel) -> None:
    data, dev = aligned(start, toy_batch(12)), aligned(start, toy_batch(3, seed=1))
    result = trained(start, replace(QUICK, encoder=replace(SMALL, subsampling=1)), data, dev=dev)
    rows = result.model.with_prior_scale(0.0).scores(dev.features)
    scores = np.concatenate([rows.utterance(n) for n in range(3)])
    labels = np.concatenate(dev.paths)
    best = min(result.history, key=lambda record: (record["dev_error"], record["dev_loss"]))
    assert best["dev_error"] == pytest.approx(np.mean(scores.argmax(axis=1) != labels), abs=1e-6)
    assert best["dev_loss"] == pytest.approx(-scores[np.arange(len(labels)), labels].mean(), rel=1e-4)


def test_what_does_not_fit_is_named(start: GmmModel) -> None:
    data = aligned(start, toy_batch(3))
    with pytest.raises(TrainingError, match="'toy-0' has the label"):
        train_hybrid(data, "hmm1", start.transitions, LEXICON, CONFIG, QUICK)
    with pytest.raises(TrainingError, match=r"'toy-1' has \d+ frames, its alignment 4"):
        AlignedBatch(data.features, (data.paths[0], data.paths[1][:4], data.paths[2]))
    with pytest.raises(TrainingError, match="2 paths for 3"):
        AlignedBatch(data.features, data.paths[:2])
    hypotheses = align(
        [TranscriptCompiler(LEXICON, "hmm3", start.tokens).compile(["no"], "x")] * 3, start.scores(data.features)
    )
    with pytest.raises(TrainingError, match="'toy-0'"):
        AlignedBatch.from_alignments(toy_batch(4).select(["toy-1", "toy-0", "toy-2"]), hypotheses)


def test_configurations_are_checked() -> None:
    assert config_from_dict(HybridTrainConfig, config_to_dict(QUICK)) == QUICK
    for wrong in ({"label_smoothing": 1.0}, {"prior_scale": -1.0}, {"batch_duration": 0}, {"priors": "none"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            config_from_dict(HybridTrainConfig, wrong)
