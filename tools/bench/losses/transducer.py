"""Batches to compute transducer losses of: random logits and labels; the same for the same case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import torch
from torch import Tensor

from fsaasr.core.stack import import_k2
from fsaasr.train.transducer_losses import transducer_loss


@dataclass(frozen=True)
class Case:
    """What to compute.

    Attributes:
      topology: `regular` or `one-per-frame`.
      frames, labels: of the longest utterance; the others have half as many or more.
      columns: C. utterances: of the batch.
    """

    topology: str
    frames: int = 125
    labels: int = 60
    columns: int = 50
    utterances: int = 16

    @property
    def name(self) -> str:
        """In tables."""
        return (
            f"transducer, {self.topology}, {self.utterances} x {self.frames} frames x {self.labels} labels x "
            f"{self.columns}"
        )

    def sizes(self, longest: int) -> Tensor:
        """int64 (N,) from half of `longest` to `longest`."""
        sizes: Tensor = torch.linspace(longest, (longest + 1) // 2, self.utterances).long()
        return sizes


CASES = [Case("regular"), Case("one-per-frame"), Case("regular", labels=30, columns=500, utterances=8)]
"""5 seconds at 25 frames a second: phones, and word pieces."""
SMOKE = [Case("regular", 12, 5, 6, 2), Case("one-per-frame", 12, 5, 6, 2)]


def loss_of(case: Case, backend: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Logits and lengths to the losses (N,)."""
    labels = torch.randint(1, case.columns, (case.utterances, case.labels), generator=torch.Generator().manual_seed(1))
    counts = case.sizes(case.labels)
    if backend == "native":
        return lambda logits, lengths: transducer_loss(logits, labels, lengths, counts, case.topology)
    k2, kind = import_k2(), "regular" if case.topology == "regular" else "modified"
    boundary = torch.zeros(case.utterances, 4, dtype=torch.int64)
    boundary[:, 2] = counts

    def loss(logits: Tensor, lengths: Tensor) -> Tensor:
        boundary[:, 3] = lengths
        losses: Tensor = k2.rnnt_loss(logits, labels, 0, boundary, kind, reduction="none")
        return losses

    return loss


def scores_of(case: Case) -> Tensor:
    """float32 (N, T, U + 1, C) logits."""
    shape = (case.utterances, case.frames, case.labels + 1, case.columns)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def lengths_of(case: Case) -> Tensor:
    """int64 (N,) frames of each utterance."""
    return case.sizes(case.frames)
