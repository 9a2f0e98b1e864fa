"""The encoder of a Transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.models.encoders.attention import SelfAttention, sinusoids
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.frames import VectorNorm, frame_mask
from fsaasr.models.encoders.shape_checks import check_common, check_heads
from fsaasr.models.encoders.subsampling import Subsampling, SubsamplingKind


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of a `Transformer`.

    Attributes:
      kind: `transformer`.
      hidden: elements of a vector, a multiple of `heads`.
      layers: attention layers.
      heads: of attention.
      expansion: units of the inner layer of feed-forward networks, for each element of a vector.
      subsampling: input frames for each output frame, 1 to 4.
      subsampling_by: kind of `Subsampling`.
      dropout: 0 to below 1.
    """

    kind: Literal["transformer"] = "transformer"
    hidden: int = 144
    layers: int = 8
    heads: int = 4
    expansion: int = 4
    subsampling: int = 4
    subsampling_by: SubsamplingKind = "conv2d"
    dropout: float = 0.1

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_common(self, self.hidden, self.layers, self.subsampling, self.dropout)
        check_heads(self, self.hidden, self.heads, self.expansion)


class Transformer(Encoder):
    """Self-attention and feed-forward layers by turns, absolute positions. Vaswani et al. 2017.

    Each layer's input is normalized (Xiong et al. 2020), so that training needs no long warm-up. Memory grows as the
    square of an utterance's frames.
    """

    def __init__(self, features: int, config: TransformerConfig) -> None:
        """Makes random weights.

        Args:
          features: F, dimension of the input.
          config: the shape.
        """
        super().__init__()
        self.input_dim = features
        self.output_dim = config.hidden
        self.subsampling = config.subsampling
        self.entrance = Subsampling(features, config.hidden, config.subsampling, config.subsampling_by)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.layers))
        self.norm = VectorNorm(config.hidden)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden, frames = self.entrance(features, lengths)
        places = torch.arange(hidden.shape[1], device=hidden.device)
        hidden = self.dropout(hidden + sinusoids(places, self.output_dim))
        mask = frame_mask(frames, hidden.shape[1])[:, None]
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return self.norm(hidden), frames


class TransformerLayer(nn.Module):
    """Attention, then a feed-forward network, each added to its input."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm = VectorNorm(config.hidden)
        self.attention = SelfAttention(config.hidden, config.heads, config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.feed_forward = FeedForward(config.hidden, config.expansion, config.dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(N, T, D) to the same; `mask` as `SelfAttention`."""
        hidden = hidden + self.dropout(self.attention(self.attention_norm(hidden), mask))
        output: Tensor = hidden + self.feed_forward(hidden)
        return output


class FeedForward(nn.Module):
    """Normalization and two linear layers with a SiLU between, frame by frame."""

    def __init__(self, hidden: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            VectorNorm(hidden),
            nn.Linear(hidden, expansion * hidden),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(expansion * hidden, hidden),
            nn.Dropout(dropout),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., D) to the same."""
        output: Tensor = self.layers(hidden)
        return output
