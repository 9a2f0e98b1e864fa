"""Prediction networks: from the tokens said so far to a vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Optional, Tuple

import torch
from torch import Tensor, nn

from fsaasr.models.transducer.config import LstmConfig, PredictorConfig, StatelessConfig


class Predictor(nn.Module, ABC):
    """Maps token sequences to vectors, whole ones at once or token by token; label 0 stands before the first token.

    States are rows of a matrix, so that those of many hypotheses are stacked and picked like any others.

    Attributes:
      output_dim: P.
      context: number of last tokens that a vector depends on; None for all.
    """

    output_dim: int
    context: Optional[int]

    @abstractmethod
    def forward(self, labels: Tensor) -> Tensor:
        """int64 (N, U) labels 0 .. V to (N, U + 1, P): entry u has seen the first u labels, and nothing behind them."""

    @abstractmethod
    def start(self) -> Tuple[Tensor, Tensor]:
        """Vector (1, P) and state (1, S) before the first token."""

    @abstractmethod
    def extend(self, states: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """Vectors (B, P) and states (B, S) after one more label each, int64 (B,)."""


class StatelessPredictor(Predictor):
    """A layer over the embeddings of the last few tokens. Ghodsi et al. 2020."""

    def __init__(self, tokens: int, config: StatelessConfig) -> None:
        """Args:
        tokens: V. config: its shape.
        """
        super().__init__()
        self.context, self.output_dim = config.context, config.dim
        self.embedding = nn.Embedding(1 + tokens, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.layer = nn.Linear(config.context * config.dim, config.dim)

    def forward(self, labels: Tensor) -> Tensor:
        """As `Predictor.forward`."""
        assert self.context is not None
        padded = nn.functional.pad(labels, (self.context, 0))
        return self._vectors(padded.unfold(1, self.context, 1))

    def start(self) -> Tuple[Tensor, Tensor]:
        """As `Predictor.start`."""
        assert self.context is not None
        state = torch.zeros(1, self.context, dtype=torch.int64, device=self.layer.weight.device)
        return self._vectors(state), state

    def extend(self, states: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """As `Predictor.extend`."""
        states = torch.cat([states[:, 1:], labels[:, None]], dim=1)
        return self._vectors(states), states

    def _vectors(self, contexts: Tensor) -> Tensor:
        """int64 (..., context) to (..., P)."""
        vectors: Tensor = self.layer(self.dropout(self.embedding(contexts)).flatten(-2)).relu()
        return vectors


class LstmPredictor(Predictor):
    """An LSTM over all tokens. Graves 2012."""

    context = None

    def __init__(self, tokens: int, config: LstmConfig) -> None:
        """Args:
        tokens: V. config: its shape.
        """
        super().__init__()
        self.output_dim = config.hidden
        self.embedding = nn.Embedding(1 + tokens, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(  # type: ignore[no-untyped-call]
            config.dim, config.hidden, config.layers, batch_first=True, dropout=between
        )

    def forward(self, labels: Tensor) -> Tensor:
        """As `Predictor.forward`."""
        outputs: Tensor = self.lstm(self.dropout(self.embedding(nn.functional.pad(labels, (1, 0)))))[0]
        return outputs

    def start(self) -> Tuple[Tensor, Tensor]:
        """As `Predictor.start`."""
        size = 2 * self.lstm.num_layers * self.lstm.hidden_size
        device = self.embedding.weight.device
        return self.extend(torch.zeros(1, size, device=device), torch.zeros(1, dtype=torch.int64, device=device))

    def extend(self, states: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """As `Predictor.extend`."""
        shape = (len(states), 2, self.lstm.num_layers, self.lstm.hidden_size)
        hidden, cell = (part.contiguous() for part in states.reshape(shape).permute(1, 2, 0, 3))
        outputs, after = self.lstm(self.dropout(self.embedding(labels[:, None])), (hidden, cell))
        return outputs[:, 0], torch.stack(after).permute(2, 0, 1, 3).flatten(1)


def build_predictor(tokens: int, config: PredictorConfig) -> Predictor:
    """Makes a prediction network with random weights for V `tokens`."""
    if isinstance(config, StatelessConfig):
        return StatelessPredictor(tokens, config)
    return LstmPredictor(tokens, config)
