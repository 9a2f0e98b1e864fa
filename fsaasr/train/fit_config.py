"""`FitConfig`: how the parameters of a network move."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError


@dataclass(frozen=True)
class FitConfig:
    """How the parameters move.

    Attributes:
      epochs: passes over the training data.
      learning_rate: of AdamW at its peak, > 0.
      warmup: share of the training in which it rises from 0 to the peak; it then falls to 0 as a cosine.
      weight_decay: 0 or more.
      clip_norm: longest gradient; longer ones are scaled down, > 0.
      batches_per_step: the parameters move after so many batches, by the mean of their gradients. Under `torchrun`, the
        processes share these batches, so the number of processes changes nothing but rounding; it must divide them.
      precision: type in which encoders multiply while training; `bfloat16` is faster on GPUs that have it.
      average: the weights of so many best epochs on dev (without dev, of the last ones) are averaged in the end; 1
        takes the best epoch's. Where the mean is worse on dev than the best epoch, the best epoch is taken.
      patience: training ends early after so many epochs in a row that were no better on dev than the best one; 0 never.
      seed: of initial weights, order of batches, dropout and augmentation.
    """

    __pydantic_config__ = STRICT

    epochs: int = 16
    learning_rate: float = 2e-3
    warmup: float = 0.15
    weight_decay: float = 0.01
    clip_norm: float = 5.0
    batches_per_step: int = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    average: int = 1
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or not 0 <= self.warmup < 1 or self.seed < 0:
            raise ConfigError(
                f"FitConfig: epochs {self.epochs}, warmup {self.warmup}, seed {self.seed}; "
                "expected 1 or more, 0 to below 1, 0 or more"
            )
        if self.average < 1 or self.patience < 0 or self.batches_per_step < 1:
            raise ConfigError(
                f"FitConfig: average {self.average}, patience {self.patience}, batches_per_step "
                f"{self.batches_per_step}; expected >= 1, >= 0, >= 1"
            )
        if self.precision not in ("float32", "bfloat16"):
            raise ConfigError(f"FitConfig: precision {self.precision!r}; expected float32 or bfloat16")
        if not (self.learning_rate > 0 and self.weight_decay >= 0 and self.clip_norm > 0):
            raise ConfigError(
                f"FitConfig: learning_rate {self.learning_rate}, weight_decay {self.weight_decay}, clip_norm "
                f"{self.clip_norm}; expected > 0, >= 0, > 0"
            )

    def rate_at(self, progress: float) -> float:
        """Learning rate when `progress` (0 to 1) of the training is done."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup)))
