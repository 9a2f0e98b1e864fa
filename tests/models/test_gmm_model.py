from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.models import DiagGmm, GmmModel

CONFIG = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)


def gmm_model(topology: str = "hmm1", tokens: tuple[str, ...] = ("SIL", "A", "B")) -> GmmModel:
    columns = len(tokens) * (3 if topology == "hmm3" else 1)
    rng = np.random.default_rng(0)
    gmm = DiagGmm(np.ones(columns), rng.normal(size=(columns, 4)), np.ones((columns, 4)), np.arange(columns + 1))
    return GmmModel(gmm, SymbolTable(tokens), np.log(np.full((columns, 2), 0.5)), CONFIG, topology)


def matrices(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(length, 4)).astype(np.float32) for length in lengths]


def test_scores_are_log_likelihoods_with_the_models_frame_shift() -> None:
    model = gmm_model()
    given = matrices(3, 5)
    scores = model.scores(given, ids=["a", "b"])
    assert scores.kind == "hmm"
    assert scores.frame_shift == 0.01
    assert scores.ids == ("a", "b")
    np.testing.assert_allclose(scores.utterance(1), model.gmm.log_likelihoods(given[1]))


def test_batch_equals_one_by_one() -> None:
    model = gmm_model()
    given = matrices(7, 1, 40)
    together = model.scores(given)
    for n, matrix in enumerate(given):
        np.testing.assert_allclose(together.utterance(n), model.scores([matrix]).utterance(0), atol=1e-5)


def test_a_feature_batch_brings_its_ids() -> None:
    batch = FeatureBatch(("x", "y"), tuple(matrices(2, 3)), ("", ""), ("", ""), 0.01)
    assert gmm_model().scores(batch).ids == ("x", "y")
    assert gmm_model().scores(batch, ids=("p", "q")).ids == ("p", "q")


def test_bad_features_are_named() -> None:
    with pytest.raises(ModelError, match=r"'b' has features of shape \(3, 5\), expected \(T, 4\)"):
        gmm_model().scores([np.zeros((2, 4)), np.zeros((3, 5))], ids=["a", "b"])
    with pytest.raises(ModelError, match=r"shape \(0, 4\)"):
        gmm_model().scores([np.zeros((0, 4))])
    with pytest.raises(ModelError, match="0 utterances"):
        gmm_model().scores([])


def test_parts_that_do_not_fit_are_refused() -> None:
    model = gmm_model()
    with pytest.raises(ModelError, match="have 9 columns"):
        replace(model, topology="hmm3")
    with pytest.raises(ModelError, match=r"transitions \(2, 2\)"):
        replace(model, transitions=np.zeros((2, 2)))
    with pytest.raises(ModelError, match="no HMM states; expected one of hmm1, hmm3"):
        replace(model, topology="ctc")
    with pytest.raises(ModelError, match="4 features, but 5 are configured"):
        replace(model, features=replace(CONFIG, num_ceps=5))
