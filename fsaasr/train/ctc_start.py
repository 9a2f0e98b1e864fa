"""Training that begins with a CTC model's encoder instead of random weights."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from torch import nn

from fsaasr.core.errors import TrainingError
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.models.ctc import CtcModel
from fsaasr.models.encoder_network import EncoderNetwork
from fsaasr.models.encoders.registry import EncoderConfig


def check_start(
    start: Optional[CtcModel], encoder: EncoderConfig, tokens: SymbolTable, features: FeatureConfig, function: str
) -> None:
    """Refuses a model whose weights have no place in the network to be trained.

    Args:
      start: the model to begin with, or None.
      encoder, tokens, features: of the network to be trained.
      function: named in errors.

    Raises:
      TrainingError: an encoder of another shape, other tokens or other features; says which.
    """
    if start is None:
        return
    pairs: Dict[str, Tuple[object, object]] = {
        "encoder": (start.encoder, encoder),
        "tokens": (start.tokens, tokens),
        "features": (start.features, features),
    }
    for name, (found, expected) in pairs.items():
        if found != expected:
            raise TrainingError(
                f"{function}: the CTC model to begin with has the {name} {found}, the configuration {expected}; "
                "configure the same, or start without it"
            )


def prepare_network(
    network: EncoderNetwork, ctc: Optional[nn.Linear], features: FeatureBatch, start: Optional[CtcModel]
) -> None:
    """Measures the normalization of a new network, or copies it, the encoder and the CTC layer of a CTC model.

    Args:
      network: to be trained.
      ctc: its CTC layer, if it has one.
      features: of the training data.
      start: a model that `check_start` let pass, or None.
    """
    if start is None:
        network.normalize.measure(features.frames())
        return
    network.normalize.load_state_dict(start.network.normalize.state_dict())
    network.encoder.load_state_dict(start.network.encoder.state_dict())
    if ctc is not None:
        ctc.load_state_dict(start.network.output.state_dict())
