"""`TransducerTrainConfig`: how a transducer is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Optional

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.models.encoders.registry import EncoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.transducer import TransducerConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.transducer_pruned import PruningConfig


@dataclass(frozen=True)
class TransducerTrainConfig:
    """How a transducer is trained.

    Attributes:
      encoder: kind and shape of the encoder.
      transducer: prediction network, joiner and topology.
      fit: epochs, learning rate, seed.
      augment: what is done to features in training.
      batch_duration: seconds of audio a batch, at most.
      ctc_scale: weight of a CTC loss on the encoder, which helps it to find the frames of tokens; 0 for none.
      pronunciations: `first` trains on the most probable pronunciation of each word; `heard` on those that the CTC
        layer, which then learns from all of them, finds likeliest in each utterance at that time. They are the same
        where words have one each; then `first` is faster.
      pruning: trains with the pruned loss of k2; None with the full one.
    """

    __pydantic_config__ = STRICT

    encoder: EncoderConfig = field(default_factory=TdnnConfig)
    transducer: TransducerConfig = field(default_factory=TransducerConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    ctc_scale: float = 0.3
    pronunciations: Literal["first", "heard"] = "first"
    pruning: Optional[PruningConfig] = None

    def __post_init__(self) -> None:
        if not (self.batch_duration > 0 and self.ctc_scale >= 0):
            raise ConfigError(
                f"TransducerTrainConfig: batch_duration {self.batch_duration}, ctc_scale {self.ctc_scale}; expected "
                "> 0 and >= 0"
            )
        if self.pronunciations not in ("first", "heard") or (self.pronunciations == "heard" and not self.ctc_scale):
            raise ConfigError(
                f"TransducerTrainConfig: pronunciations {self.pronunciations!r}, ctc_scale {self.ctc_scale}; expected "
                "first, or heard with a ctc_scale above 0"
            )
