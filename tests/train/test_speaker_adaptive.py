"""Speaker adaptive training on toy speech of speakers who differ by affine maps of the features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, ModelError, TrainingError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.features import FeatureBatch
from fsaasr.graph import TOPOLOGIES, find_topology
from fsaasr.models import GmmModel, load_model, save_model
from fsaasr.models.speaker_adaptation import AdaptationConfig
from fsaasr.recipe.alignment import align_features
from fsaasr.train import (
    GmmTrainConfig,
    GmmTraining,
    TiedGmmConfig,
    TransformConfig,
    TreeConfig,
    train_gmm,
    train_tied_gmm,
)
from fsaasr.train.fmllr import transforms_of
from tests.train.toy_speech import CONFIG, speakers_batch, toy_lexicon

LEXICON = toy_lexicon()
PLAIN = GmmTrainConfig(iterations=8, gaussians=18, growth_end=0)
TIED = GmmTrainConfig(method="viterbi", realign_every=2, iterations=8, gaussians=40, growth_end=1, split_min_count=5.0)
TREE = TreeConfig(leaves=20, min_frames=10.0)
# Silence counts in full, so that what rises is the likelihood of all frames.
ADAPTATION = AdaptationConfig(full_frames=60, diagonal_frames=40, offset_frames=20, silence_weight=1.0)
ADAPTED = TiedGmmConfig(TREE, TIED, speaker_adaptation=ADAPTATION)


class Start:
    """A model without adaptation, and what it says of the training data."""

    def __init__(self) -> None:
        self.batch = speakers_batch(60, speakers=4, seed=0)
        self.model = train_gmm(self.batch, LEXICON, CONFIG, PLAIN).model
        self.alignments = align_features(self.model, LEXICON, self.batch)
        self.columns = TOPOLOGIES["hmm3"].columns(LEXICON.tokens)

    def train(self, config: TiedGmmConfig = ADAPTED, **options: object) -> GmmTraining:
        return train_tied_gmm(
            self.batch, self.alignments, self.columns, LEXICON, CONFIG, config, start=self.model, **options
        )


@pytest.fixture(scope="module")
def start() -> Start:
    return Start()


@pytest.fixture(scope="module")
def trained(start: Start) -> GmmTraining:
    return start.train()


def aligned_likelihood(model: GmmModel, batch: FeatureBatch, alignments: list[Hypothesis]) -> float:
    scores = model.scores(batch)
    picked = [scores.utterance(n)[np.arange(len(a.columns)), a.columns] for n, a in enumerate(alignments)]
    return float(np.concatenate(picked).mean())


def test_adapted_training_explains_the_speakers_better(start: Start, trained: GmmTraining) -> None:
    plain = start.train(TiedGmmConfig(TREE, TIED))
    assert trained.history[-1]["log_likelihood"] > plain.history[-1]["log_likelihood"] + 0.5
    assert trained.history[-1]["gaussians"] == plain.history[-1]["gaussians"]


def test_likelihood_never_falls_once_gaussians_are_grown(trained: GmmTraining) -> None:
    likelihoods = [entry["log_likelihood"] for entry in trained.history[3:]]
    assert (np.diff(likelihoods) > -1e-4).all()


def test_new_speakers_are_aligned_and_adapted_to(trained: GmmTraining) -> None:
    batch = speakers_batch(20, speakers=2, seed=7)
    aligned = align_features(trained.model, LEXICON, batch)
    adapted = trained.model.adapted(transforms_of(trained.model, batch, aligned, ADAPTATION, "SIL"))
    assert set(adapted.transforms.kinds) == {"full"}
    assert aligned_likelihood(adapted, batch, aligned) > aligned_likelihood(trained.model, batch, aligned) + 0.5
    # An improvement on transforms is one from there on.
    again = trained.model.adapted(transforms_of(adapted, batch, aligned, ADAPTATION, "SIL"))
    assert aligned_likelihood(again, batch, aligned) >= aligned_likelihood(adapted, batch, aligned) - 1e-4


def test_a_model_directory_keeps_all_of_it(trained: GmmTraining, tmp_path: Path) -> None:
    batch = speakers_batch(6, speakers=1, seed=3)
    save_model(trained.model, tmp_path, LEXICON)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, GmmModel)
    assert loaded.adapter is loaded
    assert loaded.adaptation.config == ADAPTATION
    assert loaded.adaptation.silence == "SIL"
    np.testing.assert_array_equal(loaded.scores(batch).array, trained.model.scores(batch).array)
    assert align_features(loaded, LEXICON, batch) == align_features(trained.model, LEXICON, batch)


def test_a_killed_run_goes_on_to_the_same_model(
    start: Start, trained: GmmTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsaasr.train.gmm_passes as passes

    saved, save = [], passes._save

    def dies(*arguments: object) -> None:
        save(*arguments)
        saved.append(1)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(passes, "_save", dies)
    with pytest.raises(KeyboardInterrupt):
        start.train(work_dir=tmp_path)
    monkeypatch.setattr(passes, "_save", save)
    resumed = start.train(work_dir=tmp_path)
    assert resumed.history == trained.history
    for name, tensor in trained.model.tensors().items():
        np.testing.assert_array_equal(resumed.model.tensors()[name], tensor)


def test_every_option_changes_the_training(start: Start, trained: GmmTraining) -> None:
    changes = ({"full_frames": 1e6}, {"silence_weight": 0.01}, {"estimations": 1})
    for change in changes:
        other = start.train(replace(ADAPTED, speaker_adaptation=replace(ADAPTATION, **change)))
        assert other.history[-1] != trained.history[-1], change


def test_adapted_training_starts_from_adapted_models_and_keeps_their_transform(start: Start) -> None:
    config = TiedGmmConfig(TREE, TIED, TransformConfig(context=1, dimensions=3))
    lda = start.train(config).model
    aligned = align_features(lda, LEXICON, start.batch)
    columns = find_topology(lda.topology).columns(lda.tokens)
    arguments = (LEXICON, CONFIG, ADAPTED)
    once = train_tied_gmm(start.batch, aligned, columns, *arguments, start=lda).model
    assert once.transform is lda.transform
    columns = find_topology(once.topology).columns(once.tokens)
    aligned = align_features(once, LEXICON, start.batch)
    twice = train_tied_gmm(start.batch, aligned, columns, *arguments, start=once)
    assert twice.history[-1]["log_likelihood"] > twice.history[0]["log_likelihood"]


def test_errors_say_what_is_wrong(start: Start) -> None:
    with pytest.raises(ConfigError, match="speaker_adaptation with transform"):
        TiedGmmConfig(training=TIED, transform=TransformConfig(), speaker_adaptation=ADAPTATION)
    with pytest.raises(ConfigError, match="'full-sum'"):
        TiedGmmConfig(speaker_adaptation=ADAPTATION)
    arguments = (start.batch, start.alignments, start.columns, LEXICON, CONFIG, ADAPTED)
    with pytest.raises(TrainingError, match="over the same features, found none"):
        train_tied_gmm(*arguments)
    with pytest.raises(ModelError, match="not trained for any"):
        start.model.adapted(transforms_of(start.model, start.batch, start.alignments, ADAPTATION, ""))
