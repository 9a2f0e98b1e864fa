"""`TransducerModel`: a trained transducer, its directory's parts, and its encoder's vectors for the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Mapping, NoReturn, Sequence

import numpy.typing as npt
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.encoders.registry import EncoderConfig, encoder_config_from_dict
from fsaasr.models.matrix_batches import outputs_of
from fsaasr.models.transducer.config import TransducerConfig
from fsaasr.models.transducer.network import TransducerNetwork


@dataclass(frozen=True, eq=False)
class TransducerModel:
    """A trained transducer. Graves 2012.

    Attributes:
      network: its parameters; used in evaluation mode only, never changed.
      encoder: shape of its encoder.
      config: shape of what stands on it.
      tokens: V phones, characters or pieces.
      features: how its features are extracted.

    Raises:
      ModelError: a network for another number of tokens or features.
    """

    network: TransducerNetwork
    encoder: EncoderConfig
    config: TransducerConfig
    tokens: SymbolTable
    features: FeatureConfig
    topology: ClassVar[str] = "blank-free"
    transitions: ClassVar[None] = None
    family: ClassVar[str] = "transducer"

    def __post_init__(self) -> None:
        columns, inputs = self.network.num_columns, self.network.encoder.input_dim
        if columns != len(self.tokens) or inputs != self.features.dim:
            raise ModelError(
                f"TransducerModel: a network of {inputs} features and {columns} columns for {self.features.dim} "
                f"configured features and {len(self.tokens)} columns (blank and {len(self.tokens) - 1} tokens)"
            )
        self.network.eval()

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two of its encoder's vectors."""
        return self.features.frame_shift * self.network.encoder.subsampling

    def encoded(self, features: Features, ids: Sequence[str] = ()) -> List[FloatArray]:
        """The encoder's side of the joiner: N float32 (T'_n, J); arguments and errors as `AcousticModel.scores`."""
        matrices, _ = matrices_of(features, ids, self.features.dim, "TransducerModel.encoded")
        return outputs_of(self.network, matrices)

    def scores(self, features: Features, ids: Sequence[str] = ()) -> NoReturn:
        """A transducer has no scores of frames alone; raises ModelError."""
        raise ModelError(
            "TransducerModel.scores: a transducer's scores depend on the tokens said before; search with "
            "fsaasr.decode.transducer"
        )

    def description(self) -> Mapping[str, Any]:
        """JSON-ready parts."""
        return {
            "topology": self.topology,
            "tokens": list(self.tokens.names[1:]),
            "features": config_to_dict(self.features),
            "encoder": config_to_dict(self.encoder),
            "transducer": config_to_dict(self.config),
        }

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.network.state_dict().items()}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> TransducerModel:
        """Inverse of `description` and `tensors`; raises KeyError or RuntimeError where one is missing."""
        features = config_from_dict(FeatureConfig, description["features"])
        encoder = encoder_config_from_dict(description["encoder"])
        config = config_from_dict(TransducerConfig, description["transducer"])
        tokens = SymbolTable(description["tokens"])
        with torch.random.fork_rng(devices=[]):
            network = TransducerNetwork(features.dim, len(tokens) - 1, encoder, config)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
        return cls(network, encoder, config, tokens, features)
