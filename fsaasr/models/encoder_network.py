"""`EncoderNetwork`: what every neural network here begins with."""

from __future__ import annotations

from typing import Tuple

from torch import Tensor, nn

from fsaasr.models.encoders.registry import EncoderConfig, build_encoder
from fsaasr.models.feature_norm import FeatureNorm


class EncoderNetwork(nn.Module):
    """Normalization and an encoder; a family's network is one with something on top.

    Attributes:
      normalize: to be measured on the training features before training.
      encoder: any of `ENCODERS`.
    """

    def __init__(self, features: int, config: EncoderConfig) -> None:
        """Makes random weights, drawn from torch's global generator.

        Args:
          features: F, dimension of the input.
          config: shape of the encoder.
        """
        super().__init__()
        self.normalize = FeatureNorm(features)
        self.encoder = build_encoder(features, config)

    def encode(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to the encoder's vectors (N, T', D) and lengths (N,)."""
        hidden: Tuple[Tensor, Tensor] = self.encoder(self.normalize(features), lengths)
        return hidden
