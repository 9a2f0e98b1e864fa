"""Neural language models: next-word networks with states, for fusion and rescoring. Needs torch when imported."""

from fsaasr.grammar.neural.config import LmConfig, LstmLmConfig, TransformerLmConfig
from fsaasr.grammar.neural.network import LmNetwork, LmState
from fsaasr.grammar.neural.networks import build_lm_network
from fsaasr.grammar.neural.neural_lm import NeuralLm, load_neural_lm, save_neural_lm

__all__ = [
    "LmConfig",
    "LmNetwork",
    "LmState",
    "LstmLmConfig",
    "NeuralLm",
    "TransformerLmConfig",
    "build_lm_network",
    "load_neural_lm",
    "save_neural_lm",
]
