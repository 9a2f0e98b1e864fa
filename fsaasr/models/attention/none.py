"""No attention: one vector for the whole utterance, the baseline (Sutskever, Vinyals, Le 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from fsaasr.core.config import STRICT
from fsaasr.models.attention.mechanism import Attention, Memory, positions


@dataclass(frozen=True)
class NoAttentionConfig:
    """The same context at every step.

    Attributes:
      pooling: `last` frame's vector, or the `mean` of all.
    """

    __pydantic_config__ = STRICT

    kind: Literal["none"] = "none"
    pooling: Literal["last", "mean"] = "last"


class NoAttention(Attention):
    """Weight 1 on the last frame, or equal weights on all."""

    def __init__(self, query_dim: int, memory_dim: int, config: NoAttentionConfig) -> None:
        super().__init__()
        self.pooling = config.pooling

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """As `Attention.scores`."""
        frames, last = positions(memory)
        alike = torch.zeros_like(state)
        return alike if self.pooling == "mean" else alike.masked_fill(frames != last, -torch.inf)
