"""`AttentionTrainConfig`: how an attention encoder-decoder is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.models.attention_model import AttentionShape
from fsaasr.models.decoders.build import DecoderConfig
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.encoders.registry import EncoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig


@dataclass(frozen=True)
class AttentionTrainConfig:
    """How an attention encoder-decoder is trained.

    Attributes:
      encoder, decoder: shape of the network.
      fit: epochs, learning rate, seed.
      augment: what is done to features in training.
      batch_duration: seconds of audio a batch, at most.
      ctc_weight: share of the CTC loss, 0 to below 1; at 0 the network has no CTC layer (Watanabe et al. 2017).
      label_smoothing: probability of the targets that is spread over all tokens, 0 to below 1 (Szegedy et al. 2016).
      sampling: probability by which the decoder is given its own token instead of the right one, 0 to 1
        (scheduled sampling, Bengio et al. 2015).
      pronunciations: `first` trains on the most probable pronunciation of each word; `heard` on those that the CTC
        layer, which then learns from all of them, finds likeliest in each utterance at that time. They are the same
        where words have one each; then `first` is faster.
      dev_search: how dev utterances are searched, whose token errors choose the epoch: `greedy` by the decoder alone,
        or `joint` with the CTC layer, which has a share of `ctc_weight`: nearer to how the model is used, and slower.
    """

    __pydantic_config__ = STRICT

    encoder: EncoderConfig = field(default_factory=TdnnConfig)
    decoder: DecoderConfig = field(default_factory=RnnDecoderConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    ctc_weight: float = 0.3
    label_smoothing: float = 0.1
    sampling: float = 0.1
    pronunciations: Literal["first", "heard"] = "first"
    dev_search: Literal["greedy", "joint"] = "greedy"

    def __post_init__(self) -> None:
        if not (0 <= self.ctc_weight < 1 and 0 <= self.label_smoothing < 1 and 0 <= self.sampling <= 1):
            raise ConfigError(
                f"AttentionTrainConfig: ctc_weight {self.ctc_weight}, label_smoothing {self.label_smoothing}, sampling "
                f"{self.sampling}; expected 0 to below 1 (sampling: to 1)"
            )
        if self.pronunciations not in ("first", "heard") or (self.pronunciations == "heard" and not self.ctc_weight):
            raise ConfigError(
                f"AttentionTrainConfig: pronunciations {self.pronunciations!r}, ctc_weight {self.ctc_weight}; expected "
                "first, or heard with a ctc_weight above 0"
            )
        if self.dev_search not in ("greedy", "joint") or (self.dev_search == "joint" and not self.ctc_weight):
            raise ConfigError(
                f"AttentionTrainConfig: dev_search {self.dev_search!r}, ctc_weight {self.ctc_weight}; expected greedy, "
                "or joint with a ctc_weight above 0"
            )
        if not self.batch_duration > 0:
            raise ConfigError(f"AttentionTrainConfig: batch_duration {self.batch_duration}, expected > 0")

    @property
    def shape(self) -> AttentionShape:
        """Shape of the network."""
        return AttentionShape(self.encoder, self.decoder, ctc=self.ctc_weight > 0)
