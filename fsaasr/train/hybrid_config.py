"""`HybridTrainConfig`: how a hybrid model is trained on alignments."""

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
class HybridTrainConfig:
    """How a hybrid model is trained on alignments, frame by frame.

    Where the encoder subsamples, each pass over the data takes every n-th frame, from a first one that is drawn for
    each utterance; the model then gives scores for every frame, see `HybridModel.interleaved`.

    Attributes:
      encoder: shape of the network.
      fit: epochs, learning rate, seed.
      augment: what is done to features in training; labels follow a change of tempo.
      batch_duration: seconds of audio a batch, at most.
      label_smoothing: share of each frame's label that is spread evenly over all columns, 0 to below 1.
      priors: from relative frequencies in the `alignments`, or from the mean of the trained network's `posteriors`.
      prior_scale: of the model, where tuning chooses no other, >= 0.
    """

    __pydantic_config__ = STRICT

    encoder: EncoderConfig = field(default_factory=TdnnConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    label_smoothing: float = 0.0
    priors: Literal["alignments", "posteriors"] = "alignments"
    prior_scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.batch_duration > 0 or not 0 <= self.label_smoothing < 1 or not self.prior_scale >= 0:
            raise ConfigError(
                f"HybridTrainConfig: batch_duration {self.batch_duration}, label_smoothing {self.label_smoothing}, "
                f"prior_scale {self.prior_scale}; expected > 0, 0 to below 1, >= 0"
            )
        if self.priors not in ("alignments", "posteriors"):
            raise ConfigError(f"HybridTrainConfig: priors {self.priors!r}; expected alignments or posteriors")
