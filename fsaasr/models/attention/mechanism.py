"""`Attention`: the one interface of all scoring functions."""

from __future__ import annotations

from typing import NamedTuple, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.errors import ConfigError


class Memory(NamedTuple):
    """What an encoder made of a batch, with what an attention makes of it once for all steps.

    Attributes:
      values: float32 (N, T, E): the encoder's vectors. keys: (N, T, ...): what is compared with queries.
      inside: bool (N, T): True at frames of the utterance, False in the padding.
    """

    values: Tensor
    keys: Tensor
    inside: Tensor

    @property
    def lengths(self) -> Tensor:
        """int64 (N,): frames of each utterance."""
        result: Tensor = self.inside.sum(dim=1)
        return result

    def select(self, rows: Tensor) -> Memory:
        """The memory of some rows, int64 (M,)."""
        return Memory(*(part.index_select(0, rows) for part in self))


class Attended(NamedTuple):
    """One step of attention.

    Attributes:
      context: float32 (N, E): mean of the values under the weights.
      weights: float32 (N, T), >= 0, each row's sum 1, exactly 0 in the padding.
      state: what the next step must know of this one; (N, ...).
    """

    context: Tensor
    weights: Tensor
    state: Tensor


class Attention(nn.Module):
    """Base of all kinds: `prepare` once for a batch, then a call for each step.

    A kind overrides `scores`, and where it knows more of its steps than the weights also `start` and `forward`.
    """

    def prepare(self, values: Tensor, lengths: Tensor) -> Memory:
        """The memory of encoded utterances.

        Args:
          values: float32 (N, T, E), padded with anything.
          lengths: int64 (N,), each in 1 .. T.
        """
        inside = torch.arange(values.shape[1], device=values.device)[None, :] < lengths[:, None]
        # What stands in the padding may be anything, NaN too, and must not be multiplied by a weight of 0.
        values = values.masked_fill(~inside[:, :, None], 0.0)
        return Memory(values, self.keys(values), inside)

    def keys(self, values: Tensor) -> Tensor:
        """What is compared with queries: (N, T, ...) from (N, T, E); the values themselves unless overridden."""
        return values

    def start(self, memory: Memory) -> Tensor:
        """State before the first step: all frames alike."""
        inside = memory.inside.to(memory.values.dtype)
        result: Tensor = inside / inside.sum(dim=1, keepdim=True)
        return result

    def scores(self, query: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """How well each frame fits the query: float32 (N, T), from (N, D); the padding's do not matter."""
        raise NotImplementedError

    def forward(self, query: Tensor, memory: Memory, state: Tensor) -> Attended:
        """One step.

        Args:
          query: float32 (N, D).
          memory: of N utterances.
          state: from `start` or the step before.
        """
        weights = softmax_inside(self.scores(query, memory, state), memory.inside)
        return Attended(context_of(weights, memory), weights, weights)


def softmax_inside(scores: Tensor, inside: Tensor) -> Tensor:
    """Softmax over the last axis, with exactly 0 where `inside` is False."""
    result: Tensor = scores.masked_fill(~inside, -torch.inf).softmax(dim=-1)
    return result


def context_of(weights: Tensor, memory: Memory) -> Tensor:
    """Mean of the values (N, E) under weights (N, T)."""
    result: Tensor = torch.bmm(weights[:, None, :], memory.values)[:, 0]
    return result


def check_equal(kind: str, query_dim: int, memory_dim: int) -> None:
    """Raises ConfigError where a function that compares vectors directly gets vectors of two sizes."""
    if query_dim != memory_dim:
        raise ConfigError(
            f"attention {kind!r}: queries of {query_dim} dimensions, encoder vectors of {memory_dim}; expected equal "
            "ones: change the decoder's or the encoder's size, or take a kind that projects, e.g. general"
        )


def positions(memory: Memory) -> Tuple[Tensor, Tensor]:
    """Numbers of the frames, float32 (1, T), and that of each utterance's last one, (N, 1)."""
    frames = torch.arange(memory.inside.shape[1], device=memory.inside.device, dtype=memory.values.dtype)
    return frames[None, :], memory.lengths[:, None].to(frames.dtype) - 1
