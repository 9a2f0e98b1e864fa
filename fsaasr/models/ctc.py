"""`CtcModel`: a neural encoder and a softmax over blank and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Mapping, Sequence, Tuple

import numpy.typing as npt
import torch
from torch import Tensor, nn

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.encoder_network import EncoderNetwork
from fsaasr.models.encoders.registry import EncoderConfig, encoder_config_from_dict
from fsaasr.models.matrix_batches import outputs_of
from fsaasr.models.score_stream import EncoderStream, ScoreStream


class CtcNetwork(EncoderNetwork):
    """Encoder and output layer: features to log posteriors of blank (column 0) and V tokens."""

    def __init__(self, features: int, tokens: int, config: EncoderConfig) -> None:
        """Makes random weights.

        Args:
          features: F. tokens: V.
          config: shape of the encoder.
        """
        super().__init__(features, config)
        self.output = nn.Linear(self.encoder.output_dim, 1 + tokens)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to log posteriors (N, T', 1 + V) and lengths (N,)."""
        hidden, lengths = self.encode(features, lengths)
        return self.posteriors(hidden), lengths

    def posteriors(self, hidden: Tensor) -> Tensor:
        """The encoder's vectors (N, T', D) to log posteriors (N, T', 1 + V)."""
        log_probs: Tensor = self.output(hidden).log_softmax(dim=2)
        return log_probs


@dataclass(frozen=True, eq=False)
class CtcModel:
    """A trained CTC network. Graves et al. 2006.

    Attributes:
      network: its parameters; used in evaluation mode only, never changed.
      encoder: shape of its encoder.
      tokens: V phones, characters or pieces.
      features: how its features are extracted.
      topology: the score columns' topology.

    Raises:
      ModelError: a network for another number of tokens or features.
    """

    network: CtcNetwork
    encoder: EncoderConfig
    tokens: SymbolTable
    features: FeatureConfig
    topology: str = "ctc"
    transitions: ClassVar[None] = None
    family: ClassVar[str] = "ctc"

    def __post_init__(self) -> None:
        outputs, inputs = self.network.output.out_features, self.network.encoder.input_dim
        if outputs != len(self.tokens) or inputs != self.features.dim:
            raise ModelError(
                f"CtcModel: a network of {inputs} features and {outputs} columns for {self.features.dim} configured "
                f"features and {len(self.tokens)} columns (blank and {len(self.tokens) - 1} tokens)"
            )
        self.network.eval()

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two rows of its scores, subsampling included."""
        return self.features.frame_shift * self.network.encoder.subsampling

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """Log posteriors of blank and tokens; see `AcousticModel.scores`."""
        matrices, names = matrices_of(features, ids, self.features.dim, "CtcModel.scores")
        return Scores.from_matrices(outputs_of(self.network, matrices), self.frame_shift, "ctc", names)

    def score_stream(self) -> ScoreStream:
        """See `StreamingModel.score_stream`."""
        return EncoderStream(self.network, self.network.posteriors)

    def description(self) -> Mapping[str, Any]:
        """JSON-ready parts."""
        return {
            "topology": self.topology,
            "tokens": list(self.tokens.names[1:]),
            "features": config_to_dict(self.features),
            "encoder": config_to_dict(self.encoder),
        }

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.network.state_dict().items()}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> CtcModel:
        """Inverse of `description` and `tensors`; raises KeyError or RuntimeError where one is missing."""
        features = config_from_dict(FeatureConfig, description["features"])
        encoder = encoder_config_from_dict(description["encoder"])
        tokens = SymbolTable(description["tokens"])
        with torch.random.fork_rng(devices=[]):
            network = CtcNetwork(features.dim, len(tokens) - 1, encoder)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
        return cls(network, encoder, tokens, features, description["topology"])
