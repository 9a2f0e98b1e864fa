"""Hybrid models of adapted features: transforms of the start model, of speakers too, in front of the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, ModelError
from fsaasr.evaluate import word_errors
from fsaasr.features import FeatureBatch
from fsaasr.graph import DecodingGraph, compile_graph, word_loop
from fsaasr.models import GmmModel, load_model, save_model
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.gmm_front import GmmFront
from fsaasr.models.hybrid import HybridModel
from fsaasr.recipe.alignment import adapted_to_transcripts, align_features
from fsaasr.recipe.decoding import recognize
from fsaasr.recipe.families.hybrid import front_of
from fsaasr.train.aligned_batch import AlignedBatch
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.hybrid import train_hybrid
from fsaasr.train.hybrid_config import HybridTrainConfig
from tests.recipe.test_adaptation import LEXICON, SPEECH, Trained, trained  # noqa: F401
from tests.train.toy_speech import CONFIG, speakers_batch

QUICK = HybridTrainConfig(
    TdnnConfig(hidden=32, dilations=(1,), subsampling=2, dropout=0.1),
    FitConfig(epochs=5, learning_rate=0.01),
    AugmentConfig(time_masks=0, feature_masks=0, tempo=0.05),
    batch_duration=2.0,
)
BATCH = speakers_batch(48, speakers=6)
PART = SPEECH.select(SPEECH.ids[:20])


def network_behind(start: GmmModel, front: bool) -> HybridModel:
    adapted = adapted_to_transcripts(start, LEXICON, BATCH)
    used = front_of(adapted, CONFIG) if front else None
    data = AlignedBatch.from_alignments(BATCH, align_features(adapted, LEXICON, BATCH), used)
    return train_hybrid(data, start.topology, start.transitions, LEXICON, CONFIG, QUICK).model


@pytest.fixture(scope="module")
def model(trained: Trained) -> HybridModel:  # noqa: F811
    return network_behind(trained.adapted, front=True)


def errors(model: HybridModel, graph: Optional[DecodingGraph] = None, batch: FeatureBatch = PART) -> int:
    graph = graph or compile_graph(
        LEXICON, word_loop(LEXICON.words), model.topology, tokens=model.tokens, transitions=model.transitions
    )
    texts = {h.utterance: h.text.split() for h in recognize(model, graph, batch).hypotheses}
    return word_errors({name: text.split() for name, text in zip(batch.ids, batch.texts)}, texts).errors


def test_adapted_features_make_fewer_errors(trained: Trained, model: HybridModel) -> None:  # noqa: F811
    plain = network_behind(trained.adapted, front=False)
    assert plain.adapter is None
    assert errors(model) < 0.7 * errors(plain)


def test_the_network_hears_what_the_adapted_mixtures_hear(trained: Trained, model: HybridModel) -> None:  # noqa: F811
    gmm = adapted_to_transcripts(trained.adapted, LEXICON, SPEECH)
    assert isinstance(gmm, GmmModel)
    assert gmm.transforms is not None
    scores = model.adapted(gmm.transforms).scores(SPEECH)
    heard = [gmm.transforms.apply(m, s) for m, s in zip(gmm.transformed(SPEECH.matrices), SPEECH.speakers)]
    bare = replace(model, front=None).scores(heard)
    np.testing.assert_allclose(scores.array, bare.array, atol=1e-6)
    # As it is, the model scores features of no speaker.
    np.testing.assert_allclose(
        model.scores(SPEECH).array, replace(model, front=None).scores(SPEECH.matrices).array, atol=1e-6
    )


def test_features_at_other_speeds_go_through_the_front(trained: Trained) -> None:  # noqa: F811
    gmm = adapted_to_transcripts(trained.adapted, LEXICON, SPEECH)
    front = front_of(gmm, CONFIG)
    faster = tuple(matrix[::2] for matrix in SPEECH.matrices)
    through = front.through(replace(SPEECH, at_speed={2.0: faster}))
    np.testing.assert_allclose(through.at_speed[2.0][3], through.matrices[3][::2], atol=1e-6)
    assert not np.allclose(through.matrices[3], SPEECH.matrices[3])


def test_a_directory_gives_it_back_unadapted(tmp_path: Path, trained: Trained, model: HybridModel) -> None:  # noqa: F811
    gmm = adapted_to_transcripts(trained.adapted, LEXICON, SPEECH)
    assert isinstance(gmm, GmmModel)
    save_model(model.adapted(gmm.transforms), tmp_path, LEXICON)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, HybridModel)
    assert loaded.transforms is None
    np.testing.assert_array_equal(loaded.scores(SPEECH).array, model.scores(SPEECH).array)
    assert errors(loaded, trained.graph) == errors(model, trained.graph)
    # It aligns with adapted features, too, and hands its front on.
    assert align_features(loaded, LEXICON, SPEECH) == align_features(model, LEXICON, SPEECH)
    assert front_of(loaded, CONFIG).gmm.adaptation is not None


def test_fronts_that_do_not_fit_are_refused(trained: Trained, model: HybridModel) -> None:  # noqa: F811
    other = replace(CONFIG, cmvn="utterance")
    with pytest.raises(ConfigError, match="other features"):
        front_of(trained.adapted, other)
    with pytest.raises(ConfigError, match="no transforms"):
        front_of(replace(model, front=None), CONFIG)
    with pytest.raises(ModelError, match="expected the same features"):
        replace(model, front=GmmFront(trained.plain))
    with pytest.raises(ModelError, match="no front"):
        replace(model, front=None).adapted(trained.adapted.transforms)
    with pytest.raises(ModelError, match="not trained for any"):
        replace(model, front=GmmFront(replace(trained.adapted, adaptation=None))).adapted(
            adapted_to_transcripts(trained.adapted, LEXICON, SPEECH).transforms
        )
