"""`CtcModel`: a neural encoder and a softmax over blank and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.encoders.tdnn import Tdnn, TdnnConfig

BATCH_FRAMES = 20_000
"""Frames, padding included, that are scored at once."""


class FeatureNorm(nn.Module):
    """Moves features to mean 0 and deviation 1, within the range that the training data have.

    Values beyond the range count as its end, so that a stretch of digital silence, for one, looks like the
    quietest frames of the training data, and not like nothing ever seen.
    """

    QUANTILE = 0.005
    """Share of the training data that may lie beyond each end of the range."""

    mean: Tensor
    deviation: Tensor
    least: Tensor
    greatest: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        for name, value in (("mean", 0.0), ("deviation", 1.0), ("least", -np.inf), ("greatest", np.inf)):
            self.register_buffer(name, torch.full((features,), value))

    def measure(self, frames: FloatArray) -> None:
        """Takes mean, deviation and range from training features (T, F); a deviation of 0 counts as 1."""
        deviation = frames.std(axis=0, dtype=np.float64)
        ends = np.quantile(frames, (self.QUANTILE, 1 - self.QUANTILE), axis=0)
        values = (frames.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0), *ends)
        for name, value in zip(("mean", "deviation", "least", "greatest"), values):
            getattr(self, name).copy_(torch.from_numpy(value))

    def forward(self, features: Tensor) -> Tensor:
        """Same shape, (..., F)."""
        within = torch.minimum(torch.maximum(features, self.least), self.greatest)
        normalized: Tensor = (within - self.mean) / self.deviation
        return normalized


class CtcNetwork(nn.Module):
    """Encoder and output layer: features to log posteriors of blank (column 0) and V tokens."""

    def __init__(self, features: int, tokens: int, config: TdnnConfig) -> None:
        """Makes random weights.

        Args:
          features: F. tokens: V.
          config: shape of the encoder.
        """
        super().__init__()
        self.normalize = FeatureNorm(features)
        self.encoder = Tdnn(features, config)
        self.output = nn.Linear(self.encoder.output_dim, 1 + tokens)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to log posteriors (N, T', 1 + V) and lengths (N,)."""
        hidden, lengths = self.encoder(self.normalize(features), lengths)
        return self.output(hidden).log_softmax(dim=2), lengths


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
    encoder: TdnnConfig
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
        return self.features.frame_shift * self.encoder.subsampling

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """Log posteriors of blank and tokens; see `AcousticModel.scores`."""
        matrices, names = matrices_of(features, ids, self.features.dim, "CtcModel.scores")
        results: List[FloatArray] = [np.empty((0, 0), dtype=np.float32)] * len(matrices)
        device = self.network.output.weight.device
        with torch.no_grad():
            for places in batches_by_length([len(matrix) for matrix in matrices], BATCH_FRAMES):
                batch, lengths = pad_matrices([matrices[n] for n in places])
                log_probs, out_lengths = self.network(batch.to(device), lengths.to(device))
                for place, row, length in zip(places, log_probs.cpu().numpy(), out_lengths.tolist()):
                    results[place] = row[:length]
        return Scores.from_matrices(results, self.frame_shift, "ctc", names)

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
        encoder = config_from_dict(TdnnConfig, description["encoder"])
        tokens = SymbolTable(description["tokens"])
        with torch.random.fork_rng(devices=[]):
            network = CtcNetwork(features.dim, len(tokens) - 1, encoder)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
        return cls(network, encoder, tokens, features, description["topology"])


def pad_matrices(matrices: Sequence[FloatArray]) -> Tuple[Tensor, Tensor]:
    """Matrices (T_n, F) to one batch (N, T, F), zero-padded, and lengths int64 (N,)."""
    lengths = [len(matrix) for matrix in matrices]
    batch = np.zeros((len(matrices), max(lengths), matrices[0].shape[1]), dtype=np.float32)
    for row, matrix in zip(batch, matrices):
        row[: len(matrix)] = matrix
    return torch.from_numpy(batch), torch.tensor(lengths)


def batches_by_length(lengths: Sequence[int], budget: int) -> Iterator[List[int]]:
    """Groups utterances of similar length.

    Args:
      lengths: frames of each utterance.
      budget: frames of a batch, padding included; an utterance that exceeds it alone is a batch alone.

    Yields:
      Indices into `lengths`; longest utterances first.
    """
    order = sorted(range(len(lengths)), key=lambda n: (-lengths[n], n))
    while order:
        size = max(1, budget // max(1, lengths[order[0]]))
        yield order[:size]
        order = order[size:]
