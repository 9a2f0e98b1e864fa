"""The pruned transducer loss of k2: full joiner in the band of the lattice that a simple one finds likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Tensor

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.stack import import_k2
from fsaasr.train.transducer_batch import checked_batch
from fsaasr.train.transducer_losses import Joiner


@dataclass(frozen=True)
class PruningConfig:
    """How the lattice is pruned. Kuang et al. 2022.

    Attributes:
      band: label counts that are kept of each frame, 2 or more.
      simple_scale: weight of the simple joiner's own loss in training, >= 0.
      lm_only, am_only: shares of the simple joiner that see labels only, and frames only; 0 to 1 together.
    """

    __pydantic_config__ = STRICT

    band: int = 5
    simple_scale: float = 0.5
    lm_only: float = 0.25
    am_only: float = 0.0

    def __post_init__(self) -> None:
        shares = min(self.lm_only, self.am_only) >= 0 and self.lm_only + self.am_only <= 1
        if self.band < 2 or not (self.simple_scale >= 0 and shares):
            raise ConfigError(
                f"PruningConfig: band {self.band}, simple_scale {self.simple_scale}, lm_only {self.lm_only}, am_only "
                f"{self.am_only}; expected >= 2, >= 0, and shares of 0 to 1 together"
            )


def pruned_transducer_loss(
    simple: Tuple[Tensor, Tensor],
    encoded: Tensor,
    predicted: Tensor,
    joiner: Joiner,
    labels: Tensor,
    frames: Tensor,
    counts: Tensor,
    topology: str = "regular",
    config: PruningConfig = PruningConfig(),
) -> Tuple[Tensor, Tensor]:
    """The simple joiner's loss, and the full joiner's in the band; both sums over utterances.

    Args:
      simple: logits (N, T, C) of frames and (N, U + 1, C) of label counts, which the simple joiner adds.
      encoded: (N, T, E). predicted: (N, U + 1, P).
      joiner: of (N, T, band, E) and (N, T, band, P), giving logits (N, T, band, C).
      labels, frames, counts, topology: as `transducer_loss`.
      config: width of the band, smoothing.

    Raises:
      MissingDependencyError: no k2. TrainingError: as `transducer_loss`.
    """
    k2 = import_k2()
    most = len(encoded), encoded.shape[1], simple[0].shape[2]
    batch = checked_batch(labels, frames, counts, most, topology, None, "pruned_transducer_loss")
    kind = "regular" if topology == "regular" else "modified"
    boundary = torch.zeros(len(encoded), 4, dtype=torch.int64, device=encoded.device)
    boundary[:, 2], boundary[:, 3] = counts, frames
    smoothed, (label_slope, blank_slope) = k2.rnnt_loss_smoothed(
        *(simple[1], simple[0], batch.labels, 0),
        lm_only_scale=config.lm_only,
        am_only_scale=config.am_only,
        boundary=boundary,
        rnnt_type=kind,
        reduction="sum",
        return_grad=True,
    )
    ranges = k2.get_rnnt_prune_ranges(label_slope, blank_slope, boundary, min(config.band, 1 + labels.shape[1]))
    logits = joiner(*k2.do_rnnt_pruning(encoded, predicted, ranges))
    pruned = k2.rnnt_loss_pruned(logits, batch.labels, ranges, 0, boundary, kind, reduction="sum")
    return smoothed, pruned
