"""`TokenDecoder`: what a network, its training and its searches need to know of any decoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import List, NamedTuple, Tuple

import torch
from torch import Tensor, nn

from fsaasr.models.attention import Memory

END = 0
"""Token of the beginning as an input, of the end as an output; tokens are 1 .. V."""


class DecoderState(NamedTuple):
    """Where the decoder stands in each of N token sequences.

    Attributes:
      memory: what it looks at.
      parts: (N, ...) each, what else it remembers.
    """

    memory: Memory
    parts: Tuple[Tensor, ...]

    def select(self, rows: Tensor) -> DecoderState:
        """The states of some rows, int64 (M,), in any order and number."""
        return DecoderState(self.memory.select(rows), tuple(part.index_select(0, rows) for part in self.parts))


class DecoderStep(NamedTuple):
    """What a decoder says of the next token.

    Attributes:
      logits: float32 (N, 1 + V), before the softmax; column 0 is the end.
      weights: float32 (N, T), where it looked.
      state: behind the token that was given.
    """

    logits: Tensor
    weights: Tensor
    state: DecoderState


class TokenDecoder(nn.Module, ABC):
    """Tokens one after another, each given those before and what was encoded."""

    @abstractmethod
    def start(self, values: Tensor, lengths: Tensor) -> DecoderState:
        """State before the first token, from vectors (N, T, E), padded with anything, and lengths (N,)."""

    @abstractmethod
    def step(self, state: DecoderState, tokens: Tensor) -> DecoderStep:
        """Takes one token each, int64 (N,); the first one is END."""

    def forward(self, values: Tensor, lengths: Tensor, inputs: Tensor, sampling: float = 0.0) -> Tuple[Tensor, Tensor]:
        """All steps of known tokens (teacher forcing).

        Args:
          values: float32 (N, T, E), the encoder's vectors. lengths: int64 (N,).
          inputs: int64 (N, U): END, then tokens; padded with anything from 0 to V.
          sampling: probability by which an input gives way to what the decoder itself would have said, drawn from
            torch's global generator (scheduled sampling, Bengio et al. 2015).

        Returns:
          Logits (N, U, 1 + V) and weights (N, U, T).
        """
        state = self.start(values, lengths)
        logits: List[Tensor] = []
        weights: List[Tensor] = []
        for place in range(inputs.shape[1]):
            tokens = inputs[:, place]
            if place and sampling:
                tokens = mixed_with_own(tokens, logits[-1], sampling)
            step = self.step(state, tokens)
            state = step.state
            logits.append(step.logits)
            weights.append(step.weights)
        return torch.stack(logits, dim=1), torch.stack(weights, dim=1)


def mixed_with_own(tokens: Tensor, logits: Tensor, share: float) -> Tensor:
    """Tokens (...,), some of them replaced by draws from what the decoder said before them (..., 1 + V)."""
    probs = logits.detach().softmax(dim=-1)
    own = torch.multinomial(probs.flatten(0, -2), 1).view(tokens.shape)
    replaced = torch.lt(torch.rand(tokens.shape, device=tokens.device), share)
    return torch.where(replaced, own, tokens)
