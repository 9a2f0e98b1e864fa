"""Multi-head attention with scaled products (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.mechanism import Attended, Attention, Memory, softmax_inside


@dataclass(frozen=True)
class MultiHeadConfig:
    """Several attentions side by side.

    Attributes:
      heads: how many.
      units: of all heads' queries and keys together; a multiple of `heads`.
    """

    __pydantic_config__ = STRICT

    kind: Literal["multi-head"] = "multi-head"
    heads: int = 4
    units: int = 128

    def __post_init__(self) -> None:
        if self.heads < 1 or self.units < 1 or self.units % self.heads:
            raise ConfigError(
                f"MultiHeadConfig: heads {self.heads}, units {self.units}; expected >= 1, and a multiple of the heads"
            )


class MultiHeadAttention(Attention):
    """Each head has its own weights over the frames; `Attended.weights` is their mean."""

    def __init__(self, query_dim: int, memory_dim: int, config: MultiHeadConfig) -> None:
        super().__init__()
        self.heads, self.size = config.heads, config.units // config.heads
        self.to_query = nn.Linear(query_dim, config.units)
        self.to_key = nn.Linear(memory_dim, config.units, bias=False)
        self.to_value = nn.Linear(memory_dim, config.units)
        self.output = nn.Linear(config.units, memory_dim)

    def keys(self, values: Tensor) -> Tensor:
        """Keys and values of the heads: (N, T, 2, heads, size)."""
        both = torch.stack([self.to_key(values), self.to_value(values)], dim=2)
        result: Tensor = both.view(*both.shape[:3], self.heads, self.size)
        return result

    def forward(self, query: Tensor, memory: Memory, state: Tensor) -> Attended:
        """As `Attention.forward`."""
        keys, values = memory.keys.unbind(dim=2)
        queries = self.to_query(query).view(len(query), self.heads, self.size) / math.sqrt(self.size)
        scores = torch.einsum("nhd,nthd->nht", queries, keys)
        each = softmax_inside(scores, memory.inside[:, None, :])
        contexts = torch.einsum("nht,nthd->nhd", each, values)
        weights = each.mean(dim=1)
        return Attended(self.output(contexts.flatten(1)), weights, weights)
