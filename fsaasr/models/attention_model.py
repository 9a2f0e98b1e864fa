"""`AttentionModel`: an encoder and a decoder that attends to it, with a CTC layer beside it where one was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy.typing as npt
import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT, config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.decoders.build import DecoderConfig, build_decoder
from fsaasr.models.encoder_network import EncoderNetwork
from fsaasr.models.encoders.registry import EncoderConfig
from fsaasr.models.matrix_batches import BATCH_FRAMES, batches_by_length, outputs_of, pad_matrices


@dataclass(frozen=True)
class AttentionShape:
    """Shape of an attention encoder-decoder.

    Attributes:
      encoder, decoder: of its halves.
      ctc: whether a CTC layer shares the encoder.
    """

    __pydantic_config__ = STRICT

    encoder: EncoderConfig
    decoder: DecoderConfig
    ctc: bool = True


class Encoded(NamedTuple):
    """A batch behind the encoder.

    Attributes:
      vectors: float32 (N, T, E). lengths: int64 (N,).
      ctc: log posteriors of blank and tokens, float32 (N, T, 1 + V), or None without a CTC layer.
    """

    vectors: Tensor
    lengths: Tensor
    ctc: Optional[Tensor]


class AttentionNetwork(EncoderNetwork):
    """Encoder, decoder, and a CTC layer on the encoder where the shape has one."""

    def __init__(self, features: int, tokens: int, shape: AttentionShape) -> None:
        """Makes random weights.

        Args:
          features: F. tokens: V.
          shape: of the network.
        """
        super().__init__(features, shape.encoder)
        self.decoder = build_decoder(self.encoder.output_dim, tokens, shape.decoder)
        self.ctc = nn.Linear(self.encoder.output_dim, 1 + tokens) if shape.ctc else None
        self.num_tokens = tokens

    def encoded(self, features: Tensor, lengths: Tensor) -> Encoded:
        """float32 (N, T, F) and int64 (N,) to all that decoder and losses look at."""
        vectors, lengths = self.encode(features, lengths)
        return Encoded(vectors, lengths, None if self.ctc is None else self.ctc(vectors).log_softmax(dim=2))

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """As a CTC network: log posteriors (N, T', 1 + V) and lengths (N,).

        Raises:
          ModelError: no CTC layer.
        """
        encoded = self.encoded(features, lengths)
        if encoded.ctc is None:
            raise ModelError(
                "AttentionModel: no CTC layer, so there are no scores of frames; search with the attention decoder, or "
                "train with a ctc_weight above 0"
            )
        return encoded.ctc, encoded.lengths


@dataclass(frozen=True, eq=False)
class AttentionModel:
    """A trained attention encoder-decoder: Chan et al. 2016, Vaswani et al. 2017, with CTC: Watanabe et al. 2017.

    To frame-by-frame search and alignment it is its CTC layer; `fsaasr.decode.attention` asks its decoder.

    Attributes:
      network: its parameters; used in evaluation mode only, never changed.
      shape: of the network.
      tokens: V phones, characters or pieces.
      features: how its features are extracted.

    Raises:
      ModelError: a network for another number of tokens or features.
    """

    network: AttentionNetwork
    shape: AttentionShape
    tokens: SymbolTable
    features: FeatureConfig
    topology: ClassVar[str] = "ctc"
    transitions: ClassVar[None] = None
    family: ClassVar[str] = "attention"

    def __post_init__(self) -> None:
        outputs, inputs = self.network.num_tokens, self.network.encoder.input_dim
        if outputs != len(self.tokens) - 1 or inputs != self.features.dim:
            raise ModelError(
                f"AttentionModel: a network of {inputs} features and {outputs} tokens for {self.features.dim} "
                f"configured features and {len(self.tokens) - 1} tokens"
            )
        self.network.eval()

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two of the encoder's vectors."""
        return self.features.frame_shift * self.network.encoder.subsampling

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """Log posteriors of the CTC layer; see `AcousticModel.scores`. Raises ModelError where it has none."""
        matrices, names = matrices_of(features, ids, self.features.dim, "AttentionModel.scores")
        return Scores.from_matrices(outputs_of(self.network, matrices), self.frame_shift, "ctc", names)

    def encode(self, features: Features, ids: Sequence[str] = ()) -> Tuple[List[Encoded], Tuple[str, ...]]:
        """Each utterance behind the encoder, alone (N = 1) and without padding; arguments as `scores`."""
        matrices, names = matrices_of(features, ids, self.features.dim, "AttentionModel.encode")
        device = next(self.network.parameters()).device
        found: Dict[int, Encoded] = {}
        with torch.no_grad():
            for places in batches_by_length([len(matrix) for matrix in matrices], BATCH_FRAMES):
                batch, lengths = pad_matrices([matrices[n] for n in places])
                whole = self.network.encoded(batch.to(device), lengths.to(device))
                for row, n in enumerate(places):
                    end, one = int(whole.lengths[row]), slice(row, row + 1)
                    ctc = None if whole.ctc is None else whole.ctc[one, :end]
                    found[n] = Encoded(whole.vectors[one, :end], whole.lengths[one], ctc)
        return [found[n] for n in range(len(matrices))], names

    def description(self) -> Mapping[str, Any]:
        """JSON-ready parts."""
        return {
            "tokens": list(self.tokens.names[1:]),
            "features": config_to_dict(self.features),
            "shape": config_to_dict(self.shape),
        }

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.network.state_dict().items()}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> AttentionModel:
        """Inverse of `description` and `tensors`; raises KeyError or RuntimeError where one is missing."""
        features = config_from_dict(FeatureConfig, description["features"])
        shape = config_from_dict(AttentionShape, description["shape"])
        tokens = SymbolTable(description["tokens"])
        with torch.random.fork_rng(devices=[]):
            network = AttentionNetwork(features.dim, len(tokens) - 1, shape)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
        return cls(network, shape, tokens, features)
