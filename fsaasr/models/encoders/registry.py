"""Every encoder by its kind: configurations as one type, and networks from them."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple, Type, Union

from pydantic import Discriminator, Tag
from typing_extensions import Annotated

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoders.blstm import Blstm, BlstmConfig
from fsaasr.models.encoders.conformer import Conformer, ConformerConfig
from fsaasr.models.encoders.crdnn import Crdnn, CrdnnConfig
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.lstm import Lstm, LstmConfig
from fsaasr.models.encoders.pyramid import Pyramid, PyramidConfig
from fsaasr.models.encoders.tdnn import Tdnn, TdnnConfig
from fsaasr.models.encoders.transformer import Transformer, TransformerConfig


def _kind_of(config: Any) -> str:
    # Configurations of the time when there was one encoder do not name it.
    return str(config.get("kind", "tdnn") if isinstance(config, Mapping) else config.kind)


EncoderConfig = Annotated[
    Union[
        Annotated[TdnnConfig, Tag("tdnn")],
        Annotated[LstmConfig, Tag("lstm")],
        Annotated[BlstmConfig, Tag("blstm")],
        Annotated[PyramidConfig, Tag("pyramid")],
        Annotated[CrdnnConfig, Tag("crdnn")],
        Annotated[TransformerConfig, Tag("transformer")],
        Annotated[ConformerConfig, Tag("conformer")],
    ],
    Discriminator(_kind_of),
]
"""Shape of any encoder; in YAML, `kind` says of which, and `tdnn` may be left out."""

ENCODERS: Dict[str, Tuple[Type[Any], Callable[[int, Any], Encoder]]] = {
    "tdnn": (TdnnConfig, Tdnn),
    "lstm": (LstmConfig, Lstm),
    "blstm": (BlstmConfig, Blstm),
    "pyramid": (PyramidConfig, Pyramid),
    "crdnn": (CrdnnConfig, Crdnn),
    "transformer": (TransformerConfig, Transformer),
    "conformer": (ConformerConfig, Conformer),
}
"""Configuration and network of each kind."""


def build_encoder(features: int, config: EncoderConfig) -> Encoder:
    """Makes an encoder with random weights, drawn from torch's global generator.

    Args:
      features: F, dimension of the input.
      config: its shape.
    """
    return ENCODERS[config.kind][1](features, config)


def encoder_config_from_dict(values: Mapping[str, Any]) -> EncoderConfig:
    """Inverse of `config_to_dict`; raises ConfigError for an unknown kind or key, or a value out of range."""
    kind = _kind_of(values)
    if kind not in ENCODERS:
        raise ConfigError(f"encoder: kind {kind!r}; expected one of {', '.join(ENCODERS)}")
    config: EncoderConfig = config_from_dict(ENCODERS[kind][0], values)
    return config
