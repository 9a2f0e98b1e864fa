"""`EncoderNetwork`: what every neural network here begins with."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Tuple

import torch
from torch import Tensor, nn
from torch.amp.autocast_mode import autocast

from fsaasr.models.encoders.registry import EncoderConfig, build_encoder
from fsaasr.models.feature_norm import FeatureNorm


class EncoderNetwork(nn.Module):
    """Normalization and an encoder; a family's network is one with something on top.

    Attributes:
      normalize: to be measured on the training features before training.
      encoder: any of `ENCODERS`.
      precision: type in which the encoder multiplies, torch.bfloat16 or torch.float32; all else is float32 always.
    """

    precision: torch.dtype = torch.float32

    def __init__(self, features: int, config: EncoderConfig) -> None:
        """Makes random weights, drawn from torch's global generator.

        Args:
          features: F, dimension of the input.
          config: shape of the encoder.
        """
        super().__init__()
        self.normalize = FeatureNorm(features, samples=config.kind == "waveform")
        self.encoder = build_encoder(features, config)

    def encode(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to the encoder's vectors (N, T', D) and lengths (N,)."""
        normalized = self.normalize(features)
        with autocast(features.device.type, torch.bfloat16, enabled=self.precision is torch.bfloat16):
            hidden, lengths = self.encoder(normalized, lengths)
        return hidden.float(), lengths


@contextmanager
def encoder_precision(network: nn.Module, precision: torch.dtype) -> Iterator[None]:
    """Within the block, encoders anywhere in `network` multiply in `precision`."""
    encoders = [module for module in network.modules() if isinstance(module, EncoderNetwork)]
    before = [module.precision for module in encoders]
    for module in encoders:
        module.precision = precision
    try:
        yield
    finally:
        for module, old in zip(encoders, before):
            module.precision = old
