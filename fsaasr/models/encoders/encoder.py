"""`Encoder`: what a network needs to know of any encoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Tuple

import torch
from torch import Tensor, nn


class Encoder(nn.Module, ABC):
    """Maps features to vectors at a known frame rate.

    What the vectors of one utterance are depends on nothing but its own frames: not on the padding, and not on
    what else is in the batch.

    Attributes:
      input_dim: F, features a frame.
      output_dim: D, elements of a vector.
      subsampling: input frames for each vector.
    """

    input_dim: int
    output_dim: int
    subsampling: int

    @abstractmethod
    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """Encodes a batch.

        Args:
          features: float32 (N, T, F), padded with anything.
          lengths: int64 (N,), frames of each utterance, 1 to T.

        Returns:
          float32 (N, T', D), and `output_lengths(lengths)`; T' is their maximum.
        """

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames after subsampling, rounded up: int64 (N,) from int64 (N,)."""
        return torch.div(lengths + self.subsampling - 1, self.subsampling, rounding_mode="floor")
