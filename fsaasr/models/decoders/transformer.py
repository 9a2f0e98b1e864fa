"""A Transformer decoder (Vaswani et al. 2017), its layers normalized before each part (Xiong et al. 2020)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Literal, Optional, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention import Memory
from fsaasr.models.decoders.decoder import DecoderState, DecoderStep, TokenDecoder, mixed_with_own


@dataclass(frozen=True)
class TransformerDecoderConfig:
    """Shape of a `TransformerDecoder`.

    Attributes:
      units: of every layer; a multiple of twice the heads.
      layers, heads: how many, of each layer.
      feedforward: hidden units between two layers.
      dropout: 0 to below 1.
    """

    __pydantic_config__ = STRICT

    kind: Literal["transformer"] = "transformer"
    units: int = 128
    layers: int = 2
    heads: int = 4
    feedforward: int = 512
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.layers, self.heads, self.feedforward) < 1 or self.units < 1 or self.units % (2 * self.heads):
            raise ConfigError(
                f"TransformerDecoderConfig: units {self.units}, layers {self.layers}, heads {self.heads}, feedforward "
                f"{self.feedforward}; expected >= 1 each, units a multiple of twice the heads"
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"TransformerDecoderConfig: dropout {self.dropout}, expected 0 to below 1")


class TransformerDecoder(TokenDecoder):
    """Layers of attention to the tokens so far and to the encoder's vectors.

    Weights are those of the last layer, the mean of its heads. A state keeps each layer's inputs so far.
    """

    def __init__(self, memory_dim: int, tokens: int, config: TransformerDecoderConfig) -> None:
        """Makes random weights.

        Args:
          memory_dim: E, size of the encoder's vectors. tokens: V.
          config: the shape.
        """
        super().__init__()
        self.embed = nn.Embedding(1 + tokens, config.units)
        self.layers = nn.ModuleList(DecoderLayer(memory_dim, config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.units)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.units, 1 + tokens)
        self.units = config.units

    def start(self, values: Tensor, lengths: Tensor) -> DecoderState:
        """As `TokenDecoder.start`."""
        inside = torch.arange(values.shape[1], device=values.device)[None, :] < lengths[:, None]
        values = values.masked_fill(~inside[:, :, None], 0.0)
        past = values.new_zeros((len(values), 0, self.units))
        return DecoderState(Memory(values, values[:, :, :0], inside), (past,) * len(self.layers))

    def step(self, state: DecoderState, tokens: Tensor) -> DecoderStep:
        """As `TokenDecoder.step`."""
        logits, weights, past = self._run(tokens[:, None], state, None)
        return DecoderStep(logits[:, 0], weights[:, 0], DecoderState(state.memory, past))

    def forward(self, values: Tensor, lengths: Tensor, inputs: Tensor, sampling: float = 0.0) -> Tuple[Tensor, Tensor]:
        """As `TokenDecoder.forward`, all steps at once.

        With `sampling`, what the decoder would have said is drawn in a first pass over the given tokens, and stands
        in their places in a second one (Mihaylova, Martins 2019).
        """
        state = self.start(values, lengths)
        steps = inputs.shape[1]
        later = torch.ones((steps, steps), dtype=torch.bool, device=inputs.device).triu(1)
        logits, weights, _ = self._run(inputs, state, later)
        if sampling:
            own = mixed_with_own(inputs[:, 1:], logits[:, :-1], sampling)
            logits, weights, _ = self._run(torch.cat([inputs[:, :1], own], dim=1), state, later)
        return logits, weights

    def _run(
        self, tokens: Tensor, state: DecoderState, mask: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tuple[Tensor, ...]]:
        """Logits (N, U, 1 + V), weights (N, U, T) and the inputs of the layers for U more tokens (N, U)."""
        before = state.parts[0].shape[1]
        place = positional(before, tokens.shape[1], self.units).to(state.memory.values)
        vectors = self.dropout(self.embed(tokens) * math.sqrt(self.units) + place)
        inputs: List[Tensor] = []
        weights = vectors
        for layer, past in zip(self.layers, state.parts):
            vectors, weights, seen = layer(vectors, past, state.memory, mask)
            inputs.append(seen)
        return self.output(self.norm(vectors)), weights, tuple(inputs)


class DecoderLayer(nn.Module):
    """Attention to the tokens so far, attention to the encoder's vectors, and a network of one hidden layer."""

    def __init__(self, memory_dim: int, config: TransformerDecoderConfig) -> None:
        super().__init__()
        units, heads, dropout = config.units, config.heads, config.dropout
        self.norms = nn.ModuleList(nn.LayerNorm(units) for _ in range(3))
        self.to_tokens = nn.MultiheadAttention(units, heads, dropout, batch_first=True)
        self.to_memory = nn.MultiheadAttention(
            units, heads, dropout, batch_first=True, kdim=memory_dim, vdim=memory_dim
        )
        self.feedforward = nn.Sequential(
            nn.Linear(units, config.feedforward),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(config.feedforward, units),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, vectors: Tensor, past: Tensor, memory: Memory, mask: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Vectors (N, U, D) behind `past` (N, P, D) to vectors, weights (N, U, T), and past with them (N, P + U, D)."""
        normed = self.norms[0](vectors)
        seen = torch.cat([past, normed], dim=1)
        change, _ = self.to_tokens(normed, seen, seen, attn_mask=mask, need_weights=False)
        vectors = vectors + self.dropout(change)
        change, weights = self.to_memory(
            self.norms[1](vectors), memory.values, memory.values, key_padding_mask=~memory.inside
        )
        vectors = vectors + self.dropout(change)
        return vectors + self.dropout(self.feedforward(self.norms[2](vectors))), weights, seen


def positional(first: int, count: int, units: int) -> Tensor:
    """Sines and cosines of places `first`, `first + 1`, ...: float32 (count, units)."""
    place = torch.arange(first, first + count, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, units, 2, dtype=torch.float32).mul(-math.log(10000.0) / units))
    result: Tensor = torch.stack([torch.sin(place * rate), torch.cos(place * rate)], dim=2).flatten(1)
    return result
