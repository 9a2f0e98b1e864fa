"""`TransducerConfig`: shapes of the parts of a transducer that stand on its encoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Union

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError


@dataclass(frozen=True)
class StatelessConfig:
    """Shape of a `StatelessPredictor`.

    Attributes:
      kind: `stateless`.
      context: tokens that it sees, 1 or more.
      dim: of token embeddings and outputs. dropout: on the embeddings, 0 to below 1.
    """

    __pydantic_config__ = STRICT

    kind: Literal["stateless"] = "stateless"
    context: int = 2
    dim: int = 128
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.context, self.dim) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError(
                f"StatelessConfig: context {self.context}, dim {self.dim}, dropout {self.dropout}; expected >= 1, "
                ">= 1, 0 to below 1"
            )


@dataclass(frozen=True)
class LstmConfig:
    """Shape of an `LstmPredictor`.

    Attributes:
      kind: `lstm`.
      dim: of token embeddings. hidden: units a layer. layers: 1 or more.
      dropout: on embeddings and between layers, 0 to below 1.
    """

    __pydantic_config__ = STRICT

    kind: Literal["lstm"] = "lstm"
    dim: int = 128
    hidden: int = 256
    layers: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.dim, self.hidden, self.layers) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError(
                f"LstmConfig: dim {self.dim}, hidden {self.hidden}, layers {self.layers}, dropout {self.dropout}; "
                "expected >= 1 each, and 0 to below 1"
            )


@dataclass(frozen=True)
class TanhConfig:
    """A joiner `W tanh(encoded + predicted) + b` of `dim` units (Graves et al. 2013)."""

    __pydantic_config__ = STRICT

    kind: Literal["tanh"] = "tanh"
    dim: int = 256

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise ConfigError(f"TanhConfig: dim {self.dim}, expected >= 1")


@dataclass(frozen=True)
class AdditiveConfig:
    """A joiner `encoded + predicted`, both of them logits (Graves 2012)."""

    __pydantic_config__ = STRICT

    kind: Literal["additive"] = "additive"


TOPOLOGIES = ("regular", "one-per-frame")
"""`regular`: any number of tokens, then a blank, and the next frame (Graves 2012). `one-per-frame`: a token or a blank,
and the next frame (Tripathi et al. 2019; k2 calls it modified)."""

PredictorConfig = Union[StatelessConfig, LstmConfig]
JoinerConfig = Union[TanhConfig, AdditiveConfig]


@dataclass(frozen=True)
class TransducerConfig:
    """What stands on the encoder.

    Attributes:
      predictor: kind and shape of the prediction network.
      joiner: kind and shape of the joiner.
      topology: how tokens and blanks spend frames: one of `TOPOLOGIES`.
    """

    __pydantic_config__ = STRICT

    predictor: PredictorConfig = field(default_factory=StatelessConfig)
    joiner: JoinerConfig = field(default_factory=TanhConfig)
    topology: Literal["regular", "one-per-frame"] = "regular"
