"""Content-based scoring: b cos(q, e_t), b > 0 (Graves, Wayne, Danihelka 2014)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.mechanism import Attention, Memory, check_equal

_LEAST_NORM = 1e-6
"""Vectors that are shorter count as this long."""


@dataclass(frozen=True)
class ContentConfig:
    """The cosine of query and encoder vector, which must have one size, times a learned sharpness.

    Attributes:
      sharpness: its first value, > 0.
    """

    __pydantic_config__ = STRICT

    kind: Literal["content"] = "content"
    sharpness: float = 10.0

    def __post_init__(self) -> None:
        if not self.sharpness > 0:
            raise ConfigError(f"ContentConfig: sharpness {self.sharpness}, expected > 0")


class ContentAttention(Attention):
    """`score(q, e) = b q . e / (|q| |e|)`."""

    def __init__(self, query_dim: int, memory_dim: int, config: ContentConfig) -> None:
        super().__init__()
        check_equal(config.kind, query_dim, memory_dim)
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(config.sharpness)))

    def keys(self, values: Tensor) -> Tensor:
        """As `Attention.keys`."""
        return nn.functional.normalize(values, dim=2, eps=_LEAST_NORM)

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """As `Attention.scores`."""
        direction = nn.functional.normalize(query, dim=1, eps=_LEAST_NORM)
        result: Tensor = self.log_sharpness.exp() * torch.bmm(memory.keys, direction[:, :, None])[:, :, 0]
        return result
