"""Minimum word error rate: expected errors of lists, their gradients, and training that lowers them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import TranscriptCompiler
from fsaasr.models.hybrid import HybridModel
from fsaasr.testing import exact_search
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.full_sum import FullSumOptions
from fsaasr.train.mwer import train_mwer
from fsaasr.train.mwer_config import MwerConfig
from fsaasr.train.mwer_lists import ListMaker
from fsaasr.train.mwer_losses import HypothesisList, mwer_loss, mwer_terms
from fsaasr.train.mwer_task import MwerTask
from fsaasr.train.sequence import train_lf_mmi
from tests.train.test_sequence import GENTLE, LF_MMI
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

MWER = MwerConfig(FitConfig(epochs=2, learning_rate=2e-3), GENTLE, batch_duration=2.0)
DATA, DEV = toy_batch(20, noise=2.0), toy_batch(10, seed=1, noise=2.0)


def some_lists() -> list[HypothesisList]:
    compiler = TranscriptCompiler(toy_lexicon(), "hmm1")

    def of(*texts: str) -> tuple[Any, ...]:
        return tuple(compiler.compile(text.split()) for text in texts)

    return [
        HypothesisList(
            of("no", "so", "yes us"), np.array([-1, -2, -0.5], np.float32), np.array([0, 1, 2], np.float32), 0
        ),
        HypothesisList(of("us", "ess"), np.array([-1.5, -1], np.float32), np.array([1, 0], np.float32)),
    ]


def some_scores() -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    columns = some_lists()[0].graphs[0].num_columns
    return torch.randn(2, 8, columns, generator=rng, dtype=torch.float64)


LENGTHS = torch.tensor([8, 6])


def test_the_loss_is_the_mean_of_errors_by_probability() -> None:
    scores, lists = some_scores(), some_lists()
    terms = mwer_terms(scores, LENGTHS, lists)
    for n, (entry, length) in enumerate(zip(lists, LENGTHS.tolist())):
        logs = [
            exact_search(graph.fst, scores[n, :length].numpy()).total + float(language)
            for graph, language in zip(entry.graphs, entry.language_scores)
        ]
        probabilities = np.exp(logs - np.logaddexp.reduce(logs))
        assert float(terms.risk[n]) == pytest.approx(float(probabilities @ entry.errors), abs=1e-8)
        assert terms.best[n] == int(np.argmax(logs))
        if entry.reference >= 0:
            assert float(terms.reference[n]) == pytest.approx(-np.log(probabilities[entry.reference]), abs=1e-8)
    assert float(terms.reference[1]) == 0.0
    alone = [mwer_loss(scores[n : n + 1], LENGTHS[n : n + 1], lists[n : n + 1]) for n in range(2)]
    torch.testing.assert_close(torch.cat(alone), terms.risk)


def test_the_gradient_equals_finite_differences() -> None:
    scores, lists = some_scores().requires_grad_(), some_lists()
    assert torch.autograd.gradcheck(lambda values: mwer_loss(values, LENGTHS, lists), (scores,))


@pytest.mark.k2
def test_native_and_k2_agree() -> None:
    results = []
    for backend in ("native", "k2"):
        scores = some_scores().float().requires_grad_()
        loss = mwer_loss(scores, LENGTHS, some_lists(), options=FullSumOptions(backend))
        results.append((loss.detach(), torch.autograd.grad(loss.sum(), scores)[0]))
    torch.testing.assert_close(results[0], results[1], atol=1e-4, rtol=1e-4)


@pytest.fixture(scope="module")
def start() -> HybridModel:
    return train_lf_mmi(DATA, toy_lexicon(), CONFIG, replace(LF_MMI, fit=FitConfig(epochs=3, learning_rate=0.01))).model


def test_lists_begin_with_the_transcript_and_count_its_errors(start: HybridModel) -> None:
    words = estimate_ngram([text.split() for text in DATA.texts], 2, extra_words=toy_lexicon().words.names[1:])
    lists = ListMaker(start, toy_lexicon(), words, 4, 1.0).lists(DATA)
    compiler = TranscriptCompiler(toy_lexicon(), start.topology, transitions=start.transitions)
    assert max(len(entry.graphs) for entry in lists) == 4
    for entry, text in zip(lists, DATA.texts):
        assert entry.reference == 0
        assert entry.errors[0] == 0
        assert (entry.errors[1:] > 0).all()
        assert entry.graphs[0].hash == compiler.compile(text.split()).hash
        assert entry.language_scores[0] == pytest.approx(words.log10_prob(text.split()).sum() * np.log(10), rel=1e-5)


def test_training_lowers_the_risk_of_dev_data(start: HybridModel) -> None:
    result = train_mwer(start, DATA, toy_lexicon(), replace(MWER, fit=FitConfig(epochs=6, learning_rate=2e-3)), dev=DEV)
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    assert min(record["dev_risk"] for record in result.history) < result.history[0]["dev_risk"]
    assert result.model.topology == start.topology
    before, after = start.tensors(), result.model.tensors()
    assert any(not np.array_equal(before[name], after[name]) for name in before)


def test_a_run_that_was_stopped_ends_in_the_same_model(
    start: HybridModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train_mwer(start, DATA, toy_lexicon(), MWER, dev=DEV)
    batches = MwerTask.batches

    def stop(task: Any, epoch: int) -> Any:
        if epoch == 1:
            raise KeyboardInterrupt
        return batches(task, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(MwerTask, "batches", stop)
        with pytest.raises(KeyboardInterrupt):
            train_mwer(start, DATA, toy_lexicon(), MWER, dev=DEV, work_dir=tmp_path)
    resumed = train_mwer(start, DATA, toy_lexicon(), MWER, dev=DEV, work_dir=tmp_path)
    assert resumed.history == whole.history
    for name, array in whole.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], array)


CHANGES: Dict[str, Dict[str, Any]] = {
    "seed": {"fit": replace(MWER.fit, seed=1)},
    "augment": {"augment": AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)},
    "batch_duration": {"batch_duration": 1.5},
    "order": {"order": 1},
    "hypotheses": {"hypotheses": 2},
    "acoustic_scale": {"acoustic_scale": 0.5},
    "reference_weight": {"reference_weight": 1.0},
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_option_changes_the_outcome(name: str, start: HybridModel) -> None:
    few = DATA.select(DATA.ids[:10])
    outcomes = [
        train_mwer(start, few, toy_lexicon(), config).history for config in (MWER, replace(MWER, **CHANGES[name]))
    ]
    assert outcomes[0] != outcomes[1]


def test_what_does_not_fit_is_refused(start: HybridModel) -> None:
    with pytest.raises(TrainingError, match="interleaved"):
        train_mwer(replace(start, interleaved=True), DATA, toy_lexicon(), MWER)
    with pytest.raises(TrainingError, match="'toy-0' has no transcript"):
        train_mwer(start, replace(toy_batch(2), texts=("", "no")), toy_lexicon(), MWER)
    with pytest.raises(TrainingError, match="0 graphs"):
        HypothesisList((), np.zeros(0, np.float32), np.zeros(0, np.float32))
    with pytest.raises(ConfigError, match="hypotheses 1"):
        replace(MWER, hypotheses=1)
    with pytest.raises(ConfigError, match="acoustic_scale 0"):
        replace(MWER, acoustic_scale=0)
    assert config_from_dict(MwerConfig, config_to_dict(MWER)) == MWER
