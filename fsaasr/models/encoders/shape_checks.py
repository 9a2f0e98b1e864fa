"""Ranges that hold for every encoder's shape."""

from __future__ import annotations

from typing import Any

from fsaasr.core.errors import ConfigError


def check_common(config: Any, hidden: int, layers: int, subsampling: int, dropout: float) -> None:
    """Raises ConfigError, naming the class of `config`, for a value out of range."""
    if hidden < 1 or layers < 1 or not 1 <= subsampling <= 4 or not 0 <= dropout < 1:
        raise ConfigError(
            f"{type(config).__name__}: hidden {hidden}, layers {layers}, subsampling {subsampling}, dropout {dropout}; "
            "expected hidden >= 1, layers >= 1, subsampling 1 to 4, dropout 0 to below 1"
        )


def check_heads(config: Any, hidden: int, heads: int, expansion: int) -> None:
    """Raises ConfigError, naming the class of `config`, for attention that does not fit."""
    if heads < 1 or hidden % heads or expansion < 1:
        raise ConfigError(
            f"{type(config).__name__}: hidden {hidden}, heads {heads}, expansion {expansion}; expected a multiple of "
            "heads, which are >= 1, and expansion >= 1"
        )
