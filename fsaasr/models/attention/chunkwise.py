"""Monotonic chunkwise attention: MoChA (Chiu, Raffel 2018; monotonic part: Raffel et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.additive import AdditiveAttention, AdditiveConfig
from fsaasr.models.attention.mechanism import Attended, Memory, context_of, positions


@dataclass(frozen=True)
class ChunkwiseConfig:
    """A boundary that moves forward frame by frame, and a softmax over the last frames up to it.

    Attributes:
      units: of the hidden layers.
      chunk: frames of the softmax, >= 1; 1 is hard monotonic attention.
      noise: deviation of the noise on stopping scores in training, >= 0: it drives probabilities to 0 or 1, so that
        training and inference look alike.
      offset: stopping score before anything is learned; negative ones move on.
    """

    __pydantic_config__ = STRICT

    kind: Literal["chunkwise"] = "chunkwise"
    units: int = 128
    chunk: int = 4
    noise: float = 1.0
    offset: float = -2.0

    def __post_init__(self) -> None:
        if self.units < 1 or self.chunk < 1 or not self.noise >= 0:
            raise ConfigError(
                f"ChunkwiseConfig: units {self.units}, chunk {self.chunk}, noise {self.noise}; "
                "expected >= 1, >= 1, >= 0"
            )


class ChunkwiseAttention(AdditiveAttention):
    """In training, the expected weights over all boundaries; in inference, the one boundary that is more likely.

    From the boundary of the step before, frame after frame stops the search with its probability; the last frame
    always does. The state (N, T) is the distribution of the boundary.
    """

    def __init__(self, query_dim: int, memory_dim: int, config: ChunkwiseConfig) -> None:
        super().__init__(query_dim, memory_dim, AdditiveConfig(units=config.units))
        self.chunk, self.noise = config.chunk, config.noise
        self.stopping = AdditiveAttention(query_dim, memory_dim, AdditiveConfig(units=config.units))
        self.offset = nn.Parameter(torch.tensor(config.offset))

    def keys(self, values: Tensor) -> Tensor:
        """Keys of chunk and stopping scores, (N, T, 2, units)."""
        return torch.stack([self.to_key(values), self.stopping.to_key(values)], dim=2)

    def start(self, memory: Memory) -> Tensor:
        """The boundary is the first frame."""
        first = torch.zeros_like(memory.values[:, :, 0])
        first[:, 0] = 1.0
        return first

    def forward(self, query: Tensor, memory: Memory, state: Tensor) -> Attended:
        """As `Attention.forward`."""
        within, stop = (memory._replace(keys=keys) for keys in memory.keys.unbind(dim=2))
        stop_scores = self.stopping.scores(query, stop, state) + self.offset
        if self.training:
            stop_scores = stop_scores + self.noise * torch.randn_like(stop_scores)
            boundary = expected_boundary(stop_scores, memory, state)
        else:
            boundary = first_boundary(stop_scores, memory, state)
        weights = self._spread(boundary, self.scores(query, within, state), memory)
        return Attended(context_of(weights, memory), weights, boundary)

    def _spread(self, boundary: Tensor, scores: Tensor, memory: Memory) -> Tensor:
        """Shares each frame's probability of being the boundary out among the frames of its chunk."""
        scores = scores.masked_fill(~memory.inside, -torch.inf)
        padded = nn.functional.pad(scores, (self.chunk - 1, 0), value=-torch.inf)
        # [n, t, k]: share of frame t - chunk + 1 + k in the chunk that ends at frame t.
        chunks = padded.unfold(1, self.chunk, 1)
        shares = chunks.masked_fill(~memory.inside[:, :, None], 0.0).softmax(dim=2) * boundary[:, :, None]
        weights = torch.zeros_like(padded)
        for k in range(self.chunk):
            end = k + boundary.shape[1]
            weights = weights + nn.functional.pad(shares[:, :, k], (k, weights.shape[1] - end))
        result: Tensor = weights[:, self.chunk - 1 :]
        return result


def expected_boundary(stop_scores: Tensor, memory: Memory, before: Tensor) -> Tensor:
    """Distribution of the boundary (N, T), given that of the step before.

    `a_t = p_t sum_{k <= t} before_k prod_{k <= l < t} (1 - p_l)`, by logs of the products: O(T^2), and exact where
    the quotient of the original paper loses digits.
    """
    stops, goes = _stop_or_go(stop_scores, memory)
    # through[n, t]: log probability to pass all frames before t.
    through = nn.functional.pad(goes.cumsum(dim=1), (1, 0))[:, :-1]
    frames = torch.arange(stop_scores.shape[1], device=stop_scores.device)
    earlier = frames[None, :] <= frames[:, None]
    ways = (through[:, :, None] - through[:, None, :]).masked_fill(~earlier, -torch.inf).exp()
    boundary: Tensor = stops * torch.bmm(ways, before[:, :, None])[:, :, 0]
    return boundary


def first_boundary(stop_scores: Tensor, memory: Memory, before: Tensor) -> Tensor:
    """One-hot (N, T): the first frame, from that of the step before, at which stopping is more likely than not."""
    frames, last = positions(memory)
    may_stop = ((stop_scores > 0) & (frames >= before.argmax(dim=1, keepdim=True))) | (frames == last)
    result: Tensor = nn.functional.one_hot(may_stop.to(torch.int8).argmax(dim=1), frames.shape[1]).to(stop_scores.dtype)
    return result


def _stop_or_go(stop_scores: Tensor, memory: Memory) -> Tuple[Tensor, Tensor]:
    """Probability to stop, and log probability to go on, at each frame; at the last one it surely stops."""
    frames, last = positions(memory)
    stops = stop_scores.sigmoid().masked_fill(frames == last, 1.0).masked_fill(frames > last, 0.0)
    return stops, nn.functional.logsigmoid(-stop_scores).masked_fill(frames >= last, 0.0)
