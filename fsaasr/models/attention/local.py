"""Local monotonic attention: a window that only moves forward (Tjandra, Sakti, Nakamura 2017; Luong et al. 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.additive import AdditiveAttention, AdditiveConfig
from fsaasr.models.attention.mechanism import Attended, Memory, context_of, positions, softmax_inside


@dataclass(frozen=True)
class LocalConfig:
    """A window around a place that moves forward from step to step; additive scores within.

    Attributes:
      units: of the hidden layers.
      window: frames on either side of the place, >= 1; a Gaussian of half this deviation weighs them.
      stride: frames by which the place moves in a step before anything is learned, > 0.
    """

    __pydantic_config__ = STRICT

    kind: Literal["local"] = "local"
    units: int = 128
    window: int = 6
    stride: float = 3.0

    def __post_init__(self) -> None:
        if self.units < 1 or self.window < 1 or not self.stride > 0:
            raise ConfigError(
                f"LocalConfig: units {self.units}, window {self.window}, stride {self.stride}; expected >= 1, >= 1, > 0"
            )


class LocalAttention(AdditiveAttention):
    """`p_i = p_{i-1} + s exp(v . tanh(W q))`; `score_t - (t - p_i)^2 / (2 (window / 2)^2)` within the window.

    Scores and Gaussian are added before the softmax, so that weights sum to 1; the state is the place (N, 1).
    """

    def __init__(self, query_dim: int, memory_dim: int, config: LocalConfig) -> None:
        super().__init__(query_dim, memory_dim, AdditiveConfig(units=config.units))
        self.window, self.stride = config.window, config.stride
        self.to_move = nn.Sequential(
            nn.Linear(query_dim, config.units), nn.Tanh(), nn.Linear(config.units, 1, bias=False)
        )

    def start(self, memory: Memory) -> Tensor:
        """Before the first frame, so that the first step reaches the first frames."""
        result: Tensor = memory.values.new_full((len(memory.values), 1), -self.stride)
        return result

    def forward(self, query: Tensor, memory: Memory, state: Tensor) -> Attended:
        """As `Attention.forward`."""
        frames, last = positions(memory)
        place = torch.minimum(state + self.stride * self.to_move(query).exp(), last)
        # A place before the first frame counts as the first one, so that the window is never empty.
        distance = frames - place.clamp(min=0)
        near = memory.inside & (distance.abs() <= self.window)
        bell = -2.0 * (distance / self.window) ** 2
        weights = softmax_inside(self.scores(query, memory, state) + bell, near)
        return Attended(context_of(weights, memory), weights, place)
