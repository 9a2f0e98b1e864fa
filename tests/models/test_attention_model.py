from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.models import load_model, save_model
from fsaasr.models.attention.chunkwise import ChunkwiseConfig
from fsaasr.models.attention_model import AttentionModel, AttentionNetwork, AttentionShape
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.decoders.transformer import TransformerDecoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig

CONFIG = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)
ENCODER = TdnnConfig(hidden=8, dilations=(1, 2), subsampling=3, dropout=0.5)
SHAPES = {
    "rnn": AttentionShape(ENCODER, RnnDecoderConfig(units=8, embedding=4)),
    "transformer": AttentionShape(ENCODER, TransformerDecoderConfig(units=8, heads=2, feedforward=12, layers=1)),
    "chunkwise": AttentionShape(ENCODER, RnnDecoderConfig(units=8, attention=ChunkwiseConfig()), ctc=False),
}


def attention_model(shape: AttentionShape = SHAPES["rnn"]) -> AttentionModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = AttentionNetwork(4, 2, shape)
    return AttentionModel(network, shape, SymbolTable(["A", "B"]), CONFIG)


def matrices(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(length, 4)).astype(np.float32) for length in lengths]


@pytest.mark.parametrize("kind", SHAPES)
def test_batch_equals_one_by_one(kind: str) -> None:
    model, given = attention_model(SHAPES[kind]), matrices(1, 40, 14)
    inputs = torch.tensor([[0, 1, 2]])
    together, ids = model.encode(given)
    assert ids == ("utt0", "utt1", "utt2")
    for encoded, matrix in zip(together, given):
        (alone,), _ = model.encode([matrix])
        assert encoded.vectors.shape[:2] == (1, -(-len(matrix) // 3))
        torch.testing.assert_close(encoded.vectors, alone.vectors, atol=1e-5, rtol=1e-5)
        many, one = (model.network.decoder(part.vectors, part.lengths, inputs)[0] for part in (encoded, alone))
        torch.testing.assert_close(many, one, atol=1e-5, rtol=1e-5)


def test_to_frame_by_frame_search_it_is_its_ctc_layer() -> None:
    model, given = attention_model(), matrices(9, 10)
    scores = model.scores(given, ids=["a", "b"])
    assert (scores.ids, scores.kind, scores.num_columns) == (("a", "b"), "ctc", 3)
    assert scores.lengths.tolist() == [3, 4]
    assert scores.frame_shift == model.frame_shift == pytest.approx(0.03)
    (encoded, _), _ = model.encode(given)
    assert encoded.ctc is not None
    np.testing.assert_allclose(scores.utterance(0), encoded.ctc[0].numpy(), atol=1e-5)
    with pytest.raises(ModelError, match="no CTC layer"):
        attention_model(SHAPES["chunkwise"]).scores(given)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_directory_keeps_it_whole(kind: str, tmp_path: Path) -> None:
    model = attention_model(SHAPES[kind])
    save_model(model, tmp_path, Lexicon.from_text("a A\nb B\n"))
    loaded = load_model(tmp_path)
    assert isinstance(loaded, AttentionModel)
    assert (loaded.shape, loaded.tokens, loaded.features) == (model.shape, model.tokens, model.features)
    for name, array in model.tensors().items():
        np.testing.assert_array_equal(loaded.tensors()[name], array)


def test_a_network_of_another_shape_is_refused() -> None:
    model = attention_model()
    with pytest.raises(ModelError, match="2 tokens for 4 configured features and 1 tokens"):
        AttentionModel(model.network, model.shape, SymbolTable(["A"]), CONFIG)
