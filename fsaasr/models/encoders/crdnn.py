"""Convolutions, a bidirectional LSTM, and layers frame by frame: a CRDNN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, max_pool2d

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoders.blstm import run_packed
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.frames import FrameWindow, VectorNorm
from fsaasr.models.encoders.shape_checks import check_common


@dataclass(frozen=True)
class CrdnnConfig:
    """Shape of a `Crdnn`.

    Attributes:
      kind: `crdnn`.
      channels: of the two convolution blocks.
      hidden: cells of each direction of the LSTM.
      layers: of the LSTM.
      dense_layers: after it. dense: units of each, and elements of a vector.
      subsampling: input frames for each output frame, 1 to 4, by max-pooling.
      dropout: after each block and layer, 0 to below 1.
    """

    kind: Literal["crdnn"] = "crdnn"
    channels: Tuple[int, int] = (24, 32)
    hidden: int = 192
    layers: int = 2
    dense: int = 256
    dense_layers: int = 1
    subsampling: int = 4
    dropout: float = 0.15

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_common(self, self.hidden, self.layers, self.subsampling, self.dropout)
        if min(self.channels) < 1 or self.dense < 1 or self.dense_layers < 1:
            raise ConfigError(
                f"CrdnnConfig: channels {self.channels}, dense {self.dense}, dense_layers {self.dense_layers}; "
                "expected 1 or more"
            )


class Crdnn(Encoder):
    """As in SpeechBrain (Ravanelli et al. 2021), after the CLDNN of Sainath et al. 2015.

    Two blocks of two convolutions over time and feature bands, each pooled; then an LSTM; then dense layers. All are
    normalized by vector, so that an utterance is encoded the same alone and in a batch.
    """

    def __init__(self, features: int, config: CrdnnConfig) -> None:
        """Makes random weights.

        Args:
          features: F, dimension of the input.
          config: the shape.
        """
        super().__init__()
        self.input_dim = features
        self.output_dim = config.dense
        self.subsampling = config.subsampling
        first, second = {1: (1, 1), 2: (2, 1), 3: (3, 1), 4: (2, 2)}[config.subsampling]
        channels = (1, *config.channels)
        self.blocks = nn.ModuleList(
            ConvolutionBlock(inputs, outputs, pool, config.dropout)
            for inputs, outputs, pool in zip(channels, channels[1:], (first, second))
        )
        # A block of two convolutions needs four frames more than it pools.
        width = first * (second + 4) + 4
        self.window = FrameWindow((width - config.subsampling) // 2, width, config.subsampling)
        bands = (features + 3) // 4
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(  # type: ignore[no-untyped-call]
            channels[2] * bands, config.hidden, config.layers, batch_first=True, dropout=between, bidirectional=True
        )
        sizes = [2 * config.hidden] + [config.dense] * config.dense_layers
        self.dense = nn.Sequential(*(DenseLayer(*ends, config.dropout) for ends in zip(sizes, sizes[1:])))

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        maps = self.window.held(features, lengths).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            maps = block(maps)
        frames = self.output_lengths(lengths)
        return self.dense(run_packed(self.lstm, maps.permute(0, 2, 3, 1).flatten(2), frames)), frames


class ConvolutionBlock(nn.Module):
    """Two convolutions over time and bands, and the greatest values of `pool` frames and two bands."""

    def __init__(self, inputs: int, outputs: int, pool: int, dropout: float) -> None:
        super().__init__()
        self.pool = pool
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, outputs, 3, padding=(0, 1)) for channels in (inputs, outputs)
        )
        self.norms = nn.ModuleList(VectorNorm(outputs) for _ in range(2))
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, L, B) to (N, outputs, (L - 4) / pool, B / 2), bands rounded up."""
        for convolution, norm in zip(self.convolutions, self.norms):
            maps = leaky_relu(norm(convolution(maps).permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        pooled: Tensor = self.dropout(max_pool2d(maps, (self.pool, 2), ceil_mode=True))
        return pooled


class DenseLayer(nn.Module):
    """A linear layer, normalized."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, outputs), VectorNorm(outputs), nn.LeakyReLU(), nn.Dropout(dropout)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        output: Tensor = self.layers(hidden)
        return output
