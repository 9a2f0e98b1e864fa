"""`FeatureNorm`: features moved to where networks like them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from fsaasr.core.scores import FloatArray


class FeatureNorm(nn.Module):
    """Moves features to mean 0 and deviation 1, within the range that the training data have.

    Values beyond the range count as its end, so that a stretch of digital silence, for one, looks like the
    quietest frames of the training data, and not like nothing ever seen.
    """

    QUANTILE = 0.005
    """Share of the training data that may lie beyond each end of the range."""

    mean: Tensor
    deviation: Tensor
    least: Tensor
    greatest: Tensor

    def __init__(self, features: int, samples: bool = False) -> None:
        """Leaves features as they are, until they are measured.

        Args:
          features: F.
          samples: the features are samples of audio, which stay as they are.
        """
        super().__init__()
        self.samples = samples
        for name, value in (("mean", 0.0), ("deviation", 1.0), ("least", -np.inf), ("greatest", np.inf)):
            self.register_buffer(name, torch.full((features,), value))

    def measure(self, frames: FloatArray) -> None:
        """Takes mean, deviation and range from training features (T, F); a deviation of 0 counts as 1."""
        if self.samples:
            return
        deviation = frames.std(axis=0, dtype=np.float64)
        ends = np.quantile(frames, (self.QUANTILE, 1 - self.QUANTILE), axis=0)
        values = (frames.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0), *ends)
        for name, value in zip(("mean", "deviation", "least", "greatest"), values):
            getattr(self, name).copy_(torch.from_numpy(value))

    def forward(self, features: Tensor) -> Tensor:
        """Same shape, (..., F)."""
        within = torch.minimum(torch.maximum(features, self.least), self.greatest)
        normalized: Tensor = (within - self.mean) / self.deviation
        return normalized
