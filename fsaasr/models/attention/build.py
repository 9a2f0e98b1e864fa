"""Attention by its configuration."""

from __future__ import annotations

from typing import Any, Dict, Union

from pydantic import Discriminator
from typing_extensions import Annotated

from fsaasr.models.attention.additive import AdditiveAttention, AdditiveConfig
from fsaasr.models.attention.chunkwise import ChunkwiseAttention, ChunkwiseConfig
from fsaasr.models.attention.content import ContentAttention, ContentConfig
from fsaasr.models.attention.dot import DotAttention, DotConfig
from fsaasr.models.attention.general import GeneralAttention, GeneralConfig
from fsaasr.models.attention.local import LocalAttention, LocalConfig
from fsaasr.models.attention.location import HybridConfig, LocationAttention, LocationConfig
from fsaasr.models.attention.mechanism import Attention
from fsaasr.models.attention.multi_head import MultiHeadAttention, MultiHeadConfig
from fsaasr.models.attention.none import NoAttention, NoAttentionConfig

_AnyConfig = Union[
    AdditiveConfig,
    ChunkwiseConfig,
    ContentConfig,
    DotConfig,
    GeneralConfig,
    HybridConfig,
    LocalConfig,
    LocationConfig,
    MultiHeadConfig,
    NoAttentionConfig,
]
AttentionConfig = Annotated[_AnyConfig, Discriminator("kind")]
"""Configuration of any kind; in YAML, `kind` says of which."""

_CLASSES: Dict[type, Any] = {
    AdditiveConfig: AdditiveAttention,
    ChunkwiseConfig: ChunkwiseAttention,
    ContentConfig: ContentAttention,
    DotConfig: DotAttention,
    GeneralConfig: GeneralAttention,
    HybridConfig: LocationAttention,
    LocalConfig: LocalAttention,
    LocationConfig: LocationAttention,
    MultiHeadConfig: MultiHeadAttention,
    NoAttentionConfig: NoAttention,
}


def build_attention(query_dim: int, memory_dim: int, config: AttentionConfig) -> Attention:
    """Makes an attention with random weights.

    Args:
      query_dim: D, size of the decoder's queries.
      memory_dim: E, size of the encoder's vectors.
      config: which kind, and its sizes.

    Raises:
      ConfigError: a kind that compares vectors directly, and sizes that differ.
    """
    attention: Attention = _CLASSES[type(config)](query_dim, memory_dim, config)
    return attention
