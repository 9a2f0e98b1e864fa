"""`MwerConfig`: how a trained hybrid model is tuned to make fewer word errors."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig


@dataclass(frozen=True)
class MwerConfig:
    """How a trained hybrid model goes on to be trained by minimum word error rate.

    Attributes:
      fit: epochs, learning rate, seed; a fraction of what trained the model is enough.
      augment: what is done to features in training.
      batch_duration: seconds of audio a batch, at most.
      order: of the n-gram model of the training transcripts' words, with which the lists are made, 1 .. 5. A weak one
        leaves errors to learn from.
      hypotheses: longest list, the transcript included, >= 2.
      acoustic_scale: of the model's scores against the n-gram's, as in recognition, > 0.
      reference_weight: of -log p(transcript) among the hypotheses, added to the errors, >= 0.
    """

    __pydantic_config__ = STRICT

    fit: FitConfig = field(default_factory=lambda: FitConfig(epochs=4, learning_rate=1e-4))
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    order: int = 2
    hypotheses: int = 8
    acoustic_scale: float = 1.0
    reference_weight: float = 0.1

    def __post_init__(self) -> None:
        if not self.batch_duration > 0 or not 1 <= self.order <= 5 or self.hypotheses < 2:
            raise ConfigError(
                f"MwerConfig: batch_duration {self.batch_duration}, order {self.order}, hypotheses {self.hypotheses}; "
                "expected > 0, 1 to 5, >= 2"
            )
        if not (self.acoustic_scale > 0 and self.reference_weight >= 0):
            raise ConfigError(
                f"MwerConfig: acoustic_scale {self.acoustic_scale}, reference_weight {self.reference_weight}; expected "
                "> 0, >= 0"
            )
