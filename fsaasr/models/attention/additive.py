"""Additive scoring: v . tanh(W q + V e_t + b) (Bahdanau, Cho, Bengio 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.mechanism import Attention, Memory


@dataclass(frozen=True)
class AdditiveConfig:
    """A network of one hidden layer.

    Attributes:
      units: of the hidden layer.
    """

    __pydantic_config__ = STRICT

    kind: Literal["additive"] = "additive"
    units: int = 128

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ConfigError(f"AdditiveConfig: units {self.units}, expected >= 1")


class AdditiveAttention(Attention):
    """`score(q, e) = v . tanh(W q + V e + b)`."""

    def __init__(self, query_dim: int, memory_dim: int, config: AdditiveConfig) -> None:
        super().__init__()
        self.to_query = nn.Linear(query_dim, config.units, bias=False)
        self.to_key = nn.Linear(memory_dim, config.units)
        self.to_score = nn.Linear(config.units, 1, bias=False)

    def keys(self, values: Tensor) -> Tensor:
        """As `Attention.keys`."""
        keys: Tensor = self.to_key(values)
        return keys

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """As `Attention.scores`."""
        hidden = torch.tanh(self.to_query(query)[:, None, :] + memory.keys)
        scores: Tensor = self.to_score(hidden)[:, :, 0]
        return scores
