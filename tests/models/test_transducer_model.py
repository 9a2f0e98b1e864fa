from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.models import load_model, save_model
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.transducer import TransducerConfig, TransducerModel, TransducerNetwork
from fsaasr.models.transducer.config import AdditiveConfig, LstmConfig, StatelessConfig, TanhConfig

FEATURES = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)
ENCODER = TdnnConfig(hidden=8, dilations=(1,), subsampling=2, dropout=0.5)
SHAPES = {
    "stateless": TransducerConfig(StatelessConfig(context=2, dim=6, dropout=0.5), TanhConfig(dim=7)),
    "lstm": TransducerConfig(LstmConfig(dim=5, hidden=6, layers=2, dropout=0.5), TanhConfig(dim=7)),
    "additive": TransducerConfig(LstmConfig(dim=5, hidden=6), AdditiveConfig()),
}


def transducer_model(shape: TransducerConfig) -> TransducerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = TransducerNetwork(4, 3, ENCODER, shape)
    return TransducerModel(network, ENCODER, shape, SymbolTable(["A", "B", "C"]), FEATURES)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_predictor_gives_the_same_token_by_token(shape: TransducerConfig) -> None:
    network = transducer_model(shape).network
    labels = torch.tensor([[1, 2, 2, 3, 1], [3, 3, 1, 2, 2]])
    with torch.no_grad():
        whole = network.predict(labels)
        vectors, states = (row.repeat(2, 1) for row in network.start())
        torch.testing.assert_close(vectors, whole[:, 0])
        for place in range(labels.shape[1]):
            vectors, states = network.extend(states, labels[:, place])
            torch.testing.assert_close(vectors, whole[:, place + 1], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("name", "sees"), [("stateless", 2), ("lstm", 5)])
def test_it_sees_the_tokens_of_its_context_and_none_to_come(name: str, sees: int) -> None:
    network = transducer_model(SHAPES[name]).network
    assert network.context == (2 if name == "stateless" else None)
    labels = torch.tensor([[1, 2, 2, 3, 1]])
    for place in range(5):
        changed = labels.clone()
        changed[0, place] = 4 - labels[0, place] if labels[0, place] != 2 else 1
        with torch.no_grad():
            differs = (network.predict(changed) - network.predict(labels))[0].abs().amax(dim=1) > 1e-7
        assert differs.tolist() == [place < u <= place + sees for u in range(6)]


def test_log_probabilities_are_those_of_the_joined_logits() -> None:
    for shape in SHAPES.values():
        network = transducer_model(shape).network
        with torch.no_grad():
            encoded, predicted = torch.randn(5, network.from_encoder.out_features), network.start()[0]
            log_probs = network.log_probs(encoded, predicted)
        assert log_probs.shape == (5, 4)
        torch.testing.assert_close(log_probs.exp().sum(dim=1), torch.ones(5))
        if network.output is None:
            torch.testing.assert_close(network.join(encoded, predicted), encoded + predicted)


def test_batch_equals_one_by_one_and_padding_changes_nothing() -> None:
    model = transducer_model(SHAPES["lstm"])
    rng = np.random.default_rng(1)
    given = [rng.normal(size=(length, 4)).astype(np.float32) for length in (1, 20, 13)]
    together = model.encoded(given)
    for matrix, vectors in zip(given, together):
        (alone,) = model.encoded([matrix])
        assert alone.shape == (-(-len(matrix) // 2), 7)
        np.testing.assert_allclose(vectors, alone, atol=1e-5)
    assert model.frame_shift == pytest.approx(0.02)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_directories_give_the_same_model_back(shape: TransducerConfig, tmp_path: Path) -> None:
    model = transducer_model(shape)
    save_model(model, tmp_path, Lexicon.from_text("ab A B\nc C\n"))
    loaded = load_model(tmp_path)
    assert isinstance(loaded, TransducerModel)
    matrix = np.ones((9, 4), dtype=np.float32)
    np.testing.assert_array_equal(loaded.encoded([matrix])[0], model.encoded([matrix])[0])
    assert loaded.description() == model.description()
    with torch.no_grad():
        torch.testing.assert_close(
            loaded.network.predict(torch.tensor([[1, 2]])), model.network.predict(torch.tensor([[1, 2]]))
        )


def test_there_are_no_scores_of_frames_alone_and_misfits_are_refused() -> None:
    model = transducer_model(SHAPES["lstm"])
    with pytest.raises(ModelError, match=r"fsaasr\.decode\.transducer"):
        model.scores([np.ones((9, 4))])
    with pytest.raises(ModelError, match=r"4 columns for 4 configured features and 3 columns"):
        TransducerModel(model.network, ENCODER, SHAPES["lstm"], SymbolTable(["A", "B"]), FEATURES)


def test_configurations_round_trip_and_refuse_what_is_wrong() -> None:
    for shape in SHAPES.values():
        assert config_from_dict(TransducerConfig, config_to_dict(shape)) == shape
    for wrong in ({"predictor": {"kind": "lstm", "layers": 0}}, {"joiner": {"kind": "tanh", "dim": 0}}):
        with pytest.raises(ConfigError, match="expected >= 1"):
            config_from_dict(TransducerConfig, wrong)
    with pytest.raises(ConfigError, match="context 0"):
        StatelessConfig(context=0)
