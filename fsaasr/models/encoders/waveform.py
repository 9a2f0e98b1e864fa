"""An encoder that hears samples: a front end, and an encoder of what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Tuple

import torch
from torch import Tensor
from torch.amp.autocast_mode import autocast

from fsaasr.core.config import STRICT
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.feature_encoders import FEATURE_ENCODERS, FeatureEncoderConfig
from fsaasr.models.encoders.frames import VectorNorm, frame_mask
from fsaasr.models.encoders.front_ends import FilterbankConfig, FrontEndConfig, build_front_end
from fsaasr.models.encoders.tdnn import TdnnConfig


@dataclass(frozen=True)
class WaveformConfig:
    """Shape of a `WaveformEncoder`; its features are of kind `waveform`.

    Attributes:
      kind: `waveform`.
      front_end: kind and shape of the front end; a time-domain filterbank where its kind is left out.
      encoder: kind and shape of the encoder behind it.
    """

    kind: Literal["waveform"] = "waveform"
    front_end: FrontEndConfig = field(default_factory=FilterbankConfig)
    encoder: FeatureEncoderConfig = field(default_factory=TdnnConfig)

    __pydantic_config__ = STRICT

    @property
    def subsampling(self) -> int:
        """Rows of samples for each output frame."""
        return self.encoder.subsampling


class WaveformEncoder(Encoder):
    """Learned features of samples, normalized frame by frame, and any encoder."""

    def __init__(self, features: int, config: WaveformConfig) -> None:
        """Makes random weights.

        Args:
          features: S, samples a row.
          config: the shape.

        Raises:
          ConfigError: a front end that does not fit rows of S samples.
        """
        super().__init__()
        self.input_dim = features
        self.subsampling = config.subsampling
        self.front_end = build_front_end(features, config.front_end)
        self.norm = VectorNorm(self.front_end.output_dim)
        self.encoder: Encoder = FEATURE_ENCODERS[config.encoder.kind][1](self.front_end.output_dim, config.encoder)
        self.output_dim = self.encoder.output_dim

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`; silence follows an utterance's end."""
        within = frame_mask(lengths, features.shape[1])[:, :, None]
        # Energies of samples need all of float32's range.
        with autocast(features.device.type, torch.bfloat16, enabled=False):
            vectors = self.norm(self.front_end(features.masked_fill(~within, 0.0)))
        encoded: Tuple[Tensor, Tensor] = self.encoder(vectors, lengths)
        return encoded
