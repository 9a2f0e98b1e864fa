"""`CtcTrainConfig`: how a neural CTC model is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.models.encoders.registry import EncoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig


@dataclass(frozen=True)
class CtcTrainConfig:
    """How a neural CTC model is trained.

    Attributes:
      encoder: kind and shape of the encoder.
      fit: epochs, learning rate, seed.
      augment: what is done to features in training.
      batch_duration: seconds of audio a batch, at most.
      pronunciations: `first` trains on the most probable pronunciation of each word, `all` on the sum over its
        pronunciations. They are the same where words have one each; then `first` is faster.
    """

    __pydantic_config__ = STRICT

    encoder: EncoderConfig = field(default_factory=TdnnConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    pronunciations: Literal["first", "all"] = "first"

    def __post_init__(self) -> None:
        if not self.batch_duration > 0 or self.pronunciations not in ("first", "all"):
            raise ConfigError(
                f"CtcTrainConfig: batch_duration {self.batch_duration}, pronunciations {self.pronunciations!r}; "
                "expected > 0, first or all"
            )
