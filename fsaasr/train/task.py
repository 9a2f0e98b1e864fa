"""`Task`: what the training loop trains, without knowing it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Mapping, Sequence, Tuple, TypeVar

import numpy as np
from torch import Tensor, nn

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)


class Task(ABC, Generic[Batch, Network]):
    """What is trained: data, loss and measure. All chance comes from the generators that `fit` gives."""

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[Batch]:
        """The batches of an epoch (0, 1, ...), a function of the epoch alone."""

    @abstractmethod
    def loss(self, network: Network, batch: Batch, rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Loss to minimise (a scalar, its own scale), and its weight in the epoch's mean, e.g. labels."""

    @abstractmethod
    def name(self, batch: Batch) -> str:
        """Names a batch in messages."""

    def evaluate(self, network: Network) -> Mapping[str, float]:
        """Measures on dev data, the one that chooses the best epoch first, smaller is better; empty without any."""
        return {}
