"""A transducer whose random scores depend on frame and history, and its exact scores by enumeration."""

from __future__ import annotations

import math
from itertools import product
from typing import Iterator, Optional

import numpy as np
import torch
from torch import Tensor

PRIME = 1009


class ToyModel:
    """Scores from a table: each history, of `context` tokens or endless, has a vector of its own."""

    def __init__(self, context: Optional[int], tokens: int, seed: int, sharp: float) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.context, self.num_columns = context, 1 + tokens
        self._vectors = torch.randn(PRIME, 8, generator=generator)
        self._output = sharp * torch.randn(8, self.num_columns, generator=generator)
        self._bias = torch.zeros(self.num_columns)
        self._bias[0] = 2 * sharp  # else some toys would never say a blank

    def start(self) -> tuple[Tensor, Tensor]:
        state = torch.zeros(1, self.context or 1, dtype=torch.int64)
        return self._vectors[self._places(state)], state

    def extend(self, states: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self.context is None:
            states = (37 * states + labels[:, None] + 1) % PRIME
        else:
            states = torch.cat([states[:, 1:], labels[:, None]], dim=1)
        return self._vectors[self._places(states)], states

    def _places(self, states: Tensor) -> Tensor:
        return (states * 31 ** torch.arange(states.shape[1])).sum(dim=1) % PRIME

    def vectors_of(self, contexts: Tensor) -> Tensor:
        """Of int64 (B, context), 0 before the first token."""
        return self._vectors[self._places(contexts)]

    def predict(self, labels: tuple[int, ...]) -> Tensor:
        vector, state = self.start()
        rows = [vector]
        for label in labels:
            vector, state = self.extend(state, torch.tensor([label]))
            rows.append(vector)
        return torch.cat(rows)

    def log_probs(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        return (torch.tanh(encoded + predicted) @ self._output + self._bias).log_softmax(dim=-1)


def toy_model(context: Optional[int] = None, tokens: int = 2, seed: int = 0, sharp: float = 1.5) -> ToyModel:
    return ToyModel(context, tokens, seed, sharp)


def toy_frames(*lengths: int, seed: int = 0) -> list[Tensor]:
    """Vectors (T, 8) of the encoder's side."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(length, 8, generator=generator) for length in lengths]


def log_prob_table(model: ToyModel, frames: Tensor, labels: tuple[int, ...]) -> np.ndarray:
    """Log probabilities float64 (T, U + 1, C) along a token sequence."""
    return model.log_probs(frames[:, None], model.predict(labels)).double().numpy()


def sequences(tokens: int, most: int) -> Iterator[tuple[int, ...]]:
    """All token sequences of up to `most` tokens."""
    for count in range(most + 1):
        yield from product(range(1, tokens + 1), repeat=count)


def alignments(
    table: np.ndarray, labels: tuple[int, ...], topology: str, most: int
) -> list[tuple[float, tuple[int, ...]]]:
    """Score and frames of all alignments with at most `most` tokens a frame, by a walk through the lattice."""
    found: list[tuple[float, tuple[int, ...]]] = []

    def walk(time: int, place: int, here: int, score: float, frames: tuple[int, ...]) -> None:
        if time == len(table):
            if place == len(labels):
                found.append((score, frames))
            return
        walk(time + 1, place, 0, score + table[time, place, 0], frames)
        if place < len(labels) and here < most:
            after = (time, here + 1) if topology == "regular" else (time + 1, 0)
            walk(after[0], place + 1, after[1], score + table[time, place, labels[place]], (*frames, time))

    walk(0, 0, 0, 0.0, ())
    return found


def log_sum(scores: list[float]) -> float:
    return math.log(math.fsum(math.exp(score) for score in scores)) if scores else -math.inf
