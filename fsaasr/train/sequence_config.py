"""How hybrid models are trained on transcripts, without alignments: `FullSumConfig` and `LfMmiConfig`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.graph import TOPOLOGIES
from fsaasr.models.encoders.registry import EncoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.fit_config import FitConfig


@dataclass(frozen=True)
class SequenceConfig:
    """What both kinds of training have in common.

    Attributes:
      encoder: shape of the network.
      fit: epochs, learning rate, seed.
      augment: what is done to features in training.
      batch_duration: seconds of audio a batch, at most.
      topology: one of HMM states, by name.
      context: `none` for states of tokens whatever stands beside them; `left` for states tied by the token before,
        decided by counts in the transcripts, so that no alignment is needed.
      context_count: how often a token must follow another one, in the training transcripts, to have states of its own
        there; with `left`.
      order: of the n-gram model of tokens by which dev data are recognized, 1 .. 5.
    """

    __pydantic_config__ = STRICT

    encoder: EncoderConfig = field(default_factory=TdnnConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch_duration: Seconds = 40.0
    topology: str = "hmm1"
    context: Literal["none", "left"] = "none"
    context_count: int = 20
    order: int = 3

    def __post_init__(self) -> None:
        known = [name for name, topology in TOPOLOGIES.items() if topology.has_transitions]
        name = type(self).__name__
        if self.topology not in known or self.context not in ("none", "left"):
            raise ConfigError(
                f"{name}: topology {self.topology!r}, context {self.context!r}; expected one of {', '.join(known)}, "
                "and none or left"
            )
        if not self.batch_duration > 0 or self.context_count < 1 or not 1 <= self.order <= 5:
            raise ConfigError(
                f"{name}: batch_duration {self.batch_duration}, context_count {self.context_count}, order "
                f"{self.order}; expected > 0, >= 1, 1 to 5"
            )


@dataclass(frozen=True)
class FullSumConfig(SequenceConfig):
    """How a hybrid model is trained on the full sum over all alignments, from a flat start.

    Attributes:
      acoustic_scale: of the scores, against transitions and pronunciations; below 1, alignments stay soft, and do not
        settle on what the first batches made likely. > 0.
      prior_scale: of the log priors that are subtracted from log posteriors, in training and in the model, >= 0.
      prior_decay: what stays of the running priors with each batch, see `RunningPriors`; where they lag behind, the
        network may first give all frames to a few states.
      stay, silence_stay: probabilities to stay in a state, in training, of tokens and of silence; ways to leave share
        the rest evenly. Above 0, below 1.
      transitions: of the model: those `fixed` in training, or `estimated` in one pass over the data at its end.
    """

    acoustic_scale: float = 0.3
    prior_scale: float = 1.0
    prior_decay: float = 0.9
    stay: float = 0.5
    silence_stay: float = 0.5
    transitions: Literal["fixed", "estimated"] = "estimated"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.transitions not in ("fixed", "estimated"):
            raise ConfigError(f"FullSumConfig: transitions {self.transitions!r}; expected fixed or estimated")
        if not (self.acoustic_scale > 0 and self.prior_scale >= 0 and 0 <= self.prior_decay < 1):
            raise ConfigError(
                f"FullSumConfig: acoustic_scale {self.acoustic_scale}, prior_scale {self.prior_scale}, prior_decay "
                f"{self.prior_decay}; expected > 0, >= 0, and 0 to below 1"
            )
        if not (0 < self.stay < 1 and 0 < self.silence_stay < 1):
            raise ConfigError(
                f"FullSumConfig: stay {self.stay}, silence_stay {self.silence_stay}; expected above 0, below 1"
            )


@dataclass(frozen=True)
class LfMmiConfig(SequenceConfig):
    """How a hybrid model is trained by lattice-free MMI, from a flat start.

    Transitions have no probabilities in training: where all are one half, as in Kaldi's chain models, they are the same
    for all paths.

    Attributes:
      order: of the denominator's n-gram model of tokens, too.
      draws: how often each transcript is drawn for this model, with pronunciations and silences by their
        probabilities, >= 1.
      leak: probability of the denominator to go anywhere after a frame, see `leaky`; 0 for never.
      boost: see `MmiOptions`, >= 0.
      frame_weight: of the cross-entropy of a second output layer with the numerators' posteriors, >= 0.
    """

    draws: int = 5
    leak: float = 0.0
    boost: float = 0.0
    frame_weight: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.draws < 1 or not 0 <= self.leak < 1:
            raise ConfigError(f"LfMmiConfig: draws {self.draws}, leak {self.leak}; expected >= 1, 0 to below 1")
        if not 0 <= self.boost < float("inf") or not 0 <= self.frame_weight < float("inf"):
            raise ConfigError(
                f"LfMmiConfig: boost {self.boost}, frame_weight {self.frame_weight}; expected finite numbers >= 0"
            )
