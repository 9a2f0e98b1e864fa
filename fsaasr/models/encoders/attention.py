"""Self-attention of encoders, with relative or absolute positions."""

from __future__ import annotations

import math
from typing import Optional

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention. Vaswani et al. 2017."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        """Makes random weights.

        Args:
          hidden: D, a multiple of `heads`.
          heads: H.
          dropout: of attention weights.
        """
        super().__init__()
        self.heads = heads
        self.inputs = nn.Linear(hidden, 3 * hidden)
        self.output = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor, memory: Optional[Tensor] = None) -> Tensor:
        """Each frame looks at those it may see.

        Args:
          hidden: (N, T, D).
          mask: bool (N or 1, T or 1, M + T), true where the frame of the second axis may look at that of the third;
            each frame sees at least one.
          memory: (N, M, D), frames before these; None for none.

        Returns:
          (N, T, D).
        """
        every = hidden if memory is None else torch.cat([memory, hidden], dim=1)
        query, key, value = (self._split(part) for part in self.inputs(every).chunk(3, dim=2))
        query = query[:, :, -hidden.shape[1] :]
        scores: Tensor = self.similarities(query, key).div(math.sqrt(query.shape[3]))
        weights = self.dropout(scores.masked_fill(~mask[:, None], -math.inf).softmax(dim=3))
        output: Tensor = self.output((weights @ value).transpose(1, 2).flatten(2))
        return output

    def similarities(self, query: Tensor, key: Tensor) -> Tensor:
        """Queries of the last T frames (N, H, T, D / H), keys (N, H, M + T, D / H); (N, H, T, M + T), unscaled."""
        similar: Tensor = query @ key.transpose(2, 3)
        return similar

    def _split(self, hidden: Tensor) -> Tensor:
        split: Tensor = hidden.reshape(*hidden.shape[:2], self.heads, -1).transpose(1, 2)
        return split


class RelativeAttention(SelfAttention):
    """Self-attention that knows how far apart frames are, not where they stand. Dai et al. 2019, section 3.3."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        """See `SelfAttention`."""
        super().__init__(hidden, heads, dropout)
        self.distances = nn.Linear(hidden, hidden, bias=False)
        self.content_bias = nn.Parameter(torch.zeros(heads, 1, hidden // heads))
        self.distance_bias = nn.Parameter(torch.zeros(heads, 1, hidden // heads))

    def similarities(self, query: Tensor, key: Tensor) -> Tensor:
        """See `SelfAttention.similarities`."""
        distances = torch.arange(key.shape[2] - 1, -query.shape[2], -1, device=query.device)
        encoded = self.distances(sinusoids(distances, self.distances.in_features))
        encoded = encoded.reshape(len(distances), self.heads, -1).transpose(0, 1)
        by_content: Tensor = (query + self.content_bias) @ key.transpose(2, 3)
        by_distance: Tensor = (query + self.distance_bias) @ encoded.transpose(1, 2)
        similar: Tensor = by_content + shift_distances(by_distance)
        return similar


def shift_distances(scores: Tensor) -> Tensor:
    """Scores by distance to scores by frame.

    Args:
      scores: (N, H, T, M + 2 T - 1), of the last T of M + T frames; column c is of the distance M + T - 1 - c, by
        which a frame is behind them.

    Returns:
      (N, H, T, M + T): element [i, j] is of the distance M + i - j.
    """
    count, heads, queries, distances = scores.shape
    # Row i must move left by T - 1 - i: one more element a row, then rows one element shorter.
    padded = torch.nn.functional.pad(scores, (1, 0)).reshape(count, heads, distances + 1, queries)
    moved: Tensor = padded[:, :, 1:].reshape(scores.shape)[..., : distances - queries + 1]
    return moved


def sinusoids(positions: Tensor, dimension: int) -> Tensor:
    """Sines and cosines of wavelengths from 2 pi to 20000 pi. Vaswani et al. 2017, section 3.5.

    Args:
      positions: integers (P,).
      dimension: D; the first half are sines.

    Returns:
      float32 (P, D).
    """
    half = (dimension + 1) // 2
    steps: Tensor = torch.arange(half, device=positions.device, dtype=torch.float32).mul(-math.log(10000.0) / half)
    angles = positions.to(torch.float32)[:, None] * steps.exp()[None, :]
    encoded: Tensor = torch.cat([angles.sin(), angles.cos()], dim=1)[:, :dimension]
    return encoded
