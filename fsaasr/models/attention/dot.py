"""Dot scoring: q . e_t (Luong et al. 2015, "dot")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from fsaasr.core.config import STRICT
from fsaasr.models.attention.mechanism import Attention, Memory, check_equal


@dataclass(frozen=True)
class DotConfig:
    """The product of query and encoder vector, as they are; both must have one size."""

    __pydantic_config__ = STRICT

    kind: Literal["dot"] = "dot"


class DotAttention(Attention):
    """`score(q, e) = q . e`."""

    def __init__(self, query_dim: int, memory_dim: int, config: DotConfig) -> None:
        super().__init__()
        check_equal(config.kind, query_dim, memory_dim)

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """As `Attention.scores`."""
        result: Tensor = torch.bmm(memory.keys, query[:, :, None])[:, :, 0]
        return result
