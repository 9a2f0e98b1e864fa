"""Location-based and hybrid scoring: where the step before looked (Chorowski et al. 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.mechanism import Attention, Memory


@dataclass(frozen=True)
class LocationConfig:
    """The weights of the step before, through a convolution, and the query; not what is in the frames.

    Attributes:
      units: of the hidden layer.
      filters, width: of the convolution over the weights; the width in frames, odd.
    """

    __pydantic_config__ = STRICT

    kind: Literal["location"] = "location"
    units: int = 128
    filters: int = 10
    width: int = 31

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class HybridConfig:
    """As `LocationConfig`, and what is in the frames, too.

    Attributes:
      units, filters, width: as there.
    """

    __pydantic_config__ = STRICT

    kind: Literal["hybrid"] = "hybrid"
    units: int = 128
    filters: int = 10
    width: int = 31

    def __post_init__(self) -> None:
        _check(self)


def _check(config: Union[LocationConfig, HybridConfig]) -> None:
    if config.units < 1 or config.filters < 1 or config.width < 1 or config.width % 2 == 0:
        raise ConfigError(
            f"{type(config).__name__}: units {config.units}, filters {config.filters}, width {config.width}; "
            "expected >= 1, >= 1, odd and >= 1"
        )


class LocationAttention(Attention):
    """`v . tanh(W q + U f_t + b)`, `f` the convolution of the previous weights; with `+ V e_t` for `hybrid`."""

    def __init__(self, query_dim: int, memory_dim: int, config: Union[LocationConfig, HybridConfig]) -> None:
        super().__init__()
        self.hybrid = isinstance(config, HybridConfig)
        self.to_query = nn.Linear(query_dim, config.units)
        self.to_score = nn.Linear(config.units, 1, bias=False)
        self.convolution = nn.Conv1d(1, config.filters, config.width, padding=config.width // 2, bias=False)
        self.to_place = nn.Linear(config.filters, config.units, bias=False)
        self.to_key = nn.Linear(memory_dim, config.units, bias=False) if self.hybrid else None

    def keys(self, values: Tensor) -> Tensor:
        """As `Attention.keys`; of no size where the frames' content does not count."""
        if self.to_key is None:
            result: Tensor = values[:, :, :0]
            return result
        keys: Tensor = self.to_key(values)
        return keys

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """As `Attention.scores`; the state is the previous weights."""
        hidden = self.to_query(query)[:, None, :] + self.to_place(self.convolution(state[:, None, :]).transpose(1, 2))
        if self.hybrid:
            hidden = hidden + memory.keys
        scores: Tensor = self.to_score(torch.tanh(hidden))[:, :, 0]
        return scores
