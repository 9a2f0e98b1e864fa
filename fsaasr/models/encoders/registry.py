"""Every encoder by its kind: configurations as one type, and networks from them."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple, Type, Union

from pydantic import Discriminator, Tag
from typing_extensions import Annotated

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.feature_encoders import FEATURE_ENCODERS, FeatureEncoderConfig, encoder_kind
from fsaasr.models.encoders.waveform import WaveformConfig, WaveformEncoder


def _input_of(config: Any) -> str:
    return "waveform" if encoder_kind(config) == "waveform" else "features"


EncoderConfig = Annotated[
    Union[Annotated[FeatureEncoderConfig, Tag("features")], Annotated[WaveformConfig, Tag("waveform")]],
    Discriminator(_input_of),
]
"""Shape of any encoder, of features or samples; in YAML, `kind` says of which, and `tdnn` may be left out."""

ENCODERS: Dict[str, Tuple[Type[Any], Callable[[int, Any], Encoder]]] = {
    **FEATURE_ENCODERS,
    "waveform": (WaveformConfig, WaveformEncoder),
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
    kind = encoder_kind(values)
    if kind not in ENCODERS:
        raise ConfigError(f"encoder: kind {kind!r}; expected one of {', '.join(ENCODERS)}")
    config: EncoderConfig = config_from_dict(ENCODERS[kind][0], values)
    return config
