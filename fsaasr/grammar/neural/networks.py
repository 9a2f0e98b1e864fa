"""Networks that predict the next word, by configuration."""

from __future__ import annotations

from fsaasr.grammar.neural.config import LmConfig, LstmLmConfig
from fsaasr.grammar.neural.lstm import LstmLm
from fsaasr.grammar.neural.network import LmNetwork
from fsaasr.grammar.neural.transformer import TransformerLm


def build_lm_network(vocabulary: int, config: LmConfig) -> LmNetwork:
    """A network of V words with random weights from torch's global generator."""
    if isinstance(config, LstmLmConfig):
        return LstmLm(vocabulary, config)
    return TransformerLm(vocabulary, config)
