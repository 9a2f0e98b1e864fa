"""Small attention networks whose every token sequence can be scored."""

from __future__ import annotations

import itertools
from typing import Iterator

import numpy as np
import torch

from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.models.attention.additive import AdditiveConfig
from fsaasr.models.attention_model import AttentionModel, AttentionNetwork, AttentionShape, Encoded
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.decoders.transformer import TransformerDecoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig

CONFIG = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)
ENCODER = TdnnConfig(hidden=8, dilations=(1,), subsampling=1, dropout=0.0)
RNN = RnnDecoderConfig(units=8, embedding=4, attention=AdditiveConfig(units=4))
TRANSFORMER = TransformerDecoderConfig(units=8, heads=2, layers=1, feedforward=8)


def toy_model(tokens: str = "abc", decoder: object = RNN, seed: int = 1, ctc: bool = True) -> AttentionModel:
    shape = AttentionShape(ENCODER, decoder, ctc)  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AttentionNetwork(4, len(tokens), shape)
    with torch.no_grad():
        # Sharper than random weights are, so that hypotheses differ.
        for parameter in network.parameters():
            parameter.mul_(2.0)
    return AttentionModel(network, shape, SymbolTable(list(tokens)), CONFIG)


def encoded_utterances(model: AttentionModel, *lengths: int) -> list[Encoded]:
    rng = np.random.default_rng(5)
    return model.encode([rng.normal(size=(length, 4)).astype(np.float32) for length in lengths])[0]


def sequences(tokens: int, longest: int) -> Iterator[tuple[int, ...]]:
    """All sequences of up to `longest` tokens."""
    for length in range(longest + 1):
        yield from itertools.product(range(1, tokens + 1), repeat=length)


def attention_log_prob(model: AttentionModel, encoded: Encoded, said: tuple[int, ...]) -> tuple[float, np.ndarray]:
    """Log probability of tokens and end by teacher forcing, and the weights (U, T)."""
    with torch.no_grad():
        logits, weights = model.network.decoder(encoded.vectors, encoded.lengths, torch.tensor([[0, *said]]))
    log_probs = logits[0].double().log_softmax(dim=1).numpy()
    total = sum(log_probs[place, token] for place, token in enumerate((*said, 0)))
    return float(total), weights[0, : len(said)].numpy()
