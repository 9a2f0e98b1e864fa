"""A recurrent decoder: Listen, Attend and Spell (Chan et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention import AttentionConfig, build_attention
from fsaasr.models.attention.location import HybridConfig
from fsaasr.models.decoders.decoder import DecoderState, DecoderStep, TokenDecoder


@dataclass(frozen=True)
class RnnDecoderConfig:
    """Shape of an `RnnDecoder`.

    Attributes:
      units: of each LSTM layer, and of the queries. layers: how many.
      embedding: elements of a token's vector.
      attention: where it looks.
      dropout: of embeddings and outputs, 0 to below 1.
    """

    __pydantic_config__ = STRICT

    kind: Literal["rnn"] = "rnn"
    units: int = 192
    layers: int = 1
    embedding: int = 64
    attention: AttentionConfig = field(default_factory=HybridConfig)
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.units, self.layers, self.embedding) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError(
                f"RnnDecoderConfig: units {self.units}, layers {self.layers}, embedding {self.embedding}, dropout "
                f"{self.dropout}; expected >= 1 each, 0 to below 1"
            )


class RnnDecoder(TokenDecoder):
    """LSTM layers over the last token and the last context; the top one asks for the next context."""

    def __init__(self, memory_dim: int, tokens: int, config: RnnDecoderConfig) -> None:
        """Makes random weights.

        Args:
          memory_dim: E, size of the encoder's vectors. tokens: V.
          config: the shape.
        """
        super().__init__()
        self.embed = nn.Embedding(1 + tokens, config.embedding)
        sizes = [config.embedding + memory_dim, *[config.units] * (config.layers - 1)]
        self.cells = nn.ModuleList(nn.LSTMCell(size, config.units) for size in sizes)
        self.attention = build_attention(config.units, memory_dim, config.attention)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.units + memory_dim, 1 + tokens)
        self.units = config.units

    def start(self, values: Tensor, lengths: Tensor) -> DecoderState:
        """As `TokenDecoder.start`."""
        memory = self.attention.prepare(values, lengths)
        zeros = values.new_zeros((len(values), len(self.cells), self.units))
        return DecoderState(memory, (zeros, zeros, values.new_zeros(values[:, 0].shape), self.attention.start(memory)))

    def step(self, state: DecoderState, tokens: Tensor) -> DecoderStep:
        """As `TokenDecoder.step`."""
        hidden, cell, context, looked = state.parts
        vector = torch.cat([self.dropout(self.embed(tokens)), context], dim=1)
        layers = []
        for n, lstm in enumerate(self.cells):
            layers.append(lstm(vector, (hidden[:, n], cell[:, n])))
            vector = layers[-1][0]
        attended = self.attention(vector, state.memory, looked)
        logits = self.output(self.dropout(torch.cat([vector, attended.context], dim=1)))
        hidden, cell = (torch.stack(part, dim=1) for part in zip(*layers))
        following = DecoderState(state.memory, (hidden, cell, attended.context, attended.state))
        return DecoderStep(logits, attended.weights, following)
