"""`LmNetwork`: what is asked of a network that predicts the next word."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import List, NamedTuple, Sequence, Tuple

from torch import Tensor, nn


class LmState(NamedTuple):
    """What a network knows after some words.

    Attributes:
      hidden: float32 (D,); the output layer makes the next word's distribution of it.
      memory: whatever the network needs to read on.
    """

    hidden: Tensor
    memory: Tensor


class LmNetwork(nn.Module, ABC):
    """Reads words, predicts the next one. Column 0 is the sentence's end as output and its begin as input.

    Attributes:
      words: vectors of the begin (row 0) and of V words; the output layer has the same vectors.
      bias: of the outputs.
    """

    words: nn.Embedding
    bias: nn.Parameter

    @abstractmethod
    def read(self, inputs: Tensor) -> Tensor:
        """Hidden vectors (N, L, D) behind each of the inputs, int64 (N, L) that begin with 0."""

    @abstractmethod
    def begin(self) -> Tensor:
        """Memory before the sentence's begin was read."""

    @abstractmethod
    def step(self, inputs: Tensor, memories: Sequence[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Reads one more input, int64 (M,), behind each of M memories: hidden vectors (M, D), and memories."""

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Log probabilities (..., 1 + V) of the end and of each word, of hidden vectors (..., D)."""
        log_probs: Tensor = (hidden @ self.words.weight.t() + self.bias).log_softmax(dim=-1)
        return log_probs

    def forward(self, inputs: Tensor) -> Tensor:
        """Log probabilities (N, L, 1 + V) of what follows each of the inputs (N, L)."""
        return self.log_probs(self.read(inputs))
