"""General scoring: q . W e_t (Luong et al. 2015, "general")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.models.attention.mechanism import Attention, Memory


@dataclass(frozen=True)
class GeneralConfig:
    """The product of the query and the encoder vector, which a matrix has brought to the query's size."""

    __pydantic_config__ = STRICT

    kind: Literal["general"] = "general"


class GeneralAttention(Attention):
    """`score(q, e) = q . W e`."""

    def __init__(self, query_dim: int, memory_dim: int, config: GeneralConfig) -> None:
        super().__init__()
        self.to_key = nn.Linear(memory_dim, query_dim, bias=False)

    def keys(self, values: Tensor) -> Tensor:
        """As `Attention.keys`."""
        keys: Tensor = self.to_key(values)
        return keys

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """As `Attention.scores`."""
        result: Tensor = torch.bmm(memory.keys, query[:, :, None])[:, :, 0]
        return result
