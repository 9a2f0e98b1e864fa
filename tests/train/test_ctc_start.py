"""Networks that begin with the encoder of a CTC model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import numpy as np
import pytest

from fsaasr.core.errors import TrainingError
from fsaasr.models.ctc import CtcModel
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.transducer import TransducerConfig
from fsaasr.train.attention import train_attention
from fsaasr.train.attention_config import AttentionTrainConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.ctc import train_ctc
from fsaasr.train.ctc_config import CtcTrainConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.transducer import train_transducer
from fsaasr.train.transducer_config import TransducerTrainConfig
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

ENCODER = TdnnConfig(hidden=16, dilations=(1,), subsampling=1)
# A rate of next to nothing leaves the weights where they began.
STILL = FitConfig(epochs=1, learning_rate=1e-12)
PLAIN = AugmentConfig(time_width=0, feature_masks=0, tempo=0.0)
FAMILIES: Dict[str, Tuple[Callable[..., Any], Any]] = {
    "ctc": (train_ctc, CtcTrainConfig(ENCODER, STILL, PLAIN)),
    "attention": (train_attention, AttentionTrainConfig(ENCODER, RnnDecoderConfig(units=8, embedding=4), STILL, PLAIN)),
    "transducer": (train_transducer, TransducerTrainConfig(ENCODER, TransducerConfig(), STILL, PLAIN)),
}


@pytest.fixture(scope="module")
def ctc() -> CtcModel:
    config = CtcTrainConfig(ENCODER, FitConfig(epochs=4, learning_rate=0.01), PLAIN)
    return train_ctc(toy_batch(24), toy_lexicon(), CONFIG, config).model


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_encoder_is_the_ctc_models(ctc: CtcModel, family: str) -> None:
    train, config = FAMILIES[family]
    before = ctc.tensors()
    network = train(toy_batch(4, seed=3), toy_lexicon(), CONFIG, config, start=ctc).model.tensors()
    shared = [name for name in before if name.startswith(("encoder.", "normalize."))]
    assert len(shared) > 4
    for name in shared:
        np.testing.assert_allclose(network[name], before[name], atol=1e-9)
    fresh = train(toy_batch(4, seed=3), toy_lexicon(), CONFIG, config).model.tensors()
    assert any(not np.allclose(fresh[name], before[name], atol=1e-3) for name in shared)


def test_the_ctc_layer_comes_along(ctc: CtcModel) -> None:
    batch = toy_batch(4, seed=3)
    scores = ctc.scores(batch).log_probs
    train, config = FAMILIES["attention"]
    model = train(batch, toy_lexicon(), CONFIG, config, start=ctc).model
    np.testing.assert_allclose(model.scores(batch).log_probs, scores, atol=1e-6)
    history = train_ctc(batch, toy_lexicon(), CONFIG, FAMILIES["ctc"][1], start=ctc).history
    assert history[0]["loss"] < train_ctc(batch, toy_lexicon(), CONFIG, FAMILIES["ctc"][1]).history[0]["loss"]


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_model_that_does_not_fit_is_refused(ctc: CtcModel, family: str) -> None:
    train, config = FAMILIES[family]
    with pytest.raises(TrainingError, match=f"train_{family}: the CTC model to begin with has the encoder"):
        train(toy_batch(4), toy_lexicon(), CONFIG, replace(config, encoder=replace(ENCODER, hidden=8)), start=ctc)
    other = replace(ctc, features=replace(CONFIG, cmvn="speaker"))
    with pytest.raises(TrainingError, match="has the features"):
        train(toy_batch(4), toy_lexicon(), CONFIG, config, start=other)


def test_a_checkpoint_belongs_to_what_it_began_with(ctc: CtcModel, tmp_path: Path) -> None:
    train, config = FAMILIES["ctc"]
    train(toy_batch(4), toy_lexicon(), CONFIG, config, start=ctc, work_dir=tmp_path)
    with pytest.raises(TrainingError, match="belongs to a run with other data"):
        train(toy_batch(4), toy_lexicon(), CONFIG, config, work_dir=tmp_path)
