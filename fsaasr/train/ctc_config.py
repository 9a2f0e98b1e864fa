"""`CtcTrainConfig`: how a neural CTC model is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig


@dataclass(frozen=True)
class CtcTrainConfig:
    """How a neural CTC model is trained.

    Attributes:
      encoder: shape of the network.
      fit: epochs, learning rate, seed.
      augment: what is done to features in training.
      batch_duration: seconds of audio a batch, at most.
      realign_after: numbers of finished epochs after which each utterance's pronunciations are chosen anew by the
        model itself; before the first the most probable ones are taken. Matters only where words have several.
    """

    __pydantic_config__ = STRICT

    encoder: TdnnConfig = field(default_factory=TdnnConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    realign_after: Tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.batch_duration > 0 or any(not 1 <= epoch < self.fit.epochs for epoch in self.realign_after):
            raise ConfigError(
                f"CtcTrainConfig: batch_duration {self.batch_duration}, realign_after {self.realign_after}; expected "
                f"> 0 and epochs from 1 to {self.fit.epochs - 1}"
            )
