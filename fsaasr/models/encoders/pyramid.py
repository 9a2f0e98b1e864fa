"""A pyramid of bidirectional LSTMs: each layer has half the frames of the one below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoders.blstm import run_packed
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.frames import held_ends


@dataclass(frozen=True)
class PyramidConfig:
    """Shape of a `Pyramid`.

    Attributes:
      kind: `pyramid`.
      hidden: cells of each direction; vectors have twice as many elements.
      subsampling: input frames for each output frame, 2, 4 or 8; one layer at the input's rate, one a halving.
      dropout: after each layer, 0 to below 1.
    """

    kind: Literal["pyramid"] = "pyramid"
    hidden: int = 192
    subsampling: int = 4
    dropout: float = 0.2

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if self.hidden < 1 or self.subsampling not in (2, 4, 8) or not 0 <= self.dropout < 1:
            raise ConfigError(
                f"PyramidConfig: hidden {self.hidden}, subsampling {self.subsampling}, dropout {self.dropout}; "
                "expected hidden >= 1, subsampling 2, 4 or 8, dropout 0 to below 1"
            )


class Pyramid(Encoder):
    """The listener of Listen, Attend and Spell. Chan et al. 2016, section 3.1."""

    def __init__(self, features: int, config: PyramidConfig) -> None:
        """Makes random weights.

        Args:
          features: F, dimension of the input.
          config: the shape.
        """
        super().__init__()
        self.input_dim = features
        self.output_dim = 2 * config.hidden
        self.subsampling = config.subsampling
        halvings = config.subsampling.bit_length() - 1
        inputs = [features] + [4 * config.hidden] * halvings
        self.layers = nn.ModuleList(
            nn.LSTM(size, config.hidden, batch_first=True, bidirectional=True)  # type: ignore[no-untyped-call]
            for size in inputs
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        bottom, *halving = self.layers
        hidden = self.dropout(run_packed(bottom, features[:, : int(lengths.max())], lengths))
        for layer in halving:
            halved = torch.div(lengths + 1, 2, rounding_mode="floor")
            # The last frame of an odd number is its own partner.
            frames = held_ends(hidden, lengths, 0, 2 * int(halved.max()))
            pairs = frames.reshape(len(frames), -1, 2 * frames.shape[2])
            hidden, lengths = self.dropout(run_packed(layer, pairs, halved)), halved
        return hidden, lengths
