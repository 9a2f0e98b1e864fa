"""Attention: which frames a decoder looks at for its next token."""

from fsaasr.models.attention.build import AttentionConfig, build_attention
from fsaasr.models.attention.mechanism import Attended, Attention, Memory

__all__ = ["Attended", "Attention", "AttentionConfig", "Memory", "build_attention"]
