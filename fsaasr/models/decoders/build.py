"""Decoders by their configuration."""

from __future__ import annotations

from typing import Union

from pydantic import Discriminator
from typing_extensions import Annotated

from fsaasr.models.decoders.decoder import TokenDecoder
from fsaasr.models.decoders.rnn import RnnDecoder, RnnDecoderConfig
from fsaasr.models.decoders.transformer import TransformerDecoder, TransformerDecoderConfig

DecoderConfig = Annotated[Union[RnnDecoderConfig, TransformerDecoderConfig], Discriminator("kind")]
"""Shape of any decoder; in YAML, `kind` says of which."""


def build_decoder(memory_dim: int, tokens: int, config: DecoderConfig) -> TokenDecoder:
    """Makes a decoder with random weights, drawn from torch's global generator.

    Args:
      memory_dim: E, size of the encoder's vectors. tokens: V.
      config: its shape.

    Raises:
      ConfigError: an attention that compares vectors directly, and sizes that differ.
    """
    if isinstance(config, RnnDecoderConfig):
        return RnnDecoder(memory_dim, tokens, config)
    return TransformerDecoder(memory_dim, tokens, config)
