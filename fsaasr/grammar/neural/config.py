"""Shapes of networks that predict the next word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError


@dataclass(frozen=True)
class LstmLmConfig:
    """An LSTM language model (Sundermeyer et al. 2012), input and output vectors of words shared (Press and Wolf 2017).

    Attributes:
      dim: elements of a word's vector and of the cells, >= 1.
      layers: of cells, >= 1.
      dropout: of vectors in training, 0 to below 1.
    """

    __pydantic_config__ = STRICT

    kind: Literal["lstm"] = "lstm"
    dim: int = 192
    layers: int = 1
    dropout: float = 0.3

    def __post_init__(self) -> None:
        _check("LstmLmConfig", self.dim, self.layers, self.dropout)


@dataclass(frozen=True)
class TransformerLmConfig:
    """A causal Transformer language model (Al-Rfou et al. 2019; Vaswani et al. 2017), vectors shared as above.

    Attributes:
      dim: elements of a word's vector, a multiple of `heads`.
      heads: of attention, >= 1.
      layers: blocks, >= 1.
      feed_forward: elements between a block's two linear layers, >= 1.
      dropout: in training, 0 to below 1.
    """

    __pydantic_config__ = STRICT

    kind: Literal["transformer"] = "transformer"
    dim: int = 128
    heads: int = 4
    layers: int = 2
    feed_forward: int = 512
    dropout: float = 0.2

    def __post_init__(self) -> None:
        _check("TransformerLmConfig", self.dim, self.layers, self.dropout)
        if self.heads < 1 or self.dim % self.heads or self.feed_forward < 1:
            raise ConfigError(
                f"TransformerLmConfig: dim {self.dim}, heads {self.heads}, feed_forward {self.feed_forward}; expected "
                "1 or more of each and dim a multiple of heads"
            )


LmConfig = Union[LstmLmConfig, TransformerLmConfig]
"""Shape of a network; `kind` tells which."""


def _check(name: str, dim: int, layers: int, dropout: float) -> None:
    if dim < 1 or layers < 1 or not 0.0 <= dropout < 1.0:
        raise ConfigError(f"{name}: dim {dim}, layers {layers}, dropout {dropout}; expected >= 1, >= 1, 0 to below 1")
